"""What each strategy changes, as matched pairs: a trial and the baseline with the same features and seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kwssearch.analysis.interval import Floats, Interval
from kwssearch.analysis.worlds import Worlds
from kwssearch.runs import LEFT_OUT, SKIPPED, UNMEASURED, Run, Trial
from kwssearch.space import ACCURACY, BASELINE, LATENCY, Objective, level_name, quality_objectives

SPARSITY = "final_sparsity"


@dataclass(frozen=True)
class Pair:
    """A completed trial and what it is held against."""

    trial: Trial
    baseline: Trial


@dataclass(frozen=True)
class Effect:
    """The mean change over some pairs: in accuracy, and as geometric mean ratios of all else that is judged.

    Attributes:
        strategy: its name.
        level: such as "α 0.5", or None for the mean over the strategy's levels.
        weights: the accuracy change as weights of the run's executions; shape (columns,).
        shares: what each pair counts; shape (pairs,), sums to one.
    """

    worlds: Worlds
    strategy: str
    level: str | None
    pairs: tuple[Pair, ...]
    shares: tuple[float, ...]

    @cached_property
    def weights(self) -> Floats:
        parts = [s * self.worlds.difference(p.trial, p.baseline) for p, s in zip(self.pairs, self.shares, strict=True)]
        return np.asarray(np.sum(parts, axis=0))

    @cached_property
    def accuracy_change(self) -> float:
        """Observed, as a share; below zero is a loss."""
        return float(self.worlds.observed @ self.weights)

    @cached_property
    def accuracy_draws(self) -> Floats:
        """The same in each world; shape (worlds,)."""
        return self.worlds.draws(self.weights)

    @cached_property
    def differences(self) -> dict[str, tuple[float, Floats]]:
        """Missed keywords -> mean difference to the baseline, observed and in each world, shape (worlds,)."""
        places = np.array([[self.worlds.place[t.trial_id] for t in (p.trial, p.baseline)] for p in self.pairs]).T
        (one, other), shares = places, np.array(self.shares)
        found = {}
        for objective in quality_objectives(self.worlds.others):
            measured, drawn = self.worlds.measured[objective.name], self.worlds.drawn[objective.name]
            observed = float((measured[one] - measured[other]) @ shares)
            found[objective.name] = observed, np.asarray((drawn[:, one] - drawn[:, other]) @ shares)
        return found

    @cached_property
    def logs(self) -> dict[str, tuple[float, Floats]]:
        """Cost -> mean logarithm of the ratio to the baseline, observed and in each world, shape (worlds,)."""
        return {
            cost.name: self.mean_log([self.worlds.ratio(p.trial, p.baseline, cost) for p in self.pairs])
            for cost in self.worlds.costs
        }

    def mean_log(self, ratios: Sequence[tuple[float, Floats]]) -> tuple[float, Floats]:
        observed, drawn = zip(*ratios, strict=True)
        shares = np.array(self.shares)
        return float(np.log(observed) @ shares), np.asarray(shares @ np.log(np.stack(drawn)))

    @cached_property
    def accuracy(self) -> Interval:
        return Interval.of(self.accuracy_change, self.accuracy_draws)

    def change(self, objective: Objective) -> Interval:
        """A difference of accuracies or of missed keywords, as a share; else a ratio."""
        if objective is ACCURACY:
            return self.accuracy
        if not objective.is_cost:
            return Interval.of(*self.differences[objective.name])
        return Interval(*np.exp(Interval.of(*self.logs[objective.name])).tolist())

    @property
    def latency(self) -> Interval:
        return self.change(LATENCY)

    def loss(self, objective: Objective) -> tuple[float, Floats]:
        """What is lost, observed and in each world, shape (worlds,): a share of clips, or a logarithm."""
        if objective is ACCURACY:
            return -self.accuracy_change, -self.accuracy_draws
        value, drawn = (self.logs if objective.is_cost else self.differences)[objective.name]
        return objective.sign * value, objective.sign * drawn

    @property
    def provisional(self) -> bool:
        """Whether a latency in it was taken beside training, so that its interval says nothing."""
        return any(t.latency is None for p in self.pairs for t in (p.trial, p.baseline))

    def known(self, objective: Objective) -> bool:
        """Whether the interval of its change says anything."""
        return objective.interval != "rounds" or not self.provisional

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(p.trial.values["features"]) for p in self.pairs))

    def to_dict(self) -> dict[str, Any]:
        return {
            "strategy": self.strategy,
            "level": self.level,
            "features": list(self.features),
            "trial_ids": [pair.trial.trial_id for pair in self.pairs],
            "accuracy_points": interval_dict(self.accuracy.scaled(100)),
            **self.points(),
            **self.ratios(),
            "latency_provisional": self.provisional,
        }

    def points(self) -> dict[str, Any]:
        """JSON-ready: misses_points, where missed keywords are judged."""
        qualities = [each for each in quality_objectives(self.worlds.run.objectives) if each is not ACCURACY]
        return {f"{each.key}_points": interval_dict(self.change(each).scaled(100)) for each in qualities}

    def ratios(self) -> dict[str, Any]:
        """JSON-ready, one for each cost: memory_ratio, latency_ratio."""
        return {f"{cost.key}_ratio": interval_dict(self.change(cost), self.known(cost)) for cost in self.worlds.costs}


def interval_dict(interval: Interval, known: bool = True) -> dict[str, float | None]:
    """JSON-ready; the ends are null where they are not known."""
    low, high = (interval.low, interval.high) if known else (None, None)
    return {"value": interval.value, "low": low, "high": high}


def effect_pairs(run: Run) -> dict[str, list[Pair]]:
    """Strategy -> its pairs, in declared order; strategies without any are left out (see `unpaired`)."""
    found: dict[str, list[Pair]] = {}
    for trial in run.completed:
        baseline = run.baseline_of(trial)
        if baseline is not None and trial.strategy != BASELINE:
            found.setdefault(trial.strategy, []).append(Pair(trial, baseline))
    return found


def effects_of(worlds: Worlds, strategy: str, pairs: Sequence[Pair]) -> tuple[Effect, tuple[Effect, ...]]:
    """The strategy's mean over its levels, each counting alike, and the effect at each level."""
    levels: dict[str, list[Pair]] = {}
    for pair in pairs:
        levels.setdefault(level_name(pair.trial.values, pair.baseline.values), []).append(pair)
    by_level = tuple(
        Effect(worlds, strategy, level, tuple(own), (1 / len(own),) * len(own)) for level, own in levels.items()
    )
    flat = tuple(pair for level in by_level for pair in level.pairs)
    shares = tuple(share / len(by_level) for level in by_level for share in level.shares)
    return Effect(worlds, strategy, None, flat, shares), by_level


