"""Medians over the rounds of a latency measurement, in worlds that draw the rounds anew."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from kwssearch.analysis.interval import Floats


@lru_cache(maxsize=4)
def drawn_rounds(rounds: int, worlds: int, seed: int) -> Floats:
    """Share that each round has of those that a world draws with replacement; shape (worlds, rounds)."""
    drawn = np.random.default_rng([seed, 4]).integers(rounds, size=(worlds, rounds))
    drawn += np.arange(worlds)[:, None] * rounds
    return np.bincount(drawn.ravel(), minlength=worlds * rounds).reshape(worlds, rounds) / rounds


def resampled_medians(times: Floats, drawn: Floats) -> Floats:
    """Medians over drawn rounds, shape (worlds, trials), of times, shape (rounds, trials).

    Where the resample holds a share p of its times below the median, its own median is the sample's quantile
    at 1 - p (Bahadur, 1966): one matrix product for all trials instead of a sort for each world.
    """
    median = np.median(times, axis=0)
    below = drawn @ ((times < median) + 0.5 * (times == median))
    levels = (np.arange(len(times)) + 0.5) / len(times)
    return np.column_stack([np.interp(1 - p, levels, np.sort(t)) for p, t in zip(below.T, times.T, strict=True)])
