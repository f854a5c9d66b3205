"""KerasTuner's side of a policy: oracles that propose its points, are told how they end, and rank them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any

import moocore
import numpy as np

from kwssearch import runs
from kwssearch.backend import Trial, TrialStatus, keras_tuner
from kwssearch.errors import UserError
from kwssearch.policies import Front, Grid, Known, Policy, Random, Seen, Signal, Skipped, key_of
from kwssearch.space import FREE, MISSES, SearchSpace, objectives_named, quality_objectives
from kwssearch.training import hyperparameters

UNHEARD = 1.0  # of the keywords, what a model misses that is still to listen
MOST_TOLD = 200  # of the points that a search skips; the likeliest to be on the front


class PolicyOracle(keras_tuner.Oracle):
    """A policy as a KerasTuner oracle that keeps no state of its own: the records of a run are the state.

    KerasTuner's oracles save a queue or a model beside the results, and sum objectives of different units; this
    one picks up what a run's folder holds (`take_up`), and ranks by domination: `get_best_trials()` gives the
    front first.

    Args:
        policy: decides which point is next.
        max_trials: at most so many; all that the policy has by default.
    """

    whole_space_first = False  # whether all first executions come before second ones

    def __init__(self, policy: Policy, max_trials: int | None = None) -> None:
        if max_trials is not None and max_trials < 1:
            raise UserError(f"max_trials: got {max_trials}, expected at least one trial, or None for all.")
        if policy.name in runs.BUILT_IN and not isinstance(self, ListedOracle):
            raise UserError(f"policy: is called {policy.name!r}, as an oracle of kwssearch is; give it another name.")
        self.policy = policy
        self._decisive: dict[str, dict[str, float]] = {}  # trial id -> what decides, on the validation split
        self.ranked_by = objectives_named(policy.space.objectives)
        super().__init__(
            objective=[keras_tuner.Objective(o.name, o.direction) for o in self.ranked_by],
            max_trials=max_trials or len(policy.space.trials),
            hyperparameters=hyperparameters(policy.space),
            allow_new_entries=False,
            tune_new_entries=False,
            max_consecutive_failed_trials=len(policy.space.trials) + 1,
        )
        self.verbose = 0

    @property
    def name(self) -> str:
        return self.policy.name

    @property
    def space(self) -> SearchSpace:
        return self.policy.space

    @keras_tuner.synchronized
    def create_trial(self, tuner_id: str) -> Trial:
        """What the policy proposes; IDLE while it waits for a trial to end, STOPPED when it has no more points."""
        if tuner_id in self.ongoing_trials:
            return self.ongoing_trials[tuner_id]
        if sum(trial.status != TrialStatus.INVALID for trial in self.trials.values()) >= self.max_trials:
            return self._no_trial(TrialStatus.STOPPED)
        pending = [trial.hyperparameters.values for trial in self.ongoing_trials.values()]
        proposed = self.policy.propose(self._seen(), pending)
        if isinstance(proposed, Signal):
            waits = proposed is Signal.WAIT and pending
            return self._no_trial(TrialStatus.IDLE if waits else TrialStatus.STOPPED)
        if self.space.strategy_of(proposed) is None or key_of(proposed) in map(key_of, self._known()):
            raise RuntimeError(f"oracle {self.name!r} proposed {dict(proposed)}, expected a new point of the space")
        return self._begin(self.new_id(proposed), proposed, tuner_id)

    def new_id(self, values: Mapping[str, Any]) -> str:
        """A number that no trial has yet."""
        following = 1 + max((int(trial_id) for trial_id in self.trials), default=-1)
        return f"{following:0{len(str(self.max_trials))}d}"

    @keras_tuner.synchronized
    def update_trial(self, trial_id: str, metrics: Mapping[str, float], step: int = 0) -> Trial:
        trial = self.trials[trial_id]
        for objective in self.ranked_by:
            if not trial.metrics.exists(objective.name):
                trial.metrics.register(objective.name, objective.direction)
            trial.metrics.update(objective.name, metrics[objective.name], step=step)
        return trial

    @keras_tuner.synchronized
    def end_trial(self, trial: Trial) -> None:
        self._close(trial)
        if trial.status == TrialStatus.COMPLETED:
            self.score_trial(trial)

    def score_trial(self, trial: Trial) -> None:
        """Ranks all completed trials again: 0 is the front, 1 the front of the rest, and so on."""
        completed = self._completed()
        values = [[o.sign * t.metrics.get_best_value(o.name) for o in self.ranked_by] for t in completed]
        for each, rank in zip(completed, moocore.pareto_rank(np.array(values)), strict=True):
            each.score = float(rank)
            each.best_step = 0

    def get_best_trials(self, num_trials: int | None = None) -> list[Trial]:
        """The front, or the first `num_trials` by rank; within a rank, in order of their ids."""
        ranked = sorted(self._completed(), key=lambda trial: (trial.score, trial.trial_id))
        return [trial for trial in ranked if trial.score == 0] if num_trials is None else ranked[:num_trials]

    def prepare(self, costs: Mapping[str, float], known: Known | None = None) -> None:
        """Receives, before a search, what is known of the points of the space's own list.

        Args:
            costs: trial id -> multiply-accumulates.
            known: figures of all points, for an oracle called 'front'.
        """

    def unproposed(self) -> dict[str, Any]:
        """At the end of a search, what is expected of the points that were not proposed; by default nothing."""
        return {}

    def take_up(self, run: runs.Run) -> list[Trial]:
        """Tells the oracle which trials a run has begun, in the order of their ends, and nothing else.

        Returns:
            the trials that are under way, of which some executions are missing.
        """
        for known in (self.trials, self.ongoing_trials, self.start_order, self.end_order):
            known.clear()
        under_way = []
        for done in sorted(run.trials, key=lambda trial: trial.ended):
            if not done.begun:
                continue
            trial = self._begin(done.trial_id, done.values, f"taken up {done.trial_id}")
            if run.missing(done):
                under_way.append(trial)
            else:
                self.conclude(trial, done)
                self._close(trial)
        if completed := self._completed():
            self.score_trial(completed[-1])
        return under_way

    def conclude(self, trial: Trial, recorded: runs.Trial) -> None:
        """Reports a trial's figures, or why it has none; `end_trial` comes next."""
        if recorded.executions:
            trial.status = TrialStatus.COMPLETED
            judged = {quality.name: f"validation_{quality.name}" for quality in quality_objectives(self.ranked_by)}
            known = {name: recorded.mean(own) for name, own in judged.items() if recorded.known(own)}
            self._decisive[trial.trial_id] = known
            figures = {o.name: recorded.figure(o.name) for o in self.ranked_by if recorded.known(o.name)}
            self.update_trial(trial.trial_id, {MISSES.name: UNHEARD, **figures})
        else:
            trial.status = TrialStatus.INVALID if recorded.left_out else TrialStatus.FAILED
            trial.message = recorded.reason

    def save(self, fname: str | None = None) -> None:
        """Does nothing: the records on disk are the state."""

    def reload(self, fname: str | None = None) -> None:
        """Does nothing: see `save`."""

    def _begin(self, trial_id: str, values: Mapping[str, Any], tuner_id: str) -> Trial:
        hp = self.hyperparameters.copy()
        hp.values = dict(values)
        trial = Trial(hp, trial_id=trial_id, status=TrialStatus.RUNNING)
        self.trials[trial_id] = trial
        self.ongoing_trials[tuner_id] = trial
        self.start_order.append(trial_id)
        return trial

    def _close(self, trial: Trial) -> None:
        self.trials[trial.trial_id] = trial
        self.end_order.append(trial.trial_id)
        for tuner_id, ongoing in list(self.ongoing_trials.items()):
            if ongoing.trial_id == trial.trial_id:
                del self.ongoing_trials[tuner_id]

    def _no_trial(self, status: str) -> Trial:
        return Trial(self.hyperparameters.copy(), trial_id="none", status=status)

    def _completed(self) -> list[Trial]:
        return [trial for trial in self.trials.values() if trial.status == TrialStatus.COMPLETED]

    def _known(self) -> list[Mapping[str, Any]]:
        return [trial.hyperparameters.values for trial in self.trials.values()]

    def _seen(self) -> list[Seen]:
        ended = [self.trials[trial_id] for trial_id in self.end_order]
        return [Seen(trial.hyperparameters.values, self._figures(trial)) for trial in ended]

    def _figures(self, trial: Trial) -> dict[str, float] | None:
        if trial.status != TrialStatus.COMPLETED:
            return None
        found = {o.name: trial.metrics.get_best_value(o.name) for o in self.ranked_by}
        return {**found, **self._decisive.get(trial.trial_id, {})}


