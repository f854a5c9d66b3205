"""What a search has cost: trainings and hours, by strategy."""

from __future__ import annotations

from typing import NamedTuple

from kwssearch.errors import counted
from kwssearch.report.stops import is_finite
from kwssearch.runs import Execution, Run

COST_IS = (
    "Hours of training on the clock, without conversion, scoring and timing; trainings that shared their beginning "
    "each count it. Files of one training, and trainings that another run or trial lent, cost nothing more."
)


class Spent(NamedTuple):
    """Trainings of one strategy, of all their completed executions, and how long they took."""

    strategy: str
    trainings: int
    hours: float
    files: int


def spending(run: Run) -> list[Spent]:
    """For each strategy that has completed executions, in declared order."""
    found = []
    for strategy in run.space.strategies:
        own = [e for trial in run.completed if trial.strategy == strategy.name for e in trial.executions]
        trained = [execution for execution in own if "origin" not in execution.record]
        if own:
            found.append(Spent(strategy.name, len(trained), sum(map(seconds, trained)) / 3600, len(own)))
    return found


def seconds(execution: Execution) -> float:
    """Of training; older records know only those of the whole attempt."""
    told = execution.record.get("train_seconds")
    return float(told if is_finite(told) else execution["seconds"])


def spending_rows(found: list[Spent]) -> list[tuple[str, str, str, str, str]]:
    """Cells of a table, with a sum at its end."""
    total = sum(spent.hours for spent in found) or 1.0
    rows = [(s.strategy, f"{s.files:,}", f"{s.trainings:,}", hours_cell(s.hours), share(s.hours, total)) for s in found]
    if len(found) < 2:
        return rows
    files, trainings = sum(s.files for s in found), sum(s.trainings for s in found)
    return [*rows, ("all", f"{files:,}", f"{trainings:,}", hours_cell(sum(s.hours for s in found)), "")]


def hours_cell(hours: float) -> str:
    return f"{hours:.2f}" if hours < 10 else f"{hours:,.1f}"


def share(hours: float, total: float) -> str:
    return f"{100 * hours / total:.0f} %"


def spending_sentence(found: list[Spent]) -> str:
    trainings = sum(spent.trainings for spent in found)
    return f"{counted(trainings, 'training')} took {hours_cell(sum(s.hours for s in found))} hours. {COST_IS}"
