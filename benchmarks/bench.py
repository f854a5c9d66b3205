"""kwssearch against the plain KerasTuner script: the same clips, points, seed and epochs, in alternation.

Twelve points of lab4 at 4 epochs, or with --whole all of it at its own. A third side is kwssearch again, whose sparse
models start from the finished dense ones. Round n trains with the n-th seed, and even rounds take the sides backwards.

Seconds are wall-clock of whole processes: start-up, features, training, conversion, scoring, and on
our sides the final timing of all models. Our caches are empty at every start.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from bench_figures import Point, Round, compare, name_of, show

from kwssearch import runs
from kwssearch.data.dataset import load_data
from kwssearch.sources import LISTS
from kwssearch.space.declaration import load_space, shipped_spaces
from kwssearch.system import environment

HERE = Path(__file__).parent
VARIED = [{}, {"architecture": "ds_cnn"}, {"width_multiplier": 0.5}, {"width_multiplier": 0.25},
          {"final_sparsity": 0.7}, {"final_sparsity": 0.9}]  # fmt: skip
BASELINE = {"architecture": "cnn", "width_multiplier": 1.0, "final_sparsity": 0.0}
POINTS = [{"features": f, **BASELINE, **varied} for f in ("log_mel", "mfcc") for varied in VARIED]
STRATEGIES = """
[[strategy]]
name = "DS-CNN"
architecture = "ds_cnn"
[[strategy]]
name = "width multiplier"
width_multiplier = [0.5, 0.25]
[[strategy]]
name = "pruning"
final_sparsity = [0.7, 0.9]
"""
DENSE_SHARE = 8 / 20  # of the epochs
PRUNING_TABLE = r"(?ms)^\[pruning\].*?(?=^\[)"
PEAK = """
import sys, time
from kwssearch import backend
from kwssearch.backend import tf
backend.configure(threads=int(sys.argv[1]))
for kind in (tf.bfloat16, tf.float32):
    best = 1e9
    for size in (1024, 2048):
        a, b = (tf.cast(tf.random.stateless_normal((size, size), (1, s)), kind) for s in (2, 3))
        product = tf.function(lambda: tf.matmul(a, b))
        product()
        for _ in range(9):
            began = time.perf_counter()
            product()
            best = min(best, (time.perf_counter() - began) / size**3)
    print(2 / best / 1e9)
"""


def matrix_peaks() -> dict[str, float]:
    """GFLOP/s of the best matrix product, by precision and threads."""
    peaks = {}
    for threads in (1, environment.available_cores()):
        command = [sys.executable, "-c", PEAK, str(threads)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        peaks |= {f"bfloat16 {threads}": float(printed[0]), f"float32 {threads}": float(printed[1])}
    return peaks


def with_lists(data: Path, folder: Path) -> Path:
    """The same words with split lists of our own, so that both sides have the same splits whatever the folder holds."""
    loaded = load_data(data)
    folder.mkdir(parents=True)
    for word in loaded.words:
        (folder / word).symlink_to((loaded.root / word).resolve())
    for split, name in LISTS.items():
        (folder / name).write_text("".join(f"{clip.path}\n" for clip in loaded.splits[split]))
    return folder


def declared(points: list[Point], seed: int, pruning: str | None = None) -> str:
    """The space of these points, which are lab4's or the twelve."""
    text, found = re.subn(r"(?m)^seed = \d+", f"seed = {seed}", shipped_spaces()["lab4"].read_text())
    if found != 1:
        sys.exit(f"lab4 declares {found} seeds, expected 1")
    if points == POINTS:
        text = text.split("[[strategy]]")[0] + STRATEGIES
    return text if pruning is None else f"{re.sub(PRUNING_TABLE, '', text)}\n{pruning}"


