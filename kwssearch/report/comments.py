"""What a strategy's figures say, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kwssearch.analysis.effects import Effect
from kwssearch.analysis.wording import kilobytes, milliseconds, points, times
from kwssearch.errors import counted


def strategy_comment(strategy: str, effects: Sequence[Effect], rows: Sequence[Mapping[str, Any]]) -> list[str]:
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
    return [*sentences, *front_sentences(own)]


def mean_sentences(effect: Effect) -> list[str]:
    whole = (
        f"Against the baseline with the same features, {effect.strategy} changes accuracy by {points(effect.accuracy)} "
        f"on average; it takes {times(effect.memory)} the memory and "
        f"{times(effect.latency, not effect.provisional)} the latency."
    )
    sentences = [whole]
    if effect.accuracy.includes(0):
        sentences.append("That change in accuracy cannot be told from none on this data.")
    if not effect.provisional and 0.95 < effect.latency.value < 1.05:
        sentences.append("Latency stays as it is.")
    if effect.provisional:
        sentences.append("Its latency is provisional, taken beside training.")
    return sentences


def level_sentences(levels: Sequence[Effect]) -> list[str]:
    """The mildest and the harshest of several levels, by accuracy."""
    if len(levels) < 2:
        return []
    ranked = sorted(levels, key=lambda effect: -effect.accuracy_change)
    return [
        f"Of its {len(levels)} levels, {ranked[0].level} keeps accuracy best and {ranked[-1].level} worst: "
        f"{points(ranked[0].accuracy)} at {times(ranked[0].memory)} the memory, against "
        f"{points(ranked[-1].accuracy)} at {times(ranked[-1].memory)}."
    ]


def front_sentences(own: Sequence[Mapping[str, Any]]) -> list[str]:
    """How many of its trials are Pareto-efficient, and the extremes."""
    best = max(own, key=lambda row: row["accuracy"])
    smallest = min(own, key=lambda row: row["memory_bytes"])
    fastest = min(own, key=lambda row: row["latency_ms"])
    efficient = sum(row["on_front"] for row in own)
    verb = "is" if efficient == 1 else "are"
    return [
        f"{efficient} of its {counted(len(own), 'completed trial')} {verb} Pareto-efficient within this exercise.",
        f"Its most accurate is trial {best['trial_id']} ({100 * best['accuracy']:.1f} %), its smallest trial "
        f"{smallest['trial_id']} ({kilobytes(smallest['memory_bytes'])}), its fastest trial {fastest['trial_id']} "
        f"({milliseconds(fastest['latency_ms'])}).",
    ]