class ListedOracle(PolicyOracle, ABC):
    """An oracle of the tool's own: a trial's id is its point's place in the space's list."""

    name: str

    def __init__(self, space: SearchSpace, max_trials: int | None = None) -> None:
        super().__init__(self.policy_for(space), space.max_trials if max_trials is None else max_trials)
        self.adopt(space)

    @abstractmethod
    def policy_for(self, space: SearchSpace) -> Policy:
        """The policy over a space."""

    def adopt(self, space: SearchSpace) -> None:
        self.policy = self.policy_for(space)
        self._ids = {key_of(planned.values): planned.trial_id for planned in space.trials}

    def take_up(self, run: runs.Run) -> list[Trial]:
        """Goes by the ids of the run's own space: in one that has grown, they are not those of the declared order."""
        asked = self.space
        more = runs.more_executions(run.space, asked)
        own = {key: getattr(asked, key) for key in ("name", "description", "data", *FREE)}
        self.adopt(replace(run.space, **own).with_executions_of(more))
        return super().take_up(run)

    def new_id(self, values: Mapping[str, Any]) -> str:
        return self._ids[key_of(values)]


class GridOracle(ListedOracle, keras_tuner.oracles.GridSearchOracle):
    """Every point of a space once, the cheapest third first, then the longest trainings."""

    name = runs.GRID
    whole_space_first = True
    costs: Mapping[str, float] | None = None

    def policy_for(self, space: SearchSpace) -> Policy:
        space.check_listed()
        return Grid(space, self.costs)

    def prepare(self, costs: Mapping[str, float], known: Known | None = None) -> None:
        self.costs = costs
        self.adopt(self.space)


