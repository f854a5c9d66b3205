"""A policy that knows what no search can: the surface that accuracies follow. It shows what is left to luck."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import logit
from worlds import FIT_SD, SEED_SD, Floats, Table, World, make_world

from kwssearch.policies import Front
from kwssearch.policies.surrogate import NUGGET, Indices, odds

DRAWN_WORLDS, OTHERS = 400, 90_000


class Surface:
    """Log-odds that are known but for their noise; stands in for a surrogate that learns."""

    def __init__(self, mean: Floats, covariance: Floats) -> None:
        self.mean = mean
        self.covariance = covariance + NUGGET * np.eye(len(mean))

    def draw(self, seen: Indices, y: Floats, at: Indices, draws: int, rng: np.random.Generator) -> Floats:
        across = self.covariance[np.ix_(at, seen)]
        gain = np.linalg.solve(self.covariance[np.ix_(seen, seen)], across.T).T
        values, vectors = np.linalg.eigh(self.covariance[np.ix_(at, at)] - gain @ across.T)
        root = vectors * np.sqrt(np.maximum(values, 0))
        drawn = self.mean[at] + gain @ (y - self.mean[seen]) + rng.standard_normal((draws, len(at))) @ root.T
        return np.asarray(drawn)


@cache
def moved_by_clips(table: Table) -> tuple[Floats, Floats]:
    """The smooth surface through a record, and the covariance of log-odds with other speakers and other seeds."""
    worlds = [make_world(table, "bootstrap", OTHERS + other).decide for other in range(DRAWN_WORLDS)]
    return table.surface()[0], np.cov(odds(worlds, table.clips).T) + FIT_SD**2 * np.eye(len(table.values))


class Clairvoyant(Front):
    """Knows the smooth surface of a world, and how test clips move it; not the luck of each training's seed."""

    name = "clairvoyant"
    design = ()

    def __init__(self, table: Table, world: World, seed: int, worth: float) -> None:
        super().__init__(table.space, table.known(seed), seed, worth=worth)
        if world.truth is not None:
            mean, covariance = logit(world.truth), SEED_SD**2 * np.eye(len(world.truth))
        else:
            mean, covariance = moved_by_clips(table)
        self.surrogate = Surface(mean, covariance)  # type: ignore[assignment, misc]
