"""The fourth question: what to deploy when so much accuracy may be lost."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kwssearch.analysis.advantages import SURE, has_advantage
from kwssearch.analysis.effects import Effect, Pair, interval_dict
from kwssearch.analysis.wording import factor, listed, points, times
from kwssearch.analysis.worlds import SMALLEST, Worlds
from kwssearch.runs import Run, Trial
from kwssearch.space import BASELINE, Objective, differing

BUDGETS = (0.0, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Choice:
    """A trial as a replacement for a baseline; the baseline itself is one.

    Where no baseline is completed, such as in a search for the front, the most accurate model is in its place.
    """

    effect: Effect

    @property
    def trial(self) -> Trial:
        return self.effect.pairs[0].trial

    @property
    def is_baseline(self) -> bool:
        return self.trial is self.effect.pairs[0].baseline

    @property
    def has_baseline(self) -> bool:
        return self.effect.pairs[0].baseline.strategy == BASELINE

    @property
    def reference(self) -> str:
        """What it is held against, in words."""
        return "the baseline" if self.has_baseline else "the most accurate model"

    @cached_property
    def drop(self) -> float:
        """Points of accuracy lost, as observed."""
        return -100 * self.effect.accuracy_change

    def confidence(self, budget: float) -> float:
        """Share of bootstrap worlds in which no more than `budget` points are lost."""
        return float(np.mean(-100 * self.effect.accuracy_draws <= budget + 1e-9))

    @cached_property
    def cost(self) -> float:
        """Logarithm of all costs' product (memory times latency): a tenth less of any counts the same."""
        return sum(cost.sign * math.log(max(self.trial.figure(cost.name), SMALLEST)) for cost in self.costs)

    @property
    def costs(self) -> tuple[Objective, ...]:
        return self.effect.worlds.costs

    def figures(self) -> list[str]:
        """Its costs, such as '72.8 kB', '0.18 ms'."""
        return [cost.show(self.trial.figure(cost.name)) for cost in self.costs]

    def to_dict(self, budget: float) -> dict[str, Any]:
        return {
            "trial_id": self.trial.trial_id,
            "strategy": self.trial.strategy,
            "name": self.trial.name,
            "accuracy_points": interval_dict(self.effect.accuracy.scaled(100)),
            **{cost.name: self.trial.figure(cost.name) for cost in self.costs},
            **self.effect.ratios(),
            "latency_provisional": self.effect.provisional,
            "confidence": self.confidence(budget),
        }

    def sentence(self) -> str:
        """What it saves and costs."""
        trial, effect = self.trial, self.effect
        ratios = listed([times(effect.change(cost), effect.known(cost)) for cost in self.costs])
        return (
            f"trial {trial.trial_id} ({trial.name}) takes {listed(self.figures())}, {ratios} {self.reference}'s; "
            f"accuracy {points(effect.accuracy)}"
        )


@dataclass(frozen=True)
class Recommendation:
    """What saves most within a budget.

    Attributes:
        budget: points of accuracy that may be lost against the baseline with the same features, or, for any
            features, against the most accurate baseline (model, if no baseline is completed).
        features: of all candidates, or None for any features.
        chosen: saves most among those whose observed drop is within the budget.
        best: cost -> the trial within the budget that has least of it; of those that may be as good the
            one that saves most.
        sure: saves most among those that keep the budget in 95 % of bootstrap worlds.
    """

    budget: float
    features: str | None
    chosen: Choice
    best: Mapping[str, Choice]
    sure: Choice

    def is_like(self, other: Recommendation) -> bool:
        """Whether it says the same for the same budget, features aside."""
        return self.budget == other.budget and self.trial_ids == other.trial_ids

    @property
    def trial_ids(self) -> tuple[str, ...]:
        """Of all that it names, and of the baseline that they are held against."""
        named = (self.chosen, *self.best.values(), self.sure)
        return (*(choice.trial.trial_id for choice in named), self.chosen.effect.pairs[0].baseline.trial_id)

    def to_dict(self) -> dict[str, Any]:
        choices = {
            "chosen": self.chosen,
            **{cost.best.replace(" ", "_"): self.best[cost.name] for cost in self.chosen.costs},
            "sure": self.sure,
        }
        shown = {name: choice.to_dict(self.budget) for name, choice in choices.items()}
        return {"budget_points": self.budget, "features": self.features, **shown, "sentence": self.sentence}

    @property
    def head(self) -> str:
        return f"{features_name(self.features)}, at most {budget_name(self.budget)} lost"

    @property
    def sentence(self) -> str:
        if self.chosen.is_baseline:
            kept = f"{self.chosen.reference} (trial {self.chosen.trial.trial_id})"
            return f"{self.head}: nothing saves more; stay with {kept}."
        sure = f"{100 * self.chosen.confidence(self.budget):.0f} % sure to stay within it"
        return f"{self.head}: {self.chosen.sentence()}; {sure}.{self.others()}{self.caution()}"

    def others(self) -> str:
        parts = []
        for cost in self.chosen.costs:
            choice = self.best[cost.name]
            if choice.trial is not self.chosen.trial:
                parts.append(f" The {cost.best} is trial {choice.trial.trial_id} ({', '.join(choice.figures())}).")
        return "".join(parts)

    def caution(self) -> str:
        if self.sure.trial is self.chosen.trial:
            return ""
        if self.sure.is_baseline:
            return f" Only {self.sure.reference} is {100 * SURE:.0f} % sure to stay within it."
        return f" To be {100 * SURE:.0f} % sure: {self.sure.sentence()}."


