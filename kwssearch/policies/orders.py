"""Policies that need to know nothing of what was found: a grid in an order of its own, and random points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kwssearch.policies.contract import Point, Seen, Signal, key_of
from kwssearch.space import PlannedTrial, SearchSpace


class Grid:
    """Every point of a space once, the longest training first, so that workers end together.

    Args:
        costs: trial id -> what a training costs, in any unit; without it, the declared order is kept.
    """

    name = "grid"

    def __init__(self, space: SearchSpace, costs: Mapping[str, float] | None = None) -> None:
        self.space = space
        known = costs or {}
        self.order = sorted(space.trials, key=lambda planned: -known.get(planned.trial_id, 0.0))

    def propose(self, seen: Sequence[Seen], pending: Sequence[Point]) -> Point | Signal:
        taken = {key_of(trial.values) for trial in seen} | {key_of(values) for values in pending}
        left = (planned for planned in self.order if key_of(planned.values) not in taken)
        following: PlannedTrial | None = next(left, None)
        return Signal.STOP if following is None else following.values


class Random:
    """Points of a space in a random order, each once.

    Args:
        seed: the same seed proposes the same points in the same order.
    """

    name = "random"

    def __init__(self, space: SearchSpace, seed: int = 0) -> None:
        self.space = space
        self.order = np.random.default_rng(seed).permutation(len(space.trials))

    def propose(self, seen: Sequence[Seen], pending: Sequence[Point]) -> Point | Signal:
        taken = {key_of(trial.values) for trial in seen} | {key_of(values) for values in pending}
        points = (self.space.trials[index].values for index in self.order)
        return next((values for values in points if key_of(values) not in taken), Signal.STOP)
