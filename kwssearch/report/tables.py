"""Rows for people and for programs: tables, JSON and CSV on standard output."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kwssearch.space import Objective, all_axes, objectives_named, percents

Row = Mapping[str, Any]


def as_json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False)


def show(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table as wide as it needs to be."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in headings:
        words = heading in ("trial", "strategy", "features", "architecture", "status", "tied with")
        table.add_column(heading, justify="left" if words else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(width=10_000, highlight=False)
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines() if line.strip()))


def show_trials(rows: Sequence[Row], front: bool = False, objectives: Sequence[Objective] | None = None) -> None:
    """Trials with their objectives; the front with how sure each place is."""
    objectives = objectives or objectives_named()
    provisional = any(row["latency_provisional"] for row in rows)
    headings = ["trial", "strategy", *(axis.heading for axis in all_axes())]
    headings += [] if front else ["status"]
    for objective in objectives:
        headings += [objective.noun] if objective.is_cost else [objective.noun, "95 % interval"]
    headings += ["on the front in", "tied with"] if front else ["on front"]
    show(headings, [cells(row, front, objectives) for row in rows])
    if provisional:
        click.echo("~ provisional: measured beside training; 'kwssearch measure RUN' times models alone.", err=True)


def cells(row: Row, front: bool, objectives: Sequence[Objective]) -> list[str]:
    start = point_cells(row) + ([] if front else [row["status"]])
    if row["accuracy"] is None:
        return [*start, *[""] * (len(objectives) + 1), *([""] * 2 if front else [""])]
    figures = []
    for objective in objectives:
        mark = "~" if objective.interval == "rounds" and row["latency_provisional"] else ""
        figures.append(mark + objective.show(row[objective.name]))
        if not objective.is_cost:
            figures.append(f"{percents(row['accuracy_low'])} – {percents(row['accuracy_high'])}")
    if front:
        return [*start, *figures, f"{100 * row['front_share']:.0f} %", " ".join(row["tied_with"])]
    return [*start, *figures, "yes" if row["on_front"] else ""]


def point_cells(row: Row) -> list[str]:
    """Trial, strategy, and the value of each axis."""
    values = (row[axis.name] for axis in all_axes())
    shown = (f"{value:g}" if isinstance(value, float) else str(value) for value in values)
    return [str(row["trial_id"]), str(row["strategy"]), *shown]


def show_space(rows: Sequence[Row]) -> None:
    headings = ["trial", "strategy", *(axis.heading for axis in all_axes()), "input", "parameters", "MACs"]
    show(
        headings,
        [
            [
                *point_cells(row),
                "×".join(map(str, row["input_shape"])),
                f"{row['parameters']:,}",
                f"{row['macs']:,}",
            ]
            for row in rows
        ],
    )
