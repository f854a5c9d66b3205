"""What decides which point is next: pure functions of what is known, without TensorFlow or KerasTuner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from kwssearch.space import SearchSpace

Point = Mapping[str, Any]


class Signal(Enum):
    """What a policy says when it has no point."""

    WAIT = "ask again when a trial has ended"
    STOP = "there is nothing left to propose"


@dataclass(frozen=True)
class Seen:
    """A trial that has ended.

    Attributes:
        figures: objective -> value; None if the trial failed or was left out. Accuracy and missed
            keywords are those of the validation split where the run has one, so that what decides does not flatter
            what is shown.
    """

    values: Point
    figures: Mapping[str, float] | None


class Policy(Protocol):
    """Proposes points of a space.

    Attributes:
        name: is recorded in run.json and trial.json.
        space: its points may be proposed, and no others.
    """

    name: str
    space: SearchSpace

    def propose(self, seen: Sequence[Seen], pending: Sequence[Point]) -> Point | Signal:
        """The next point, given the trials that have ended, in that order, and the points that are still pending."""


def key_of(values: Point) -> tuple[tuple[str, Any], ...]:
    """Tells points apart, whatever the order of their axes."""
    return tuple(sorted(values.items()))
