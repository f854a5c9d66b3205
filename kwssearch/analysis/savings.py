"""What strategies cost at equal savings, since each was declared with levels of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kwssearch.analysis.effects import Effect, interval_dict
from kwssearch.analysis.interval import Floats, Interval
from kwssearch.analysis.wording import factor, listed, points
from kwssearch.space import Objective

LEAST_SAVING = 0.95  # a ratio above that saves nothing to speak of


@dataclass(frozen=True)
class EqualSavings:
    """Accuracy that each strategy loses where all of them save the same.

    Attributes:
        ratio: to the baseline, of the cost: what the strategy that saves least reaches.
        changes: strategy -> change in accuracy, on a straight line between its best levels, as a share.
        without: strategies that save nothing.
    """

    cost: Objective
    ratio: float
    changes: Mapping[str, Interval]
    without: tuple[str, ...]

    @cached_property
    def sentence(self) -> str:
        shown = [f"{strategy} {points(change)}" for strategy, change in self.changes.items()]
        verb = "saves" if len(self.without) == 1 else "save"
        lost = f"; {listed(self.without)} {verb} none" if self.without else ""
        return (
            f"At equal savings, {factor(self.ratio)} times the {self.cost.noun}, accuracy changes by: "
            f"{'; '.join(shown)}{lost}."
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "ratio": self.ratio,
            "accuracy_points": {name: interval_dict(change.scaled(100)) for name, change in self.changes.items()},
            "save_nothing": list(self.without),
        }


def equal_savings(cost: Objective, by_strategy: Sequence[tuple[Effect, Sequence[Effect]]]) -> EqualSavings | None:
    """Of the strategies that save any; None where fewer than two do.

    Args:
        by_strategy: each strategy's mean and its levels.
    """
    reached = {whole.strategy: min(level.loss(cost)[0] for level in levels) for whole, levels in by_strategy}
    saving = {strategy: loss for strategy, loss in reached.items() if loss < np.log(LEAST_SAVING)}
    if len(saving) < 2:
        return None
    target = max(saving.values())
    changes = {
        whole.strategy: whole.worlds.estimate(weights_at(target, levels, cost))
        for whole, levels in by_strategy
        if whole.strategy in saving
    }
    return EqualSavings(cost, float(np.exp(target)), changes, tuple(name for name in reached if name not in saving))


def weights_at(target: float, levels: Sequence[Effect], cost: Objective) -> Floats:
    """The least accuracy that is lost at a logarithmic loss of `target`, as weights of the run's executions.

    On a straight line between the levels around it that no other level beats in savings and accuracy at once; the
    baseline counts as a level.
    """
    baseline = (0.0, 0.0, np.zeros_like(levels[0].weights))
    known = [baseline, *((level.loss(cost)[0], -level.accuracy_change, level.weights) for level in levels)]
    best = [one for one in known if not any(other[0] <= one[0] and other[1] < one[1] for other in known)]
    harsher = max((one for one in best if one[0] <= target), key=lambda one: one[0])
    milder = min((one for one in best if one[0] > target), key=lambda one: one[0], default=harsher)
    span = milder[0] - harsher[0]
    share = (milder[0] - target) / span if span else 1.0
    return np.asarray((1 - share) * milder[2] + share * harsher[2])
