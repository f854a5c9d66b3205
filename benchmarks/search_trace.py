"""Traces one search, what each worker does when: python benchmarks/search_trace.py [SPACE] --data DIR [--out DIR]

The search is a process of its own; its run folder is looked at ten times a second. `training` is from a model's making
to its last epoch, tracing and validation included; `ending` is what follows: batch statistics, conversion, scoring.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bench import POINTS, declared

from kwssearch.report.drawing import canvas, images, settle, styled
from kwssearch.runs.records import PROGRESS_RECORD, RESULT_RECORD
from kwssearch.system import environment
from kwssearch.system.storage import read_json

LOOKS_A_SECOND = 10
COLORS = {
    "start-up": "0.8", "features": "#cc78bc", "training": "#0173b2", "ending": "#de8f05", "converting": "#029e73",
    "idle": "0.92", "final timing": "#ca9161",
}  # fmt: skip


class Span(NamedTuple):
    """Seconds since the search began in which a worker did one thing."""

    lane: int
    what: str
    begin: float
    end: float


def watch(command: list[str], run: Path, epochs: int, cache: Path) -> tuple[dict[str, list[tuple[float, str]]], float]:
    """Trial -> what it came to when, and how long the search took, whose cache is empty."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = time.monotonic()
    seen: dict[str, list[tuple[float, str]]] = {}
    with subprocess.Popen(command, env={**os.environ, "KWSSEARCH_CACHE": str(cache)}, **quiet) as process:
        while process.poll() is None:
            now = time.monotonic() - started
            for folder in run.glob("trial_*"):
                stages = seen.setdefault(folder.name, [])
                stage = stage_of(folder, epochs)
                if stage is not None and (not stages or stages[-1][1] != stage):
                    stages.append((now, stage))
            time.sleep(1 / LOOKS_A_SECOND)
    if process.returncode:
        raise SystemExit(f"the search ended with exit code {process.returncode}")
    return seen, time.monotonic() - started


def stage_of(folder: Path, epochs: int) -> str | None:
    """What is done with a trial now; None if nothing is yet."""
    if (folder / RESULT_RECORD).exists():
        return "done"
    try:
        progress = read_json(folder / PROGRESS_RECORD)
    except (OSError, ValueError):
        return None
    if progress["epoch"] >= epochs:
        return "ending"
    stage = str(progress.get("stage", "training"))
    return "features" if stage == "making features" else stage


def spans(seen: Mapping[str, list[tuple[float, str]]], whole: float, workers: int) -> Iterator[Span]:
    """What fills each worker's time; a trial is on the first lane that is free when it begins."""
    begun = sorted((stages for stages in seen.values() if stages), key=lambda stages: stages[0])
    free = [0.0] * workers
    for stages in begun:
        began, ended = stages[0][0], stages[-1][0]
        lane = min(range(workers), key=lambda lane: free[lane])
        yield Span(lane, "start-up" if free[lane] == 0 else "idle", free[lane], began)
        for (begin, what), (end, _) in itertools.pairwise(stages):
            yield Span(lane, what, begin, end)
        free[lane] = ended
    last = max(free)
    for lane in range(workers):
        yield Span(lane, "idle", free[lane], last)
        yield Span(lane, "final timing", last, whole)


def shares(found: list[Span], workers: int, whole: float) -> dict[str, float]:
    """What part of the workers' time went where."""
    seconds: dict[str, float] = {}
    for span in found:
        seconds[span.what] = seconds.get(span.what, 0.0) + span.end - span.begin
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    return {what: round(value / (workers * whole), 4) for what, value in ordered}


def picture(found: list[Span], workers: int, title: str) -> bytes:
    with styled():
        figure, (axes,) = canvas(11.0, 1.6 + 0.5 * workers)
        for span in found:
            color = COLORS[span.what]
            axes.barh(span.lane, span.end - span.begin, left=span.begin, color=color, height=0.7, linewidth=0)
        axes.set_yticks(range(workers), [f"worker {lane + 1}" for lane in range(workers)])
        axes.set_xlabel("seconds since the search began")
        axes.set_title(title, fontsize="medium")
        for what, color in COLORS.items():
            axes.barh(0, 0, color=color, label=what)
        figure.legend(ncols=len(COLORS), loc="outside lower center", frameon=False, fontsize="small")
        settle(figure)
        return images(figure)["png"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("space", nargs="?", help="the twelve points of bench.py by default")
    parser.add_argument("--data", required=True)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, help="folder for trace.png and trace.json")
    given = parser.parse_args()
    name = given.space or "twelve points of lab4"
    with tempfile.TemporaryDirectory() as folder:
        run, space = Path(folder) / "run", given.space
        if space is None:
            space = Path(folder) / "twelve.toml"
            space.write_text(declared(POINTS, seed=42))
        asked = ["--data", given.data, "--out", run, "--epochs", given.epochs, "--workers", given.workers]
        command = [sys.executable, "-m", "kwssearch", "run", str(space), *map(str, asked)]
        seen, whole = watch(command, run, given.epochs, Path(folder) / "cache")
        found = list(spans(seen, whole, given.workers))
        record: dict[str, Any] = {
            "space": name, "epochs": given.epochs, "workers": given.workers, "seconds": round(whole, 1),
            "environment": environment.describe(), "shares": shares(found, given.workers, whole),
        }  # fmt: skip
    print(json.dumps(record["shares"], indent=1))
    if given.out is not None:
        (given.out / "trace.png").write_bytes(picture(found, given.workers, f"{name}, {given.epochs} epochs"))
        (given.out / "trace.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
