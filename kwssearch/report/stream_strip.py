"""The minutes of a stream in which a model does worst, and where each error is."""

from __future__ import annotations

import hashlib
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from kwssearch.runs import Run, stream_record

ROW_S, ROWS = 60.0, 2
CLIPS = ("keywords", "words")
EDGE_S = 2.0  # of a strip, where a word would be cut off
MOST_PLAYED = 6  # errors of each kind that can be played
BEFORE_S, AFTER_S = 2.0, 1.5  # of what is played, around an error
HEARD, MISSED = 0.68, 0.33  # heights of what is heard and of what is missed
BLOCK = 2**20
Heard = Mapping[str, Any]


class Shown(NamedTuple):
    """A part of the stream."""

    kind: str
    start_s: float
    end_s: float
    what: str


class Error(NamedTuple):
    """Something that a model got wrong.

    Attributes:
        at_s: seconds of the stream.
        wrong: what was wrong, in words.
    """

    at_s: float
    wrong: str


@dataclass(frozen=True)
class Strip:
    """What is drawn.

    Attributes:
        rows: ends of each row, in seconds.
        marks: seconds, word, outcome and height of each.
    """

    parts: tuple[Shown, ...]
    marks: tuple[tuple[float, str, str, float], ...]
    rows: tuple[tuple[float, float], ...]


def parts_of(run: Run, heard: Heard) -> tuple[Shown, ...]:
    """Those of the test stream that a model heard, as the run recorded it."""
    rows = stream_record(run.folder, heard["streams"]["test"]).get("parts", ())
    return tuple(Shown(kind, start, start + seconds, what) for kind, start, seconds, what, *_ in rows)


def strip_of(parts: Sequence[Shown], heard: Heard) -> Strip:
    """The two minutes around the worst errors; a false accept counts as much as many misses."""
    marks = [(end, word, outcome, HEARD) for end, word, outcome in heard["fired"]]
    marks += [(start, word, "missed", MISSED) for start, word, _ in heard["missed"]]
    start = worst_start(heard, parts[-1].end_s)
    rows = [(start + ROW_S * row, start + ROW_S * (row + 1)) for row in range(ROWS)]
    return Strip(tuple(parts), tuple(sorted(marks)), tuple((low, high) for low, high in rows if low < parts[-1].end_s))


def worst_start(heard: Heard, seconds: float) -> float:
    """Where so many rows hold the most errors: false accepts and misses weigh alike in all."""
    accepts = [end for end, _, outcome in heard["fired"] if outcome == "false accept"]
    misses = [start for start, _, _ in heard["missed"]]
    weighed = [(at, 1 / len(times)) for times in (accepts, misses) for at in times]
    span = ROWS * ROW_S
    starts = [max(0.0, min(float(at) - 3.0, seconds - span)) for at, _ in weighed]
    worth = [sum(weight for at, weight in weighed if EDGE_S <= at - start < span - EDGE_S) for start in starts]
    return max(zip(worth, starts, strict=True), default=(0.0, 0.0))[1]


def errors_of(parts: Sequence[Shown], heard: Heard) -> list[Error]:
    """Some false accepts, confusions and misses of clear keywords, each kind in order of time."""
    found: dict[str, list[Error]] = {"false accept": [], "confusion": []}
    for end, word, outcome in heard["fired"]:
        if outcome in found:
            part = next((p for p in parts if p.start_s <= end - 0.5 < p.end_s), None)
            found[outcome].append(Error(end, f"{outcome}: {word} heard{'' if part is None else place_of(part)}"))
    best = max((snr for *_, snr in heard["missed"] if snr is not None), default=None)
    missed = [Error(start + 1, f"missed: {word}{told(snr)}") for start, word, snr in heard["missed"] if snr == best]
    return [error for errors in (*found.values(), missed) for error in errors[:MOST_PLAYED]]


def place_of(part: Shown) -> str:
    """Where in the stream it is, and what is said there; of a clip its folder alone, since names are of people."""
    what = PurePosixPath(part.what).parent.name if part.kind in CLIPS else part.what
    return f" in {part.kind}{f' ({what})' if what else ''}"


def told(snr: float | None) -> str:
    return "" if snr is None else f" at {snr:g} dB"


def played(error: Error) -> str:
    """The seconds around an error, as a media fragment."""
    return f"#t={max(0.0, error.at_s - BEFORE_S):.1f},{error.at_s + AFTER_S:.1f}"


def sound_beside(run: Run, heard: Heard, folder: Path) -> str | None:
    """The name of the test stream's WAV in a folder, if it is there and sounds as it did to the models."""
    path = folder / "test.wav"
    wanted = stream_record(run.folder, heard["streams"]["test"]).get("sha256")
    digest = hashlib.sha256()
    try:
        with wave.open(str(path), "rb") as file:
            while block := file.readframes(BLOCK):
                digest.update(block)
    except (OSError, wave.Error, EOFError):
        return None
    return path.name if digest.hexdigest() == wanted else None