def pruned_twins(worlds: Worlds) -> Effect | None:
    """Pruned trials against those that differ in nothing but sparsity, whatever their strategies are called.

    None without any, or where latency is not an objective.
    """
    if LATENCY.name not in worlds.run.space.objectives:
        return None
    dense = {other_values(t): t for t in worlds.trials if t.values[SPARSITY] == 0}
    pairs = [
        Pair(trial, dense[other_values(trial)])
        for trial in worlds.trials
        if trial.values[SPARSITY] > 0 and other_values(trial) in dense
    ]
    return Effect(worlds, "sparsity", None, tuple(pairs), (1 / len(pairs),) * len(pairs)) if pairs else None


def other_values(trial: Trial) -> tuple[Any, ...]:
    """A point but for its sparsity."""
    return tuple(value for axis, value in trial.values.items() if axis != SPARSITY)


def gaps(run: Run) -> list[str]:
    """What is not among the effects, in sentences: failed, not yet run, left out, or without a baseline."""
    sentences = [failure_sentence(trial) for trial in run.trials if trial.failures]
    for status, what in (
        (("waiting", "running"), "not done and not counted"),
        ((LEFT_OUT,), "left out, since limits cannot be kept"),
        ((SKIPPED,), "skipped, since the search did not expect them on the front"),
        ((UNMEASURED,), f"not measured on {run.target} and not counted"),
    ):
        if absent := [trial for trial in run.trials if trial.status in status]:
            names = ", ".join(trial.trial_id for trial in absent[:12]) + (", ..." if len(absent) > 12 else "")
            verb = "is" if len(absent) == 1 else "are"
            sentences.append(f"{len(absent)} of {len(run.trials)} trials {verb} {what}: {names}.")
    for features in dict.fromkeys(str(trial.values["features"]) for trial in run.trials):
        own = [t for t in run.completed if t.values["features"] == features and t.strategy != BASELINE]
        if own and run.baseline_of(own[0]) is None:
            ids = ", ".join(trial.trial_id for trial in own)
            sentences.append(f"There is no completed baseline with features {features}: trials {ids} are not compared.")
    compared = effect_pairs(run)
    for strategy in run.space.strategies:
        if strategy.name != BASELINE and strategy.name not in compared:
            sentences.append(f"Strategy {strategy.name} has no completed trial with a baseline: it is not compared.")
    return sentences


def failure_sentence(trial: Trial) -> str:
    total = len(trial.executions) + len(trial.failures)
    which = f" in {len(trial.failures)} of {total} executions" if total > 1 else ""
    reason = " ".join(str(trial.reason).split())[:300]
    return f"Trial {trial.trial_id} ({trial.strategy}: {trial.name}) failed{which}: {reason}"
