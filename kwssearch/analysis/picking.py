"""One trial for a device's limits: the validation clips decide, the test clips report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kwssearch.analysis.interval import Floats
from kwssearch.analysis.misses import fits, none_sentence
from kwssearch.analysis.picked import PREFERENCES, Pick
from kwssearch.analysis.worlds import Worlds
from kwssearch.errors import UserError, did_you_mean
from kwssearch.runs import Run
from kwssearch.space import MISSES, NO_LIMITS, Limits, Objective, QuantityError
from kwssearch.space.limits import ROUNDING


def preferences(run: Run) -> dict[str, Objective]:
    """What may decide: hearing only where all models have heard the same streams."""
    return {name: each for name, each in PREFERENCES.items() if each is not MISSES or run.heard_alike}


def order_of(prefer: str, run: Run) -> tuple[Objective, ...]:
    """What decides first, and then among those that are as good."""
    known = preferences(run)
    first = known[prefer]
    return (first, *(objective for objective in known.values() if objective is not first))


def least(losses: Floats, objective: Objective) -> Floats:
    """Up to which loss a trial is as good as the best, shape (worlds, 1), of losses, shape (worlds, trials)."""
    best = losses.min(axis=1, keepdims=True)
    return np.asarray(best * (1 + objective.resolution) if objective.is_cost else best + objective.resolution)


def chosen(
    figures: Mapping[str, Floats], within: npt.NDArray[np.bool_], order: Sequence[Objective]
) -> npt.NDArray[np.int64]:
    """Index of the trial that is picked in each world, -1 where none keeps the limits; shape (worlds,).

    Of those within the limits the best by the first objective stay, and all that come within its resolution of it;
    of these the best by the next, and so on; of what is left, the first.

    Args:
        figures: of the objectives in `order`, each of shape (worlds, trials).
        within: shape (worlds, trials).
    """
    left = within.copy()
    for objective in order:
        losses = np.where(left, objective.sign * figures[objective.name], np.inf)
        left &= losses <= least(losses, objective)
    return np.where(left.any(axis=1), left.argmax(axis=1), -1)


def pick(
    run: Run,
    limits: Limits = NO_LIMITS,
    prefer: str = "accuracy",
    confident: float | None = None,
    worlds: Worlds | None = None,
) -> Pick:
    """The trial to take where limits must be kept.

    Accuracies that decide, and that the limit is about, are those of the validation split where all completed
    executions have answers on it, else those of the test split. See `chosen` for the rule.

    Args:
        prefer: 'accuracy', 'hearing', 'memory' or 'latency': what decides among those that keep the limits.
        confident: only trials whose accuracy keeps its limit in at least this share of the bootstrap worlds.
        worlds: of the run, if they are there already.

    Raises:
        QuantityError: an unknown preference, or `confident` is no share or there is no limit on accuracy.
        UserError: no trial is completed, or none keeps the limits.
    """
    check(run, limits, prefer, confident)
    worlds = worlds or Worlds(run)
    judged = run.on_validation
    by, own = ("test", worlds) if judged is None else ("validation", Worlds(judged))
    within = np.array([fits(trial, limits) for trial in own.trials])
    if not within.any():
        raise UserError(f"{run.folder}: {none_sentence(own.trials, limits, by)}")
    sure = np.ones(len(within)) if confident is None else kept(own, Limits(limits.min_accuracy)).mean(axis=0)
    surely = sure >= (confident or 0.0)
    if not (within & surely).any():
        raise UserError(f"{run.folder}: {unsure_sentence(own, limits, np.where(within, sure, -1.0), confident or 0.0)}")
    order = order_of(prefer, run)
    observed = {o.name: np.array([[trial.figure(o.name) for trial in own.trials]]) for o in order}
    place = int(chosen(observed, (within & surely)[None], order)[0])
    found = chosen({o.name: drawn(own, o) for o in order}, kept(own, limits) & surely, order)
    counts = Counter(None if i < 0 else own.trials[i].trial_id for i in found.tolist())
    losses = np.where(within & surely, order[0].sign * observed[order[0].name], np.inf)
    return Pick(
        worlds,
        worlds.trials[place],
        own.trials[place],
        by,
        limits,
        order,
        confident,
        fitting=int((within & surely).sum()),
        alike=int((losses <= least(losses, order[0])).sum()),
        shares={name: count / own.worlds for name, count in counts.items()},
    )


def check(run: Run, limits: Limits, prefer: str, confident: float | None) -> None:
    if prefer not in PREFERENCES:
        known = ", ".join(PREFERENCES)
        raise QuantityError(f"prefer: got {prefer!r}, expected one of {known}.{did_you_mean(prefer, PREFERENCES)}")
    if prefer not in preferences(run):
        raise QuantityError(
            f"prefer: got {prefer!r}, but not all models have heard the same streams; search with mean_miss_rate among "
            "the objectives, or listen to every trial."
        )
    if confident is not None and not 0 <= confident <= 1:
        raise QuantityError(f"confident: got {confident}, expected a share from 0 to 1, such as 0.9.")
    if confident is not None and limits.min_accuracy is None:
        raise QuantityError(
            f"confident: got {confident:g} without a limit on accuracy, which it is about; set that limit as well."
        )
    if not run.completed:
        raise UserError(f"{run.folder}: no trial is completed, expected at least one; resume the search and try again.")


def drawn(worlds: Worlds, objective: Objective) -> Floats:
    """Its value of each completed trial in each world, shape (worlds, trials); NaN where it is not recorded.

    What the run is not judged by is taken as recorded in every world.
    """
    if objective.name in worlds.drawn:
        return worlds.drawn[objective.name]
    figures = [t.figure(objective.name) if t.known(objective.name) else np.nan for t in worlds.trials]
    return np.broadcast_to(np.array(figures), (worlds.worlds, len(figures)))


def kept(worlds: Worlds, limits: Limits) -> npt.NDArray[np.bool_]:
    """Whether each completed trial keeps the limits in each world; shape (worlds, trials)."""
    found = np.ones((worlds.worlds, len(worlds.trials)), dtype=bool)
    for objective, limit in limits.by_objective.items():
        values = drawn(worlds, objective)
        found &= (objective.sign * values <= objective.sign * limit) | np.isclose(values, limit, rtol=ROUNDING, atol=0)
    return found


def unsure_sentence(worlds: Worlds, limits: Limits, sure: Floats, confident: float) -> str:
    """Who comes nearest to keeping the limit on accuracy surely enough."""
    place = int(sure.argmax())
    trial, share = worlds.trials[place], f"{100 * sure[place]:.0f} %"
    return (
        f"no trial that keeps the limits has {Limits(limits.min_accuracy).sentences[0]} in {100 * confident:g} % of "
        f"the bootstrap worlds: the nearest, trial {trial.trial_id} ({trial.name}), has it in {share}."
    )
