"""A small oracle that is no grid: so many points of the space, in an order drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kwssearch.policies import Point, Seen, Signal, key_of
from kwssearch.space import SearchSpace


class RandomPolicy:
    name = "shuffled"

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self.space = space
        self.seed = seed

    def propose(self, seen: Sequence[Seen], pending: Sequence[Point]) -> Point | Signal:
        taken = {key_of(trial.values) for trial in seen} | {key_of(values) for values in pending}
        for index in np.random.default_rng(self.seed).permutation(len(self.space.trials)):
            values = self.space.trials[index].values
            if key_of(values) not in taken:
                return values
        return Signal.STOP
