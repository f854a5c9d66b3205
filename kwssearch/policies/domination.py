"""Which points are beaten by none, for many draws of how good they are at once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from kwssearch.policies.known import Floats

Bools = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]


class Domination:
    """Points by what they cost.

    Args:
        costs: smaller is better; shape (points, objectives).
    """

    def __init__(self, costs: Floats) -> None:
        self.costs = costs

    def among(self, at: Indices) -> Domination:
        """The same among some of the points."""
        return self if len(at) == len(self.costs) else Domination(self.costs[at])

    def dominators(self, point: int) -> list[int]:
        """Other points that cost no more of anything."""
        no_more = np.all(self.costs <= self.costs[point], axis=1)
        no_more[point] = False
        return list(map(int, np.flatnonzero(no_more)))

    def beaten_by(self, point: int) -> Bools:
        """Which points cost at least as much of everything, and more of something."""
        more = self.costs >= self.costs[point]
        return np.asarray(np.all(more, axis=1) & np.any(self.costs > self.costs[point], axis=1))

    @cached_property
    def rivals(self) -> list[tuple[Indices, Indices]]:
        """For each point, those that cost less of something and no more of anything, and those that cost the same."""
        found = []
        for point, own in enumerate(self.costs):
            no_more = np.all(self.costs <= own, axis=1)
            same = np.all(self.costs == own, axis=1)
            cheaper = np.flatnonzero(no_more & ~same)
            same[point] = False
            found.append((cheaper, np.flatnonzero(same)))
        return found

    def fronts(self, *drawn: Floats) -> Bools:
        """Whether each point is on the front; shape (draws, points).

        Args:
            drawn: how good each point is, larger is better: of each quality an array of that shape.
        """
        qualities = [np.atleast_2d(each) for each in drawn]
        on = np.ones(qualities[0].shape, dtype=bool)
        for point, (cheaper, same) in enumerate(self.rivals):
            if len(cheaper):
                as_good = [each[:, cheaper] >= each[:, [point]] for each in qualities]
                on[:, point] &= ~np.logical_and.reduce(as_good).any(axis=1)
            if len(same):
                as_good = [each[:, same] >= each[:, [point]] for each in qualities]
                better = [each[:, same] > each[:, [point]] for each in qualities]
                beaten = np.logical_and.reduce(as_good) & np.logical_or.reduce(better)
                on[:, point] &= ~beaten.any(axis=1)
        return on