def run_dense(data: Path, points: list[Point], epochs: int, seed: int, folder: Path) -> dict[str, Any]:
    """The same from dense models, in two fifths of the epochs, as the shipped `lab4-plus` does."""
    pruning = f'[pruning]\nstart = "dense"\nepochs = {max(1, round(DENSE_SHARE * epochs))}\n'
    return run_ours(data, points, epochs, seed, folder, pruning)


def run_ours(
    data: Path, points: list[Point], epochs: int, seed: int, folder: Path, pruning: str | None = None
) -> dict[str, Any]:
    """A whole search, and what it recorded; with another [pruning] than the lab's where one is given."""
    folder.mkdir(parents=True)
    (folder / "bench.toml").write_text(declared(points, seed, pruning))
    command = [sys.executable, "-m", "kwssearch", "run", str(folder / "bench.toml"), "--data", str(data)]
    command += ["--epochs", str(epochs), "--out", str(folder / "run")]
    seconds = timed(command, {**os.environ, "KWSSEARCH_CACHE": str(folder / "cache")})
    trials = {}
    for trial in runs.load(folder / "run").trials:
        keys = (
            "accuracy", "predictions", "memory_bytes", "train_seconds", "validation_seconds", "seconds", "macs",
            "precision", "seed",
        )  # fmt: skip
        trials[name_of(trial.values)] = {key: trial.executions[0][key] for key in keys}
    last = max(path.stat().st_mtime for path in (folder / "run").rglob("result.json"))
    timing = (folder / "run" / "latency.json").stat().st_mtime - last
    return {"seconds": seconds, "timing_seconds": timing, "trials": trials}


def timed(command: list[str], env: dict[str, str], well: tuple[int, ...] = (0,)) -> float:
    """Wall-clock seconds of a process, which must end well, with one of these exit codes."""
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if done.returncode not in well:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return time.perf_counter() - began


def run_plain(data: Path, points: list[Point], epochs: int, seed: int, folder: Path) -> dict[str, Any]:
    folder.mkdir(parents=True)
    (folder / "points.json").write_text(json.dumps(points))
    command = [sys.executable, str(HERE / "plain_kerastuner.py"), "--data", str(data), "--epochs", str(epochs)]
    command += ["--seed", str(seed), "--trials", str(folder / "points.json"), "--out", str(folder / "out")]
    seconds = timed(command, dict(os.environ))
    recorded = json.loads((folder / "out" / "results.json").read_text())
    return {"seconds": seconds, "trials": {name_of(record): record for record in recorded}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of words; the built-in speech by default")
    parser.add_argument("--whole", action="store_true", help="all 22 trials of lab4")
    parser.add_argument("--epochs", type=int, help="4, or with --whole 20")
    parser.add_argument("--rounds", type=int, nargs="+", default=[1], metavar="N", help="round 1 by default")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    lab = load_space("lab4")
    points = [dict(trial.values) for trial in lab.trials] if arguments.whole else POINTS
    epochs = arguments.epochs or (lab.recipe.epochs if arguments.whole else 4)
    data = (arguments.data or load_data("builtin").root).resolve()
    peaks = matrix_peaks()
    rounds = []
    with tempfile.TemporaryDirectory() as temporary:
        data = with_lists(data, Path(temporary) / "words")
        sides = [("ours", run_ours), ("plain", run_plain), ("dense", run_dense)]
        for number in arguments.rounds:
            done: Round = {}
            seed = lab.recipe.seed + number - 1
            for side, run in sides[:: 1 if number % 2 else -1]:
                done[side] = run(data, points, epochs, seed, Path(temporary) / f"{side}{number}")
                print(f"round {number}, {side}: {done[side]['seconds']:.0f} s", flush=True)
            rounds.append(done)
        found = compare(rounds, points, epochs, data, peaks)
    show(found)
    arguments.out.mkdir(parents=True, exist_ok=True)
    name = f"{date.today()}-bench{'-whole' if arguments.whole else ''}.json"
    (arguments.out / name).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
