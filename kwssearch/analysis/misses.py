"""Which limits a trial keeps, and by how much others miss them."""

from __future__ import annotations

from collections.abc import Sequence

from kwssearch.runs import Trial
from kwssearch.space import Limits, Objective
from kwssearch.space.limits import ASKED


def fits(trial: Trial, limits: Limits) -> bool:
    """Whether a completed trial keeps all limits; nothing does of which a figure is not recorded."""
    if not trial.executions:
        return False
    figures = limited_figures(trial, limits)
    return len(figures) == len(limits.by_objective) and not limits.misses(figures)


def limited_figures(trial: Trial, limits: Limits) -> dict[str, float]:
    """What is recorded of that for which there are limits, by the names of the objectives."""
    return {o.name: trial.figure(o.name) for o in limits.by_objective if trial.known(o.name)}


def distance(trial: Trial, limits: Limits) -> tuple[int, float]:
    """How many figures are not known, and how far the others are beyond their limits."""
    figures = limited_figures(trial, limits)
    return len(limits.by_objective) - len(figures), sum(miss.excess for miss in limits.misses(figures))


def miss_sentence(trial: Trial, limits: Limits) -> str:
    figures = limited_figures(trial, limits)
    unknown = [f"{o.noun} is not recorded" for o in limits.by_objective if o.name not in figures]
    beyond = [*map(str, limits.misses(figures)), *unknown]
    return f"Trial {trial.trial_id} ({trial.name}) misses it by: {'; '.join(beyond)}."


def excluding(trials: Sequence[Trial], limits: Limits) -> list[Objective]:
    """What has a limit that none of the trials keeps."""
    return [objective for objective in limits.by_objective if not any(fits(t, only(limits, objective)) for t in trials)]


def only(limits: Limits, objective: Objective) -> Limits:
    """One of several limits."""
    name = next(name for name in limits.to_dict() if ASKED[name][0] is objective)
    return Limits(**{name: limits.by_objective[objective]})


def none_sentence(trials: Sequence[Trial], limits: Limits, by: str) -> str:
    """Which limit excludes all completed trials, and by how much the nearest miss it.

    Args:
        by: which split's figures they are.
    """
    alone = excluding(trials, limits)
    split = f" Accuracies are those of the {by} split." if limits.min_accuracy is not None else ""
    split += f" Misses are those of the {by} stream." if limits.max_misses is not None else ""
    if not alone:
        nearest = min(trials, key=lambda trial: distance(trial, limits))
        return (
            f"no trial keeps all limits at once, though each is kept by some. {miss_sentence(nearest, limits)}{split}"
        )
    told = []
    for objective in alone:
        single = only(limits, objective)
        known = [trial for trial in trials if trial.known(objective.name)]
        if not known:
            told.append(f"{objective.noun} is not recorded in this run, leave that limit out")
            continue
        nearest = min(known, key=lambda trial: distance(trial, single))
        told.append(
            f"none has {single.sentences[0]}: the nearest, trial {nearest.trial_id} ({nearest.name}), "
            f"has {objective.show(nearest.figure(objective.name))}, {excess(objective, nearest, single)}"
        )
    return f"no trial keeps the limits; {'; '.join(told)}.{split}"


def excess(objective: Objective, trial: Trial, single: Limits) -> str:
    """How far a figure is beyond its limit."""
    limit, value = single.by_objective[objective], trial.figure(objective.name)
    if not objective.is_cost:
        return f"{100 * abs(limit - value):.1f} points too {'many' if objective.sign > 0 else 'few'}"
    return f"{value / limit - 1:.0%} too much".replace("%", " %") if limit else "and nothing has none"
