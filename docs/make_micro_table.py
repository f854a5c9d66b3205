"""Writes the table of docs/microcontrollers.md from the records of a run: python docs/make_micro_table.py RUN."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kwssearch.errors import counted
from kwssearch.report import trial_rows
from kwssearch.runs import Run, load
from kwssearch.space.devices import Device, shipped_devices

PAGE = Path(__file__).with_name("microcontrollers.md")
MARKS = re.compile(r"(<!-- measured models -->\n).*?(<!-- /measured models -->)", re.DOTALL)
DEVICE = "nano33ble"
HEADS = ("model", "accuracy, %", "zipped, kB", "flash, kB", "RAM, kB", "arena, kB", "MACs, million", "estimate, ms")


def section(run: Run, device: Device) -> str:
    """The table and what it is made of: the baselines, and every int8 file that is completed."""
    chosen = [row for row in trial_rows(run) if row["status"] == "completed" and is_shown(row)]
    chosen.sort(key=lambda row: (row["activation_bytes"], row["tflite_bytes"]))
    return "\n".join([*told(run, len(chosen)), "", *lines(chosen, device), ""])


def is_shown(row: Mapping[str, Any]) -> bool:
    return bool(row["quantization"] == "int8" or row["strategy"] == "baseline")


def told(run: Run, shown: int) -> list[str]:
    """Which run it is, in lines."""
    executions = sorted({len(trial.executions) for trial in run.completed})
    seeds = f"{executions[0]} to {executions[-1]} seeds" if len(executions) > 1 else counted(executions[0], "seed")
    clips, host = len(run.labels), run.record["environment"]
    return textwrap.wrap(
        f"`{run.folder.name}`: {shown} of its {len(run.completed)} completed trials ({len(run.trials)} in all), "
        f"{seeds} each, {run.space.recipe.epochs} epochs; {clips:,} test clips of {len(run.words)} words; trained on "
        f"{host['cpu']}, {counted(host['cores'], 'core')}, Python {host['python']}, tensorflow "
        f"{run.record['versions']['tensorflow']}.",
        width=120,
    )


def lines(rows: Sequence[Mapping[str, Any]], device: Device) -> Iterator[str]:
    yield f"| {' | '.join(HEADS)} |"
    yield f"|---|{'---:|' * (len(HEADS) - 1)}"
    for row in rows:
        yield f"| {' | '.join(cells(row, device))} |"


def cells(row: Mapping[str, Any], device: Device) -> Iterator[str]:
    yield f"{row['features']} {row['short_name']}"
    yield f"{100 * row['accuracy']:.1f} ({100 * row['accuracy_low']:.1f}–{100 * row['accuracy_high']:.1f})"
    for name in ("memory_bytes", "tflite_bytes", "activation_bytes", "arena_bytes"):
        yield "" if row[name] is None else f"{row[name] / 1000:.1f}"
    yield f"{row['macs'] / 1e6:.2f}"
    seconds = device.seconds(row["macs"]) if row["quantization"] == "int8" else None
    yield "" if seconds is None else " to ".join(f"{1000 * end:,.0f}" for end in seconds)


if __name__ == "__main__":
    text = section(load(sys.argv[1]), shipped_devices()[DEVICE])
    PAGE.write_text(
        MARKS.sub(lambda found: found[1] + text + found[2], PAGE.read_text(encoding="utf-8")), encoding="utf-8"
    )
