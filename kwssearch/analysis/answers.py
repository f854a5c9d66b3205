"""The lab's four questions, answered with the figures they rest on and how sure they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kwssearch.analysis.advice import (
    BUDGETS,
    Recommendation,
    Step,
    combinations_note,
    features_name,
    recommendations,
    steps,
)
from kwssearch.analysis.effects import Effect, effect_pairs, effects_of, gaps, interval_dict, pruned_twins
from kwssearch.analysis.pareto import QuantityError
from kwssearch.analysis.verdicts import MEASURES, Verdict, figure, pruning_sentence, verdict
from kwssearch.analysis.wording import factor, kilobytes, listed, milliseconds, points
from kwssearch.analysis.worlds import Worlds
from kwssearch.errors import counted, printable
from kwssearch.runs.run import Run
from kwssearch.space.search_space import BASELINE

MEASURED_AGAINST = (
    "Every change is measured against the baseline with the same features (for any features: against the most "
    "accurate baseline), on the same test clips and seeds; in brackets stand 95 % intervals."
)
FOURTH = "How to maximise memory and latency savings with minimal impact on accuracy?"


@dataclass(frozen=True)
class Answers:
    """All that can be said of a run.

    Attributes:
        verdicts: of the first three questions.
        effects: each strategy's mean, followed by its levels.
        recommendations: by features and budget, for the fourth question.
        budget: points of accuracy that the user calls a minimal impact.
        gaps: what is missing from the comparison.
        notes: what limits it.
    """

    verdicts: tuple[Verdict, ...]
    effects: tuple[Effect, ...]
    recommendations: tuple[Recommendation, ...]
    steps: tuple[Step, ...]
    budget: float
    pruning: Effect | None
    gaps: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def pruning_sentence(self) -> str | None:
        return pruning_sentence(self.pruning)

    @property
    def fourth(self) -> list[str]:
        """The fourth question's answer at the user's budget: for each front end, and for any."""
        chosen = [r.sentence for r in self.recommendations if r.budget == self.budget]
        return chosen or ["No completed trial has a baseline to hold it against yet."]

    def to_dict(self) -> dict[str, Any]:
        pruning = None
        if self.pruning is not None:
            known = not self.pruning.provisional
            pruning = {
                "latency_ratio": interval_dict(self.pruning.latency, known),
                "pairs": len(self.pruning.pairs),
                "sentence": self.pruning_sentence,
            }
        return {
            "measured_against": MEASURED_AGAINST,
            "questions": [
                *(v.to_dict() for v in self.verdicts),
                {"question": FOURTH, "sentence": " ".join(self.fourth)},
            ],
            "max_accuracy_drop_points": self.budget,
            "effects": [effect.to_dict() for effect in self.effects],
            "pruning": pruning,
            "recommendations": [r.to_dict() for r in self.recommendations],
            "steps": [step.to_dict() for step in self.steps],
            "gaps": list(self.gaps),
            "notes": list(self.notes),
        }

    def lines(self) -> list[str]:
        """Plain text for a terminal, a sentence or a table's row a line."""
        lines = [MEASURED_AGAINST]
        for number, answer in enumerate(self.verdicts, 1):
            lines += ["", f"{number}. {answer.question}", f"   {answer.sentence}"]
            if number == len(self.verdicts) and self.pruning_sentence:
                lines.append(f"   {self.pruning_sentence}")
        lines += ["", f"4. {FOURTH}", *(f"   {sentence}" for sentence in self.fourth)]
        if self.recommendations:
            lines += ["", "By budget:", *aligned([BUDGET_HEAD, *map(budget_row, self.recommendations)])]
            lines += ["", "What each further point buys:", *(f"   {step.sentence}" for step in self.steps)]
        if self.effects:
            lines += ["", "Effects:", *aligned([EFFECT_HEAD, *map(effect_row, self.effects)])]
        for head, sentences in (("Not compared:", self.gaps), ("Mind:", self.notes)):
            if sentences:
                lines += ["", head, *(f"   {sentence}" for sentence in sentences)]
        return [printable(line) for line in lines]


EFFECT_HEAD = ("strategy", "level", "pairs", "accuracy, points", "memory", "latency")


