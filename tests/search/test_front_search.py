"""The search for the front through the whole tool, and what it knows before it trains."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import shell

import kwssearch as kws
from kwssearch import runs
from kwssearch.analysis import forecast_errors
from kwssearch.errors import SpaceError
from kwssearch.policies import Front, Known
from kwssearch.report.page_tables import making_rows
from kwssearch.search import shape_times, training_times
from kwssearch.search.oracles import FrontOracle, GridOracle, PolicyOracle, RandomOracle
from kwssearch.search.plan import Plan
from kwssearch.search.trainings import Trainings
from kwssearch.space import FREE, SearchSpace, load_space, read_space
from kwssearch.testing import recorded, tiny
from kwssearch.testing.oracles import OracleConformance
from kwssearch.training import KwsHyperModel

MORE = """
[[strategy]]
name = "narrow"
width_multiplier = 0.03
quantization = ["none", "int8"]
"""


def known(space: SearchSpace) -> Known:
    figures = [recorded.lab_figures(trial.values) for trial in space.trials]
    costs = np.array([(f.memory_bytes, f.feature_ms + f.model_ms) for f in figures])
    return Known(costs, costs[:, 1], 500)


class TestFrontOracle(OracleConformance):
    def make(self, space: SearchSpace) -> PolicyOracle:
        return FrontOracle(space, known=known(space))


class TestRandomOracle(OracleConformance):
    def make(self, space: SearchSpace) -> PolicyOracle:
        return RandomOracle(space, max_trials=5)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory, finished: Path, words: Path, cache: Path) -> Path:
    """A search for the front, whole."""
    folder = tmp_path_factory.mktemp("front")
    space = tiny.write_space(folder / "tiny.toml")
    space.write_text("search = 'front'\n" + space.read_text() + MORE)
    told = shell.kwssearch("run", space, "--data", words, "--out", folder / "run", "--reuse", finished, cache=cache)
    assert told.returncode == 0, told.stderr
    assert "Search: front" in told.stderr
    return folder / "run"


def test_every_point_is_trained_or_says_why_not(ended: Path) -> None:
    run = runs.load(ended)
    assert run.record["oracle"] == "front"
    statuses = {trial.status for trial in run.trials}
    assert statuses <= {"completed", "skipped"}
    expected = json.loads((ended / "skipped.json").read_text())["trials"] if "skipped" in statuses else {}
    assert set(expected) == {trial.trial_id for trial in run.trials if trial.status == "skipped"}
    for trial in run.trials:
        if trial.status == "skipped":
            assert trial.reason.startswith("expected ")
            assert 0 <= trial.skipped["chance"] < 0.5
    assert {trial.executions[0]["trial_id"] for trial in run.completed} == {t.trial_id for t in run.completed}


def test_a_finished_search_does_not_begin_again_and_the_skipped_can_be_taken_up(ended, cache, tmp_path) -> None:
    again = shell.kwssearch("resume", ended, cache=cache)
    assert again.returncode == 0, again.stderr
    assert ", 0 to run" in again.stderr
    run = runs.load(ended)
    record = {**run.record, "oracle": "grid"}
    assert run.record["oracle"] == "front", "the oracle of a run goes on unless another is asked for"
    assert record["oracle"] in runs.BUILT_IN


def test_validation_decides(ended: Path) -> None:
    run = runs.load(ended)
    oracle = GridOracle(run.space)
    oracle.take_up(run)
    trial = run.completed[0]
    (seen,) = (each for each in oracle._seen() if each.values == trial.values)
    assert seen.figures["accuracy"] == trial.executions[0]["validation_accuracy"]


def test_times_of_many_shapes_are_fitted_to_some() -> None:
    space = load_space("homework")
    macs = {shape_times.shape_of(trial): 1e4 * (1 + i % 576) for i, trial in enumerate(space.trials)}
    chosen = shape_times.spread(macs)
    assert {shape[0] for shape in chosen} == set(space.features)
    assert len(chosen) < 120 < len(macs)
    truth = {shape: {"feature": 0.1 + len(shape[0]) / 100, "model": 1e-6 * macs[shape] ** 0.8} for shape in macs}
    found = shape_times.fitted({shape: truth[shape] for shape in chosen}, macs)
    errors = [abs(sum(found[shape].values()) / sum(truth[shape].values()) - 1) for shape in macs]
    assert np.median(errors) < 0.02


def test_each_shape_is_remembered_in_a_place_of_its_own() -> None:
    space = load_space("full-int8")
    shapes = {shape_times.shape_of(trial) for trial in space.trials}
    assert len({shape_times.place_of(space, 8, 16_000, shape) for shape in shapes}) == len(shapes)
    trained = {training_times.shape_of(space, trial) for trial in space.trials}
    assert len({training_times.place_of(space, 8, shape) for shape in trained}) == len(trained)


def test_seconds_of_many_shapes_are_fitted_to_some() -> None:
    space = load_space("homework")
    shapes = {training_times.shape_of(space, trial) for trial in space.trials}
    macs = {shape: 1e4 * (1 + i) for i, shape in enumerate(sorted(shapes))}
    chosen = training_times.probes(macs)
    assert len(chosen) == 2 * training_times.PROBES
    truth = {shape: (1 + (shape[1] == "cnn")) * 1e-9 * macs[shape] ** 0.9 for shape in macs}
    found = training_times.fitted({shape: truth[shape] for shape in chosen}, macs)
    np.testing.assert_allclose([found[shape] for shape in macs], [truth[shape] for shape in macs], rtol=1e-6)


def test_from_python(ended, words, cache, monkeypatch) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    space = runs.load(ended).space
    tuner = kws.FrontSearch(KwsHyperModel(space), directory=ended.parent, project_name="run")
    tuner.search(kws.load_data(words), workers=0, verbose=0)
    assert isinstance(tuner.oracle, FrontOracle)
    best = tuner.get_best_trials(1)[0]
    assert best.score == 0


def test_the_policy_of_an_oracle_is_the_one_that_is_replayed() -> None:
    space = load_space("full")
    assert isinstance(FrontOracle(space, known=known(space)).policy, Front)


def test_what_a_space_says_of_the_price_reaches_the_policy_and_makes_no_other_search() -> None:
    declared = {**load_space("full").to_dict(), "front": {"worth": 0.1, "enough": 0.9, "probe": True}}
    space = read_space(declared)
    policy = FrontOracle(space, known=known(space)).policy
    assert isinstance(policy, Front)
    assert (policy.worth, policy.enough, policy.probe) == (0.1, 0.9, True)
    assert read_space(space.to_dict()).front == space.front
    assert "front" in FREE and "front" not in load_space("full").to_dict()
    with pytest.raises(SpaceError, match=r"front: worth: got 0, expected a number from 0\.01 to 10"):
        read_space({**declared, "front": {"worth": 0}})


def test_a_search_that_has_ended_goes_on_when_there_is_something_new(ended: Path) -> None:
    run = runs.load(ended)
    *others, last = run.trials
    run = replace(run, trials=(*others, runs.Trial(last.planned, skipped={"chance": 0.1})))
    folder = runs.RunFolder(ended)
    folder.reopen()
    data = kws.load_data(folder.source)
    plan = Plan(folder, run, data, Trainings(ended, run))
    assert plan.is_settled and plan.left == 0
    new = runs.Trial(run.space.trials[0])
    with_new = replace(plan, run=replace(run, trials=(*run.trials, new)))
    assert not with_new.is_settled and with_new.left > 0


def test_what_was_known_is_kept_with_the_run(ended: Path) -> None:
    kept = json.loads((ended / "known.json").read_text())
    run = runs.load(ended)
    assert kept["trials"] == [trial.trial_id for trial in run.trials]
    assert kept["objectives"] == ["memory_bytes", "latency_ms"]
    forecast = dict(zip(kept["trials"], kept["costs"], strict=True))
    errors = [forecast[t.trial_id][0] / t.memory_bytes - 1 for t in run.completed]
    assert np.median(np.abs(errors)) < 0.1
    assert all(seconds > 0 for seconds in kept["train_cpu_seconds"])


def test_the_errors_of_forecasts_are_told(ended: Path) -> None:
    run = runs.load(ended)
    errors = {each.noun: each for each in forecast_errors(run)}
    assert set(errors) == {"memory", "latency", "training"}
    assert errors["memory"].trials == len(run.completed)
    assert errors["training"].trials == sum("origin" not in trial.executions[0].record for trial in run.completed)
    assert 0 <= errors["memory"].median < 0.1
    assert (
        f"memory {errors['memory'].median:.1%} (nine of" in dict(making_rows(run))["errors of forecasts, in the median"]
    )