def features_name(features: str | None) -> str:
    return "Any features" if features is None else features


def budget_name(budget: float) -> str:
    return f"{budget:g} point" if budget == 1 else f"{budget:g} points"


def candidates(worlds: Worlds, features: str | None) -> list[Choice]:
    """The completed trials with these features against their baseline; with None, all against the most accurate one."""
    run = worlds.run
    leading = run.baselines.values() or worlds.trials
    baseline = max(leading, key=lambda t: t.accuracy) if features is None else run.baselines[features]
    own = [trial for trial in worlds.trials if features in (None, trial.values["features"])]
    return [Choice(Effect(worlds, trial.strategy, None, (Pair(trial, baseline),), (1.0,))) for trial in own]


def recommendations(worlds: Worlds, budgets: Sequence[float]) -> list[Recommendation]:
    """For each front end that has a baseline, and for any, at each budget."""
    features = list(worlds.run.baselines)
    any_too = {trial.values["features"] for trial in worlds.trials} != set(features) or len(features) > 1
    groups: list[str | None] = [*features, None] if any_too and worlds.trials else list(features)
    found = []
    for group in groups:
        own = candidates(worlds, group)
        found += [recommend(own, budget, group) for budget in sorted(set(budgets))]
    return found


def recommend(choices: Sequence[Choice], budget: float, features: str | None) -> Recommendation:
    within = [choice for choice in choices if choice.drop <= budget + 1e-9]
    by_cost = sorted(choices, key=lambda choice: choice.cost)
    sure = next(choice for choice in by_cost if choice.is_baseline or choice.confidence(budget) >= SURE)
    return Recommendation(
        budget,
        features,
        chosen=min(within, key=lambda choice: choice.cost),
        best={cost.name: leader(within, cost) for cost in within[0].costs},
        sure=sure,
    )


def leader(choices: Sequence[Choice], cost: Objective) -> Choice:
    """The one with least of a cost, or one that may be as good and saves more."""
    first = min(choices, key=lambda choice: cost.sign * choice.trial.figure(cost.name))
    worlds = first.effect.worlds
    alike = [choice for choice in choices if not has_advantage(worlds, first.trial, choice.trial, cost)]
    return min(alike, key=lambda choice: choice.cost)


@dataclass(frozen=True)
class Step:
    """What going from one budget to the next buys, a point of accuracy."""

    features: str | None
    start: Recommendation
    end: Recommendation

    @property
    def per_point(self) -> dict[str, float]:
        """Cost -> its factor for each further point."""
        first, last = self.start.chosen.trial, self.end.chosen.trial
        span = self.end.budget - self.start.budget
        return {
            cost.name: (max(last.figure(cost.name), SMALLEST) / max(first.figure(cost.name), SMALLEST)) ** (1 / span)
            for cost in self.start.chosen.costs
        }

    def to_dict(self) -> dict[str, Any]:
        return {
            "features": self.features,
            "from_points": self.start.budget,
            "to_points": self.end.budget,
            **{f"{cost.key}_ratio_per_point": self.per_point[cost.name] for cost in self.start.chosen.costs},
            "sentence": self.sentence,
        }

    @property
    def sentence(self) -> str:
        head = f"{features_name(self.features)}, from {self.start.budget:g} to {budget_name(self.end.budget)}"
        first, last = self.start.chosen, self.end.chosen
        if first.trial is last.trial:
            return f"{head}: buys nothing."
        ways = [f"{before} to {after}" for before, after in zip(first.figures(), last.figures(), strict=True)]
        factors = [f"{cost.noun} by {factor(self.per_point[cost.name])}" for cost in first.costs]
        return f"{head}: {listed(ways)}; each point multiplies {listed(factors)}."


def steps(found: Sequence[Recommendation]) -> list[Step]:
    """Between neighbouring budgets of the same features."""
    return [Step(a.features, a, b) for a, b in itertools.pairwise(found) if a.features == b.features]


def combinations_note(run: Run) -> str:
    """Whether the fourth question could look at strategies together."""
    combined = 0
    for trial in run.completed:
        baseline = run.baseline_of(trial)
        if baseline is not None and trial.strategy != BASELINE:
            combined += len(differing(trial.values, baseline.values)) > 1
    if combined:
        return f"{combined} of the candidates combine strategies."
    return "No combinations of strategies have been run; a space that has them may save more."
