import os
from dataclasses import replace
from pathlib import Path

import keras_tuner
import numpy as np
import pytest
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.oracles import GridSearchOracle

from kwssearch.backend import TrialStatus, start_anew
from kwssearch.data.dataset import load_data
from kwssearch import runs
from kwssearch.runs.records import result_fault
from kwssearch.search import job as execution
from kwssearch.search.job import Failure, Job
from kwssearch.search.queue import Schedule
from kwssearch.search.session import prepare
from kwssearch.search.tuner import GridOracle, KwsTuner
from kwssearch.space.declaration import load_space
from kwssearch.system.cache import forget_older
from kwssearch.testing import tiny
from kwssearch.training import pruning as compress
from kwssearch.training.hypermodel import KwsHyperModel
from kwssearch.training.trainer import Trainer

SPACE = load_space("lab4")


def propose(oracle: GridOracle) -> list[tuple[str, dict]]:
    proposed = []
    while (trial := oracle.create_trial(f"tuner {len(proposed)}")).status == TrialStatus.RUNNING:
        proposed.append((trial.trial_id, trial.hyperparameters.values))
    return proposed


def test_the_oracle_is_keras_tuners_grid_and_proposes_every_point_once() -> None:
    oracle = GridOracle(SPACE)
    assert isinstance(oracle, GridSearchOracle)
    assert propose(oracle) == [(t.trial_id, t.values) for t in SPACE.trials]


def test_a_tuner_that_asks_again_gets_its_trial_again() -> None:
    oracle = GridOracle(SPACE)
    first = oracle.create_trial("a")
    assert oracle.create_trial("a") is first
    assert oracle.create_trial("b").trial_id != first.trial_id


def ended(oracle: GridOracle, metrics: dict[str, float] | None) -> None:
    trial = oracle.create_trial("one")
    if metrics is None:
        trial.status = TrialStatus.FAILED
    else:
        oracle.update_trial(trial.trial_id, metrics)
        trial.status = TrialStatus.COMPLETED
    oracle.end_trial(trial)


def test_best_trials_are_the_front_not_a_sum_of_units() -> None:
    oracle = GridOracle(SPACE)
    for accuracy, memory, latency in [(0.9, 1e6, 2.0), (0.8, 1e5, 1.0), (0.8, 2e5, 1.0), (0.7, 1e6, 3.0)]:
        ended(oracle, {"accuracy": accuracy, "memory_bytes": memory, "latency_ms": latency})
    assert [trial.trial_id for trial in oracle.get_best_trials()] == ["00", "01"]
    assert [trial.trial_id for trial in oracle.get_best_trials(4)] == ["00", "01", "02", "03"]
    assert [trial.score for trial in oracle.get_best_trials(4)] == [0, 0, 1, 2]


def test_no_number_of_failures_ends_a_search() -> None:
    oracle = GridOracle(SPACE)
    for _ in SPACE.trials:
        ended(oracle, None)
    assert oracle.create_trial("one").status == TrialStatus.STOPPED
    assert oracle.get_best_trials() == []


def test_what_is_done_is_not_proposed_again(finished) -> None:
    run = runs.load(finished)
    assert propose(GridOracle(run.space, run.trials)) == []
    rest = propose(GridOracle(run.space, run.trials[1:3]))
    assert [trial_id for trial_id, _ in rest] == ["0", "3"]


def a_tuner(tmp_path: Path, words: Path, **changes: object) -> KwsTuner:
    space = load_space(tiny.write_space(tmp_path / "tiny.toml"))
    plan = prepare(space, str(words), tmp_path / "run", workers=1)
    jobs = [replace(job, **changes) for job in plan.jobs]
    return KwsTuner(GridOracle(space), plan.folder, Schedule(jobs, dict.fromkeys("0123", 1)))


def test_the_tuner_runs_in_this_process_too(tmp_path, words, monkeypatch) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(tmp_path / "cache"))
    tuner = a_tuner(tmp_path, words)
    assert isinstance(tuner, BaseTuner)
    tuner.search()
    assert [trial.status for trial in runs.load(tuner.folder).trials] == ["completed"] * 4
    assert {t.trial_id for t in tuner.oracle.get_best_trials()} <= set("0123")


def test_a_fault_of_the_data_ends_the_search_in_this_process_too(tmp_path, words) -> None:
    tuner = a_tuner(tmp_path, words, fingerprint="another")
    with pytest.raises(keras_tuner.errors.FatalError, match="is not the data set that this search uses"):
        tuner.search()
    assert not list(tuner.folder.rglob("result.json"))


def test_a_job_is_tried_twice_in_this_process_too(tmp_path, words, monkeypatch) -> None:
    tuner = a_tuner(tmp_path, words)
    tried = []

    def fails(job: Job) -> Failure:
        tried.append(job.planned.trial_id)
        return Failure("no luck", "")

    monkeypatch.setattr(execution, "run", fails)
    tuner.search()
    assert sorted(tried) == sorted(2 * "0123")
    assert [trial.status for trial in runs.load(tuner.folder).trials] == ["failed"] * 4


def test_old_folders_are_forgotten_though_another_process_does_it_too(tmp_path) -> None:
    (tmp_path / "another worker removed it").symlink_to(tmp_path / "gone")
    for name in ("old", "recent"):
        (tmp_path / name).mkdir()
    os.utime(tmp_path / "old", (0, 0))
    forget_older(tmp_path.iterdir(), 3600)
    assert not (tmp_path / "old").exists()
    assert (tmp_path / "recent").exists()