class RandomOracle(ListedOracle):
    """Points in an order that is drawn from the recipe's seed."""

    name = runs.RANDOM

    def policy_for(self, space: SearchSpace) -> Policy:
        return Random(space, space.recipe.seed)


class FrontOracle(ListedOracle):
    """The points that may be on the front, the cheapest first (see `policies.Front`).

    Args:
        known: figures of all points; a search finds them out. Without them, points come in declared order.
    """

    name = runs.FRONT

    def __init__(self, space: SearchSpace, max_trials: int | None = None, known: Known | None = None) -> None:
        self.known = known
        super().__init__(space, max_trials)

    def policy_for(self, space: SearchSpace) -> Policy:
        return Grid(space) if self.known is None else Front(space, self.known, space.recipe.seed, **asdict(space.front))

    def prepare(self, costs: Mapping[str, float], known: Known | None = None) -> None:
        self.known = known or self.known
        self.adopt(self.space)

    def unproposed(self) -> dict[str, Any]:
        """What is expected of the points that the policy skips; nothing while it would propose more."""
        seen = self._seen()
        if not isinstance(self.policy, Front) or not isinstance(self.policy.propose(seen, ()), Signal):
            return {}
        outlook = self.policy.outlook(seen, ())
        skipped = self.policy.skipped(seen, outlook)
        told = sorted(skipped, key=lambda each: -each.chance)[:MOST_TOLD]
        trials = {self._ids[key_of(each.values)]: self.skipped_record(each) for each in told}
        return {"found": round(outlook.found, 4), "trials": trials, "others": len(skipped) - len(told)}

    def skipped_record(self, each: Skipped) -> dict[str, Any]:
        by = None if each.dominated_by is None else self._ids[key_of(each.dominated_by)]
        quality = quality_objectives(self.ranked_by)[0]
        mean, low, high = (quality.share_of_good(share) for share in (each.good, each.low, each.high))
        low, high = sorted((low, high))
        expected = f"expected {quality.show(mean)} ({quality.show(low)} to {quality.show(high)})"
        beaten = "" if by is None else f"; trial {by} costs no more"
        return {
            quality.name: round(mean, 5),
            "low": round(low, 5),
            "high": round(high, 5),
            "chance": round(each.chance, 4),
            "dominated_by": by,
            "reason": f"{expected}, {each.chance:.0%} likely to be on the front{beaten}",
        }


ORACLES: Mapping[str, type[ListedOracle]] = MappingProxyType(
    {oracle.name: oracle for oracle in (GridOracle, FrontOracle, RandomOracle)}
)
