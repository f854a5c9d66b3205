import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kwssearch import runs
from kwssearch.artefact import latency
from kwssearch.compression import convert
from kwssearch.errors import UserError
from kwssearch.features import FrontEnd
from kwssearch.models.architectures import cnn
from kwssearch.runs import RunFolder
from kwssearch.search import timing
from kwssearch.space.declaration import load_space

FIELDS = {"measured", "threads", "pinned_to", "rounds", "widest_interval", "noisy", "noise_rule", "environment"}


@pytest.fixture(scope="module")
def measured(finished):
    """A measurement of the tiny run's models, cut short."""
    run = runs.load(finished)
    things = timing.timed_artefacts(run, 16000)
    folder = RunFolder(finished)
    folder.reopen()
    return things, timing.measure(
        things, run.space, len(run.words), folder.source, run.record["data"]["fingerprint"], budget=0
    )


def test_every_model_is_timed_in_every_round(measured) -> None:
    things, record = measured
    assert record.keys() >= FIELDS
    assert record["rounds"] == timing.FEWEST_ROUNDS
    assert set(record["trials"]) == {thing.trial_id for thing in things} == set("0123")
    for figures in record["trials"].values():
        assert {len(values) for values in figures.values()} == {record["rounds"]}
        feature, model, total = (np.median(figures[key]) for key in ("feature", "model", "total"))
        assert 0 < model < total
        assert total == pytest.approx(feature + model, rel=0.2)


def test_ratios_are_to_the_baseline_of_the_same_features(measured) -> None:
    things, _ = measured
    assert {thing.baseline for thing in things} == {"0"}


def test_the_process_gets_its_cores_back() -> None:
    before = os.sched_getaffinity(0)
    with timing.pinned(1) as cores:
        assert os.sched_getaffinity(0) == set(cores)
        assert len(cores) == 1
    assert os.sched_getaffinity(0) == before


def test_the_widest_interval_is_that_of_the_noisiest_ratio() -> None:
    generator = np.random.default_rng(0)
    path = Path("model.tflite")
    things = [timing.Timed(name, "a", path, None, {}) for name in ("a", "b", "c")]
    steady = 1 + 0.001 * generator.standard_normal((60, 3))
    rounds = [{"a": row * 1.0, "b": row * 2.0, "c": row * [1, 1, 2]} for row in steady]
    assert timing.widest(things, rounds) < 0.01
    for each in rounds[::2]:
        each["c"] = each["c"] * 1.3
    assert timing.widest(things, rounds) > 0.1


def test_spread_calls_a_noisy_series_noisy() -> None:
    generator = np.random.default_rng(0)
    assert timing.spread(1 + 0.02 * generator.standard_normal(100)) < timing.NOISY_SPREAD
    assert timing.spread(1 + 0.2 * generator.standard_normal(100)) > timing.NOISY_SPREAD


def test_as_fast_as_litert_benchmark_says(tmp_path) -> None:
    """Another tool, the same file; a factor of two, since both share the machine with other work."""
    path, output = tmp_path / "model.tflite", tmp_path / "benchmark.json"
    path.write_bytes(convert(cnn((49, 10, 1), 8, 1.0)))
    front_end = FrontEnd(load_space("lab4").features["mfcc"], 16000)
    ours = latency(front_end, path, [np.zeros(16000, np.int16)] * 200)["model_latency_ms"]
    tool = Path(sys.executable).parent / "litert-benchmark"
    options = ["--num_runs", "200", "--warmup_runs", "20", "--num_threads", "1", "--result_json", str(output)]
    subprocess.run([tool, "--model", path, *options], check=True, capture_output=True, timeout=60)
    theirs = json.loads(output.read_text())["latency"]["median_ms"]
    assert 0.5 < ours / theirs < 2


def test_a_damaged_model_is_one_sentence(tmp_path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"model\.tflite: is damaged"):
        timing.opened(tmp_path / "model.tflite", 1)


def test_a_model_that_is_gone_is_stood_in_for(finished, tmp_path) -> None:
    shutil.copytree(finished, tmp_path / "run")
    (tmp_path / "run" / "trial_2" / "model.tflite").unlink()
    run = runs.load(tmp_path / "run")
    things = timing.timed_artefacts(run, 16000)
    folder = RunFolder(finished)
    folder.reopen()
    where = folder.source, run.record["data"]["fingerprint"]
    record = timing.measure(things, run.space, len(run.words), *where, budget=0)
    assert record["stand_ins"] == ["2"]
    gone, kept = next(thing for thing in things if thing.trial_id == "2"), run.trials[2]
    file = timing.stand_in(gone, run.space, len(run.words))
    assert len(file) == kept.executions[0]["tflite_bytes"]
    assert len(record["trials"]["2"]["total"]) == record["rounds"]


def test_times_of_a_file_that_a_trial_no_longer_has_are_not_used(finished, tmp_path) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    assert all(trial.latency is not None for trial in runs.load(run).completed)
    path = run / "trial_1" / "result.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "sha256": "0" * 64}))
    again = runs.load(run)
    assert [trial.trial_id for trial in again.completed if trial.latency is None] == ["1"]
    assert timing.artefacts_to_time(again)
