"""Ranges: what they hold, what is drawn of them, who refuses them, what runs remember of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kwssearch import runs
from kwssearch.errors import SpaceError
from kwssearch.runs.records import trial_record
from kwssearch.search.oracles import GridOracle, RandomOracle
from kwssearch.space import SearchSpace, Stage, load_space, point_key, read_space
from kwssearch.space.ranges import drawn
from kwssearch.testing import recorded
from kwssearch.testing.oracles import simulate

FEATURES = {"mfcc": {"kind": "mfcc", "coefficients": 10}}
ANY = {
    "name": "any",
    "width_multiplier": {"from": 0.1, "to": 1.0, "scale": "log", "steps": 11},
    "final_sparsity": {"from": 0.0, "to": 0.9, "steps": 10},
    "quantization": ["none", "int8"],
}


def declared(**changes: Any) -> dict[str, Any]:
    return {"features": FEATURES, "search": "front", "candidates": 60, "strategy": [ANY], **changes}


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return read_space(declared())


def test_values_are_evenly_spaced_on_their_scale(space: SearchSpace) -> None:
    axes = space.strategies[1].axes
    np.testing.assert_allclose(np.diff(np.log(axes["width_multiplier"])), np.log(10) / 10, rtol=2e-3)
    np.testing.assert_allclose(axes["final_sparsity"], np.arange(10) / 10, atol=1e-9)


def test_as_many_points_are_drawn_as_asked_and_each_training_has_all_its_files(space: SearchSpace) -> None:
    own = [trial for trial in space.trials if trial.strategy == "any"]
    assert len(own) == 60
    trainings: dict[Any, set[str]] = {}
    for trial in own:
        trainings.setdefault(point_key(trial.values, Stage.ENDING), set()).add(trial.values["quantization"])
    assert set(map(frozenset, trainings.values())) == {frozenset({"none", "int8"})}
    assert len({trial.values["width_multiplier"] for trial in own}) >= 10


def test_a_point_between_those_that_were_drawn_belongs_to_the_space(space: SearchSpace) -> None:
    values = dict(space.trials[-1].values)
    all_widths = space.strategies[1].axes["width_multiplier"]
    assert all(space.strategy_of({**values, "width_multiplier": width}) == "any" for width in all_widths)
    assert space.strategy_of({**values, "width_multiplier": 0.11}) is None


def test_a_space_is_the_same_after_its_record(space: SearchSpace) -> None:
    again = read_space(space.to_dict())
    assert again == space
    assert again.trials == space.trials


@pytest.mark.parametrize("most", [60, 239, 240, 1000])
def test_what_is_drawn_covers_a_product_evenly(most: int) -> None:
    points = list(drawn((range(6), ("one",), range(40)), most))
    assert len(points) == len(set(points)) == min(most, 240)
    counts = np.bincount([point[0] for point in points], minlength=6)
    assert np.ptp(counts) <= 3  # by chance 60 points would differ by some 8


def test_a_range_of_a_front_end_becomes_front_ends_named_after_their_values() -> None:
    bands = {"kind": "log_mel", "mel_bins": {"from": 10, "to": 40, "steps": 3, "scale": "log"}}
    space = read_space(declared(features={"mel": {**bands, "frame_length_ms": {"from": 20, "to": 40, "steps": 2}}}))
    assert {name: (s.frame_length_ms, s.mel_bins) for name, s in space.features.items()} == {
        f"mel_{frame}ms_{bins}bins": (frame, bins) for frame in (20, 40) for bins in (10, 20, 40)
    }


def test_the_shipped_wide_space_has_thousands_of_points_and_a_budget() -> None:
    space = load_space("wide")
    assert len(space.trials) >= 5000
    assert space.max_trials == 60
    assert len(space.features) == 18


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"architecture": {"from": 0, "to": 1}},
            r"architecture: .* expected a value or a list of values: it is a",
        ),
        ({"width_multiplier": {"from": 0.1}}, r"width_multiplier: to: is missing, expected a number above 'from'"),
        ({"width_multiplier": {"from": 1.0, "to": 0.1}}, r"to: got 0.1, expected a number above from \(1.0\)"),
        ({"width_multiplier": {"from": 0, "to": 1, "scale": "log"}}, r"from: got 0, expected a number above 0"),
        ({"width_multiplier": {"from": 0.1, "to": 1, "steps": 1}}, r"steps: got 1, expected a whole number from 2"),
        (
            {"width_multiplier": {"from": 0.1, "to": 7}},
            r"width_multiplier: got .*, expected numbers above 0 and up",
        ),
        ({"width_multiplier": {"low": 0.1}}, r"unknown key 'low', expected one of from, to, steps, scale"),
    ],
)
def test_a_fault_is_one_sentence(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SpaceError, match=said):
        read_space(declared(strategy=[{**ANY, **changes}]))


def test_front_ends_refuse_a_range_of_what_is_no_number() -> None:
    with pytest.raises(SpaceError, match=r"kind: .* expected a single value; ranges may be of sampling_rate, "):
        read_space(declared(features={"mel": {"kind": {"from": 1, "to": 2}}}))


def test_a_grid_refuses_ranges_in_one_sentence(space: SearchSpace) -> None:
    with pytest.raises(SpaceError, match=r"strategy 'any' has a range of width_multiplier and of final_sparsity"):
        GridOracle(space)


def test_a_run_lists_what_was_begun_not_thousands_of_points(space: SearchSpace, tmp_path: Path) -> None:
    few = [proposal.trial_id for proposal in simulate(RandomOracle(space, max_trials=3))]
    recorded.write(tmp_path, space=space, waiting=tuple(t.trial_id for t in space.trials if t.trial_id not in few))
    for trial_id in few:
        planned = space.by_id[trial_id]
        (tmp_path / f"trial_{trial_id}" / "trial.json").write_text(json.dumps(trial_record(planned, "front")))
    record = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**record, "oracle": "front"}))
    likely = space.trials[-1].trial_id
    told = {"accuracy": 0.9, "low": 0.8, "high": 0.95, "chance": 0.04, "dominated_by": None, "reason": "unlikely"}
    (tmp_path / "skipped.json").write_text(json.dumps({"trials": {likely: told}, "others": 56}))
    assert {trial.trial_id: trial.status for trial in runs.load(tmp_path).trials} == {
        **dict.fromkeys(few, "completed"),
        likely: "skipped",
    }


def test_a_point_that_is_listed_keeps_its_strategy_where_a_range_before_it_could_have_drawn_it() -> None:
    listed = {"name": "listed", "width_multiplier": 0.1, "final_sparsity": [round(0.1 * i, 1) for i in range(10)]}
    space = read_space(declared(strategy=[ANY, listed]))
    assert any(trial.strategy == "listed" for trial in space.trials)
    assert [space.strategy_of(trial.values) for trial in space.trials] == [trial.strategy for trial in space.trials]
