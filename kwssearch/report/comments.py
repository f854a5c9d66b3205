"""What a strategy's figures say, in sentences; no more than the data can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kwssearch.analysis import (
    Answers,
    Effect,
    Worlds,
    figure,
    front,
    grouped,
    has_advantage,
    listed,
    points,
    times,
    told,
    trial_cautions,
)
from kwssearch.errors import counted
from kwssearch.runs import Trial
from kwssearch.space import ACCURACY, BASELINE, Objective


def strategy_comment(
    worlds: Worlds, strategy: str, effects: Sequence[Effect], beside: Sequence[Trial] = ()
) -> list[str]:
    """Sentences on one exercise.

    Args:
        effects: the strategy's mean, then its levels; empty where nothing can be compared.
        beside: the trials that its own are held against: the baseline's.
    """
    own = [trial for trial in worlds.trials if trial.strategy == strategy]
    if not own:
        return [f"No trial of {strategy} is completed yet."]
    sentences = []
    if effects:
        sentences += mean_sentences(effects[0], len(effects) - 1)
        sentences += level_sentences(effects[1:])
    sentences += front_sentences(worlds, own, beside)
    return [*sentences, *grouped([(t.trial_id, phrase) for t in own for phrase in trial_cautions(worlds, t)])]


def comparison_comment(worlds: Worlds, found: Answers) -> list[str]:
    """Sentences on all strategies together."""
    trials = [trial for trial, on in zip(worlds.trials, front(worlds, worlds.trials), strict=True) if on]
    by_strategy = Counter(trial.strategy for trial in trials)
    shares = listed([front_share_phrase(strategy, count) for strategy, count in by_strategy.most_common()])
    extremes = [extreme_phrase(worlds, worlds.trials, objective) for objective in worlds.run.objectives]
    equal = [verdict.equal.sentence for verdict in found.verdicts if verdict.equal is not None]
    return [
        f"The front has {counted(len(trials), 'model')} of {len(worlds.trials)}: {shares}.",
        f"Of all trials, {listed(extremes)}.",
        *equal,
    ]


def front_share_phrase(strategy: str, count: int) -> str:
    return counted(count, "baseline") if strategy == BASELINE else f"{count} of {strategy}"


def mean_sentences(effect: Effect, levels: int) -> list[str]:
    costs = effect.worlds.costs
    ratios = listed([f"{times(effect.change(cost), effect.known(cost))} the {cost.noun}" for cost in costs])
    average = " on average over its levels" if levels > 1 else ""
    sentences = [
        f"Against the baseline with the same features, {effect.strategy} changes accuracy by "
        f"{points(effect.accuracy)}{average}; it takes {ratios}."
    ]
    if effect.accuracy.includes(0):
        sentences.append("This data cannot tell whether it changes accuracy at all.")
    for cost in costs:
        if not effect.known(cost):
            sentences.append("Its latency is provisional: it was taken during training.")
        elif cost.interval == "rounds" and 0.95 < effect.change(cost).value < 1.05:
            sentences.append(f"{cost.noun.capitalize()} does not change.")
    return sentences


def level_sentences(levels: Sequence[Effect]) -> list[str]:
    """The mildest and the harshest of several levels by accuracy, with those that may be as good or as bad."""
    if len(levels) < 2:
        return []
    ranked = sorted(levels, key=lambda effect: -effect.accuracy_change)
    first, last = ranked[0], ranked[-1]
    if not told(first, last, ACCURACY):
        return [f"Its {len(levels)} levels cannot be told apart in accuracy: {changed(first)} to {changed(last)}."]
    best = [level for level in ranked if level is first or not told(first, level, ACCURACY)]
    worst = [level for level in ranked if level is last or not told(level, last, ACCURACY)]
    return [f"Of its {len(levels)} levels, {keeping(best, 'keep', 'best')}; {keeping(worst, 'keep', 'worst')}."]


def keeping(levels: Sequence[Effect], verb: str, place: str) -> str:
    """'α 0.75 keeps accuracy best (...)', or several that are alike."""
    names = listed([str(level.level) for level in levels])
    if len(levels) == 1:
        return f"{names} {verb}s accuracy {place} ({changed(levels[0])})"
    return f"{names} {verb} accuracy {place} and cannot be told apart ({changed(levels[0])} to {changed(levels[-1])})"


def changed(level: Effect) -> str:
    costs = [f"{figure(level, cost)} the {cost.noun}" for cost in level.worlds.costs[:1]]
    return f"{points(level.accuracy)} at {costs[0]}"


def front_sentences(worlds: Worlds, own: Sequence[Trial], beside: Sequence[Trial]) -> list[str]:
    """How many of its trials are Pareto-efficient, and the extremes."""
    on_front = front(worlds, [*own, *beside])[: len(own)]
    efficient = [f"{trial.trial_id} ({trial.name})" for trial, on in zip(own, on_front, strict=True) if on]
    extremes = [extreme_phrase(worlds, own, objective) for objective in worlds.run.objectives]
    verb = "is" if len(efficient) == 1 else "are"
    names = f": {', '.join(efficient)}" if efficient else ""
    return [
        f"{len(efficient)} of its {counted(len(own), 'completed trial')} {verb} Pareto-efficient within this exercise, "
        f"with the baseline included{names}.",
        *([f"Of all its trials, {listed(extremes)}."] if len(own) > 1 else []),
    ]


def extreme_phrase(worlds: Worlds, own: Sequence[Trial], objective: Objective) -> str:
    """'the smallest is trial 04 (72.9 kB)', and how many others may be as good."""
    best = min(own, key=lambda trial: objective.sign * trial.figure(objective.name))
    alike = sum(not has_advantage(worlds, best, trial, objective) for trial in own) - 1
    doubt = f"; {counted(alike, 'other')} may be as good" if alike else ""
    return f"the {objective.best} is trial {best.trial_id} ({objective.show(best.figure(objective.name))}{doubt})"
