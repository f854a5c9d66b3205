"""kwssearch against the plain KerasTuner script: the same clips, points, seed and epochs, in alternation.

Twelve points of lab4 at 4 epochs, or with --whole all of it at its own. Round n trains with the n-th
seed, and odd rounds begin with our side, even ones with the other.

Seconds are wall-clock of whole processes: start-up, features, training, conversion, scoring, and on
our side the final timing of all models. Our caches are empty at every start.
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

import numpy as np
from scipy import stats

from kwssearch import runs
from kwssearch.data.dataset import load_data
from kwssearch.data.speakers import speaker_of
from kwssearch.sources import LISTS
from kwssearch.space.declaration import load_space, shipped_spaces
from kwssearch.system import environment

Point = dict[str, Any]
Round = dict[str, Any]  # what each side recorded
HERE = Path(__file__).parent
VARIED = [{}, {"architecture": "ds_cnn"}, {"width_multiplier": 0.5}, {"width_multiplier": 0.25},
          {"final_sparsity": 0.7}, {"final_sparsity": 0.9}]  # fmt: skip
BASELINE = {"architecture": "cnn", "width_multiplier": 1.0, "final_sparsity": 0.0}
POINTS = [{"features": f, **BASELINE, **varied} for f in ("log_mel", "mfcc") for varied in VARIED]
SIDES = ("ours", "plain")
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


def run_ours(data: Path, points: list[Point], epochs: int, seed: int, folder: Path) -> dict[str, Any]:
    """A whole search, and what it recorded."""
    declared, found = re.subn(r"(?m)^seed = \d+", f"seed = {seed}", shipped_spaces()["lab4"].read_text())
    if found != 1:
        sys.exit(f"lab4 declares {found} seeds, expected 1")
    if points == POINTS:
        declared = declared.split("[[strategy]]")[0] + STRATEGIES
    folder.mkdir(parents=True)
    (folder / "bench.toml").write_text(declared)
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


def timed(command: list[str], env: dict[str, str]) -> float:
    """Wall-clock seconds of a process, which must end well."""
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if done.returncode:
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


def name_of(values: Any) -> str:
    return " ".join(str(values[key]) for key in ("features", *BASELINE))


def difference(ours: list[int], plain: list[int], labels: list[int], speakers: list[int]) -> list[float]:
    """Our accuracy less the plain one's in points, with a 95 % interval from resampled speakers."""
    better = (np.array(ours) == labels).astype(float) - (np.array(plain) == labels)
    groups = np.unique(speakers, return_inverse=True)[1]
    gains, sizes = np.bincount(groups, better), np.bincount(groups)
    drawn = np.random.default_rng(0).integers(len(sizes), size=(4000, len(sizes)))
    draws = gains[drawn].sum(1) / sizes[drawn].sum(1)
    return [round(100 * float(x), 2) for x in (better.mean(), *np.quantile(draws, (0.025, 0.975)))]


def over_trainings(rows: list[dict[str, Any]]) -> list[float]:
    """Mean difference in points, with a 95 % interval over trainings (Student's t)."""
    gains = np.array([row["difference"][0] for row in rows])
    half = stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / len(gains) ** 0.5
    return [round(float(x), 2) for x in (gains.mean(), gains.mean() - half, gains.mean() + half)]


def compare(rounds: list[Round], points: list[Point], epochs: int, data: Path, peaks: dict[str, float]) -> Any:
    """A row a trial and the whole, in medians over rounds; accuracies and differences are over all rounds."""
    loaded = load_data(data)
    clips, test = len(loaded.splits["train"]), loaded.splits["test"]
    labels, speakers = [clip.label for clip in test], [speaker_of(clip.path) for clip in test]

    def apart(names: list[str]) -> list[float]:
        trainings = [(round_, name) for round_ in rounds for name in names]
        ours, plain = ([guess for r, name in trainings for guess in r[side]["trials"][name]["predictions"]]
                       for side in SIDES)  # fmt: skip
        return difference(ours, plain, labels * len(trainings), speakers * len(trainings))

    names = [name_of(point) for point in points]
    rows = [row_of(name, rounds, epochs * clips, peaks) | {"difference": apart([name])} for name in names]
    seeds = {side: sorted({t["seed"] for r in rounds for t in r[side]["trials"].values()}) for side in SIDES}
    seconds = {side: float(np.median([r[side]["seconds"] for r in rounds])) for side in SIDES}
    timing = float(np.median([r["ours"]["timing_seconds"] for r in rounds]))
    validation = [
        sum(t["validation_seconds"] for t in r["ours"]["trials"].values()) / environment.available_cores()
        for r in rounds
    ]
    beside = float(np.median(validation))
    return {
        "epochs": epochs, "training_clips": clips, "seeds": seeds, "peaks_gflops": peaks,
        "trials": rows, "seconds": seconds, "seconds_of_rounds": [{s: r[s]["seconds"] for s in SIDES} for r in rounds],
        "trials_an_hour": {side: 3600 * len(points) / s for side, s in seconds.items()},
        "in_training": in_training(rows, epochs * clips, peaks),
        "ratio": seconds["plain"] / seconds["ours"], "timing_seconds": timing,
        "ratio_without_our_timing": seconds["plain"] / (seconds["ours"] - timing),
        "validation_seconds": beside, "ratio_without_validation": seconds["plain"] / (seconds["ours"] - beside),
        "difference": apart(names), "difference_over_trainings": over_trainings(rows),
        "environment": environment.describe(), "versions": environment.versions(),
    }  # fmt: skip


