"""What a whole search leaves behind."""

import os

import numpy as np
import pytest

from kwssearch import runs
from kwssearch.data import load_data
from kwssearch.runs import result_fault
from kwssearch.search.plan import opened
from kwssearch.space import load_space
from kwssearch.system.cache import forget_older
from kwssearch.testing import tiny
from kwssearch.testing.words import write_word_folder


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
        assert trial.latency_ms > trial.figure("model_latency_ms")
        assert not (folder / "checkpoint.npz").exists()
        assert not (folder / "progress.json").exists()
    assert not (finished / "shared").exists()


def test_a_plan_tells_once_that_voices_are_known(tmp_path) -> None:
    words = write_word_folder(tmp_path / "words", clips=20, lists=False)
    for number, path in enumerate(sorted(words.rglob("*.wav"))):
        path.rename(path.with_name(f"ann_nohash_{number}.wav"))
    space = load_space(tiny.write_space(tmp_path / "tiny.toml"))
    notes = opened(runs.RunFolder(tmp_path / "run"), space, load_data(words)).notes
    assert len([note for note in notes if runs.VOICES_KNOWN.split("; ")[1] in note]) == 1


def test_old_folders_are_forgotten_though_another_process_does_it_too(tmp_path) -> None:
    (tmp_path / "another worker removed it").symlink_to(tmp_path / "gone")
    for name in ("old", "recent"):
        (tmp_path / name).mkdir()
    os.utime(tmp_path / "old", (0, 0))
    forget_older(tmp_path.iterdir(), 3600)
    assert not (tmp_path / "old").exists()
    assert (tmp_path / "recent").exists()


def test_a_worker_with_other_versions_is_refused(tmp_path) -> None:
    from kwssearch.search import job as jobs
    from kwssearch.space import load_space
    from kwssearch.testing import tiny

    space = load_space(tiny.write_space(tmp_path / "tiny.toml"))
    old = {**jobs.environment.versions(), "numpy": "1.0"}
    outcome = jobs.run(jobs.Job(space, "x", "", "run", space.trials[0], 0, tmp_path, None, True, versions=old))
    assert isinstance(outcome, jobs.Failure) and outcome.fatal
    assert "instead of 1.0; install the same versions everywhere" in outcome.reason
