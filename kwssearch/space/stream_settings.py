"""How models of a space are scored on streams: what is heard, and how the detector listens."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from kwssearch.space.schema import Field, Table, integer, is_number, number

MOST_HOURS = 1000
SNR_DB = (20, 10, 5, 0)
FOLDERS = ("other_words", "noise", "negatives")


@dataclass(frozen=True)
class StreamSettings:
    """The streams of a space, and the detector that listens to them.

    Attributes:
        hours: of each stream, validation and test.
        snr_db: signal-to-noise ratios of the keywords, dealt in turn.
        hop_ms: from one window to the next; rounded to whole frames of each front end.
        smoothing: how many of the latest windows are averaged.
        suppression_s: seconds from one heard word to the earliest next one.
        per_hour: false accepts an hour for which the threshold is set on the validation stream.
        other_words: a folder of clips of words that are no keywords; '' for those of the data set alone.
        noise: a folder of recorded noise; '' for what lies beside the words.
        negatives: a folder of long recordings without keywords, instead of spoken sentences; '' for none.
    """

    hours: float = 1.0
    snr_db: tuple[float, ...] = SNR_DB
    hop_ms: float = 200.0
    smoothing: int = 3
    suppression_s: float = 1.0
    per_hour: float = 10.0
    other_words: str = ""
    noise: str = ""
    negatives: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; only what differs from the defaults."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value != getattr(STREAM_DEFAULTS, name)
        }

    def with_folders(self, place: Callable[[str], str]) -> StreamSettings:
        """The same with its folders named otherwise."""
        named: dict[str, Any] = {name: place(own) for name in FOLDERS if (own := getattr(self, name))}
        return replace(self, **named)

    @property
    def placeless(self) -> StreamSettings:
        """The same with the names of its folders alone, however they are written: places are those of one machine."""
        return self.with_folders(lambda own: Path(os.path.realpath(own)).name)


STREAM_DEFAULTS = StreamSettings()


def are_ratios(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(is_number(ratio) and -40 <= ratio <= 60 for ratio in value)
        and len(set(value)) == len(value)
    )


def folder() -> Field:
    return Field("a folder, or '' for none", lambda v: isinstance(v, str) and v.isprintable(), "")


STREAM = {
    "hours": Field(
        f"a number of hours above 0 and up to {MOST_HOURS}",
        lambda v: is_number(v) and 0 < v <= MOST_HOURS,
        STREAM_DEFAULTS.hours,
    ),
    "snr_db": Field("a list of different numbers of dB from -40 to 60, such as [20, 10]", are_ratios, list(SNR_DB)),
    "hop_ms": number(10, 1000, "a number of ms from 10 to 1000", STREAM_DEFAULTS.hop_ms),
    "smoothing": integer(1, 100, "a whole number from 1 to 100", STREAM_DEFAULTS.smoothing),
    "suppression_s": number(0, 60, "a number of seconds from 0 to 60", STREAM_DEFAULTS.suppression_s),
    "per_hour": Field(
        "a number of false accepts an hour above 0",
        lambda v: is_number(v) and 0 < v < math.inf,
        STREAM_DEFAULTS.per_hour,
    ),
    "other_words": folder(),
    "noise": folder(),
    "negatives": folder(),
}


def read_stream(place: str, content: Mapping[str, Any], folder: Path = Path()) -> StreamSettings:
    """The table `[stream]` of a space.

    Args:
        folder: from which folders are seen.

    Raises:
        SpaceError: the first fault, with its place, value and what was expected.
    """
    values = Table(f"{place}: stream", content.get("stream", {})).read(STREAM)
    settings = StreamSettings(**{**values, "snr_db": tuple(values["snr_db"])})
    return settings.with_folders(lambda own: os.path.normpath(folder / os.path.expanduser(own)))
