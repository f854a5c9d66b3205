"""How long a search will still take, judging by its trainings so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

OVERHEADS = np.geomspace(2.5e5, 2.5e8, 61)  # in multiply-accumulates that take as long
GUESS = 2.5e6


class Pace:
    """Seconds of training from multiply-accumulates: in proportion, apart from the overhead of each step.

    The overhead is the one that makes the seconds so far most nearly proportional, so that the large models at the
    beginning of a search do not promise too short a time for the small ones at its end.
    """

    def __init__(self) -> None:
        self.macs: list[float] = []
        self.seconds: list[float] = []

    def took(self, macs: float, seconds: float) -> None:
        """Adds a training that has ended."""
        self.macs.append(macs)
        self.seconds.append(max(seconds, 1e-3))

    def known(self) -> bool:
        return bool(self.seconds)

    def expected(self, macs: Sequence[float]) -> float:
        """Seconds that further trainings take in all, one after the other."""
        overhead = self.overhead()
        costs = np.array(self.macs) + overhead
        rate = sum(self.seconds) / float(costs.sum())
        return float(rate * np.sum(np.array(macs) + overhead))

    def overhead(self) -> float:
        if len(set(self.macs)) < 3:
            return GUESS
        costs = np.array(self.macs)[:, None] + OVERHEADS
        deviations = np.std(np.log(np.array(self.seconds)[:, None] / costs), axis=0)
        return float(OVERHEADS[int(np.argmin(deviations))])


def in_words(seconds: float) -> str:
    """A duration as a person would say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
