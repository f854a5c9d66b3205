"""How long a search still takes, from what its trainings took so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

OVERHEADS = np.geomspace(2.5e5, 2.5e8, 61)  # multiply-accumulates that take as long as what surrounds them
GUESS = 2.5e6


class Pace:
    """Seconds of trainings by their multiply-accumulates: in proportion, but for what surrounds each step.

    The overhead is what makes the seconds so far most nearly proportional, so that large models at the beginning of a
    search do not promise too much for the small ones at its end.
    """

    def __init__(self) -> None:
        self.macs: list[float] = []
        self.seconds: list[float] = []

    def took(self, macs: float, seconds: float) -> None:
        """Hears of a training that has ended."""
        self.macs.append(macs)
        self.seconds.append(max(seconds, 1e-3))

    def known(self) -> bool:
        return bool(self.seconds)

    def expected(self, macs: Sequence[float]) -> float:
        """Seconds of so many further trainings together, one after the other."""
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
    """A duration as a person says it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
