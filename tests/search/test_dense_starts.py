"""Sparse models that start from a finished dense one: who trains it, who waits for it, and what is left of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.searching import searched

import kwssearch as kws
from kwssearch import runs
from kwssearch.artefact import WEIGHTS_FILE
from kwssearch.errors import SpaceError
from kwssearch.runs import Run
from kwssearch.search import job as jobs
from kwssearch.space import load_space, read_space
from kwssearch.testing import tiny
from kwssearch.training import KwsHyperModel, TrialError

NAMED = """
[[strategy]]
name = "pruning"
final_sparsity = 0.5

[pruning.lab]

[pruning.from_dense]
start = "dense"
epochs = 2

[[strategy]]
name = "pruning from dense"
final_sparsity = 0.5
pruning = "from_dense"

[[strategy]]
name = "narrow, sparse only"
width_multiplier = 0.03
final_sparsity = [0.5, 0.8]
pruning = "from_dense"

[[strategy]]
name = "narrow"
width_multiplier = 0.03
"""


def write_space(folder: Path) -> Path:
    path = tiny.write_space(folder / "tiny.toml")
    path.write_text(path.read_text().split("[[strategy]]")[0] + NAMED)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, words: Path, cache: Path) -> Run:
    """A run of which nothing is to be changed."""
    folder = tmp_path_factory.mktemp("dense")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWSSEARCH_CACHE", str(cache))
        return searched(folder, write_space(folder), words)


def from_dense(run: Run) -> list[runs.Trial]:
    return [trial for trial in run.completed if run.space.dense_of(trial.values) is not None]


def test_both_starts_stand_in_one_run_and_each_record_names_its_own(whole: Run) -> None:
    assert {trial.status for trial in whole.trials} == {"completed"}
    names = {trial.name for trial in whole.trials}
    assert {"mfcc cnn α 0.05 sparsity 0.5 lab", "mfcc cnn α 0.05 sparsity 0.5 from dense"} <= names
    dense = next(t for t in whole.trials if t.name == "mfcc cnn α 0.05").executions[0]
    for trial in from_dense(whole):
        record = trial.executions[0].record
        assert record["epochs"] == 2
        assert record["achieved_sparsity"] == pytest.approx(trial.values["final_sparsity"], abs=0.01)
        if trial.values["width_multiplier"] == 0.05:
            assert record["start"]["trial_id"] == dense["trial_id"]
            assert record["start"]["training"] == dense["training"]
    assert not any("start" in t.executions[0].record for t in whole.completed if t not in from_dense(whole))


def test_a_dense_model_that_no_trial_asks_for_is_trained_once_and_forgotten(whole: Run) -> None:
    narrow = [t.executions[0].record["start"] for t in from_dense(whole) if t.values["width_multiplier"] == 0.03]
    assert len(narrow) == 2
    assert narrow[0] == narrow[1]
    assert narrow[0]["trial_id"] == f"dense_{narrow[0]['training']}"
    assert not (whole.folder / "shared").exists()


def test_the_fit_hook_by_itself_gives_the_same_as_the_search(whole: Run, words: Path, cache: Path, tmp_path) -> None:
    from kwssearch.backend import start_anew
    from kwssearch.training import hyperparameters

    trial = next(t for t in from_dense(whole) if t.values["width_multiplier"] == 0.05)
    dense = next(t for t in whole.trials if t.name == "mfcc cnn α 0.05")
    hypermodel = KwsHyperModel(whole.space, kws.load_data(words), cache)
    hp = hyperparameters(whole.space, trial.values)
    start_anew(whole.space.recipe.seed)
    weights = (whole.folder / f"trial_{dense.trial_id}" / WEIGHTS_FILE).read_bytes()
    found = hypermodel.evaluate(hp, hypermodel.build(hp), tmp_path, whole.space.recipe.seed, start=weights)
    assert found["predictions"] == trial.executions[0].record["predictions"]
    assert (tmp_path / WEIGHTS_FILE).read_bytes() == (
        whole.folder / f"trial_{trial.trial_id}" / WEIGHTS_FILE
    ).read_bytes()


def test_what_starts_from_a_dense_model_is_better_than_chance_masks(whole: Run) -> None:
    """The start is used: with two epochs from it the loss begins lower than a training from scratch does."""
    history = {
        trial.values["pruning"]: trial.executions[0].record["history"][0]["loss"]
        for trial in whole.completed
        if trial.values["final_sparsity"] == 0.5 and trial.values["width_multiplier"] == 0.05
    }
    assert history["from_dense"] < history["lab"]


def narrow_anew(whole: Run, folder: Path) -> Path:
    """A copy of the run in which nothing narrow was trained; its space."""
    shutil.copytree(whole.folder, folder / "run")
    for trial in whole.trials:
        if trial.values["width_multiplier"] == 0.03:
            shutil.rmtree(folder / "run" / f"trial_{trial.trial_id}")
    return write_space(folder)


@pytest.mark.damage
def test_what_a_dense_model_that_failed_or_stopped_leaves_goes_on_to_the_same_bytes(
    whole: Run, words: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    execute = jobs.execute

    def failing(job: jobs.Job) -> jobs.Outcome:
        if job.auxiliary or not job.starts:
            raise TrialError("it misses what it should reach")
        return execute(job)

    def interrupted(job: jobs.Job) -> jobs.Outcome:
        if job.start is not None:
            raise KeyboardInterrupt
        return execute(job)

    space = narrow_anew(whole, tmp_path)
    monkeypatch.setattr(jobs, "execute", failing)
    failed = [trial for trial in searched(tmp_path, space, words).trials if trial.status == "failed"]
    assert len(failed) == 3
    children = [trial for trial in failed if trial.values["final_sparsity"]]
    assert all(t.reason.startswith("not begun: the dense model that it starts from failed (Tri") for t in children)

    monkeypatch.setattr(jobs, "execute", interrupted)
    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path, space, words, retry_failed=True)
    monkeypatch.setattr(jobs, "execute", execute)
    run = searched(tmp_path, space, words, retry_failed=True)
    for trial, other in zip(run.trials, whole.trials, strict=True):
        path = Path(f"trial_{trial.trial_id}") / WEIGHTS_FILE
        assert (run.folder / path).read_bytes() == (whole.folder / path).read_bytes(), trial.name
        assert trial.executions[0].record["predictions"] == other.executions[0].record["predictions"]


def test_a_dense_point_that_is_asked_for_later_keeps_the_weights(whole: Run) -> None:
    """Its training was done for another trial, in a folder that went away."""
    last = whole.trials[-1]
    assert (last.strategy, last.values["final_sparsity"]) == ("narrow", 0.0)
    assert last.executions[0].record["origin"]["trial_id"].startswith("dense_")
    assert (whole.folder / f"trial_{last.trial_id}" / WEIGHTS_FILE).is_file()


@pytest.mark.parametrize(
    ("pruning", "said"),
    [
        ({"start": "warm"}, r"start: got 'warm', expected one of 'scratch', 'dense'"),
        ({"epochs": 3}, r"epochs: got 3, expected none with start 'scratch'"),
        ({"a": {"start": "dense", "epochs": 0}}, r"pruning.a: epochs: got 0, expected a whole number from 1"),
        ({"plain": {}, "a": {}}, r"got the name 'plain', expected another one"),
        ({"a": {}, "begin": 0.1}, r"unknown key 'a', expected one of initial_sparsity"),
    ],
)
def test_faults_are_one_sentence(pruning: object, said: str) -> None:
    with pytest.raises(SpaceError, match=said):
        read_space({"features": {"mel": {"kind": "log_mel"}}, "pruning": pruning})


def test_a_dense_point_is_one_point_whatever_the_prunings(tmp_path: Path) -> None:
    space = load_space(write_space(tmp_path))
    assert len(space.trials) == len({json.dumps(trial.values) for trial in space.trials}) == 6
    doubled = {**space.trials[0].values, "pruning": "from_dense"}
    assert space.strategy_of(doubled) is None
    assert space.strategy_of(space.trials[0].values) == "baseline"
    assert read_space(space.to_dict()).trials == space.trials


def test_it_costs_the_epochs_that_are_left() -> None:
    table = {"features": {"mel": {"kind": "log_mel"}}, "pruning": {"lab": {}, "from_dense": {"start": "dense"}},
             "strategy": [{"name": "p", "final_sparsity": 0.9, "pruning": ["lab", "from_dense"]}]}  # fmt: skip
    space = read_space(table)
    assert [space.recipe_of(trial.values).epochs for trial in space.trials] == [20, 20, 8]
    np.testing.assert_allclose(space.recipe_of(space.trials[2].values).learning_rate, (0.03, 1e-5))


@pytest.mark.damage
def test_a_dense_file_that_cannot_be_made_fails_alone(
    whole: Run, words: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dense model's int8 file fails, while sparse models wait for the dense training itself."""
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    execute = jobs.execute

    def failing(job: jobs.Job) -> jobs.Outcome:
        if job.planned.values["quantization"] == "int8":
            raise TrialError("it is not what it should be")
        return execute(job)

    space = narrow_anew(whole, tmp_path)
    space.write_text(space.read_text() + 'quantization = ["int8", "none"]\n')
    monkeypatch.setattr(jobs, "execute", failing)
    run = searched(tmp_path, space, words)
    assert {t.values["quantization"] for t in run.trials if t.status == "failed"} == {"int8"}
    assert {t.status for t in run.trials if t.values["quantization"] == "none"} == {"completed"}
