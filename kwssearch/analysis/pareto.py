"""The non-dominated trials, how sure their place is, and the volume they dominate (by moocore)."""

from __future__ import annotations

from collections.abc import Sequence

import moocore
import numpy as np
import numpy.typing as npt

from kwssearch.analysis.advantages import has_advantage
from kwssearch.analysis.interval import Floats
from kwssearch.analysis.worlds import Worlds
from kwssearch.runs import Trial
from kwssearch.space import ACCURACY, MISSES, Objective, cost_objectives, objectives_named, quality_objectives


def losses(trials: Sequence[Trial], objectives: Sequence[Objective]) -> Floats:
    """Objective values, shape (trials, objectives); lower is better."""
    rows = [[o.sign * trial.figure(o.name) for o in objectives] for trial in trials]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(objectives))


def non_dominated(points: Floats) -> npt.NDArray[np.bool_]:
    """Shape (points,), of losses, shape (points, objectives); equal points are all kept."""
    if not len(points):
        return np.zeros(0, dtype=bool)
    return np.asarray(moocore.is_nondominated(points, keep_weakly=True))


def plain_front(trials: Sequence[Trial], objectives: Sequence[Objective] | None = None) -> list[bool]:
    """Whether each trial is non-dominated among `trials`; one without a completed execution never is."""
    completed = [trial for trial in trials if trial.executions]
    kept = iter(non_dominated(losses(completed, objectives or objectives_named())).tolist())
    return [bool(trial.executions) and next(kept) for trial in trials]


def front(worlds: Worlds, trials: Sequence[Trial], exact: bool = False) -> list[bool]:
    """Whether each trial is on the front of `trials`; on the plain one where it shall be `exact`.

    The plain front, without those that stand on it by nothing that the measurement can tell: a trial goes if one
    that stays has an advantage over it (see `has_advantage`) and no disadvantage. Advantages are not transitive,
    so that trials can beat each other in a circle: those of a circle that nothing outside beats stay together.
    """
    plain = plain_front(trials, worlds.run.objectives)
    if exact:
        return plain
    found = [trial for trial, on in zip(trials, plain, strict=True) if on]
    beats = np.array([[beaten_by(worlds, one, other) for one in found] for other in found], dtype=bool)
    kept = {
        trial.trial_id
        for trial, stays in zip(found, kernel(beats.reshape(len(found), len(found))), strict=True)
        if stays
    }
    return [trial.trial_id in kept for trial in trials]


def beaten_by(worlds: Worlds, one: Trial, other: Trial) -> bool:
    """Whether `other` has an advantage over `one` and no disadvantage."""
    objectives = worlds.run.objectives
    return (
        one is not other
        and any(has_advantage(worlds, other, one, objective) for objective in objectives)
        and not any(has_advantage(worlds, one, other, objective) for objective in objectives)
    )


def kernel(beats: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Who stays, shape (n,), where `beats[i, j]` says that i beats j.

    Everyone who goes is beaten by one who stays; of those who stay, only those of one circle beat each other.
    """
    left, stays = np.ones(len(beats), dtype=bool), np.zeros(len(beats), dtype=bool)
    while left.any():
        reaches = closure(beats & left & left[:, None])
        first = left & ~(reaches & ~reaches.T).any(axis=0)  # beaten, even through others, by none but their own circle
        stays |= first
        left &= ~first & ~beats[first].any(axis=0)
    return stays


def closure(beats: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether i beats j through any chain of others."""
    for _ in range(max(len(beats) - 1, 1).bit_length()):
        beats = beats | (beats.astype(np.float32) @ beats.astype(np.float32) > 0)
    return beats


def front_share(worlds: Worlds, trials: Sequence[Trial] | None = None, limit: int = 1000) -> dict[str, float]:
    """Trial id -> share of bootstrap worlds in which it is non-dominated among `trials` (default: all completed)."""
    chosen = [worlds.place[t.trial_id] for t in (worlds.trials if trials is None else trials) if t.executions]
    if not chosen:
        return {}
    signed = [objective.sign * worlds.drawn[objective.name] for objective in worlds.run.objectives]
    points = np.stack(signed, axis=2)[:limit, chosen].astype(np.float64)
    share = np.mean([non_dominated(world) for world in points], axis=0)
    return {worlds.trials[i].trial_id: float(s) for i, s in zip(chosen, share, strict=True)}


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
    named = {ACCURACY: "the error rate (1 - accuracy)", MISSES: "the share of missed keywords"}
    axes = [named[quality] for quality in quality_objectives(objectives)]
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
