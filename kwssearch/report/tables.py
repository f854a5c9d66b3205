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

from kwssearch.analysis.wording import kilobytes

Row = Mapping[str, Any]
SEARCHED = ("trial_id", "strategy", "features", "architecture", "width_multiplier", "final_sparsity")


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


def show_trials(rows: Sequence[Row], front: bool = False) -> None:
    """Trials with their objectives; the front with how sure each place is."""
    provisional = any(row["latency_provisional"] for row in rows)
    headings = ["trial", "strategy", "features", "architecture", "α", "sparsity"]
    headings += [] if front else ["status"]
    headings += ["accuracy", "95 % interval", "memory", "latency"]
    headings += ["on the front in", "tied with"] if front else ["on front"]
    show(headings, [cells(row, front) for row in rows])
    if provisional:
        click.echo("~ provisional: measured beside training; 'kwssearch measure RUN' times models alone.", err=True)


def cells(row: Row, front: bool) -> list[str]:
    start = [*(str(row[key]) for key in SEARCHED[:4]), f"{row['width_multiplier']:g}", f"{row['final_sparsity']:g}"]
    start += [] if front else [row["status"]]
    if row["accuracy"] is None:
        return [*start, *[""] * 4, *([""] * 2 if front else [""])]
    figures = [
        f"{row['accuracy']:.1%}",
        f"{row['accuracy_low']:.1%} – {row['accuracy_high']:.1%}",
        kilobytes(row["memory_bytes"]),
        f"{'~' if row['latency_provisional'] else ''}{row['latency_ms']:.3f} ms",
    ]
    if front:
        return [*start, *figures, f"{row['front_share']:.0%}", " ".join(row["tied_with"])]
    return [*start, *figures, "yes" if row["on_front"] else ""]


def show_space(rows: Sequence[Row]) -> None:
    headings = ["trial", "strategy", "features", "architecture", "α", "sparsity", "input", "parameters", "MACs"]
    show(
        headings,
        [
            [
                *(str(row[key]) for key in SEARCHED[:4]),
                f"{row['width_multiplier']:g}",
                f"{row['final_sparsity']:g}",
                "×".join(map(str, row["input_shape"])),
                f"{row['parameters']:,}",
                f"{row['macs']:,}",
            ]
            for row in rows
        ],
    )