def row_of(name: str, rounds: list[Round], samples: int, peaks: dict[str, float]) -> dict[str, Any]:
    """One trial on both sides: medians over rounds, and the mean accuracy."""
    first = rounds[0]["ours"]["trials"][name]
    row: dict[str, Any] = {"trial": name, "precision": first["precision"], "macs": first["macs"]}
    for side in SIDES:
        trials = [r[side]["trials"][name] for r in rounds]
        row[f"{side}_seconds"] = float(np.median([trial["seconds"] for trial in trials]))
        row[f"{side}_train_seconds"] = float(np.median([trial["train_seconds"] for trial in trials]))
        row[f"{side}_trials_an_hour"] = 3600 / row[f"{side}_seconds"]
        row[f"{side}_accuracy"] = float(np.mean([trial["accuracy"] for trial in trials]))
    return row | rates(samples, samples * first["macs"], row["ours_train_seconds"], row["plain_train_seconds"], peaks)


def in_training(rows: list[dict[str, Any]], samples: int, peaks: dict[str, float]) -> dict[str, float]:
    """The rates of `row_of` over all trainings together."""
    ours, plain = (sum(row[f"{side}_train_seconds"] for row in rows) for side in SIDES)
    return rates(samples * len(rows), samples * sum(row["macs"] for row in rows), ours, plain, peaks)


def rates(samples: float, macs: float, ours: float, plain: float, peaks: dict[str, float]) -> dict[str, float]:
    """Samples a second and GFLOP/s, six FLOPs a multiply-accumulate: forwards, and backwards twice that.

    Ours are of one worker of one thread, held against one thread's peaks; the plain script's are of all threads.
    """
    gflops = {"ours": 6 * macs / ours / 1e9, "plain": 6 * macs / plain / 1e9}
    return {
        "ours_samples_a_second": samples / ours, "plain_samples_a_second": samples / plain,
        "ours_gflops": gflops["ours"], "plain_gflops": gflops["plain"],
        "share_of_bfloat16_peak": gflops["ours"] / peaks["bfloat16 1"],
        "share_of_float32_peak": gflops["ours"] / peaks["float32 1"],
        "plain_share_of_float32_peak": gflops["plain"] / peaks[f"float32 {environment.available_cores()}"],
    }  # fmt: skip


def show(found: dict[str, Any]) -> None:
    seconds, hourly = found["seconds"], found["trials_an_hour"]
    whole = {"trial": f"all {len(found['trials'])}", "difference": found["difference"], "precision": ""}
    for side in SIDES:
        accuracies = [row[f"{side}_accuracy"] for row in found["trials"]]
        whole |= {f"{side}_seconds": seconds[side], f"{side}_trials_an_hour": hourly[side]}
        whole[f"{side}_accuracy"] = float(np.mean(accuracies))
    heads = {"seconds": 15, "trials/h": 12, "samples/s": 13, "GFLOP/s": 12, "bf16 peak": 11, "f32 peak": 11,
             "accuracy": 14}  # fmt: skip
    print(f"{'trial':32}" + "".join(f"{name:>{width}}" for name, width in heads.items()) + "  difference")
    for row in [*found["trials"], whole | found["in_training"]]:
        print(
            f"{row['trial']:32}{row['ours_seconds']:8.1f}{row['plain_seconds']:7.1f}"
            f"{row['ours_trials_an_hour']:7.0f}{row['plain_trials_an_hour']:5.0f}"
            f"{row['ours_samples_a_second']:7.0f}{row['plain_samples_a_second']:6.0f}"
            f"{row['ours_gflops']:7.0f}{row['plain_gflops']:5.0f}{row['share_of_bfloat16_peak']:11.0%}"
            f"{row['share_of_float32_peak']:6.0%}{row['plain_share_of_float32_peak']:5.0%}"
            f"{row['ours_accuracy']:8.1%}{row['plain_accuracy']:6.1%}  {interval(row['difference'])}  "
            f"{row['precision']}"
        )
    print("Each pair: ours (one of the workers), then plain; seconds and trials/h of all are of the whole processes.")
    print("Matrix product peaks, GFLOP/s, by threads:", {k: round(v) for k, v in found["peaks_gflops"].items()})
    print(
        f"Ratio of trials an hour {found['ratio']:.2f} ({found['ratio_without_our_timing']:.2f} without our final "
        f"timing, {found['ratio_without_validation']:.2f} without validation, which only we do); accuracy "
        f"{interval(found['difference'])} points over clips, "
        f"{interval(found['difference_over_trainings'])} over trainings."
    )


def interval(found: list[float]) -> str:
    return f"{found[0]:+.1f} ({found[1]:+.1f} to {found[2]:+.1f})"


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
        runs = [("ours", run_ours), ("plain", run_plain)]
        for number in arguments.rounds:
            done: Round = {}
            seed = lab.recipe.seed + number - 1
            for side, run in runs[:: 1 if number % 2 else -1]:
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
