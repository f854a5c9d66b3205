"""What a report says of streams: which models, their pictures, and errors to hear where the sound is beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kwssearch.report.listen_lines import columns, heard_sentence
from kwssearch.report.stream_plots import draw_conditions, draw_det, draw_strip
from kwssearch.report.stream_strip import Error, Shown, errors_of, parts_of, played, sound_beside, strip_of
from kwssearch.runs import Run

MOST_SHOWN = 6
Heard = Mapping[str, Any]


@dataclass(frozen=True)
class InStream:
    """Models of a run on its test stream.

    Attributes:
        shown: those of the front, else of all that listened; at most six, who misses least first.
        folder: of the report, where the stream's WAV may be.
    """

    run: Run
    shown: tuple[Heard, ...]
    folder: Path

    @cached_property
    def parts(self) -> tuple[Shown, ...]:
        return parts_of(self.run, self.shown[0])

    @cached_property
    def errors(self) -> list[Error]:
        return errors_of(self.parts, self.shown[0])

    @cached_property
    def sound(self) -> str | None:
        """The name of the WAV beside the page, if it is there."""
        return sound_beside(self.run, self.shown[0], self.folder)

    @property
    def first(self) -> str:
        return f"trial {self.shown[0]['trial_id']} ({self.shown[0]['name']})"

    @property
    def sentence(self) -> str:
        return heard_sentence({"settings": self.shown[0]["settings"]}, self.shown[0])

    @property
    def table(self) -> tuple[list[str], list[tuple[str, ...]]]:
        found = list(columns(self.shown))
        cells = list(zip(*(column.cells for column in found), strict=True))
        return [" ".join(column.heading.split("\n")) for column in found], cells

    @cached_property
    def pictures(self) -> dict[str, tuple[str, dict[str, bytes]]]:
        """File name -> title and images."""
        found = {
            "stream-det": ("False accepts an hour against missed keywords", draw_det(self.shown)),
            "stream-conditions": ("Misses by noise, false accepts by part", draw_conditions(self.shown)),
        }
        if self.parts:
            strip = draw_strip(strip_of(self.parts, self.shown[0]))
            found["stream-strip"] = (f"The worst two minutes of {self.first}", strip)
        return found

    @property
    def silent_sentence(self) -> str:
        return (
            "Nobody's voice is in this page. To hear these seconds, write the test stream beside it (kwssearch stream "
            f"write), into {self.folder}, and report again."
        )

    def place(self, error: Error) -> str:
        """Of an error in the WAV beside the page."""
        return f"{self.sound}{played(error)}"


def in_stream(run: Run, on_front: Sequence[str], folder: Path) -> InStream | None:
    """None unless some models of a run have heard keywords in the same streams.

    Args:
        on_front: ids of the trials on the front.
    """
    whole = {trial_id: heard for trial_id, heard in run.heard.items() if "fired" in heard and "settings" in heard}
    if not whole:
        return None
    chosen = [whole[trial_id] for trial_id in on_front if trial_id in whole] or list(whole.values())
    alike = [heard for heard in chosen if heard["streams"] == chosen[0]["streams"]]
    ranked = sorted(alike, key=lambda heard: (heard["mean_miss_rate"][0], heard["trial_id"]))
    return InStream(run, tuple(ranked[:MOST_SHOWN]), folder)


def clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
