"""Counted clips: an interval of a share, and a test of two trials on the same clips."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kwssearch.analysis.worlds import Worlds
from kwssearch.runs import Run, Trial

NORMAL = 1.959964  # quantile of the standard normal distribution, two-sided 5 %


class McNemar(NamedTuple):
    """Clips that only the first, only the second trial gets right, and the p-value of 'they are equally good'."""

    first_only: int
    second_only: int
    p_value: float


def wilson(correct: float, clips: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, 1927); `correct` may be a mean over seeds."""
    share, weight = correct / clips, NORMAL**2 / clips
    middle = share + weight / 2
    half = (weight * share * (1 - share) + weight**2 / 4) ** 0.5
    low, high = (middle - half) / (1 + weight), (middle + half) / (1 + weight)
    return max(low, 0.0), min(high, 1.0)


def accuracy_interval(worlds: Worlds, trial: Trial) -> tuple[float, float]:
    """Wilson's; of several executions the bootstrap's over speakers and seeds where that is wider."""
    clips = len(worlds.run.labels)
    low, high = wilson(trial.accuracy * clips, clips)
    if len(trial.executions) == 1:
        return low, high
    interval = worlds.estimate(worlds.weights(trial))
    return min(low, interval.low), max(high, interval.high)


def mcnemar(run: Run, first: Trial, second: Trial) -> McNemar:
    """McNemar's exact test of two trials on the same clips, from their first executions (McNemar, 1947)."""
    from scipy.stats import binomtest

    right = [trial.executions[0].predictions == run.labels for trial in (first, second)]
    first_only, second_only = int(np.sum(right[0] & ~right[1])), int(np.sum(right[1] & ~right[0]))
    discordant = first_only + second_only
    p_value = binomtest(first_only, discordant).pvalue if discordant else 1.0
    return McNemar(first_only, second_only, float(p_value))
