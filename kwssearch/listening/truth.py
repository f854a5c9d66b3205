"""What a stream holds and when: its parts, and the keywords that should be heard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

EARLIEST_S = 0.25  # from the beginning of a keyword to the end of the first window that may count as hearing it
LATEST_S = 0.75  # from the end of the window that begins with the keyword to that of the last one
KEYWORDS, WORDS, SPEECH, NOISE, SILENCE, RECORDING = "keywords", "words", "speech", "noise", "silence", "recording"
KINDS = (KEYWORDS, WORDS, SPEECH, NOISE, SILENCE, RECORDING)


@dataclass(frozen=True)
class Part:
    """A stretch of a stream; bootstrap worlds draw whole parts.

    Attributes:
        kind: one of `KINDS`, or what a label of the user's says.
        what: the clip, sentence, noise or recording that is heard.
    """

    kind: str
    start_s: float
    seconds: float
    what: str = ""


@dataclass(frozen=True)
class Keyword:
    """One that should be heard.

    Attributes:
        label: the class.
        start_s, end_s: of its clip or label.
        snr_db: None where it is not known.
        part: index of the part in which it begins.
    """

    label: int
    start_s: float
    end_s: float
    part: int
    snr_db: float | None = None


@dataclass(frozen=True)
class Truth:
    """All of a stream."""

    seconds: float
    window_s: float
    parts: tuple[Part, ...]
    keywords: tuple[Keyword, ...]

    @property
    def spans(self) -> npt.NDArray[np.float64]:
        """Shape (keywords, 2): between these ends, in seconds, the newest window of a hit ends."""
        ends = [(k.start_s + EARLIEST_S, max(k.end_s, k.start_s + self.window_s) + LATEST_S) for k in self.keywords]
        return np.array(ends, np.float64).reshape(-1, 2)

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """Shape (parts + 1,): a window whose middle lies between two of these belongs to the part."""
        return np.array([*(part.start_s for part in self.parts), self.seconds], np.float64)

    @property
    def negative_seconds(self) -> npt.NDArray[np.float64]:
        """Shape (parts,): how long each part is, without the times at which a window may hear a keyword."""
        spans = self.spans
        starts, ends = np.sort(spans[:, 0]), np.sort(spans[:, 1])
        heard = [0.0]
        times = np.sort(np.concatenate([starts, ends])) if len(spans) else np.zeros(1)
        for before, after in pairwise(times):
            inside = np.searchsorted(starts, before, "right") > np.searchsorted(ends, before, "right")
            heard.append(heard[-1] + (after - before) * bool(inside))
        middle = self.edges + self.window_s / 2
        return np.asarray(np.diff(self.edges) - np.diff(np.interp(middle, times, heard)))


class Sound(Protocol):
    """What can be listened to.

    Attributes:
        rate: samples a second.
        truth: what should be heard when.
    """

    @property
    def rate(self) -> int: ...
    @property
    def truth(self) -> Truth: ...
    def blocks(self) -> Iterator[Samples]:
        """All samples in pieces of at most some seconds."""
        ...
