"""What the measurement can tell of two trials."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kwssearch.analysis.interval import Floats, Interval
from kwssearch.analysis.worlds import Worlds
from kwssearch.runs import Trial
from kwssearch.space import ACCURACY, Objective, quality_objectives

SURE = 0.95  # share of the worlds that must agree before something is called sure
PROVISIONAL = 0.25  # two latencies that were taken beside training are alike up to this share
PERHAPS_TIED = 0.05  # logarithmic distance beyond which no interval needs to be looked at


def has_advantage(worlds: Worlds, first: Trial, second: Trial, objective: Objective) -> bool:
    """Whether the first is better by the objective: by its resolution or more, and in 95 % of the worlds.

    Provisional latencies are the same in all worlds; they must differ by more.
    """
    if observed_gain(worlds, first, second, objective) < least_gain(objective, first, second):
        return False
    return float(np.mean(gains(worlds, first, second, objective)[1] > 0)) >= SURE


def least_gain(objective: Objective, first: Trial, second: Trial) -> float:
    """What counts as a difference: a share of clips, or a logarithm."""
    provisional = objective.interval == "rounds" and not (first.latency and second.latency)
    share = PROVISIONAL if provisional else objective.resolution
    return float(np.log1p(share)) if objective.is_cost else share


def observed_gain(worlds: Worlds, first: Trial, second: Trial, objective: Objective) -> float:
    """How much better the first is: a share of clips, or a logarithm. A cheap look before that at the worlds."""
    if objective is ACCURACY:
        return first.accuracy - second.accuracy
    i, j = worlds.place[first.trial_id], worlds.place[second.trial_id]
    one, other = worlds.measured[objective.name][[i, j]]
    return -objective.sign * float(np.log(one / other) if objective.is_cost else one - other)


def gains(worlds: Worlds, first: Trial, second: Trial, objective: Objective) -> tuple[float, Floats]:
    """The same, on the seeds or in the rounds that both have: observed and in each world, shape (worlds,)."""
    if objective is ACCURACY:
        weights = worlds.difference(first, second)
        return float(worlds.observed @ weights), worlds.draws(weights)
    if not objective.is_cost:
        drawn = worlds.drawn[objective.name]
        difference = drawn[:, worlds.place[first.trial_id]] - drawn[:, worlds.place[second.trial_id]]
        return observed_gain(worlds, first, second, objective), np.asarray(-objective.sign * difference)
    value, drawn = worlds.ratio(first, second, objective)
    return -objective.sign * float(np.log(value)), np.asarray(-objective.sign * np.log(drawn))


def ties(worlds: Worlds, trials: Sequence[Trial]) -> dict[str, list[str]]:
    """Trial id -> the others of `trials` that no objective tells from it.

    Two trials tie when the intervals of their paired differences of accuracy and missed keywords include zero, and
    those of the ratios of all else come within the objective's resolution of one.
    """
    completed = [trial for trial in trials if trial.executions]
    found: dict[str, list[str]] = {trial.trial_id: [] for trial in completed}
    places = [worlds.place[trial.trial_id] for trial in completed]
    logs = np.log(np.stack([np.ones(len(places)), *(worlds.measured[cost.name][places] for cost in worlds.costs)]))
    apart = abs(logs[:, :, None] - logs[:, None, :]).max(axis=0)
    for i, j in np.argwhere(np.triu(apart < PERHAPS_TIED, 1)):
        if tied(worlds, completed[i], completed[j]):
            found[completed[i].trial_id].append(completed[j].trial_id)
            found[completed[j].trial_id].append(completed[i].trial_id)
    return found


def tied(worlds: Worlds, first: Trial, second: Trial) -> bool:
    judged = quality_objectives(worlds.run.objectives)
    if not all(Interval.of(*gains(worlds, first, second, each)).includes(0) for each in judged):
        return False
    for cost in worlds.costs:
        gain, least = Interval.of(*gains(worlds, first, second, cost)), least_gain(cost, first, second)
        if gain.low > least or gain.high < -least:
            return False
    return True
