"""An estimate with its 95 % interval, and what more data would show."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

LEVEL = 0.95


class Interval(NamedTuple):
    """An estimate with its 95 % interval, all in one unit."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, draws: Floats) -> Interval:
        """Percentile interval of `draws`, shape (worlds,) (Efron and Tibshirani, 1993, chapter 13)."""
        low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return cls(float(value), float(low), float(high))

    def scaled(self, factor: float) -> Interval:
        return Interval(*(factor * figure for figure in self))

    def includes(self, figure: float) -> bool:
        return self.low <= figure <= self.high


class Needed(NamedTuple):
    """What would detect a difference in 80 % of repetitions; None where no number would, or it is unknown."""

    clips: int | None
    seeds: int | None
