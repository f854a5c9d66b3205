"""What a strategy's figures say, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kwssearch.analysis.effects import Effect
from kwssearch.analysis.wording import listed, points, times
from kwssearch.errors import counted
from kwssearch.space import Objective


def strategy_comment(
    strategy: str, effects: Sequence[Effect], rows: Sequence[Mapping[str, Any]], objectives: Sequence[Objective]
) -> list[str]:
    """Sentences on one exercise.

    Args:
        effects: the strategy's mean, then its levels; empty where nothing can be compared.
        rows: of its own trials and the baseline's, with `on_front` among those.
    """
    own = [row for row in rows if row["strategy"] == strategy and row["status"] == "completed"]
    if not own:
        return [f"No trial of {strategy} is completed yet."]
    sentences = []
    if effects:
        sentences += mean_sentences(effects[0])
        sentences += level_sentences(effects[1:])
    return [*sentences, *front_sentences(own, objectives)]


def mean_sentences(effect: Effect) -> list[str]:
    costs = effect.worlds.costs
    ratios = listed([f"{times(effect.change(cost), effect.known(cost))} the {cost.noun}" for cost in costs])
    sentences = [
        f"Against the baseline with the same features, {effect.strategy} changes accuracy by {points(effect.accuracy)} "
        f"on average; it takes {ratios}."
    ]
    if effect.accuracy.includes(0):
        sentences.append("That change in accuracy cannot be told from none on this data.")
    for cost in costs:
        if not effect.known(cost):
            sentences.append("Its latency is provisional, taken beside training.")
        elif cost.interval == "rounds" and 0.95 < effect.change(cost).value < 1.05:
            sentences.append(f"{cost.noun.capitalize()} stays as it is.")
    return sentences


def level_sentences(levels: Sequence[Effect]) -> list[str]:
    """The mildest and the harshest of several levels, by accuracy."""
    if len(levels) < 2:
        return []
    ranked = sorted(levels, key=lambda effect: -effect.accuracy_change)
    cost = ranked[0].worlds.costs[0]
    mild, harsh = (f"{points(e.accuracy)} at {times(e.change(cost))}" for e in (ranked[0], ranked[-1]))
    return [
        f"Of its {len(levels)} levels, {ranked[0].level} keeps accuracy best and {ranked[-1].level} worst: "
        f"{mild} the {cost.noun}, against {harsh}."
    ]


def front_sentences(own: Sequence[Mapping[str, Any]], objectives: Sequence[Objective]) -> list[str]:
    """How many of its trials are Pareto-efficient, and the extremes."""
    efficient = sum(row["on_front"] for row in own)
    verb = "is" if efficient == 1 else "are"
    extremes = [extreme_phrase(own, objective) for objective in objectives]
    return [
        f"{efficient} of its {counted(len(own), 'completed trial')} {verb} Pareto-efficient within this exercise.",
        f"Of all its trials, {listed(extremes)}.",
    ]


def extreme_phrase(own: Sequence[Mapping[str, Any]], objective: Objective) -> str:
    row = min(own, key=lambda row: objective.sign * row[objective.name])
    return f"the {objective.best} is trial {row['trial_id']} ({objective.show(row[objective.name])})"
