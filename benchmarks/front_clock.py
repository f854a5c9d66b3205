"""The front of `full` on the clock: python benchmarks/front_clock.py SIDE... --data DIR [--out FILE]

`grid` and `front` train from scratch, `grid-dense` and `front-dense` start sparse models from the dense ones, and
`front-int8` has each point's int8 file too (`full-int8`); each is a search in a process of its own with an empty cache.
`plain` is the KerasTuner script: hours, so that it trains each shape for a few epochs, dense and sparse, and the grid's
time is added up of what an epoch and the rest took. `recorded` tells of a recorded grid (--grid RUN) what it would take
at least: the CPU seconds of its trainings over two workers, at the pace that `front` had on the same data. A front's
hypervolume is on the scale of every report. What other sides left in FILE stays there.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import HERE, PRUNING_TABLE, run_plain, timed, with_lists
from bench_figures import AXES

from kwssearch import runs
from kwssearch.analysis import hypervolume
from kwssearch.policies import key_of
from kwssearch.space import load_space, shipped_spaces
from kwssearch.system import environment

SEARCHES = {
    "grid": ("full", "grid", False), "front": ("full", "front", False),
    "grid-dense": ("full", "grid", True), "front-dense": ("full", "front", True),
    "front-int8": ("full-int8", "front", False),
}  # fmt: skip
FROM_DENSE = '[pruning]\nstart = "dense"\n'
FEW, MORE = 1, 2  # epochs of the plain script, of which an epoch's seconds are told from the rest


def search(name: str, data: Path, folder: Path) -> dict[str, Any]:
    """One search, whole, and what it found."""
    declared, oracle, dense = SEARCHES[name]
    text = shipped_spaces()[declared].read_text()
    folder.mkdir()
    space = folder / f"{declared}.toml"
    space.write_text(f"{re.sub(PRUNING_TABLE, '', text)}\n{FROM_DENSE}" if dense else text)
    command = [sys.executable, "-m", "kwssearch", "run", str(space), "--data", str(data), "--search", oracle]
    environ = {**os.environ, "KWSSEARCH_CACHE": str(folder / "cache")}
    seconds = timed([*command, "--out", str(folder / "run")], environ, (0, 1))  # 1: an int8 file was refused
    run = runs.load(folder / "run")
    return {
        "seconds": seconds, "trained": len(run.completed), "hypervolume": hypervolume(run.completed),
        "train_cpu_seconds": sum(trial.executions[0]["train_cpu_seconds"] for trial in run.completed),
        "points": [{axis: trial.values[axis] for axis in AXES} for trial in run.completed],
    }  # fmt: skip


def plain(data: Path, folder: Path) -> dict[str, Any]:
    """Seconds of the plain script for each point of the grid, added up of what its shapes took."""
    space = load_space("full")
    points = [dict(trial.values) for trial in space.trials]
    shapes = {shape_of(point): {axis: point[axis] for axis in AXES} for point in points}
    seconds = {}
    for epochs in (FEW, MORE):
        found = run_plain(data, list(shapes.values()), epochs, 42, folder / str(epochs))
        seconds[epochs] = {shape_of(record): record["seconds"] for record in found["trials"].values()}
    whole = {}
    for shape in shapes:
        epoch = (seconds[MORE][shape] - seconds[FEW][shape]) / (MORE - FEW)
        whole[" ".join(map(str, shape))] = seconds[FEW][shape] + (space.recipe.epochs - FEW) * epoch
    return {"seconds": sum(whole[" ".join(map(str, shape_of(point)))] for point in points), "of_a_point": whole}


def least(run: runs.Run, front: dict[str, Any]) -> dict[str, Any]:
    """What two workers need for a grid's float32 trainings, by its records and the pace of a front on the same data."""
    seconds = {
        key_of({axis: trial.values[axis] for axis in AXES}): trial.executions[0]["train_cpu_seconds"]
        for trial in run.completed
        if trial.values["quantization"] == "none"
    }
    pace = front["train_cpu_seconds"] / sum(seconds[key_of(point)] for point in front["points"])
    return {"seconds": pace * sum(seconds.values()) / 2, "run": run.folder.name, "pace": pace}


def shape_of(point: Any) -> tuple[Any, ...]:
    """What the plain script's time depends on; all sparsities take as long."""
    return (*(point[axis] for axis in AXES[:-1]), point["final_sparsity"] > 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sides", nargs="+", choices=[*SEARCHES, "plain", "recorded"], metavar="SIDE")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "front-clock.json")
    parser.add_argument("--grid", type=Path, metavar="RUN", help="for `recorded`")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = with_lists(given.data.resolve(), Path(temporary) / "words")
        for side in given.sides:
            folder, began = Path(temporary) / side, time.strftime("%Y-%m-%d")
            record = json.loads(given.out.read_text()) if given.out.exists() else {}
            if side == "recorded":
                found = least(runs.load(given.grid), record["front"])
            else:
                found = plain(data, folder) if side == "plain" else search(side, data, folder)
            record[side] = {"date": began, "environment": environment.describe(), **found}
            given.out.write_text(json.dumps(record, indent=1) + "\n")
            print(f"{side}: {found['seconds']:,.0f} s", flush=True)


if __name__ == "__main__":
    main()
