"""Policies that need to know nothing of what was found: a grid in an order of its own, and random points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kwssearch.policies.contract import Point, Seen, Signal, key_of
from kwssearch.space import PlannedTrial, SearchSpace

SHOWN_EARLY = 1 / 3  # of the points


class Grid:
    """Every point of a space once: the cheapest third by rising cost, then the others, the longest training first.

    Small models make most of a front, and cost next to nothing: replayed on a recorded grid of 80, 95 % of the front's
    hypervolume is there after 1 % of the training. The long ones next, so that workers end together.

    Args:
        costs: trial id -> what a training costs, in any unit; without it, the declared order is kept.
    """

    name = "grid"

    def __init__(self, space: SearchSpace, costs: Mapping[str, float] | None = None) -> None:
        self.space = space
        if costs is None:
            self.order = list(space.trials)
            return
        rising = sorted(space.trials, key=lambda planned: costs.get(planned.trial_id, 0.0))
        shown = round(len(rising) * SHOWN_EARLY)
        early, others = rising[:shown], {planned.trial_id for planned in rising[shown:]}
        longest_first = sorted(space.trials, key=lambda planned: -costs.get(planned.trial_id, 0.0))
        self.order = [*early, *(planned for planned in longest_first if planned.trial_id in others)]

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
