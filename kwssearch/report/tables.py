"""Rows for people and for programs: tables, JSON and CSV on standard output."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from kwssearch.analysis import grouped
from kwssearch.report.layout import Column, table_lines, terminal_width
from kwssearch.space import (
    ACCURACY,
    FLASH,
    RAM,
    Objective,
    all_axes,
    kilobytes,
    objectives_named,
    percents,
)

Row = Mapping[str, Any]


def as_json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False)


def show(columns: Sequence[Column], wide: bool = False) -> None:
    """Prints a table that fits the terminal, or as wide as it is."""
    click.echo("\n".join(table_lines(columns, None if wide else terminal_width())))


def show_trials(
    rows: Sequence[Row], front: bool = False, objectives: Sequence[Objective] | None = None, wide: bool = False
) -> None:
    """Trials with their objectives, the front with how sure each place is; what to mind goes to standard error.

    Args:
        wide: every axis, interval and strategy in a column of its own, however wide the table gets.
    """
    show(trial_columns(rows, front, objectives or objectives_named(), wide), wide)
    if any(row["latency_provisional"] for row in rows):
        click.echo("~ provisional: measured beside training; 'kwssearch measure RUN' times models alone.", err=True)
    for sentence in grouped([(row["trial_id"], phrase) for row in rows for phrase in row["warnings"]]):
        click.echo(f"Warning: {sentence}", err=True)


def trial_columns(rows: Sequence[Row], front: bool, objectives: Sequence[Objective], wide: bool) -> list[Column]:
    sizes = [size for size in (FLASH, RAM) if size not in objectives]
    status = ["" if row["status"] == "completed" else status_cell(row) for row in rows]
    columns = [
        Column("trial", [str(row["trial_id"]) for row in rows]),
        Column("strategy", [str(row["strategy"]) for row in rows], rank=2),
        *(axis_columns(rows) if wide else [model_column(rows)]),
    ]
    columns += [] if front else [Column("status", status)]
    if wide and any(row["word_accuracy"] is not None for row in rows):
        columns.append(Column("of words\nalone, %", [word_cell(row) for row in rows], right=True))
    for objective in (*objectives, *sizes):
        columns += objective_columns(rows, objective, wide)
    if wide and any(row["micro"] for row in rows):
        columns.append(Column("TFLM", [row["micro"] or "" for row in rows]))
        columns.append(Column("64-bit\narena kB", [size_cell(row["arena_bytes"]) for row in rows], right=True))
    if front:
        heading = "front in\n% of worlds" if wide else "front\nin %"
        columns.append(Column(heading, [share_cell(row) for row in rows], right=True))
        columns.append(Column("ties with", [" ".join(row["tied_with"]) for row in rows], wraps=True))
    else:
        columns.append(Column("on\nfront", ["yes" if row["on_front"] else "" for row in rows]))
    return columns


def model_column(rows: Sequence[Row]) -> Column:
    short = [f"{row['features']} {row['short_name']}" for row in rows]
    return Column("model", [row["name"] for row in rows], wraps=True, short=short)


def axis_columns(rows: Sequence[Row]) -> list[Column]:
    found = []
    for axis in all_axes():
        values = [row[axis.name] for row in rows]
        numbers = any(isinstance(value, int | float) for value in values)
        cells = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
        found.append(Column(axis.heading, cells, right=numbers))
    return found


def objective_columns(rows: Sequence[Row], objective: Objective, wide: bool) -> list[Column]:
    """Its figures without their unit, which stands in the heading; accuracy with its interval."""
    cells = [figure_cell(row, objective) for row in rows]
    if objective.is_cost:
        return [Column(f"{objective.noun}\n{objective.unit}", cells, right=True)]
    intervals, noun = [interval_cell(row, objective) for row in rows], objective.noun
    if wide:
        return [Column(f"{noun}\n%", cells, right=True), Column("95 %\ninterval", intervals, right=True)]
    both = [f"{cell} ({interval})" if cell else "" for cell, interval in zip(cells, intervals, strict=True)]
    return [Column(f"{noun}, %\n(95 % interval)", both, right=True)]


def figure_cell(row: Row, objective: Objective) -> str:
    if row["accuracy"] is None or row[objective.name] is None:
        return ""
    mark = "~" if objective.interval == "rounds" and row["latency_provisional"] else ""
    return mark + objective.show(row[objective.name]).removesuffix(f" {objective.unit}")


def size_cell(size: float | None) -> str:
    """Kilobytes without their unit."""
    return "" if size is None else kilobytes(size).removesuffix(" kB")


def interval_cell(row: Row, objective: Objective = ACCURACY) -> str:
    """Of a share, without its unit."""
    ends = [row[f"{objective.name}_{end}"] for end in ("low", "high")]
    return "" if None in ends else "–".join(percents(end).removesuffix(" %") for end in ends)


def word_cell(row: Row) -> str:
    """Accuracy over clips of words alone, where other sounds are classes too."""
    return "" if row["word_accuracy"] is None else percents(row["word_accuracy"]).removesuffix(" %")


def status_cell(row: Row) -> str:
    return str(row["status"]).replace("_", " ")


def share_cell(row: Row) -> str:
    return "" if row["front_share"] is None else f"{100 * row['front_share']:.0f}"


def show_trial(details: Mapping[str, Any], objectives: Sequence[Objective] | None = None) -> None:
    """One trial: what it is, its figures, and what it makes of each word (of `rows.trial_details`)."""
    width = terminal_width()
    click.echo(f"Trial {details['trial_id']}: {details['name']} ({details['strategy']}, {status_cell(details)})")
    if details["reason"]:
        click.echo(f"Reason: {details['reason']}")
    if not details["words"]:
        return
    for objective in dict.fromkeys((*(objectives or objectives_named()), FLASH, RAM)):
        if details[objective.name] is None:
            continue
        shown = objective.show(details[objective.name])
        interval = "" if objective.is_cost else f" (95 % interval {interval_cell(details, objective)} %)"
        click.echo(f"  {objective.noun} {shown}{interval}")
    if details["word_accuracy"] is not None:
        click.echo(f"  accuracy over words alone {percents(details['word_accuracy'])}")
    click.echo(f"  balanced accuracy {percents(details['balanced_accuracy'])}")
    click.echo("".join(f"  {line}\n" for line in file_lines(details)))
    click.echo("\n".join(table_lines(word_columns(details["words"]), width)))
    mistakes = details["mistakes"][:10]
    if mistakes:
        click.echo("\nMost frequent mistakes, in clips:\n")
        click.echo("\n".join(table_lines(mistake_columns(mistakes), width)))
    for phrase in details["warnings"]:
        click.echo(f"Warning: trial {details['trial_id']}: {phrase}.", err=True)


def file_lines(details: Row) -> list[str]:
    """What is known of a file beside its sizes: how a quantised one answers, and whether a microcontroller takes it."""
    found = []
    if details["twin_agreement"] is not None:
        change = f"{100 * details['twin_difference']:+.1f} points of accuracy"
        found.append(f"answers as its float32 file on {percents(details['twin_agreement'])} of the clips ({change})")
    if details["reference_agreement"] is not None:
        found.append(f"answers alike with LiteRT's reference kernels on {percents(details['reference_agreement'])}")
    if details["micro"] == "yes":
        found.append(f"runs in TensorFlow Lite Micro: arena {kilobytes(details['arena_bytes'])} on a 64-bit host")
    elif details["micro"] == "no":
        found.append("does not run in TensorFlow Lite Micro")
    return found


def word_columns(words: Sequence[Mapping[str, Any]]) -> list[Column]:
    def share(value: float | None) -> str:
        return "" if value is None else f"{100 * value:.1f}"

    intervals = [f"{share(word['recall_low'])}–{share(word['recall_high'])}" if word["clips"] else "" for word in words]
    return [
        Column("word", [str(word["word"]) for word in words], wraps=True),
        Column("test\nclips", [f"{word['clips']:,}" for word in words], right=True),
        Column("recall\n%", [share(word["recall"]) for word in words], right=True),
        Column("95 %\ninterval", intervals, right=True),
        Column("precision\n%", [share(word["precision"]) for word in words], right=True),
    ]


def mistake_columns(mistakes: Sequence[Mapping[str, Any]]) -> list[Column]:
    return [
        Column("word", [str(mistake["word"]) for mistake in mistakes], wraps=True),
        Column("taken for", [str(mistake["taken_for"]) for mistake in mistakes], wraps=True),
        Column("clips", [f"{mistake['clips']:.1f}".removesuffix(".0") for mistake in mistakes], right=True),
    ]
