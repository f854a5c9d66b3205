"""A search with classes for what is no keyword, and noise from a folder: recorded, moved, resumed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.searching import searched

from kwssearch.errors import UserError
from kwssearch.report import trial_details, trial_rows
from kwssearch.runs import RunFolder
from kwssearch.testing import tiny
from kwssearch.testing.words import wav, write_word_folder

SPACE = """
unknown = "sounds"
silence = "sounds"
objectives = ["accuracy", "mean_miss_rate", "memory_bytes"]
"""
ROOM = """
[augmentation.room]
noise = "sounds/_background_noise_"

[[strategy]]
name = "room"
augmentation = "room"
quantization = ["none", "int8"]

[stream]
hours = 0.016
negatives = "{negatives}"
"""


def write_space(folder: Path) -> Path:
    path = tiny.write_space(folder / "tiny.toml")
    negatives = write_word_folder(folder.parent / "negatives", ("hum",), clips=60, lists=False)
    declared = path.read_text().split("[[strategy]]")[0]
    path.write_text(SPACE + declared + ROOM.format(negatives=negatives))
    sounds = write_word_folder(folder / "sounds", ("bed", "cat"), clips=40, lists=False)
    (sounds / "_background_noise_").mkdir()
    noise = 0.1 * np.random.default_rng(0).standard_normal(30 * 16_000)
    (sounds / "_background_noise_" / "fan.wav").write_bytes(wav(noise))
    return path


@pytest.mark.long
def test_a_run_tells_words_apart_from_other_sounds_and_goes_on_where_all_has_moved(
    tmp_path: Path, words: Path, cache: Path, monkeypatch
) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    before = tmp_path / "before"
    before.mkdir()
    run = searched(before, write_space(before), words)
    assert {trial.status for trial in run.completed} == {"completed"}
    record = run.trials[2].executions[0].record
    said = run.labels < 2
    found = np.array(record["predictions"])
    assert record["word_accuracy"] == np.mean(found[said] == run.labels[said])
    assert record["accuracy"] == np.mean(found == run.labels)
    assert record["validation_word_accuracy"] is not None
    assert run.heard_alike
    assert record["mean_miss_rate"] == record["listening"]["mean_miss_rate"][0]
    assert [row["word_accuracy"] for row in trial_rows(run)] == [t.mean("word_accuracy") for t in run.trials]
    assert trial_details(run, "1")["word_accuracy"] == run.trials[1].mean("word_accuracy")
    assert record["training"] == run.trials[1].executions[0].record["training"]

    recorded = json.loads((run.folder / "run.json").read_text())["space"]
    assert recorded["unknown"] == recorded["silence"] == ["../sounds"]
    assert recorded["augmentation"]["room"]["noise"] == "../sounds/_background_noise_"
    wanted = (run.folder / "trial_1" / "model.tflite").read_bytes()
    after = before.rename(tmp_path / "after")
    space = RunFolder(after / "run").reopen()
    assert space.data_settings.unknown == (str(after / "sounds"),)
    for trial in ("trial_1", "trial_2"):
        shutil.rmtree(after / "run" / trial)
    again = searched(after, after / "tiny.toml", words)
    assert again.trials[2].figure("mean_miss_rate") == record["mean_miss_rate"]
    assert (again.folder / "trial_1" / "model.tflite").read_bytes() == wanted

    (after / "sounds" / "_background_noise_" / "tap.wav").write_bytes(wav(np.ones(16_000) / 2))
    try:
        searched(after, after / "tiny.toml", words)
    except UserError as error:
        assert "augmentation.room.noise_digest" in str(error)
    else:
        raise AssertionError("another noise is another search")
