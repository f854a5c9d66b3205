"""kwssearch against the plain KerasTuner script: the same clips, points, seed and epochs, in alternation.

Twelve points of lab4 and an estimate for the rest, or with --whole all of it at its own epochs.

Seconds are wall-clock of whole processes: start-up, features, training, conversion, scoring, and on
our side the final timing of all models. Our caches are empty at every start.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from kwssearch import environment, results
from kwssearch.data import load_data
from kwssearch.declaration import load_space, shipped_spaces
from kwssearch.records import speaker_of

Point = dict[str, Any]
HERE = Path(__file__).parent
VARIED = [{}, {"architecture": "ds_cnn"}, {"width_multiplier": 0.5}, {"width_multiplier": 0.25},
          {"final_sparsity": 0.7}, {"final_sparsity": 0.9}]  # fmt: skip
BASELINE = {"architecture": "cnn", "width_multiplier": 1.0, "final_sparsity": 0.0}
SHARED = 0.2  # of a pruned training after the first of its group, as lab4 declares
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


def run_ours(data: Path, points: list[Point], epochs: int, folder: Path) -> dict[str, Any]:
    """A whole search, and what it recorded."""
    declared = shipped_spaces()["lab4"].read_text()
    if points == POINTS:
        declared = declared.split("[[strategy]]")[0] + STRATEGIES
    folder.mkdir(parents=True)
    (folder / "bench.toml").write_text(declared)
    command = [sys.executable, "-m", "kwssearch", "run", str(folder / "bench.toml"), "--data", str(data)]
    command += ["--epochs", str(epochs), "--out", str(folder / "run")]
    seconds = timed(command, {**os.environ, "KWSSEARCH_CACHE": str(folder / "cache")})
    trials = {}
    for trial in results.load(folder / "run").trials:
        keys = ("accuracy", "predictions", "memory_bytes", "train_seconds", "seconds", "macs", "precision")
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


def run_plain(data: Path, points: list[Point], epochs: int, folder: Path) -> dict[str, Any]:
    folder.mkdir(parents=True)
    (folder / "points.json").write_text(json.dumps(points))
    command = [sys.executable, str(HERE / "plain_kerastuner.py"), "--data", str(data), "--epochs", str(epochs)]
    command += ["--trials", str(folder / "points.json"), "--out", str(folder / "out")]
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


def compare(
    rounds: list[dict[str, Any]], points: list[Point], epochs: int, data: Path, peaks: dict[str, float]
) -> dict[str, Any]:
    """Medians over rounds, a row a trial, and the whole."""
    loaded = load_data(data)
    test, clips = loaded.splits["test"], len(loaded.splits["train"])
    labels, speakers = [clip.label for clip in test], [speaker_of(clip.path) for clip in test]
    rows = []
    for point in points:
        name = name_of(point)
        ours, plain = ([r[side]["trials"][name] for r in rounds] for side in ("ours", "plain"))
        row: dict[str, Any] = {"trial": name, "precision": ours[0]["precision"]}
        for side, trials in (("ours", ours), ("plain", plain)):
            training = float(np.median([t["train_seconds"] for t in trials]))
            row[f"{side}_seconds"] = float(np.median([t["seconds"] for t in trials]))
            row[f"{side}_train_seconds"] = training
            row[f"{side}_samples_a_second"] = epochs * clips / training
            row[f"{side}_trials_an_hour"] = 3600 / row[f"{side}_seconds"]
            row[f"{side}_gflops"] = 6 * ours[0]["macs"] * row[f"{side}_samples_a_second"] / 1e9
            row[f"{side}_accuracy"] = trials[0]["accuracy"]
        row["share_of_bfloat16_peak"] = row["ours_gflops"] / peaks["bfloat16 1"]
        row["share_of_float32_peak"] = row["ours_gflops"] / peaks["float32 1"]
        row["plain_share_of_float32_peak"] = row["plain_gflops"] / peaks[f"float32 {environment.available_cores()}"]
        row["difference"] = difference(ours[0]["predictions"], plain[0]["predictions"], labels, speakers)
        rows.append(row)
    ours_all, plain_all = (
        [prediction for point in points for prediction in rounds[0][side]["trials"][name_of(point)]["predictions"]]
        for side in ("ours", "plain")
    )
    seconds = {side: float(np.median([r[side]["seconds"] for r in rounds])) for side in ("ours", "plain")}
    timing = float(np.median([r["ours"]["timing_seconds"] for r in rounds]))
    return {
        "epochs": epochs, "training_clips": clips, "rounds": len(rounds), "peaks_gflops": peaks, "trials": rows,
        "seconds": seconds, "trials_an_hour": {side: 3600 * len(points) / s for side, s in seconds.items()},
        "ratio": seconds["plain"] / seconds["ours"], "timing_seconds": timing,
        "ratio_without_our_timing": seconds["plain"] / (seconds["ours"] - timing),
        "difference": difference(ours_all, plain_all, labels * len(points), speakers * len(points)),
        "difference_over_trainings": over_trainings(rows),
        "environment": environment.describe(), "versions": environment.versions(),
    }  # fmt: skip


def costs_apart(found: dict[str, Any], short: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Trial -> seconds of an epoch and of all else, for each side.

    Args:
        short: a round of one epoch, which tells what every epoch costs from what is paid once a trial
            (tracing, and the plain script's features). Our pruned trials do not train their shared
            beginning, though their train_seconds count it.
    """
    apart: dict[str, dict[str, float]] = {}
    for row, point in zip(found["trials"], POINTS, strict=True):
        apart[row["trial"]] = {}
        for side in ("ours", "plain"):
            first = short[side]["trials"][row["trial"]]["train_seconds"]
            epoch = (row[f"{side}_train_seconds"] - first) / (found["epochs"] - 1)
            spent = 1 - SHARED if side == "ours" and point["final_sparsity"] else 1.0
            rest = row[f"{side}_seconds"] - spent * found["epochs"] * epoch
            apart[row["trial"]] |= {f"{side}_epoch": epoch, f"{side}_rest": rest}
    return apart


