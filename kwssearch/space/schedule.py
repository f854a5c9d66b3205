"""When pruning makes new masks."""

from __future__ import annotations

from dataclasses import dataclass

from kwssearch.space.settings import Pruning

MAX_FREQUENCY = 100
MIN_UPDATES = 20


@dataclass(frozen=True)
class Schedule:
    """Optimizer steps at which new masks are made: begin, begin + frequency, ..., end."""

    begin: int
    end: int
    frequency: int

    @classmethod
    def over(cls, steps: int, pruning: Pruning) -> Schedule:
        """Fits the declared shares to the real number of steps.

        tfmot reaches the final sparsity only if an update falls on `end`, so `end` moves back
        to the last multiple of the frequency, and the frequency shrinks for short trainings.
        """
        begin = max(1, round(steps * pruning.begin))
        end = max(begin + 1, round(steps * pruning.end))
        frequency = max(1, min(MAX_FREQUENCY, (end - begin) // MIN_UPDATES))
        return cls(begin, end - (end - begin) % frequency, frequency)

    @property
    def updates(self) -> int:
        """How many times masks are made."""
        return 1 + (self.end - self.begin) // self.frequency