def effect_row(effect: Effect) -> tuple[str, ...]:
    level = effect.level or "mean over levels"
    accuracy = points(effect.accuracy, unit="")
    return (effect.strategy, level, str(len(effect.pairs)), accuracy, *(figure(effect, m) for m in MEASURES[1:]))


BUDGET_HEAD = (
    "features", "budget", "saves most", "model", "memory", "latency", "accuracy, points", "sure", "95 % sure",
    "smallest", "fastest",
)  # fmt: skip


def budget_row(found: Recommendation) -> tuple[str, ...]:
    trial, effect = found.chosen.trial, found.chosen.effect
    return (
        features_name(found.features),
        f"{found.budget:g}",
        trial.trial_id,
        trial.name,
        f"{kilobytes(trial.memory_bytes)} ({factor(effect.memory.value)})",
        f"{milliseconds(trial.latency_ms)} ({factor(effect.latency.value)})",
        points(effect.accuracy, unit=""),
        f"{100 * found.chosen.confidence(found.budget):.0f} %",
        found.sure.trial.trial_id,
        found.smallest.trial.trial_id,
        found.fastest.trial.trial_id,
    )


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns padded to their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["   " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def answers(run: Run, max_accuracy_drop: float = 1.0, worlds: Worlds | None = None) -> Answers:
    """Answers the four questions from what the run has so far.

    Args:
        run: what was recorded.
        max_accuracy_drop: points of accuracy that count as a minimal impact.
        worlds: the run's bootstrap worlds, if they are there already.

    Raises:
        QuantityError: `max_accuracy_drop` is not a number of points from 0 to 100.
    """
    if not (math.isfinite(max_accuracy_drop) and 0 <= max_accuracy_drop <= 100):
        raise QuantityError(f"max-accuracy-drop: got {max_accuracy_drop}, expected points from 0 to 100, such as 1.")
    worlds = worlds or Worlds(run)
    by_strategy = [effects_of(worlds, name, pairs) for name, pairs in effect_pairs(run).items()]
    overall = [whole for whole, _ in by_strategy]
    found = recommendations(worlds, (*BUDGETS, max_accuracy_drop))
    return Answers(
        verdicts=tuple(verdict(measure, overall) for measure in MEASURES),
        effects=tuple(effect for whole, levels in by_strategy for effect in (whole, *levels)),
        recommendations=tuple(found),
        steps=tuple(steps(found)),
        budget=max_accuracy_drop,
        pruning=pruned_twins(worlds),
        gaps=tuple(gaps(run)),
        notes=tuple(notes(worlds)),
    )


def notes(worlds: Worlds) -> list[str]:
    """What limits the comparison: seeds, latency, choice."""
    run, sentences = worlds.run, []
    if not worlds.trials:
        return ["No trial is completed yet."]
    seeds = [len(trial.executions) for trial in worlds.trials]
    if max(seeds) == 1:
        sentences.append("Each trial was trained once: intervals cover the choice of test clips, not of the seed.")
    elif min(seeds) == 1:
        sentences.append("Some trials have one seed so far: the spread over seeds is taken from those with several.")
    provisional = [trial.trial_id for trial in worlds.trials if trial.latency is None]
    if provisional:
        sentences.append(f"Latencies of {counted(len(provisional), 'trial')} are provisional and have no interval.")
    if run.latency_record is not None and run.latency_record.get("noisy"):
        sentences.append("The machine was noisy while latencies were measured.")
    sentences.append("What saves most has the least product of memory and latency.")
    sentences.append("A choice among many trials favours lucky ones: expect the chosen one to lose somewhat more.")
    sentences.append(combinations_note(run))
    baselines = [t for t in worlds.trials if t.strategy == BASELINE]
    if len(baselines) > 1:
        shown = [f"{t.values['features']} {100 * t.accuracy:.1f} %" for t in baselines]
        best = max(baselines, key=lambda t: t.accuracy)
        sentences.append(
            f"The baselines differ themselves: {listed(shown)}. A drop is from each one's own accuracy; for any "
            f"features, from trial {best.trial_id}'s."
        )
    return sentences