def whole_lab(found: dict[str, Any], apart: dict[str, dict[str, float]], workers: int) -> dict[str, float]:
    """Estimated hours of the whole lab4 space at its 20 epochs, from the seconds measured here.

    Epochs are multiplied, the rest of a trial is not; α 0.75 was not run and takes the wide model's
    epochs in proportion to its multiply-accumulates; points that differ in sparsity only share their
    first 20 %, on our side, where `workers` run at once. Our final timing grows with the trials.
    """
    from kwssearch.cost import costs

    space = load_space("lab4")
    paper = costs(space, 8)
    by_point = {(t.values["features"], t.values["architecture"], t.values["width_multiplier"]): t.trial_id
                for t in space.trials}  # fmt: skip
    total = {"ours": 0.0, "plain": 0.0}
    begun: set[tuple[Any, ...]] = set()
    for trial in space.trials:
        v = trial.values
        known = {**v, "final_sparsity": 0.9 if v["final_sparsity"] else 0.0}
        scale = 1.0
        if v["width_multiplier"] == 0.75:
            known["width_multiplier"] = 1.0
            wide = by_point[(v["features"], v["architecture"], 1.0)]
            scale = paper[trial.trial_id].macs / paper[wide].macs
        seconds = apart[name_of(known)]
        group = (v["features"], v["architecture"], v["width_multiplier"])
        for side in total:
            spent = 1 - SHARED if side == "ours" and group in begun else 1.0
            total[side] += space.recipe.epochs * scale * seconds[f"{side}_epoch"] * spent + seconds[f"{side}_rest"]
        begun.add(group)
    once = found["seconds"]["ours"] - sum(row["ours_seconds"] for row in found["trials"]) / workers
    more = found["timing_seconds"] * (len(space.trials) / len(POINTS) - 1)
    ours = total["ours"] / workers + max(0.0, once) + more
    return {"ours_hours": ours / 3600, "plain_hours": total["plain"] / 3600, "ratio": total["plain"] / ours}


