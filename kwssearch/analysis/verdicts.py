"""Which strategy does best by one objective, in a sentence that says when the data cannot tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kwssearch.analysis.effects import Effect
from kwssearch.analysis.interval import Interval
from kwssearch.analysis.wording import listed, points, times, what_is_needed
from kwssearch.errors import counted
from kwssearch.space import Objective

CLOSE = 0.05  # ratios nearer than this share decide nothing, however sure their order


def figure(effect: Effect, objective: Objective) -> str:
    """Such as '-1.2 points (-2.0 to -0.4)' or '0.31 times (0.30 to 0.32)'."""
    change = effect.change(objective)
    return times(change, effect.known(objective)) if objective.is_cost else points(change)


@dataclass(frozen=True)
class Verdict:
    """The answer to one question.

    Attributes:
        best: the strategy that does best, and those that cannot be told from it.
        told_apart: whether `best` is one strategy out of several.
    """

    question: str
    sentence: str
    best: tuple[str, ...]
    told_apart: bool

    def to_dict(self) -> dict[str, Any]:
        return {
            "question": self.question,
            "sentence": self.sentence,
            "best": list(self.best),
            "told_apart": self.told_apart,
        }


def verdict(objective: Objective, effects: Sequence[Effect]) -> Verdict:
    """Ranks strategies by their mean effect and says which the data cannot tell from the first."""
    if not effects:
        sentence = "No strategy has a completed trial and a baseline to hold it against yet."
        return Verdict(objective.question, sentence, (), False)
    ranked = sorted(effects, key=lambda effect: effect.loss(objective)[0])
    best, others = ranked[0], ranked[1:]
    rivals = [other for other in others if not told(best, other, objective)]
    beaten = [other for other in others if other not in rivals]
    sentences = [headline(objective, best, rivals, beaten)]
    if not objective.is_cost:
        sentences += accuracy_doubt(best, rivals)
    if not all(effect.known(objective) for effect in effects):
        sentences.append("Latencies are provisional, taken beside training: measure before you rely on this.")
    names = tuple(effect.strategy for effect in (best, *rivals))
    return Verdict(objective.question, " ".join(sentences), names, bool(others) and not rivals)


def told(best: Effect, other: Effect, objective: Objective) -> bool:
    """Whether the interval of the difference excludes none; provisional latencies tell nothing."""
    if not (best.known(objective) and other.known(objective)):
        return False
    (low_value, low_draws), (high_value, high_draws) = best.loss(objective), other.loss(objective)
    return Interval.of(high_value - low_value, high_draws - low_draws).low > 0


def headline(objective: Objective, best: Effect, rivals: Sequence[Effect], beaten: Sequence[Effect]) -> str:
    behind = "; ".join(f"{effect.strategy}, {figure(effect, objective)}" for effect in beaten)
    end = f" Behind: {behind}." if beaten else ""
    if rivals:
        names = listed([effect.strategy for effect in (best, *rivals)])
        figures = listed([figure(effect, objective) for effect in (best, *rivals)])
        return f"{names} cannot be told apart on this data: {figures}.{end}"
    if not beaten:
        return f"Only one strategy can be compared, {best.strategy}: {figure(best, objective)}."
    if objective.is_cost and best.loss(objective)[0] >= 0:
        return f"None of them does; nearest comes {best.strategy}: {figure(best, objective)} the baseline's.{end}"
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
        none = f"Whether {best.strategy} changes accuracy at all cannot be told on this data."
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
        return f"Sparsity: {fact}, as far as provisional figures tell; dense kernels multiply zeros too."
    if twins.latency.high < 0.95:
        return f"Sparsity: {fact}. Dense kernels multiply zeros too, so look for another cause of the gain."
    if twins.latency.low > 1.05:
        return f"Pruning does not make dense kernels faster: {fact}, which is slower; look for the cause."
    return f"Pruning does not make dense kernels faster, since they multiply zeros too: {fact}."
