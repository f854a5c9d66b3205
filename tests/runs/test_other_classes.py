"""Runs on other sounds than words: whose class is not their folder's name, and whose speakers a pattern tells."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from kwssearch.cli.commands import main
from kwssearch.report import load_run
from kwssearch.runs import load
from kwssearch.testing import recorded


def test_labels_and_speakers_are_those_of_the_recorded_settings(tmp_path: Path) -> None:
    run = tmp_path / "run"
    plain = recorded.write(run, speakers=20, clips=64)
    record = json.loads((run / "run.json").read_text())
    data = json.loads((run / "data.json").read_text())
    words = ["down", "go", "unknown"]
    record["data"]["words"] = words
    record["space"] |= {"words": ["down", "go"], "unknown": True, "speaker": "^(.)"}
    data["classes"] = {word: "unknown" for word in recorded.WORDS[2:]}
    (run / "run.json").write_text(json.dumps(record))
    (run / "data.json").write_text(json.dumps(data))
    found = load(run)
    assert found.words == tuple(words)
    assert found.labels.tolist() == [min(label, 2) for label in plain.labels.tolist()]
    first = [clip.split("/")[1][0] for clip in data["splits"]["test"]]
    assert len(set(found.speakers.tolist())) == len(set(first))


def test_voices_that_were_trained_on_are_told_wherever_a_run_is_read(tmp_path: Path) -> None:
    run = tmp_path / "run"
    plain = recorded.write(run, speakers=2, clips=64)
    assert len(set(plain.speakers.tolist())) == 2
    data = json.loads((run / "data.json").read_text())
    (run / "data.json").write_text(json.dumps({**data, "split_by": "clip"}))
    found = load(run)
    assert found.warnings == (
        f"{run}: too few speakers to keep apart; accuracies are those of voices that were trained on.",
    )
    assert len(set(found.speakers.tolist())) == 64
    for command in ("trials", "front", "answers"):
        told = CliRunner().invoke(main, [command, str(run)])
        assert told.exit_code == 0, told.exception
        assert f"Warning: {found.warnings[0]}" in told.stderr
    assert json.loads(CliRunner().invoke(main, ["answers", str(run), "--json"]).stdout)["warnings"] == [
        found.warnings[0]
    ]
    assert str(load_run(run).answers()).startswith(f"Warning: {found.warnings[0]}\n")
