"""The whole state of a data set, in figures and in lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kwssearch.data.speakers import speaker_rule
from kwssearch.data.splits import SPLITS
from kwssearch.data.survey import Problem, Survey
from kwssearch.errors import counted
from kwssearch.space import SILENCE

FULL_SCALE = 32_768
BY = {"lists": "by lists", "speaker": "by speaker", "clip": "clip by clip: voices are in several splits"}


@dataclass(frozen=True)
class Checkup:
    """What is there, and what is wrong with it.

    Attributes:
        clips: (word, split) -> clips.
        speakers: split -> who speaks there; noise is nobody.
        lengths: (path, seconds) of the shortest and of the longest clip.
        levels: root mean square of the quietest twentieth, the middle and the loudest twentieth, in dBFS.
    """

    root: Path
    words: tuple[str, ...]
    sampling_rate: int
    clips: Counter[tuple[str, str]]
    speakers: dict[str, set[str]]
    split_by: str
    seconds: float
    lengths: tuple[tuple[str, float], ...]
    levels: tuple[float, ...]
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]

    def lines(self) -> Iterator[str]:
        """The state, a line each, without the problems."""
        total = sum(self.clips.values())
        if total:
            rate = f" at {self.sampling_rate:,} Hz" if self.sampling_rate else ""
            words = counted(len(self.words), "class", "classes")
            yield f"{self.root}: {words}, {counted(total, 'clip')}{rate}, {in_time(self.seconds)} of sound"
            yield ""
            yield from self.table()
            yield ""
            yield f"Splits: {BY[self.split_by]}."
            if self.lengths:
                (short, least), (long, most) = self.lengths
                yield f"Lengths: {least:.3f} s ({short}) to {most:.3f} s ({long})."
                low, middle, high = self.levels
                yield f"Levels: {low:.0f}, {middle:.0f}, {high:.0f} dBFS RMS (5 %, 50 %, 95 % of the clips)."
        yield from self.notes

    def table(self) -> Iterator[str]:
        width = max(len(word) for word in (*self.words, "speakers"))
        yield f"{'':{width}}{''.join(f'{split:>12}' for split in SPLITS)}{'all':>12}"
        for word in self.words:
            counts = [self.clips[word, split] for split in SPLITS]
            yield f"{word:{width}}{''.join(f'{count:12,}' for count in (*counts, sum(counts)))}"
        known = [len(self.speakers[split]) for split in SPLITS]
        everybody = len(set().union(*self.speakers.values()))
        yield f"{'speakers':{width}}{''.join(f'{count:12,}' for count in (*known, everybody))}"


def checkup(survey: Survey) -> Checkup:
    """The state of a data set that was looked through."""
    speaker_of = speaker_rule(survey.settings.speaker)
    speakers: dict[str, set[str]] = {split: set() for split in SPLITS}
    for path, split in survey.split_of.items():
        if not (survey.settings.silence and survey.class_of[path] == SILENCE):
            speakers[split].add(speaker_of(path))
    rate = survey.sampling_rate or 1
    frames = survey.levels.frames
    ends = [min(frames, key=frames.__getitem__), max(frames, key=frames.__getitem__)] if frames else []
    rms = [max(value, 1.0) for value in survey.levels.rms.values()]
    quantiles = np.quantile(rms, (0.05, 0.5, 0.95)) if rms else np.empty(0)
    return Checkup(
        survey.root,
        survey.words,
        survey.sampling_rate,
        Counter((survey.class_of[path], split) for path, split in survey.split_of.items()),
        speakers,
        survey.split_by,
        (sum(frames.values()) + sum(crop.frames for crop in survey.crops.values())) / rate,
        tuple((path, frames[path] / rate) for path in ends),
        tuple(20 * float(np.log10(value / FULL_SCALE)) for value in quantiles),
        tuple(survey.notes),
        tuple(survey.problems),
    )


def in_time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.2f} h"
