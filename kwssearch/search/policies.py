"""What decides which point is next: pure functions of what is known, without TensorFlow or KerasTuner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from kwssearch.space import PlannedTrial, SearchSpace

Point = Mapping[str, Any]


class Signal(Enum):
    """What a policy says when it has no point."""

    WAIT = "ask again when a trial has ended"
    STOP = "there is nothing left to propose"


@dataclass(frozen=True)
class Seen:
    """A trial that has ended.

    Attributes:
        figures: objective -> value; None if the trial failed or was left out.
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


class Grid:
    """Every point of a space once, the longest training first, so that workers end together.

    Args:
        costs: trial id -> what a training costs, in any unit; without it, the declared order is kept.
    """

    name = "grid"

    def __init__(self, space: SearchSpace, costs: Mapping[str, float] | None = None) -> None:
        self.space = space
        self.costs = costs or {}
        self.order = sorted(space.trials, key=lambda planned: -self.costs.get(planned.trial_id, 0.0))
        self.ids = {key_of(planned.values): planned.trial_id for planned in space.trials}

    def propose(self, seen: Sequence[Seen], pending: Sequence[Point]) -> Point | Signal:
        taken = {key_of(trial.values) for trial in seen} | {key_of(values) for values in pending}
        left = (planned for planned in self.order if key_of(planned.values) not in taken)
        following: PlannedTrial | None = next(left, None)
        return Signal.STOP if following is None else following.values


def key_of(values: Point) -> tuple[tuple[str, Any], ...]:
    """Tells points apart, whatever the order of their axes."""
    return tuple(sorted(values.items()))
