"""Answers as text: sentences and tables that fit a terminal, and the tables of the page."""

from __future__ import annotations

from collections.abc import Sequence

from kwssearch.analysis import (
    HELD_AGAINST,
    MEASURED_AGAINST,
    Answers,
    Effect,
    Recommendation,
    budget_name,
    change_cell,
    features_name,
    ratio_cell,
)
from kwssearch.errors import counted, printable
from kwssearch.report.layout import Column, table_lines, wrapped
from kwssearch.space import ACCURACY, Objective, cost_objectives, quality_objectives

INDENT = 3


def answer_lines(found: Answers, width: int | None = None, wide: bool = False, details: bool = False) -> list[str]:
    """The questions in two lines each and a recommendation, or with `details` all that can be said.

    A sentence or a table's row a line; no wider than `width`, but for tables that shall be `wide`.
    """
    lines = detail_lines(found, width, wide) if details else brief_lines(found, width)
    return [printable(line) for line in lines]


def brief_lines(found: Answers, width: int | None) -> list[str]:
    lines = wrapped(HELD_AGAINST, width)
    for number, (question, sentences) in enumerate(found.brief, 1):
        lines += question_lines(number, question, sentences, width)
    if found.advice:
        lines += section(f"Recommended where {budget_name(found.budget)} of accuracy may be lost:", found.advice, width)
    doubts = list(found.doubts)
    if found.gaps:
        doubts.append(f"The comparison has {counted(len(found.gaps), 'gap')}; the details name them.")
    return lines + (section("Keep in mind:", doubts, width) if doubts else [])


def detail_lines(found: Answers, width: int | None, wide: bool) -> list[str]:
    room = None if wide else width
    lines = wrapped(MEASURED_AGAINST, width)
    for number, answer in enumerate(found.verdicts, 1):
        lines += question_lines(number, answer.question, [answer.sentence], width)
        if number == len(found.verdicts) and found.pruning_sentence:
            lines += wrapped(found.pruning_sentence, width, INDENT)
    lines += question_lines(len(found.verdicts) + 1, found.last_question, found.fourth, width)
    for number, (question, said) in enumerate(found.heard_questions, len(found.verdicts) + 2):
        lines += question_lines(number, question, said, width)
    if found.recommendations:
        lines += ["", "By budget:", "", *table_lines(budget_columns(found), room, INDENT)]
        bought = [step.sentence for step in found.distinct_steps]
        lines += section("What each further point buys:", bought or ["Nothing."], width)
    if found.effects:
        lines += ["", "Effects:", "", *table_lines(effect_columns(found), room, INDENT)]
    for head, sentences in (("Not compared:", found.gaps), ("Keep in mind:", found.notes)):
        lines += section(head, sentences, width) if sentences else []
    return lines


def question_lines(number: int, question: str, sentences: Sequence[str], width: int | None) -> list[str]:
    return section(f"{number}. {question}", sentences, width)


def section(head: str, sentences: Sequence[str], width: int | None) -> list[str]:
    lines = ["", *wrapped(head, width)]
    for sentence in sentences:
        lines += wrapped(sentence, width, INDENT)
    return lines


def effect_columns(found: Answers) -> list[Column]:
    """A row an effect: a strategy's mean, then its levels."""
    effects, costs = found.distinct_effects, cost_objectives(found.objectives)
    return [
        Column("strategy", [effect.strategy for effect in effects], wraps=True),
        Column("level", [effect.level or "mean over levels" for effect in effects], wraps=True),
        Column("pairs", [str(len(effect.pairs)) for effect in effects], right=True, rank=1),
        Column("accuracy,\npoints", [change_cell(effect.accuracy) for effect in effects], right=True),
        *(
            Column(f"{each.noun},\npoints", [change_cell(effect.change(each)) for effect in effects], right=True)
            for each in quality_objectives(found.objectives)
            if each is not ACCURACY
        ),
        *(
            Column(
                f"{cost.noun},\ntimes",
                [cost_cell(effect, cost) for effect in effects],
                right=True,
                short=[ratio_cell(effect.change(cost), known=False) for effect in effects],
            )
            for cost in costs
        ),
    ]


def cost_cell(effect: Effect, cost: Objective) -> str:
    return ratio_cell(effect.change(cost), effect.known(cost))


def budget_columns(found: Answers) -> list[Column]:
    """A row a recommendation."""
    rows, costs = found.distinct, cost_objectives(found.objectives)
    return [
        Column("features", [features_name(row.features) for row in rows], wraps=True),
        Column("budget,\npoints", [f"{row.budget:g}" for row in rows], right=True),
        Column("saves\nmost", [row.chosen.trial.trial_id for row in rows], right=True),
        Column("model", [row.chosen.trial.name for row in rows], wraps=True, rank=3),
        *(
            Column(cost.noun, [share_of(r, cost) for r in rows], right=True, short=[taken(r, cost) for r in rows])
            for cost in costs
        ),
        Column("accuracy,\npoints", [change_cell(row.chosen.effect.accuracy) for row in rows], right=True),
        Column("sure,\n%", [f"{100 * row.chosen.confidence(row.budget):.0f}" for row in rows], right=True),
        Column("95 %\nsure", [row.sure.trial.trial_id for row in rows], right=True, rank=1),
        *(
            Column(cost.best, [row.best[cost.name].trial.trial_id for row in rows], right=True, rank=2)
            for cost in costs
        ),
    ]


def share_of(row: Recommendation, cost: Objective) -> str:
    """What the chosen trial takes, and how many times the baseline's that is."""
    change = row.chosen.effect.change(cost)
    return f"{taken(row, cost)} ({ratio_cell(change, known=False)})"


def taken(row: Recommendation, cost: Objective) -> str:
    return cost.show(row.chosen.trial.figure(cost.name))


def tabled(columns: Sequence[Column]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Headings on one line, and rows, for a page."""
    cells = list(zip(*(column.cells for column in columns), strict=True))
    return [" ".join(column.heading.split("\n")) for column in columns], cells
