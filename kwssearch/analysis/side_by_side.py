"""Two runs beside each other: what differs between them, and what came of the trials that both have."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from kwssearch.analysis.interval import Interval
from kwssearch.analysis.worlds import SMALLEST, Worlds
from kwssearch.runs import Run, Trial, run_changes, same_test_clips
from kwssearch.space import Objective, SearchSpace, all_axes, cost_objectives, recipe_axes


@dataclass(frozen=True)
class Pair:
    """A point that both runs have completed.

    Attributes:
        accuracy: the second's minus the first's, as a share.
        ratios: cost -> the second's over the first's.
    """

    one: Trial
    other: Trial
    accuracy: Interval
    ratios: Mapping[str, float]


class SideBySide:
    """Two runs and the trials that they share, whatever their ids.

    Where both have the same test clips, differences are paired: the same speakers are drawn for both. Otherwise each
    run has worlds of its own, and intervals are wider.
    """

    def __init__(self, one: Run, other: Run) -> None:
        self.one, self.other = one, other
        self.paired = same_test_clips(one, other)

    @property
    def differences(self) -> list[str]:
        """A phrase for each thing that differs: space, recipe, data, versions, machine."""
        return list(run_changes(self.one, self.other))

    @cached_property
    def shared(self) -> list[tuple[Trial, Trial]]:
        varied = {
            axis.name
            for axis in recipe_axes()
            for run in (self.one, self.other)
            if len({trial.values[axis.name] for trial in run.trials}) > 1
        }
        known = {identity(self.other.space, trial.values, varied): trial for trial in self.other.completed}
        found = [(trial, known.get(identity(self.one.space, trial.values, varied))) for trial in self.one.completed]
        return [of_shared_seeds(trial, twin) for trial, twin in found if twin is not None]

    @property
    def costs(self) -> tuple[Objective, ...]:
        """What both runs are judged by, apart from accuracy."""
        names = {objective.name for objective in self.other.objectives}
        return tuple(cost for cost in cost_objectives(self.one.objectives) if cost.name in names)

    @cached_property
    def worlds(self) -> tuple[Worlds, Worlds]:
        """Of each run; the very same where they are paired."""
        if not self.paired:
            trials = zip(*self.shared, strict=True)
            first, second = (replace(run, trials=own) for run, own in zip((self.one, self.other), trials, strict=True))
            return Worlds(first), Worlds(second, seed=1)
        both = [(rename(one, "1"), rename(other, "2")) for one, other in self.shared]
        together = Worlds(replace(self.one, trials=tuple(trial for pair in both for trial in pair)))
        return together, together

    def difference(self, pairs: list[tuple[Trial, Trial]]) -> Interval:
        """Mean of accuracies of the second run's trials minus those of the first one's."""
        first, second = self.worlds
        if self.paired:
            weights = [second.difference(rename(other, "2"), rename(one, "1")) for one, other in pairs]
            return second.estimate(np.mean(weights, axis=0))
        ours = np.mean([first.weights(one) for one, _ in pairs], axis=0)
        theirs = np.mean([second.weights(other) for _, other in pairs], axis=0)
        value = float(second.observed @ theirs - first.observed @ ours)
        return Interval.of(value, second.draws(theirs) - first.draws(ours))

    @cached_property
    def pairs(self) -> list[Pair]:
        found = []
        for one, other in self.shared:
            ratios = {
                cost.name: max(other.figure(cost.name), SMALLEST) / max(one.figure(cost.name), SMALLEST)
                for cost in self.costs
            }
            found.append(Pair(one, other, self.difference([(one, other)]), ratios))
        return found

    @cached_property
    def average(self) -> Interval | None:
        """Of all shared trials; None if there is none."""
        return self.difference(self.shared) if self.shared else None


def identity(space: SearchSpace, values: Mapping[str, Any], varied: Collection[str]) -> tuple[Any, ...]:
    """What a point is, whatever its front end, pruning and augmentation are called.

    Args:
        varied: numbers of the recipe that tell points apart; others are the run's.
    """
    setting = {key: value for key, value in asdict(space.features[values["features"]]).items() if key != "name"}
    pruning, altered = space.pruning_of(values), space.augmentation_of(values)
    plain = tuple(
        values[axis.name]
        for axis in all_axes()
        if not axis.has_settings and (not axis.of_recipe or axis.name in varied)
    )
    own = (
        pruning and pruning.to_dict(),
        values["clusters"] and space.clustering.to_dict(),
        altered and altered.described(),
    )
    return tuple(setting.items()), str(own), plain


def of_shared_seeds(one: Trial, other: Trial) -> tuple[Trial, Trial]:
    """Two trials with those executions alone whose seeds both have; with all of them if they share none."""
    seeds = [{int(execution["seed"]) for execution in trial.executions} for trial in (one, other)]
    common = (seeds[0] & seeds[1]) or (seeds[0] | seeds[1])
    first, second = (
        tuple(replace(e, index=int(e["seed"])) for e in trial.executions if e["seed"] in common)
        for trial in (one, other)
    )
    return replace(one, executions=first), replace(other, executions=second)


def rename(trial: Trial, prefix: str) -> Trial:
    """The same under an id that no trial of another run has."""
    return replace(trial, planned=replace(trial.planned, trial_id=f"{prefix}:{trial.trial_id}"))