def test_hooks_work_alone(tmp_path, words) -> None:
    space = load_space(tiny.write_space(tmp_path / "tiny.toml"))
    hypermodel = KwsHyperModel(space, load_data(words), cache=tmp_path / "cache")
    hp = space.hyperparameters(space.trials[3].values)
    model = hypermodel.build(hp)
    assert sum(hasattr(layer, "pruning_step") for layer in model.layers) == 4
    objectives = hypermodel.fit(hp, model, folder=tmp_path / "out")
    assert set(objectives) == {"accuracy", "memory_bytes", "latency_ms"}
    assert objectives["memory_bytes"] == (tmp_path / "out" / "model.tflite.zip").stat().st_size


def test_shared_beginnings_change_nothing(tmp_path, words, monkeypatch) -> None:
    space = load_space(tiny.write_space(tmp_path / "tiny.toml"))
    hypermodel = KwsHyperModel(space, load_data(words), cache=tmp_path / "cache")
    restored = []
    restore = Trainer.restore
    monkeypatch.setattr(
        Trainer, "restore", lambda self, state: (restored.append(int(state["steps_done"])), restore(self, state))
    )

    def fit(trial: int, name: str, prefix: Path | None = None) -> bytes:
        hp = space.hyperparameters(space.trials[trial].values)
        start_anew(7)
        hypermodel.fit(hp, hypermodel.build(hp), folder=tmp_path / name, prefix=prefix)
        return (tmp_path / name / "model.tflite").read_bytes()

    prefix = tmp_path / "shared" / "0_0.npz"
    schedule = compress.Schedule.over(hypermodel.steps, space.pruning)
    apart = [fit(trial, f"apart {trial}") for trial in (0, 2, 3)]
    assert restored == []
    assert [fit(trial, f"shared {trial}", prefix) for trial in (0, 2, 3)] == apart
    assert restored == [schedule.begin - 1, schedule.begin + schedule.frequency - 1]


def test_a_trained_model_has_learnt_the_words(tmp_path, words) -> None:
    declared = tiny.write_space(tmp_path / "tiny.toml", epochs=12).read_text()
    (tmp_path / "tiny.toml").write_text(declared.replace("width_multiplier = 0.05", "width_multiplier = 0.25"))
    space = load_space(tmp_path / "tiny.toml")
    hypermodel = KwsHyperModel(space, load_data(words), cache=tmp_path / "cache")
    for trial in (space.trials[0], space.trials[3]):
        hp = space.hyperparameters(trial.values)
        assert hypermodel.fit(hp, hypermodel.build(hp), folder=tmp_path / trial.trial_id)["accuracy"] >= 0.8


def test_a_finished_runs_records_hold_what_they_promise(finished) -> None:
    run = runs.load(finished)
    assert run.warnings == ()
    for trial in run.trials:
        (execution,) = trial.executions
        record = execution.record
        assert result_fault(record, trial.planned, len(run.labels)) is None
        assert record["accuracy"] == np.mean(execution.predictions == run.labels)
        folder = runs.trial_folder(finished, trial.trial_id)
        assert record["tflite_bytes"] == (folder / "model.tflite").stat().st_size
        assert record["memory_bytes"] == (folder / "model.tflite.zip").stat().st_size
        assert record["achieved_sparsity"] == pytest.approx(trial.values["final_sparsity"], abs=0.005)
        assert record["keras_difference"] < 1e-3
        assert record["keras_agreement"] == 1
        assert record["epochs"] == len(record["history"]) == 2
        assert trial.latency is not None
        assert trial.latency_ms > trial.model_latency_ms
        assert not (folder / "checkpoint.npz").exists()
        assert not (folder / "progress.json").exists()
    assert not (finished / "shared").exists()


def job(trial: int, execution: int = 0, prefix: str | None = None) -> Job:
    return Job(SPACE, "data", "", "run", SPACE.trials[trial], execution, None, prefix, False)


COSTS = {trial.trial_id: cost for trial, cost in zip(SPACE.trials, [100, 20, 50, 10, *range(18)], strict=True)}


def order(schedule: Schedule, running: list[Job] | None = None) -> list[tuple[str, int]]:
    taken = []
    while schedule.waiting:
        taken.append(schedule.take(running or []).key)
    return taken


def test_long_jobs_first_and_first_executions_before_second_ones() -> None:
    jobs = [job(trial, execution) for execution in (1, 0) for trial in (3, 0, 2, 1)]
    ids = ["00", "02", "01", "03"]
    assert order(Schedule(jobs, COSTS)) == [(i, 0) for i in ids] + [(i, 1) for i in ids]


def test_a_job_waits_for_a_beginning_that_another_is_making() -> None:
    first, second, other = job(0, prefix="a"), job(2, prefix="a"), job(3, prefix="b")
    waiting = Schedule([second, other], COSTS, has_state=lambda j: False)
    assert order(waiting, [first]) == [other.key, second.key]
    made = Schedule([second, other], COSTS, has_state=lambda j: True)
    assert order(made, [first]) == [second.key, other.key]


def test_a_worker_never_idles_for_a_beginning() -> None:
    first, second = job(0, prefix="a"), job(2, prefix="a")
    assert Schedule([second], COSTS, has_state=lambda j: False).take([first]) == second


def test_another_attempt_comes_first() -> None:
    schedule = Schedule([job(0), job(1)], COSTS)
    schedule.put_back(job(3))
    assert order(schedule)[0] == ("03", 0)
