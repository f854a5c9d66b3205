"""Tables of what is to be searched: the trials of a space, and the devices that they are for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import click

from kwssearch.report.layout import Column, terminal_width, wrapped
from kwssearch.report.tables import Row, axis_columns, model_column, show, size_cell
from kwssearch.space import FLASH, MEMORY, RAM, Device, Limits


def show_space(rows: Sequence[Row], wide: bool = False) -> None:
    """The trials of a space with what each costs on paper."""
    show(
        [
            Column("trial", [str(row["trial_id"]) for row in rows]),
            Column("strategy", [str(row["strategy"]) for row in rows], wraps=True),
            *(axis_columns(rows) if wide else [model_column(rows)]),
            Column("input", ["×".join(map(str, row["input_shape"])) for row in rows], right=True),
            Column("parameters", [f"{row['parameters']:,}" for row in rows], right=True),
            Column("MACs", [f"{row['macs']:,}" for row in rows], right=True),
            *(known_columns(rows) if all("train_cpu_seconds" in row for row in rows) else []),
            *(fit_columns(rows) if all("fits" in row for row in rows) else []),
        ],
        wide,
    )


def known_columns(rows: Sequence[Row]) -> list[Column]:
    """What is known before training, of `foreknowledge.known_of`."""
    sizes = [] if all("fits" in row for row in rows) else size_columns(rows)
    return [
        *sizes,
        Column("latency\nms", [f"{row['latency_ms']:.3g}" for row in rows], right=True),
        Column("training\ns", [f"{row['train_cpu_seconds']:,.0f}" for row in rows], right=True),
    ]


def size_columns(rows: Sequence[Row]) -> list[Column]:
    costs = (FLASH, RAM, MEMORY)
    return [Column(f"{cost.noun}\nkB", [size_cell(row[cost.name]) for row in rows], right=True) for cost in costs]


def fit_columns(rows: Sequence[Row]) -> list[Column]:
    """What files will weigh, which limits they cannot keep, and how long a device takes, of `fitting.fit_rows`."""
    nouns = {cost.name: cost.noun for cost in (FLASH, RAM, MEMORY)}
    fits = ["yes" if row["fits"] else "not " + ", ".join(nouns[name] for name in row["misses"]) for row in rows]
    estimates = Column("about\nms", list(map(estimate_cell, rows)), right=True)
    return [*size_columns(rows), Column("fits", fits, wraps=True), estimates]


def estimate_cell(row: Row) -> str:
    if row["estimated_ms"] is None:
        return ""
    return "–".join(f"{end:,.0f}" if end >= 100 else f"{end:.3g}" for end in row["estimated_ms"])


def share_cell(row: Row) -> str:
    """What of flash and RAM is not the model's, where there is any."""
    return "" if row["flash"] is row["ram"] is None else f"{100 * row['for_application']:.0f} %"


def device_rows(devices: Iterable[Device]) -> list[dict[str, Any]]:
    """JSON-ready; sizes in bytes, what a model may cost in `limits`."""
    return [{**asdict(device), "limits": device.limits.to_dict()} for device in devices]


def show_devices(rows: Sequence[Row], wide: bool = False) -> None:
    """What devices have and ask (of `device_rows`)."""
    limits = ["; ".join(Limits(**row["limits"]).sentences) for row in rows]
    columns = [
        Column("name", [row["name"] for row in rows]),
        Column("what it is", [row["title"] for row in rows], wraps=True),
        Column("flash\nkB", [size_cell(row["flash"]) for row in rows], right=True),
        Column("RAM\nkB", [size_cell(row["ram"]) for row in rows], right=True),
        Column("left for\nthe rest", [share_cell(row) for row in rows], right=True),
        Column("MHz", ["" if row["clock_mhz"] is None else f"{row['clock_mhz']:g}" for row in rows], right=True),
        Column("a model may cost", limits, wraps=True),
    ]
    show(columns, wide)
    click.echo("\nSources:")
    for row in rows:
        click.echo("\n".join(wrapped(f"{row['name']}: {row['source']}.", terminal_width(), indent=2)))
