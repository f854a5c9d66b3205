"""The replay of a recorded grid: what it simulates, and how it judges."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from kwssearch.policies import Front
from kwssearch.testing import recorded

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def replay() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import replay

        yield replay
    sys.modules.pop("replay", None)


@pytest.fixture(scope="module")
def table(replay: ModuleType):
    def figures(values):
        found = recorded.lab_figures(values)
        return found._replace(others={"train_seconds": 40 * found.model_ms, "macs": 1e6 * found.model_ms})

    return replay.Table(recorded.build("full-int8", figures))


def test_the_whole_grid_finds_all_and_costs_each_training_once(replay, table) -> None:
    world = replay.make_world(table, "record", 0)
    searched = replay.simulate(table, world, replay.Order(table, range(160)), 1)
    row = replay.judge(table, world, searched)
    assert sorted(searched.order) == list(range(160))
    assert searched.spent[-1] == pytest.approx(table.total)
    assert row["cost"] == pytest.approx(1)
    assert row["members"] == row["near"] == row["hypervolume"] == 1
    assert row["loss"] == 0
    assert 0 < row["to 90 %"] <= row["to 95 %"] <= row["to 99 %"] <= 1
    assert searched.clock >= table.total / 2


def test_a_budget_cuts_before_it_is_spent(replay, table) -> None:
    world = replay.make_world(table, "bootstrap", 1)
    searched = replay.simulate(table, world, replay.Order(table, np.argsort(table.seconds)), 0.1)
    row = replay.judge(table, world, searched)
    assert 0.05 < row["cost"] <= 0.1
    assert row["hypervolume"] < 1


def test_front_is_replayed_as_it_ships(replay, table) -> None:
    world = replay.make_world(table, "another seed", 2)
    searched = replay.simulate(table, world, Front(table.space, table.known(2), 2), 1)
    row = replay.judge(table, world, searched)
    assert row["cost"] < 0.9
    assert row["members"] > 0.6
    assert row["true loss of the grid"] >= 0


def test_worlds_are_their_seeds(replay, table) -> None:
    for kind in replay.KINDS:
        one, same, other = (replay.make_world(table, kind, seed) for seed in (3, 3, 4))
        assert np.array_equal(one.judged, same.judged)
        assert len(one.judged) == 160 and np.all((one.judged >= 0) & (one.judged <= 1))
        assert kind in ("record", "all front") or not np.array_equal(one.judged, other.judged)
        assert one.failed.any() == (kind == "corner fails")


def test_halves_are_searched_on_one_and_judged_on_the_other(replay, table) -> None:
    world = replay.make_world(table, "halves", 5)
    assert not np.array_equal(world.decide, world.judged)
    assert np.mean(world.decide + world.judged) / 2 == pytest.approx(table.accuracy.mean(), abs=0.02)


def test_forecasts_err_alike_for_the_same_shape(replay, table) -> None:
    work = table.known(1).work
    assert np.array_equal(work, table.known(1).work)
    assert not np.array_equal(work, table.known(2).work)
    assert 0.01 < np.std(np.log(work / table.seconds)) < 0.3


def test_who_knows_the_surface_is_spared_the_design(replay, table) -> None:
    world = replay.make_world(table, "another seed", 2)
    make, _ = replay.policies(table, rivals=False)["clairvoyant, worth 0.2"]
    row = replay.judge(table, world, replay.simulate(table, world, make(table, world, 2), 1))
    assert row["members"] > 0.6
