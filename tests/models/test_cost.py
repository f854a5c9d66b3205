"""Costs that are remembered: right, or computed again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kwssearch.models import building
from kwssearch.models.cost import Cost, costs
from kwssearch.space import read_space

SPACE = read_space(
    {
        "features": {"a": {"kind": "log_mel"}, "b": {"kind": "mfcc", "coefficients": 10}},
        "baseline": {"width_multiplier": 0.1},
        "strategy": [{"name": "narrow", "width_multiplier": [0.2]}],
    }
)


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Shapes that were built, with a cache of their own."""
    monkeypatch.setenv("KWSSEARCH_CACHE", str(tmp_path / "cache"))
    asked: list[object] = []

    def pretend(space: object, classes: int, shapes: list[tuple[str, str, float]]) -> dict[object, Cost]:
        asked.extend(shapes)
        return {shape: Cost((49, 40, 1), round(1000 * shape[2]), 7) for shape in shapes}

    monkeypatch.setattr(building, "measured_costs", pretend)
    return asked


def each(change: Callable[[Path], object]) -> Callable[[Path], None]:
    return lambda folder: [change(path) for path in sorted(folder.iterdir())] and None


def swap(folder: Path) -> None:
    """Each is whole, but another shape's."""
    first, second, *_ = sorted(folder.iterdir())
    content = first.read_bytes()
    shutil.copyfile(second, first)
    second.write_bytes(content)


DAMAGE: dict[str, tuple[Callable[[Path], None], int]] = {
    "truncated": (each(lambda path: path.write_bytes(path.read_bytes()[:40])), 4),
    "emptied": (each(lambda path: path.write_bytes(b"")), 4),
    "a figure altered": (each(lambda path: path.write_text(path.read_text().replace('"macs": 7', '"macs": 8'))), 4),
    "zeros": (each(lambda path: path.write_bytes(bytes(path.stat().st_size))), 4),
    "swapped": (swap, 2),
    "gone": (shutil.rmtree, 4),
}


@pytest.mark.parametrize("damage, again", DAMAGE.values(), ids=DAMAGE)
def test_a_cost_that_is_not_whole_is_computed_again(
    measured: list[object], tmp_path: Path, damage: Callable[[Path], None], again: int
) -> None:
    first = costs(SPACE, 8)
    assert costs(SPACE, 8) == first
    assert len(measured) == 4
    damage(tmp_path / "cache" / "costs")
    assert costs(SPACE, 8) == first
    assert len(measured) == 4 + again
    assert {cost.macs for cost in first.values()} == {7}


def test_without_a_place_for_a_cache_costs_are_computed_each_time(
    measured: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", "~nobody-of-this-name/cache")
    assert costs(SPACE, 8) == costs(SPACE, 8)
    assert len(measured) == 8
