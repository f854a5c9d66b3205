"""The benchmarks run, and record what their readers look for; how fast anything is, no test asserts."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kwssearch.artefact.contents import Artefact
from kwssearch.data.dataset import load_data
from kwssearch.space.declaration import load_space
from kwssearch.testing import recorded as known_truth
from kwssearch.testing import tiny
from kwssearch.testing.words import write_word_folder

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
POINT = {"features": "mfcc", "architecture": "cnn", "width_multiplier": 0.05, "final_sparsity": 0.0}
SPACE = """
[recipe]
epochs = 3
seed = 42
batch_size = 20
[features.mfcc]
kind = "mfcc"
coefficients = 10
[baseline]
width_multiplier = 0.05
"""
PRUNING = """
[[strategy]]
name = "pruning"
final_sparsity = 0.9
"""


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(name: str, *arguments: object) -> None:
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def recorded(folder: Path, pattern: str) -> Any:
    (path,) = folder.glob(pattern)
    return json.loads(path.read_text())


def test_the_yardstick_uses_none_of_our_code() -> None:
    assert "import kwssearch" not in (text := (BENCHMARKS / "plain_kerastuner.py").read_text())
    assert "from kwssearch" not in text


@pytest.mark.parametrize(
    "ours, plain, points",
    [([0, 1, 0, 1], [0, 1, 0, 1], 0), ([0, 1, 0, 1], [1, 0, 1, 0], 100), ([0, 0, 0, 0], [0, 1, 0, 1], -50)],
)
def test_difference_is_ours_less_the_plain_one(ours: list[int], plain: list[int], points: float) -> None:
    value, low, high = script("bench_figures").difference(ours, plain, [0, 1, 0, 1], ["ann", "bea", "cid", "dan"])
    assert value == points
    assert low <= value <= high


def test_growth_records_every_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    growth = script("growth")
    monkeypatch.setattr(growth, "COMMANDS", ("trials",))
    monkeypatch.setattr(growth, "REPEATS", 1)
    monkeypatch.setattr(sys, "argv", ["growth.py", "--trials", "8", "--clips", "160", "--out", str(tmp_path)])
    growth.main()
    record = recorded(tmp_path, "*-growth.json")
    assert record["commands"]["8"]["trials"] > 0
    assert record["features"]["160"].keys() == {"load_seconds", "cache_seconds", "peak_megabytes"}


@pytest.mark.long
def test_memory_records_each_trial(tmp_path: Path) -> None:
    run("memory", "--trials", 2, "--out", tmp_path)
    record = recorded(tmp_path, "*-memory.json")
    assert len(record["megabytes"]) == 2
    assert min(record["megabytes"]) > 100


@pytest.mark.long
def test_plain_script_prunes_and_predicts_the_test_clips_in_our_order(tmp_path: Path) -> None:
    words = write_word_folder(tmp_path / "words", clips=40)
    (tmp_path / "points.json").write_text(json.dumps([{**POINT, "final_sparsity": 0.8}]))
    places = ("--data", words, "--trials", tmp_path / "points.json", "--out", tmp_path / "out")
    run("plain_kerastuner", *places, "--epochs", 2)
    (found,) = recorded(tmp_path / "out", "results.json")
    assert {key: found[key] for key in POINT} == {**POINT, "final_sparsity": 0.8}
    assert 0 < found["train_seconds"] < found["seconds"]
    assert found["memory_bytes"] > 0 and found["latency_ms"] > 0
    artefact = Artefact((tmp_path / "out" / "model.tflite").read_bytes())
    assert artefact.sparsity(prunable_only=True) == pytest.approx(0.8, abs=0.01)
    labels = load_data(words).labels("test").tolist()
    right = sum(guess == label for guess, label in zip(found["predictions"], labels, strict=True))
    assert found["accuracy"] == pytest.approx(right / len(labels))


@pytest.mark.parametrize(
    "gains, low, high",
    [([1.0, 1.0, 1.0], 1.0, 1.0), ([0.0, 2.0], 1 - 12.706, 1 + 12.706), ([-1.0, 0.0, 1.0, 4.0], -2.44, 4.44)],
)
def test_interval_over_trainings_is_students(gains: list[float], low: float, high: float) -> None:
    rows = [{"difference": [gain, 0.0, 0.0]} for gain in gains]
    assert script("bench_figures").over_trainings(rows) == pytest.approx([1.0, low, high], abs=0.01)


def test_both_sides_have_the_same_splits_whatever_the_folder_holds(tmp_path: Path) -> None:
    words = write_word_folder(tmp_path / "words", clips=60, lists=False)
    linked = script("bench").with_lists(words, tmp_path / "linked")
    ours, theirs = load_data(words), load_data(linked)
    assert {s: [c.path for c in clips] for s, clips in theirs.splits.items()} == {
        s: [c.path for c in clips] for s, clips in ours.splits.items()
    }
    named, splits = script("plain_kerastuner").splits(linked)
    assert sorted(named) == sorted(ours.words)
    assert {Path(clip).name for clip in splits["test"]} == {Path(clip.path).name for clip in ours.splits["test"]}


def compared(monkeypatch: pytest.MonkeyPatch, folder: Path, *options: str) -> Any:
    """What the benchmark records of a space of two small trials, each side trained anew."""
    bench = script("bench")
    words = tiny.write_data(folder / "words")
    space = folder / "lab4.toml"
    space.write_text(SPACE + PRUNING)
    monkeypatch.setattr(bench, "POINTS", [POINT, {**POINT, "final_sparsity": 0.9}])
    monkeypatch.setattr(bench, "STRATEGIES", PRUNING)
    monkeypatch.setattr(bench, "shipped_spaces", lambda: {"lab4": space})
    monkeypatch.setattr(bench, "load_space", lambda name: load_space({"lab4": str(space)}[name]))
    peaks = {f"{precision} {threads}": 1.0 for precision in ("bfloat16", "float32") for threads in range(99)}
    monkeypatch.setattr(bench, "matrix_peaks", lambda: peaks)
    monkeypatch.setattr(sys, "argv", ["bench.py", "--data", str(words), "--out", str(folder / "out"), *options])
    bench.main()
    return recorded(folder / "out", "*-bench*.json")


@pytest.mark.damage
def test_bench_compares_both_sides_over_the_whole_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = compared(monkeypatch, tmp_path, "--whole", "--rounds", "2")
    assert record["epochs"] == 3, "those the space declares"
    assert [row["trial"] for row in record["trials"]] == ["mfcc cnn 0.05 0.0", "mfcc cnn 0.05 0.9"]
    assert record["seeds"] == {"ours": [43], "plain": [43]}
    assert record["seconds"].keys() == {"ours", "plain", "dense"}
    assert record["dense"]["sparse_trials"] == 1 and len(record["dense"]["sparse_less_scratch"]) == 3
    assert list((tmp_path / "out").glob("*-bench-whole.json"))
    assert record["ratio"] == pytest.approx(record["seconds"]["plain"] / record["seconds"]["ours"])
    assert record["ratio_without_our_timing"] > record["ratio"]
    for row in record["trials"]:
        for side in ("ours", "plain"):
            assert row[f"{side}_seconds"] > 0 and row[f"{side}_gflops"] > 0 and 0 <= row[f"{side}_accuracy"] <= 1
        assert len(row["difference"]) == 3
    assert len(record["difference"]) == len(record["difference_over_trainings"]) == 3
    assert record["environment"]["cores"] >= 1 and "tensorflow" in record["versions"]
    assert record["in_training"]["ours_samples_a_second"] == pytest.approx(
        2 * 3 * record["training_clips"] / sum(row["ours_train_seconds"] for row in record["trials"])
    )


def test_a_whole_grid_is_added_up_of_what_shapes_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = script("front_clock")

    def run_plain(data: Path, points: list[Any], epochs: int, seed: int, folder: Path) -> Any:
        sparse = [point["final_sparsity"] > 0 for point in points]
        assert len(points) == 32 and sum(sparse) == 16
        seconds = [5 + (2 if pruned else 1) * epochs for pruned in sparse]
        trials = [{**point, "seconds": taken} for point, taken in zip(points, seconds, strict=True)]
        return {"trials": dict(enumerate(trials))}

    monkeypatch.setattr(clock, "run_plain", run_plain)
    assert clock.plain(tmp_path, tmp_path)["seconds"] == pytest.approx(16 * (5 + 20) + 64 * (5 + 40))


def test_a_recorded_grid_is_told_at_the_pace_of_a_front(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, run = script("front_clock"), known_truth.build("full-int8", clips=8, speakers=4)
    for trial in run.trials:
        trial.executions[0].record["train_cpu_seconds"] = 10.0
    two = [{axis: trial.values[axis] for axis in clock.AXES} for trial in run.trials[:2]]
    told = clock.least(run, {"train_cpu_seconds": 30.0, "points": two})
    assert told["pace"] == pytest.approx(1.5)
    assert told["seconds"] == pytest.approx(1.5 * 80 * 10 / 2)
