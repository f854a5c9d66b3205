"""Two runs side by side: what differs, and what came of the trials that both have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from kwssearch.analysis import Interval, SideBySide
from kwssearch.errors import counted
from kwssearch.report.layout import Column
from kwssearch.report.tables import Row, show
from kwssearch.space import percents


def diff_rows(both: SideBySide) -> list[dict[str, Any]]:
    """JSON-ready, a row for each shared trial in the first run's order; ratios are of the second's costs."""
    return [
        {
            "trial_id": pair.one.trial_id,
            "other_trial_id": pair.other.trial_id,
            "model": pair.one.name,
            "accuracy": pair.one.accuracy,
            "other_accuracy": pair.other.accuracy,
            "difference": list(pair.accuracy),
            **{f"{name}_ratio": ratio for name, ratio in pair.ratios.items()},
        }
        for pair in both.pairs
    ]


def diff_record(both: SideBySide) -> dict[str, Any]:
    """JSON-ready: what differs, whether differences are paired, the shared trials, and their mean difference."""
    average = None if both.average is None else list(both.average)
    return {
        "differences": both.differences,
        "paired": both.paired,
        "trials": diff_rows(both),
        "average_difference": average,
    }


def show_diff(both: SideBySide, wide: bool = False) -> None:
    """Prints what `diff_record` holds."""
    differing = both.differences
    click.echo("What differs:" if differing else "Nothing differs in space, recipe, data, versions or machine.")
    for phrase in differing:
        click.echo(f"- {phrase}")
    rows = diff_rows(both)
    counts = len(both.one.completed), len(both.other.completed)
    click.echo(f"\n{counted(len(rows), 'trial')} in both, of {counts[0]} and {counts[1]} that are completed.")
    if both.average is None:
        return
    click.echo("")
    show(columns(rows, both), wide)
    how = "on the same test clips" if both.paired else "not paired, since the test clips differ"
    click.echo(f"\nThe second run against the first, {how}: {change(both.average)} on average.")


def columns(rows: Sequence[Row], both: SideBySide) -> list[Column]:
    return [
        Column("trial", [row["trial_id"] for row in rows]),
        Column("there", [row["other_trial_id"] for row in rows]),
        Column("model", [row["model"] for row in rows], wraps=True),
        Column("accuracy\n%", [percents(row["accuracy"]).removesuffix("%") for row in rows], right=True),
        Column("there\n%", [percents(row["other_accuracy"]).removesuffix("%") for row in rows], right=True),
        Column("change\n(95 % interval)", [change(Interval(*row["difference"])) for row in rows], right=True),
        *(
            Column(f"{cost.noun}\ntimes", [f"{row[f'{cost.name}_ratio']:.2f}" for row in rows], right=True, rank=1)
            for cost in both.costs
        ),
    ]


def change(difference: Interval) -> str:
    """A difference of accuracies in points, with its interval."""
    value, low, high = (100 * figure for figure in difference)
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"
