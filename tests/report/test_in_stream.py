"""The report's section on streams: pictures, errors, and sound that lies beside it."""

from __future__ import annotations

import hashlib
import json
import wave
from pathlib import Path

import pytest
from support.heard import heard_by, with_heard, write_streams

from kwssearch.report.page import Page
from kwssearch.report.stream_section import in_stream
from kwssearch.report.stream_strip import EDGE_S, strip_of, worst_start
from kwssearch.report.web_page import web_page
from kwssearch.runs import Run
from kwssearch.testing import recorded


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("heard") / "run"
    write_streams(folder)
    return with_heard(
        recorded.build("quickstart", folder=folder), lambda values: 0.6 - 0.2 * values["width_multiplier"]
    )


def test_a_report_shows_the_stream_and_tells_what_went_wrong(run: Run, tmp_path: Path) -> None:
    page = Page(run, folder=tmp_path)
    text = "\n".join(page.stream_lines())
    assert {f"stream-{name}.svg" for name in ("det", "conditions", "strip")} <= set(page.pictures)
    assert "- 1:40 false accept: no heard in speech (A sentence.)" in text
    assert "missed: go at 20 dB" in text
    assert "Nobody's voice is in this page" in text
    shown = web_page(run, page.rows, page.answers, heard=page.in_stream)
    assert shown.count("data:image/svg+xml;base64,") == 3
    assert "<audio" not in shown
    assert "media-src" not in shown


def test_sound_is_linked_where_it_lies_beside_the_page(run: Run, tmp_path: Path) -> None:
    samples = bytes(2 * 16_000)
    with wave.open(str(tmp_path / "test.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(samples)
    assert in_stream(run, ["0"], tmp_path).sound is None  # another stream
    record = json.loads((run.folder / "streams.json").read_text())
    record["streams"]["test-1"]["sha256"] = hashlib.sha256(samples).hexdigest()
    (run.folder / "streams.json").write_text(json.dumps(record))
    page = Page(run, folder=tmp_path)
    assert "- [1:40](test.wav#t=98.0,101.5) false accept" in "\n".join(page.stream_lines())
    shown = web_page(run, page.rows, page.answers, heard=page.in_stream)
    assert 'src="test.wav#t=98.0,101.5"' in shown
    assert "media-src" in shown


def test_models_of_the_front_are_shown_those_that_miss_least_first(run: Run, tmp_path: Path) -> None:
    found = in_stream(run, ["3", "0"], tmp_path)
    assert {heard["trial_id"] for heard in found.shown} == {"3", "0"}
    missed = [heard["mean_miss_rate"][0] for heard in found.shown]
    assert missed == sorted(missed)
    assert in_stream(recorded.build("quickstart"), ["0"], tmp_path) is None


def test_the_strip_is_where_most_errors_are(run: Run) -> None:
    heard = heard_by(run.trials[0], 0.5)
    errors = {"fired": [[500.0, "no", "false accept"], [700.0, "up", "hit"]], "missed": [[510.0, "go", 20.0]]}
    start = worst_start({**heard, **errors}, 3600.0)
    assert start + EDGE_S <= 500.0 < 510.0 < start + 120
    assert worst_start({**heard, "fired": [], "missed": []}, 3600.0) == 0
    found = in_stream(run, ["0"], Path())
    strip = strip_of(found.parts, found.shown[0])
    assert [outcome for *_, outcome, _ in strip.marks] == ["hit", "missed", "false accept"]
