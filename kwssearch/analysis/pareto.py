"""The non-dominated trials, how sure their place is, and the volume they dominate (by moocore)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import moocore
import numpy as np
import numpy.typing as npt

from kwssearch.analysis.worlds import Floats, Interval, Worlds
from kwssearch.runs import Trial
from kwssearch.space import Objective, cost_objectives, objectives_named

TIE_TOLERANCE = 0.01  # memories and latencies nearer than this share are alike for any device
ROUNDING = 1e-9  # a share by which a mean may be off
PERHAPS_TIED = 0.05  # logarithmic distance beyond which no interval needs to be looked at


def losses(trials: Sequence[Trial], objectives: Sequence[Objective]) -> Floats:
    """Objective values, shape (trials, objectives); lower is better."""
    rows = [[o.sign * trial.figure(o.name) for o in objectives] for trial in trials]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(objectives))


def non_dominated(points: Floats) -> npt.NDArray[np.bool_]:
    """Shape (points,), of losses, shape (points, objectives); equal points are all kept."""
    if not len(points):
        return np.zeros(0, dtype=bool)
    return np.asarray(moocore.is_nondominated(points, keep_weakly=True))


def front(trials: Sequence[Trial], objectives: Sequence[Objective] | None = None) -> list[bool]:
    """Whether each trial is non-dominated among `trials`; one without a completed execution never is."""
    completed = [trial for trial in trials if trial.executions]
    kept = iter(non_dominated(losses(completed, objectives or objectives_named())).tolist())
    return [bool(trial.executions) and next(kept) for trial in trials]


def front_share(worlds: Worlds, trials: Sequence[Trial] | None = None, limit: int = 1000) -> dict[str, float]:
    """Trial id -> share of bootstrap worlds in which it is non-dominated among `trials` (default: all completed)."""
    chosen = [worlds.place[t.trial_id] for t in (worlds.trials if trials is None else trials) if t.executions]
    if not chosen:
        return {}
    signed = [objective.sign * worlds.drawn[objective.name] for objective in worlds.run.objectives]
    points = np.stack(signed, axis=2)[:limit, chosen].astype(np.float64)
    share = np.mean([non_dominated(world) for world in points], axis=0)
    return {worlds.trials[i].trial_id: float(s) for i, s in zip(chosen, share, strict=True)}


def ties(worlds: Worlds, trials: Sequence[Trial]) -> dict[str, list[str]]:
    """Trial id -> the others of `trials` that no objective tells from it.

    Two trials tie when the interval of their paired accuracy difference includes zero, and those of the
    ratios of all else come within `TIE_TOLERANCE` of one.
    """
    completed = [trial for trial in trials if trial.executions]
    found: dict[str, list[str]] = {trial.trial_id: [] for trial in completed}
    places = [worlds.place[trial.trial_id] for trial in completed]
    logs = np.log(np.stack([worlds.measured[cost.name][places] for cost in worlds.costs]))
    apart = abs(logs[:, :, None] - logs[:, None, :]).max(axis=0)
    for i, j in np.argwhere(np.triu(apart < PERHAPS_TIED, 1)):
        if tied(worlds, completed[i], completed[j]):
            found[completed[i].trial_id].append(completed[j].trial_id)
            found[completed[j].trial_id].append(completed[i].trial_id)
    return found


def tied(worlds: Worlds, first: Trial, second: Trial) -> bool:
    if not worlds.estimate(worlds.difference(first, second)).includes(0):
        return False
    for cost in worlds.costs:
        ratio = Interval.of(*worlds.ratio(first, second, cost))
        if ratio.low > 1 + TIE_TOLERANCE or ratio.high < 1 / (1 + TIE_TOLERANCE):
            return False
    return True


def hypervolume(trials: Sequence[Trial], objectives: Sequence[Objective] | None = None) -> float:
    """Volume that the completed trials dominate, 0 to 1, as `reference_note` says; beyond a range counts as its end."""
    completed = [trial for trial in trials if trial.executions]
    scaled = [o for o in objectives or objectives_named() if o.limits is not None]
    if not completed:
        return 0.0
    axes = [on_scale(np.array([trial.figure(o.name) for trial in completed]), o) for o in scaled]
    return float(moocore.hypervolume(np.column_stack(axes), ref=np.ones(len(axes))))


def reference_note(objectives: Sequence[Objective]) -> str:
    """What the hypervolume is of."""
    axes = ["the error rate (1 - accuracy)"]
    for cost in cost_objectives(objectives):
        if cost.limits is not None:
            low, high = (f"{cost.factor * limit:,g} {cost.unit}" for limit in cost.limits)
            axes.append(f"{cost.noun} on a logarithmic scale from {low} (0) to {high} (1)")
    point = ", ".join("1" * len(axes))
    return (
        f"Share of the unit cube that the front dominates, reference point ({point}). "
        f"The axes are {'; '.join(axes[:-1])}; and {axes[-1]}. They are the same for every run."
    )


def on_scale(values: Floats, objective: Objective) -> Floats:
    """Place of values between the objective's limits, 0 the best, clipped to [0, 1]; logarithmic for a cost."""
    assert objective.limits is not None
    best, worst = objective.limits
    if objective.is_cost:
        values, best, worst = np.log(np.maximum(values, best)), np.log(best), np.log(worst)
    return np.asarray(np.clip((values - best) / (worst - best), 0, 1))


def fits(trial: Trial, limits: Mapping[Objective, float]) -> bool:
    """Whether a completed trial's figures are within limits, ends included: a mean over seeds is rounded."""
    return bool(trial.executions) and all(within(trial, objective, limit) for objective, limit in limits.items())


def within(trial: Trial, objective: Objective, limit: float) -> bool:
    value = trial.figure(objective.name)
    return objective.sign * value <= objective.sign * limit or math.isclose(value, limit, rel_tol=ROUNDING)
