"""Which strategy does best by one objective, in a sentence that says when the data cannot tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kwssearch.analysis.effects import Effect
from kwssearch.analysis.interval import Interval
from kwssearch.analysis.savings import EqualSavings, equal_savings
from kwssearch.analysis.wording import listed, points, times, what_is_needed
from kwssearch.errors import counted
from kwssearch.space import ACCURACY, Objective

CLOSE = 0.05  # ratios nearer than this share decide nothing, however sure their order


def figure(effect: Effect, objective: Objective) -> str:
    """Such as '-1.2 points (-2.0 to -0.4)' or '0.31 times (0.30 to 0.32)'."""
    change = effect.change(objective)
    return times(change, effect.known(objective)) if objective.is_cost else points(change)


@dataclass(frozen=True)
class Ranking:
    """Strategies by their mean effect.

    Attributes:
        rivals: those that the data cannot tell from the best.
        beaten: what can.
    """

    best: Effect
    rivals: tuple[Effect, ...]
    beaten: tuple[Effect, ...]


@dataclass(frozen=True)
class Verdict:
    """The answer to one question.

    Attributes:
        best: the strategy that does best, and those that may be as good.
        told_apart: whether `best` is one strategy out of several.
        best_level: the level of any strategy that does best; None without any.
        equal: what strategies cost where they save the same; None of accuracy, or where fewer than two save any.
        ranking: None without any strategy.
    """

    question: str
    sentence: str
    best: tuple[str, ...] = ()
    told_apart: bool = False
    best_level: Effect | None = None
    equal: EqualSavings | None = None
    ranking: Ranking | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "question": self.question,
            "sentence": self.sentence,
            "best": list(self.best),
            "told_apart": self.told_apart,
            "best_level": None if self.best_level is None else level_phrase(self.best_level),
            "equal_savings": None if self.equal is None else self.equal.to_dict(),
        }


Strategies = Sequence[tuple[Effect, Sequence[Effect]]]


def verdict(objective: Objective, by_strategy: Strategies) -> Verdict:
    """Ranks strategies by their mean effect and says which the data cannot tell from the first.

    Args:
        by_strategy: each strategy's mean and its levels.
    """
    if not by_strategy:
        sentence = "No strategy has a completed trial and a completed baseline to hold it against."
        return Verdict(objective.question, sentence)
    ranked = sorted((whole for whole, _ in by_strategy), key=lambda effect: effect.loss(objective)[0])
    best, others = ranked[0], ranked[1:]
    rivals = [other for other in others if not told(best, other, objective)]
    beaten = [other for other in others if other not in rivals]
    levels = [level for _, own in by_strategy for level in own]
    best_level = leading_level(objective, levels)
    equal = equal_savings(objective, by_strategy) if objective.is_cost else None
    several = len(levels) > len(by_strategy)
    found = headline(objective, best, rivals, beaten)
    if several:
        found = f"on average over the declared levels (others would give other means), {found}"
    sentences = [found[0].upper() + found[1:]]
    if objective is ACCURACY:
        sentences += accuracy_doubt(best, rivals)
    if several:
        sentences.append(level_sentence(objective, best_level, levels))
    if equal is not None:
        sentences.append(equal.sentence)
    if not all(effect.known(objective) for effect in ranked):
        sentences.append("Latencies are provisional, taken during training: measure again before you rely on this.")
    names = tuple(effect.strategy for effect in (best, *rivals))
    ranking = Ranking(best, tuple(rivals), tuple(beaten))
    apart = bool(others) and not rivals
    return Verdict(objective.question, " ".join(sentences), names, apart, best_level, equal, ranking)


def leading_level(objective: Objective, levels: Sequence[Effect]) -> Effect:
    """The most accurate of the best and those that may be as good."""
    first = min(levels, key=lambda effect: effect.loss(objective)[0])
    return max((e for e in levels if not told(first, e, objective)), key=lambda effect: effect.accuracy_change)


def level_sentence(objective: Objective, best: Effect, levels: Sequence[Effect]) -> str:
    """The best single level of any strategy, what it costs, and which others may be as good."""
    price = "" if objective is ACCURACY else f", at {points(best.accuracy)} of accuracy"
    base = " the baseline's" if objective.is_cost else ""
    alike = [level for level in levels if level is not best and not told(best, level, objective)]
    doubt = f" {counted(len(alike), 'other level')} may be as good." if alike else ""
    return f"The best single level is {level_phrase(best)}: {figure(best, objective)}{base}{price}.{doubt}"


def level_phrase(effect: Effect) -> str:
    return f"{effect.strategy}, {effect.level}"


def told(best: Effect, other: Effect, objective: Objective) -> bool:
    """Whether the interval of the difference excludes zero, and it is no smaller than the objective's resolution.

    Provisional latencies say nothing.
    """
    if not (best.known(objective) and other.known(objective)):
        return False
    (low_value, low_draws), (high_value, high_draws) = best.loss(objective), other.loss(objective)
    difference = Interval.of(high_value - low_value, high_draws - low_draws)
    return difference.low > 0 and difference.value >= smallest(objective)


def smallest(objective: Objective) -> float:
    """The smallest change that counts: a share of clips, or a logarithm."""
    return math.log1p(objective.resolution) if objective.is_cost else objective.resolution


def headline(objective: Objective, best: Effect, rivals: Sequence[Effect], beaten: Sequence[Effect]) -> str:
    behind = "; ".join(f"{effect.strategy}, {figure(effect, objective)}" for effect in beaten)
    end = f" Then: {behind}." if beaten else ""
    if rivals:
        names = listed([effect.strategy for effect in (best, *rivals)])
        figures = listed([figure(effect, objective) for effect in (best, *rivals)])
        return f"{names} cannot be told apart with this data: {figures}.{end}"
    if not beaten:
        return f"only one strategy can be compared, {best.strategy}: {figure(best, objective)}."
    if objective.is_cost and best.loss(objective)[0] > -smallest(objective):
        return f"none does; the nearest is {best.strategy}: {figure(best, objective)} the baseline's.{end}"
    base = " the baseline's" if objective.is_cost else ""
    near = close_by(objective, best, beaten)
    return f"{best.strategy} {objective.praise}: {figure(best, objective)}{base}.{end}{near}"


def close_by(objective: Objective, best: Effect, beaten: Sequence[Effect]) -> str:
    """A sentence where the next ratio is surely larger, but by too little to matter."""
    excess = math.exp(beaten[0].loss(objective)[0] - best.loss(objective)[0]) - 1
    if not objective.is_cost or excess > CLOSE:
        return ""
    return f" But {beaten[0].strategy} is only {100 * excess:.1f} % behind, too little to choose by."


def accuracy_doubt(best: Effect, rivals: Sequence[Effect]) -> list[str]:
    """What it would take to tell the best strategy from the next, or from the baseline."""
    worlds = best.worlds
    clips, seeds = len(worlds.run.labels), len(np.unique(worlds.seed_of))
    sentences = []
    if rivals:
        weights = best.weights - rivals[0].weights
        difference = worlds.estimate(weights)
        need = what_is_needed(difference.value, worlds.needed(weights), clips, seeds)
        sentences.append(f"{best.strategy} is {points(difference)} from {rivals[0].strategy}. {need}")
    if best.accuracy.includes(0):
        none = f"This data cannot tell whether {best.strategy} changes accuracy at all."
        need = what_is_needed(best.accuracy.value, worlds.needed(best.weights), clips, seeds)
        sentences.append(none if rivals else f"{none} {need}")
    return sentences


def pruning_sentence(twins: Effect | None) -> str | None:
    """What sparsity does to latency, from pruned trials against the same models unpruned."""
    if twins is None:
        return None
    measured = times(twins.latency, not twins.provisional)
    number = counted(len(twins.pairs), "pruned model")
    verb = "takes" if len(twins.pairs) == 1 else "take"
    fact = f"{number} {verb} {measured} the latency of the same models unpruned"
    if twins.provisional:
        return f"Sparsity: {fact}, as far as provisional figures can say; dense kernels multiply zeros too."
    if twins.latency.high < 0.95:
        return f"Sparsity: {fact}. Dense kernels multiply zeros too, so look for another cause of the gain."
    if twins.latency.low > 1.05:
        return f"Pruning does not make dense kernels faster: {fact}, which is slower; look for the cause."
    return f"Pruning does not make dense kernels faster, since they multiply zeros too: {fact}."
