"""From the answers on overlapping windows of a stream to words: smoothing, a threshold, suppression.

This file needs nothing but NumPy: an exported bundle holds a copy of it, and its C detector counts in the same way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Samples = npt.NDArray[np.int16]


@dataclass(frozen=True)
class DetectorSetting:
    """How a stream is listened to.

    Attributes:
        hop_s: seconds from the start of one window to the next one's.
        smoothing: how many of the latest windows count, each as much as the others.
        threshold: the mean probability from which on a word is heard.
        suppression_s: seconds from one heard word to the earliest next one.

    Raises:
        ValueError: one of them is out of its range.
    """

    hop_s: float = 0.2
    smoothing: int = 3
    threshold: float = 0.8
    suppression_s: float = 1.0

    def __post_init__(self) -> None:
        if self.hop_s <= 0 or self.smoothing < 1 or self.suppression_s < 0 or not 0 <= self.threshold <= 1:
            raise ValueError(
                f"detector: got {self}, expected hop_s above 0, smoothing of at least 1, threshold from 0 to 1 and "
                "suppression_s of at least 0; correct it."
            )

    @property
    def suppression(self) -> int:
        """Windows from one heard word to the earliest next one."""
        return max(1, round(self.suppression_s / self.hop_s))


class Detector:
    """A state machine that takes the probabilities of one window after the other.

    Args:
        keywords: the classes that can be heard, by index; others, such as silence, cannot.

    Attributes:
        smoothed: mean probabilities of the latest windows, shape (classes,); of as many as there were at the start.
        best: the likeliest keyword by them, heard or not.
    """

    def __init__(self, keywords: Sequence[int], setting: DetectorSetting) -> None:
        self.keywords = list(keywords)
        self.setting = setting
        self._latest: deque[Array] = deque(maxlen=setting.smoothing)
        self._since = setting.suppression

    def __call__(self, probabilities: Array) -> int | None:
        """The class that is heard in this window, or None."""
        self._latest.append(probabilities)
        self.smoothed: Array = np.stack(self._latest).sum(axis=0) / np.float32(len(self._latest))
        self._since = min(self._since + 1, self.setting.suppression)
        self.best = max(self.keywords, key=lambda index: float(self.smoothed[index]))
        if self._since < self.setting.suppression or self.smoothed[self.best] < self.setting.threshold:
            return None
        self._since = 0
        return self.best


def windows(blocks: Iterable[Samples], length: int, hop: int) -> Iterator[tuple[int, Samples]]:
    """Every whole window of a stream, shape (length,), with the number of samples up to its end.

    Args:
        blocks: the stream in pieces of any lengths.
        length, hop: samples of a window, and from one's start to the next one's; hop at most length.
    """
    held, start = np.empty(0, np.int16), 0
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) >= length:
            yield start + length, held[:length]
            held, start = held[hop:], start + hop


def listen(
    found: Iterable[tuple[int, Samples]], answer: Callable[[Samples], Array], detector: Detector
) -> Iterator[tuple[int, Array, int | None]]:
    """For each of `windows`: samples up to its end, smoothed probabilities, and the class that is heard, if any."""
    for end, window in found:
        heard = detector(answer(window))
        yield end, detector.smoothed, heard
