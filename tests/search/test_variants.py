"""Points that differ in their file alone: one training, in this run, in one that grows, and in other runs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.searching import searched

import kwssearch as kws
from kwssearch import runs
from kwssearch.artefact import MODEL_FILE, WEIGHTS_FILE, Artefact
from kwssearch.errors import UserError
from kwssearch.runs import Run
from kwssearch.testing import tiny
from kwssearch.training import KwsHyperModel

QUANTIZED = """
[[strategy]]
name = "quantization"
quantization = ["float16", "dynamic", "int8"]

[[strategy]]
name = "pruning, int8"
final_sparsity = [0.5, 0.8]
quantization = "int8"
"""


def write_space(folder: Path, more: str = QUANTIZED, name: str = "tiny", **options: Any) -> Path:
    path = tiny.write_space(folder / f"{name}.toml", **options)
    path.write_text(path.read_text() + more)
    return path


def by_point(run: Run) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    return {tuple(trial.values.values()): trial.executions[0].record for trial in run.completed}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, finished: Path, words: Path, cache: Path) -> Run:
    """The four trainings of the tiny space, grown by five files; not to be changed.

    That files are made of a training of the same search is in test_clusters.
    """
    folder = tmp_path_factory.mktemp("variants")
    shutil.copytree(finished, folder / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWSSEARCH_CACHE", str(cache))
        return searched(folder, write_space(folder), words)


@pytest.fixture
def untrainable(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """No model can be trained."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a model was trained")

    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    monkeypatch.setattr(KwsHyperModel, "build", refuse)


def test_variants_share_a_training(whole: Run) -> None:
    assert len(whole.completed) == 9
    records = [trial.executions[0].record for trial in whole.completed]
    assert len({record["training"] for record in records}) == 4
    baseline = next(trial for trial in whole.completed if trial.strategy == "baseline")
    for trial in whole.completed:
        record, file = trial.executions[0].record, whole.folder / f"trial_{trial.trial_id}"
        converted = trial.values["quantization"] != "none"
        assert (file / WEIGHTS_FILE).exists() != converted
        assert ("origin" in record) == converted
        assert Artefact((file / MODEL_FILE).read_bytes()).sha256 == record["sha256"]
        assert not list(file.glob(".*"))
        if trial.strategy == "quantization":
            assert record["origin"] == {"trial_id": baseline.trial_id, "execution": 0}
            assert record["history"] == baseline.executions[0].record["history"]
            assert record["twin_difference"] == pytest.approx(record["accuracy"] - baseline.accuracy)


def test_a_record_says_how_int8_came_about(whole: Run) -> None:
    record = next(t.executions[0].record for t in whole.completed if t.values["quantization"] == "int8")
    assert len(set(record["calibration"])) == len(record["calibration"]) > 0
    assert record["input_quantization"][0] > 0 and record["output_quantization"] == [1 / 256, -128]
    assert 0.9 <= record["reference_agreement"] <= 1
    assert record["activation_bytes"] > 0


def test_every_epoch_is_validated(whole: Run) -> None:
    for trial in whole.completed:
        record = trial.executions[0].record
        assert [set(logs) for logs in record["history"]] == [
            {"loss", "accuracy", "val_loss", "val_accuracy", "seconds"}
        ] * 2
        assert sum(logs["seconds"] for logs in record["history"]) == pytest.approx(record["train_seconds"], abs=0.01)
        clips = whole.record["data"]["splits"]["validation"]
        assert len(record["validation_predictions"]) == clips > 0
        assert 0 <= record["validation_accuracy"] <= 1


def test_a_finished_run_grows_by_an_axis_and_trains_nothing(whole: Run, words, tmp_path, untrainable) -> None:
    begun = write_space(tmp_path, "")
    shutil.copytree(whole.folder, tmp_path / "run")
    plain = [trial for trial in whole.trials if trial.values["quantization"] == "none"]
    recorded = kws.load_space(begun).to_dict()
    for trial in whole.trials:
        if trial not in plain:
            shutil.rmtree(tmp_path / "run" / f"trial_{trial.trial_id}")
    record = {**whole.record, "space": recorded}
    del record["before"]
    runs.folder.write_json(tmp_path / "run" / "run.json", record)
    inserted = QUANTIZED.replace('"pruning, int8"', '"zeros, int8"')
    grown = searched(tmp_path, write_space(tmp_path, inserted, "grown"), words)
    assert [trial.trial_id for trial in grown.trials] == [str(i) for i in range(9)]
    assert [trial.values for trial in grown.trials[:4]] == [trial.values for trial in plain]
    expected, found = by_point(whole), by_point(grown)
    assert {point: record["sha256"] for point, record in found.items()} == {
        point: record["sha256"] for point, record in expected.items()
    }
    assert len(runs.load(tmp_path / "run").record["before"]) == 1
    with pytest.raises(UserError, match=r"quantization\.clips was 100 and is 7"):
        searched(tmp_path, write_space(tmp_path, "[quantization]\nclips = 7\n" + inserted, "other"), words)


def test_trainings_of_another_run_are_taken_over(whole: Run, words, tmp_path, untrainable) -> None:
    only = '[quantization]\nper_channel = true\n[[strategy]]\nname = "int8"\nquantization = "int8"\n'
    run = searched(tmp_path, write_space(tmp_path, only), words, reuse=[whole.folder])
    records, before = by_point(run), by_point(whole)
    assert len(records) == 5
    for point, record in records.items():
        assert record["origin"]["run"] == "run" and record["origin"]["run_id"] == whole.record["run_id"]
        assert record["training"] == before[point]["training"]
        assert (run.folder / f"trial_{record['trial_id']}" / WEIGHTS_FILE).exists()
        same_file = record["sha256"] == before[point]["sha256"]
        assert same_file == (point[-1] == "none"), "per channel is another file"


def test_another_recipe_is_another_training(whole: Run, words, tmp_path, untrainable) -> None:
    space = write_space(tmp_path, "", epochs=3)
    run = searched(tmp_path, space, words, reuse=[whole.folder])
    assert not run.completed
    assert {failure["reason"] for trial in run.trials for failure in trial.failures} == {
        "AssertionError: a model was trained"
    }


def test_damaged_weights_cost_a_training_and_nothing_else(whole: Run, words, tmp_path, cache, monkeypatch) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    shutil.copytree(whole.folder, tmp_path / "run")
    gone = next(trial for trial in whole.completed if trial.strategy == "pruning + int8" or "int8" in trial.strategy)
    origin = gone.executions[0]["origin"]["trial_id"]
    (tmp_path / "run" / f"trial_{gone.trial_id}" / "result.json").unlink()
    weights = tmp_path / "run" / f"trial_{origin}" / WEIGHTS_FILE
    weights.write_bytes(weights.read_bytes()[:-50])
    run = searched(tmp_path, write_space(tmp_path), words)
    again = next(trial for trial in run.completed if trial.trial_id == gone.trial_id)
    assert "origin" not in again.executions[0].record
    assert again.executions[0]["sha256"] == gone.executions[0]["sha256"], "it trains to the same bytes"
