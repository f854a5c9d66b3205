"""What a person came for: two lines a question, and one recommendation with its doubt."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kwssearch.analysis.advantages import SURE
from kwssearch.analysis.advice import Choice, Recommendation, budget_name
from kwssearch.analysis.effects import Effect
from kwssearch.analysis.savings import LEAST_SAVING
from kwssearch.analysis.verdicts import CLOSE, Ranking, Verdict, level_phrase
from kwssearch.analysis.wording import decimal, factor, listed, points
from kwssearch.errors import counted
from kwssearch.space import Objective

MOST = 3  # names that two lines hold
HELD_AGAINST = (
    "A figure is a strategy's mean over its levels, accuracies on the test clips; ×0.5 is half of what the baseline "
    "with the same features takes."
)
NOTHING = "No trial is completed yet."


def verdict_lines(objective: Objective, verdict: Verdict) -> list[str]:
    """Who does best, and what it is worth."""
    ranking = verdict.ranking
    if ranking is None:
        return [verdict.sentence]
    return [order(objective, ranking), *worth(objective, ranking, verdict.best_level)]


def order(objective: Objective, ranking: Ranking) -> str:
    """Such as 'A (×0.21); then B (×0.47); C saves none.'"""
    best, rivals, beaten = ranking.best, ranking.rivals, ranking.beaten
    if not saves(objective, best):
        return f"None does; the nearest is {shown(objective, best, unit=True)}."
    close = [other for other in beaten if is_close(objective, best, other)]
    idle = [other for other in beaten if not saves(objective, other)]
    others = [other for other in beaten if other not in close and other not in idle]
    leaders = [best, *rivals, *close]
    more = [counted(len(leaders) - MOST, "other")] if len(leaders) > MOST else []
    first = listed([*(shown(objective, one, unit=one is best) for one in leaders[:MOST]), *more])
    doubt = " tie" if rivals else ", too close to choose by" if close else ""
    seconds = others[: max(0, MOST - len(leaders) - len(idle))]
    then = f"; then {listed([shown(objective, one) for one in seconds])}" if seconds else ""
    verb = "saves" if len(idle) == 1 else "save"
    none = f"; {listed([one.strategy for one in idle])} {verb} none" if idle else ""
    return f"{first}{doubt}{then}{none}."


def worth(objective: Objective, ranking: Ranking, level: Effect | None) -> list[str]:
    """The doubt of an accuracy; what the best single level saves, and costs."""
    best = ranking.best
    if not objective.is_cost:
        change = best.change(objective)
        low, high = (decimal(100 * end) for end in (change.low, change.high))
        fact = "may change nothing" if change.includes(0) else "does change it"
        return [f"{best.strategy} {fact}: 95 % interval {low} to {high}."]
    if not all(effect.known(objective) for effect in (best, *ranking.rivals, *ranking.beaten)):
        return ["These latencies are provisional: measure them."]
    if level is None or level.level is None or not saves(objective, level):
        return []
    return [f"Best level: {level_phrase(level)} ({times_cell(objective, level)}, {lost(level.accuracy_change)})."]


def saves(objective: Objective, effect: Effect) -> bool:
    return not objective.is_cost or effect.loss(objective)[0] < math.log(LEAST_SAVING)


def is_close(objective: Objective, best: Effect, other: Effect) -> bool:
    return objective.is_cost and other.loss(objective)[0] - best.loss(objective)[0] <= math.log1p(CLOSE)


def shown(objective: Objective, effect: Effect, unit: bool = False) -> str:
    """A strategy with its figure."""
    if objective.is_cost:
        return f"{effect.strategy} ({times_cell(objective, effect)})"
    change = effect.change(objective).value
    return f"{effect.strategy} ({lost(change) if unit else decimal(100 * change)})"


def times_cell(cost: Objective, effect: Effect) -> str:
    return f"×{factor(effect.change(cost).value)}"


def lost(change: float) -> str:
    return f"{decimal(100 * change)} points"


def saving_lines(found: Sequence[Recommendation]) -> list[str]:
    """What saves most with each front end; with more than two, or if another has no baseline, with any."""
    own = [r for r in found if r.features is not None]
    return [saving_line(r) for r in (own if own == found or len(own) == 2 else found[-1:])] or [NOTHING]


def saving_line(found: Recommendation) -> str:
    choice = found.chosen
    if choice.is_baseline:
        said = f"nothing saves more than {choice.reference}, trial {choice.trial.trial_id}."
        return f"With {found.features}: {said}" if found.features is not None else said.capitalize()
    start = "With any features" if found.features is None else f"With {found.features}"
    if not choice.has_baseline:
        most_accurate = choice.effect.pairs[0].baseline
        start = f"No baseline is completed; against trial {most_accurate.trial_id}, the most accurate"
    ratios = [f"{cost.noun} {times_cell(cost, choice.effect)}" for cost in choice.costs]
    return f"{start}: trial {choice.trial.trial_id} ({', '.join(ratios)}, {lost(choice.effect.accuracy_change)})."


def advice_lines(found: Recommendation) -> list[str]:
    """One trial, how sure it is, and what to take to be surer."""
    choice, sure = found.chosen, found.sure
    if choice.is_baseline:
        return [f"Stay with {choice.reference}, {presented(choice)}; nothing that saves more loses so little."]
    doubt = (
        f"Accuracy {points(choice.effect.accuracy)}; "
        f"{100 * choice.confidence(found.budget):.0f} % sure to lose at most {budget_name(found.budget)}."
    )
    lines = [f"Take {presented(choice)}.", doubt]
    if sure.trial is not choice.trial:
        lines.append(f"To be {100 * SURE:.0f} % sure, take {presented(sure)}.")
    return lines


def presented(choice: Choice) -> str:
    trial = choice.trial
    return f"trial {trial.trial_id} ({trial.name}): {100 * trial.accuracy:.1f} %, {', '.join(choice.figures())}"