def show(found: dict[str, Any]) -> None:
    heads = {"seconds": 15, "samples/s": 15, "GFLOP/s": 13, "bf16 peak": 10, "f32 peak": 12, "accuracy": 14}
    print(f"{'trial':32}" + "".join(f"{name:>{width}}" for name, width in heads.items()) + "  difference")
    for row in found["trials"]:
        print(
            f"{row['trial']:32}{row['ours_seconds']:7.1f}{row['plain_seconds']:8.1f}"
            f"{row['ours_samples_a_second']:8.0f}{row['plain_samples_a_second']:7.0f}"
            f"{row['ours_gflops']:7.0f}{row['plain_gflops']:6.0f}{row['share_of_bfloat16_peak']:10.0%}"
            f"{row['share_of_float32_peak']:7.0%}{row['plain_share_of_float32_peak']:5.0%}"
            f"{row['ours_accuracy']:8.1%}{row['plain_accuracy']:6.1%}  {interval(row['difference'])}  "
            f"{row['precision']}"
        )
    print("Each pair: ours (one of the workers), then plain. Matrix product peaks, GFLOP/s, by threads:")
    print("  ", {key: round(value) for key, value in found["peaks_gflops"].items()})
    seconds, hourly = found["seconds"], found["trials_an_hour"]
    print(
        f"All {len(found['trials'])} trials: {seconds['ours']:.0f} s against {seconds['plain']:.0f} s; "
        f"trials an hour {hourly['ours']:.0f} against {hourly['plain']:.0f}; "
        f"ratio {found['ratio']:.2f} ({found['ratio_without_our_timing']:.2f} without our final timing); "
        f"accuracy {interval(found['difference'])} points over clips, "
        f"{interval(found['difference_over_trainings'])} over trainings."
    )
    if whole := found.get("whole_lab4_estimate"):
        print(
            f"Estimate for the whole of lab4 at 20 epochs: {whole['ours_hours']:.2f} h against "
            f"{whole['plain_hours']:.2f} h, ratio {whole['ratio']:.2f}."
        )


def interval(found: list[float]) -> str:
    return f"{found[0]:+.1f} ({found[1]:+.1f} to {found[2]:+.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of words; the built-in speech by default")
    parser.add_argument("--whole", action="store_true", help="all trials of lab4, 20 epochs unless --epochs is given")
    parser.add_argument("--epochs", type=int, help="at least 2, 4 by default; one round of 1 is run besides")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    lab = load_space("lab4")
    points = [dict(trial.values) for trial in lab.trials] if arguments.whole else POINTS
    epochs = arguments.epochs or (lab.recipe.epochs if arguments.whole else 4)
    if epochs < 2:
        parser.error(f"--epochs: got {epochs}, expected at least 2")
    data = (arguments.data or load_data("builtin").root).resolve()
    peaks = matrix_peaks()
    rounds = []
    with tempfile.TemporaryDirectory() as temporary:
        sides = [("ours", run_ours), ("plain", run_plain)]
        for number in range(arguments.repeats):
            done = {}
            for side, run in sides[:: 1 if number % 2 == 0 else -1]:
                done[side] = run(data, points, epochs, Path(temporary) / f"{side}{number}")
                print(f"round {number + 1}, {side}: {done[side]['seconds']:.0f} s", flush=True)
            rounds.append(done)
        found = compare(rounds, points, epochs, data, peaks)
        if not arguments.whole:
            short = {side: run(data, points, 1, Path(temporary) / f"short {side}") for side, run in sides}
            apart = costs_apart(found, short)
            found["whole_lab4_estimate"] = whole_lab(found, apart, environment.available_cores())
    show(found)
    arguments.out.mkdir(parents=True, exist_ok=True)
    name = f"{date.today()}-bench{'-whole' if arguments.whole else ''}.json"
    (arguments.out / name).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
