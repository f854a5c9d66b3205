"""The lab's questions, answered with the figures they rest on and how sure they are."""

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
from kwssearch.analysis.cautions import grouped, split_cautions, trial_cautions
from kwssearch.analysis.effects import Effect, effect_pairs, effects_of, gaps, interval_dict, pruned_twins
from kwssearch.analysis.verdicts import Verdict, figure, pruning_sentence, verdict
from kwssearch.analysis.wording import factor, listed, points
from kwssearch.analysis.worlds import Worlds
from kwssearch.errors import counted, printable
from kwssearch.runs import Run
from kwssearch.space import BASELINE, Objective, QuantityError, cost_objectives

MEASURED_AGAINST = (
    "Every change is measured against the baseline with the same features (for any features: against the most "
    "accurate baseline), on the same test clips and seeds; in brackets stand 95 % intervals."
)


@dataclass(frozen=True)
class Answers:
    """All that can be said of a run.

    Attributes:
        objectives: what trials are judged by.
        verdicts: of the question that each objective asks.
        effects: each strategy's mean, followed by its levels.
        recommendations: by features and budget, for the last question.
        budget: points of accuracy that the user calls a minimal impact.
        gaps: what is missing from the comparison.
        notes: what limits it.
    """

    objectives: tuple[Objective, ...]
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
    def last_question(self) -> str:
        nouns = listed([cost.noun for cost in cost_objectives(self.objectives)])
        return f"How to maximise {nouns} savings with minimal impact on accuracy?"

    @property
    def fourth(self) -> list[str]:
        """Its answer at the user's budget: for each front end, and for any."""
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
                {"question": self.last_question, "sentence": " ".join(self.fourth)},
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
        lines += [
            "",
            f"{len(self.verdicts) + 1}. {self.last_question}",
            *(f"   {sentence}" for sentence in self.fourth),
        ]
        if self.recommendations:
            lines += ["", "By budget:", *aligned(budget_table(self))]
            lines += ["", "What each further point buys:", *(f"   {step.sentence}" for step in self.steps)]
        if self.effects:
            lines += ["", "Effects:", *aligned(effect_table(self))]
        for head, sentences in (("Not compared:", self.gaps), ("Mind:", self.notes)):
            if sentences:
                lines += ["", head, *(f"   {sentence}" for sentence in sentences)]
        return [printable(line) for line in lines]


Cells = tuple[str, ...]


def effect_table(found: Answers) -> list[Cells]:
    """Heading and a row an effect."""
    costs = cost_objectives(found.objectives)
    head = ("strategy", "level", "pairs", "accuracy, points", *(cost.noun for cost in costs))
    return [head, *(effect_row(effect, costs) for effect in found.effects)]


def effect_row(effect: Effect, costs: Sequence[Objective]) -> Cells:
    level = effect.level or "mean over levels"
    accuracy = points(effect.accuracy, unit="")
    return (effect.strategy, level, str(len(effect.pairs)), accuracy, *(figure(effect, cost) for cost in costs))


def budget_table(found: Answers) -> list[Cells]:
    """Heading and a row a recommendation."""
    costs = cost_objectives(found.objectives)
    head = (
        "features", "budget", "saves most", "model", *(cost.noun for cost in costs), "accuracy, points", "sure",
        "95 % sure", *(cost.best for cost in costs),
    )  # fmt: skip
    return [head, *(budget_row(recommendation, costs) for recommendation in found.recommendations)]


def budget_row(found: Recommendation, costs: Sequence[Objective]) -> Cells:
    trial, effect = found.chosen.trial, found.chosen.effect
    return (
        features_name(found.features),
        f"{found.budget:g}",
        trial.trial_id,
        trial.name,
        *(f"{cost.show(trial.figure(cost.name))} ({factor(effect.change(cost).value)})" for cost in costs),
        points(effect.accuracy, unit=""),
        f"{100 * found.chosen.confidence(found.budget):.0f} %",
        found.sure.trial.trial_id,
        *(found.best[cost.name].trial.trial_id for cost in costs),
    )


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns padded to their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["   " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def answers(run: Run, max_accuracy_drop: float = 1.0, worlds: Worlds | None = None) -> Answers:
    """Answers all questions from what the run has so far.

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
    found = recommendations(worlds, (*BUDGETS, max_accuracy_drop))
    return Answers(
        objectives=run.objectives,
        verdicts=tuple(verdict(objective, by_strategy) for objective in run.objectives),
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
    if any(cost.interval == "rounds" for cost in worlds.costs):
        sentences += latency_notes(worlds)
    sentences += split_cautions(run)
    sentences += grouped([(t.trial_id, phrase) for t in worlds.trials for phrase in trial_cautions(run, t)])
    nouns = [cost.noun for cost in worlds.costs]
    sentences.append(f"What saves most has the least {'product of ' if len(nouns) > 1 else ''}{listed(nouns)}.")
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


def latency_notes(worlds: Worlds) -> list[str]:
    sentences = []
    provisional = [trial.trial_id for trial in worlds.trials if trial.latency is None]
    if provisional:
        sentences.append(f"Latencies of {counted(len(provisional), 'trial')} are provisional and have no interval.")
    if worlds.run.latency_record is not None and worlds.run.latency_record.get("noisy"):
        sentences.append("The machine was noisy while latencies were measured.")
    return sentences
