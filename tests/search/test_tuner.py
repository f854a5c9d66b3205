"""KerasTuner's front door: a search, its summaries, its models, in this process and with workers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import keras_tuner
import numpy as np
import pytest

import kwssearch as kws
from kwssearch import runs
from kwssearch.errors import SpaceError, UserError
from kwssearch.space import SearchSpace
from kwssearch.testing import tiny


@pytest.fixture
def space(tmp_path: Path) -> SearchSpace:
    return kws.load_space(tiny.write_space(tmp_path / "tiny.toml"))


@pytest.fixture
def searched(finished: Path, tmp_path: Path, space: SearchSpace) -> kws.GridSearch:
    """A tuner of a run that was searched before."""
    shutil.copytree(finished, tmp_path / "runs" / "mine")
    return kws.GridSearch(kws.KwsHyperModel(space), directory=tmp_path / "runs", project_name="mine")


def test_a_search_in_this_process(space, words, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(tmp_path / "cache"))
    tuner = kws.GridSearch(
        kws.KwsHyperModel(space), objective=["accuracy", "memory_bytes"], max_trials=2, directory=tmp_path
    )
    assert isinstance(tuner, keras_tuner.engine.base_tuner.BaseTuner)
    assert not (tmp_path / "tiny").exists()
    tuner.search(kws.load_data(words), workers=0, timing_budget=0, verbose=0)
    run = runs.load(tmp_path / "tiny")
    assert [trial.status for trial in run.trials].count("completed") == 2
    assert {trial.latency is not None for trial in run.completed} == {True}
    assert run.record["space"]["objectives"] == ["accuracy", "memory_bytes"]
    assert not capsys.readouterr().out
    tuner.search(verbose=0)
    assert len(runs.load(tmp_path / "tiny").completed) == 2


@pytest.mark.long
def test_a_script_without_a_guard_searches_with_workers_and_resumes(words, cache, tmp_path) -> None:
    tiny.write_space(tmp_path / "tiny.toml")
    (tmp_path / "script.py").write_text(
        "import kwssearch as kws\n"
        "print('main')\n"
        "space = kws.load_space('tiny.toml')\n"
        "tuner = kws.GridSearch(kws.KwsHyperModel(space), max_trials=1, project_name='mine')\n"
        f"tuner.search(kws.load_data({str(words)!r}), workers=1, timing_budget=0)\n"
        "tuner.results_summary()\n"
    )
    command = [sys.executable, "script.py"]
    environment = {"KWSSEARCH_CACHE": str(cache), "PATH": ""}
    first, second = (
        subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        for _ in range(2)
    )
    assert first.returncode == 0, first.stderr
    assert first.stdout.count("main") == 1
    assert "1 to run" in first.stderr and "0 to run" in second.stderr
    assert "accuracy" in second.stdout


def test_best_trials_hyperparameters_and_models(searched, finished, words) -> None:
    run = runs.load(finished)
    trials = searched.get_best_trials(4)
    assert len(trials) == 4
    assert [trial.score for trial in trials] == sorted(trial.score for trial in trials)
    assert searched.get_best_hyperparameters()[0].values == trials[0].hyperparameters.values
    (model,) = searched.get_best_models()
    data = kws.load_data(words)
    features = kws.KwsHyperModel(run.space, data).front_end(trials[0].hyperparameters.values)
    clips = np.stack([features(data.audio("test", i)) for i in range(len(data.splits["test"]))])
    recorded = next(trial for trial in run.trials if trial.trial_id == trials[0].trial_id)
    assert np.array_equal(model(clips).numpy().argmax(axis=1), recorded.executions[0].predictions)


def test_summaries(searched, capsys) -> None:
    searched.search_space_summary()
    printed = capsys.readouterr().out
    assert "width_multiplier (Choice)" in printed
    assert "pruning: 2 points" in printed
    searched.results_summary(2)
    printed = capsys.readouterr().out
    assert "accuracy" in printed
    assert len([line for line in printed.splitlines() if "mfcc" in line]) == 2


def test_overwrite_sets_the_old_run_aside(searched, space, tmp_path) -> None:
    tuner = kws.GridSearch(kws.KwsHyperModel(space), directory=tmp_path / "runs", project_name="mine", overwrite=True)
    assert tuner.get_best_trials(4) == []
    assert len(runs.load(tmp_path / "runs" / "mine.replaced-1").completed) == 4


def test_a_run_of_another_space_is_not_taken_up_and_refused_at_the_search(searched, space, words, tmp_path) -> None:
    other = space.with_recipe(epochs=5)
    tuner = kws.GridSearch(kws.KwsHyperModel(other), directory=tmp_path / "runs", project_name="mine")
    assert tuner.get_best_trials(4) == []
    with pytest.raises(UserError, match=r"recipe\.epochs was 2 and is 5"):
        tuner.search(words, workers=0, verbose=0)


def test_an_argument_beats_the_space_and_what_applied_is_recorded(space, words, tmp_path, monkeypatch) -> None:
    tuner = kws.GridSearch(kws.KwsHyperModel(space), executions_per_trial=3, directory=tmp_path)
    assert tuner.space.recipe.executions_per_trial == 3
    assert space.recipe.executions_per_trial == 1


@pytest.mark.parametrize(
    "options, part",
    [
        ({"objective": ["accuracy", "memory"]}, "memory"),
        ({"objective": "accuracy"}, "objectives"),
        ({"executions_per_trial": 0}, "executions_per_trial"),
        ({"max_trials": 0}, "max_trials: got 0"),
    ],
)
def test_wrong_arguments_are_one_sentence(space, tmp_path, options, part: str) -> None:
    with pytest.raises(UserError, match=part):
        kws.GridSearch(kws.KwsHyperModel(space), directory=tmp_path, **options)


def test_another_hyper_model_is_refused(space, tmp_path) -> None:
    class Own(kws.KwsHyperModel):
        pass

    for given in (Own(space), lambda hp: None):
        with pytest.raises(UserError, match=r"expected KwsHyperModel\(space\)"):
            kws.GridSearch(given, directory=tmp_path)


def test_callbacks_are_refused_with_the_reason(searched, words) -> None:
    with pytest.raises(UserError, match="callbacks: trainings run in worker processes"):
        searched.search(words, callbacks=[object()])


def test_a_fault_of_the_data_ends_the_search_and_fails_no_trial(space, words, tmp_path, monkeypatch) -> None:
    from kwssearch.search import job

    def altered(source: str, *arguments: object):
        raise UserError(f"{source}: is not the data set that this search uses")

    monkeypatch.setattr(job, "open_data", altered)
    tuner = kws.GridSearch(kws.KwsHyperModel(space), directory=tmp_path)
    with pytest.raises(UserError, match="is not the data set that this search uses"):
        tuner.search(words, workers=0, verbose=0)
    assert not list((tmp_path / "tiny").rglob("result.json"))


def test_architectures_of_a_program_itself_are_refused() -> None:
    def mine(shape, classes, width): ...

    mine.__module__ = "__main__"
    mine.__qualname__ = "mine"
    with pytest.raises(SpaceError, match="put it into a file beside yours"):
        kws.architecture("mine")(mine)
