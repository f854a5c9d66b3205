"""The lab's questions, answered with the figures they rest on and how sure they are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kwssearch.analysis.advice import (
    BUDGETS,
    Recommendation,
    Step,
    combinations_note,
    recommendations,
    steps,
)
from kwssearch.analysis.brief import NOTHING, advice_lines, saving_lines, verdict_lines
from kwssearch.analysis.cautions import grouped, split_cautions, trial_cautions
from kwssearch.analysis.effects import Effect, effect_pairs, effects_of, gaps, interval_dict, pruned_twins
from kwssearch.analysis.in_streams import InStreams, in_streams
from kwssearch.analysis.verdicts import Verdict, pruning_sentence, verdict
from kwssearch.analysis.wording import DYNAMIC_IS, listed
from kwssearch.analysis.worlds import Worlds
from kwssearch.errors import counted
from kwssearch.runs import Run, Trial
from kwssearch.space import BASELINE, Objective, QuantityError, cost_objectives

MEASURED_AGAINST = (
    "Every change is measured against the baseline with the same features (for any features: against the most "
    "accurate baseline), on the same test clips and seeds; brackets hold 95 % intervals. Test clips compare and "
    "report here; those that choose a model to ship are the validation clips."
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
        doubts: those of the notes that limit what is recommended.
        warnings: what limits every figure of the run.
        heard: what only streams tell; None unless all models have heard the same ones.
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
    doubts: tuple[str, ...]
    warnings: tuple[str, ...]
    heard: InStreams | None = None

    @property
    def brief(self) -> list[tuple[str, list[str]]]:
        """Each question with its answer in no more than two lines."""
        own = [
            (verdict.question, [" ".join(verdict_lines(objective, verdict))])
            for objective, verdict in zip(self.objectives, self.verdicts, strict=True)
        ]
        return [*own, (self.last_question, saving_lines(self.at_budget)), *self.heard_questions]

    @property
    def heard_questions(self) -> list[tuple[str, list[str]]]:
        """Those that only streams answer, with their answers."""
        return self.heard.questions if self.heard else []

    @property
    def advice(self) -> list[str]:
        """What to take at the user's budget, of any features; empty where nothing can be recommended yet."""
        return advice_lines(self.at_budget[-1]) if self.at_budget else []

    @property
    def at_budget(self) -> list[Recommendation]:
        return [r for r in self.recommendations if r.budget == self.budget]

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
        return [self.sentence_of(r) for r in self.at_budget] or [NOTHING]

    def sentence_of(self, found: Recommendation) -> str:
        same = self.same_as(found)
        return found.sentence if same is None else f"{found.head}: the same as for {same.features}."

    def same_as(self, found: Recommendation) -> Recommendation | None:
        """For any features: that of the front end which says the same."""
        others = (r for r in self.recommendations if found.features is None and r.features is not None)
        return next((other for other in others if found.is_like(other)), None)

    @property
    def distinct(self) -> list[Recommendation]:
        """Those that do not repeat the budget before them, or a row of one front end."""
        before = (None, *self.recommendations)
        return [
            own
            for previous, own in zip(before, self.recommendations, strict=False)
            if self.same_as(own) is None
            and (previous is None or previous.features != own.features or previous.trial_ids != own.trial_ids)
        ]

    @property
    def distinct_effects(self) -> list[Effect]:
        """All but the means of strategies that have one level."""
        levels = Counter(effect.strategy for effect in self.effects if effect.level)
        return [effect for effect in self.effects if effect.level or levels[effect.strategy] > 1]

    @property
    def distinct_steps(self) -> list[Step]:
        """Those that buy something and do not repeat a step of one front end."""
        return [
            step
            for step in self.steps
            if step.start.chosen.trial is not step.end.chosen.trial
            and not (self.same_as(step.start) and self.same_as(step.end))
        ]

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
            "warnings": list(self.warnings),
            **({"streams": self.heard.to_dict()} if self.heard else {}),
        }


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
        doubts=tuple(doubts(worlds, [r.chosen.trial for r in found if r.budget == max_accuracy_drop][-1:])),
        warnings=run.warnings,
        heard=in_streams(worlds),
    )


def notes(worlds: Worlds) -> list[str]:
    """What limits the comparison: seeds, latency, choice."""
    if not worlds.trials:
        return ["No trial is completed yet."]
    nouns = [cost.noun for cost in worlds.costs]
    sentences = doubts(worlds, worlds.trials)
    sentences.append(f"'Saves most' means the smallest {'product of ' if len(nouns) > 1 else ''}{listed(nouns)}.")
    sentences.append("A choice among many trials favours lucky ones: expect the chosen one to lose somewhat more.")
    sentences.append(combinations_note(worlds.run))
    if any(trial.values["quantization"] == "dynamic" for trial in worlds.trials):
        sentences.append(f"{DYNAMIC_IS[0].upper()}{DYNAMIC_IS[1:]}.")
    baselines = [t for t in worlds.trials if t.strategy == BASELINE]
    if len(baselines) > 1:
        shown = [f"{t.values['features']} {100 * t.accuracy:.1f} %" for t in baselines]
        best = max(baselines, key=lambda t: t.accuracy)
        sentences.append(
            f"The baselines themselves differ: {listed(shown)}. A drop is measured from each one's own accuracy; for "
            f"any features, from trial {best.trial_id}'s."
        )
    return sentences


def doubts(worlds: Worlds, about: Sequence[Trial]) -> list[str]:
    """What limits the figures of some trials: seeds, latency, the test split, and what each one gets wrong."""
    run, sentences = worlds.run, []
    seeds = [len(trial.executions) for trial in worlds.trials]
    if seeds and max(seeds) == 1:
        sentences.append("Each trial was trained once: intervals cover the choice of test clips, not of the seed.")
    elif seeds and min(seeds) == 1:
        sentences.append("Some trials have one seed so far: the spread over seeds is taken from those with several.")
    if any(cost.interval == "rounds" for cost in worlds.costs):
        sentences += latency_notes(worlds)
    if seeds:
        sentences += split_cautions(run)
    return sentences + grouped([(t.trial_id, phrase) for t in about for phrase in trial_cautions(worlds, t)])


def latency_notes(worlds: Worlds) -> list[str]:
    sentences = [f"Latencies are those of {worlds.run.target}."] if worlds.run.target else []
    provisional = [trial.trial_id for trial in worlds.trials if trial.latency is None]
    if provisional:
        sentences.append(f"Latencies of {counted(len(provisional), 'trial')} are provisional and have no interval.")
    if worlds.run.latency_record is not None and worlds.run.latency_record.get("noisy"):
        sentences.append("The machine was noisy while latencies were measured.")
    return sentences
