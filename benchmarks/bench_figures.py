"""What `bench.py` makes of the recorded rounds: rates, ratios, and differences with their intervals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from kwssearch.data.dataset import load_data
from kwssearch.data.speakers import speaker_of
from kwssearch.system import environment

Point = dict[str, Any]
Round = dict[str, Any]  # what each side recorded
AXES = ("features", "architecture", "width_multiplier", "final_sparsity")
SIDES = ("ours", "plain")


def name_of(values: Any) -> str:
    return " ".join(str(values[key]) for key in AXES)


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

    def apart(names: list[str], sides: tuple[str, str] = SIDES) -> list[float]:
        trainings = [(round_, name) for round_ in rounds for name in names]
        one, other = ([guess for r, name in trainings for guess in r[side]["trials"][name]["predictions"]]
                      for side in sides)  # fmt: skip
        return difference(one, other, labels * len(trainings), speakers * len(trainings))

    names = [name_of(point) for point in points]
    rows = [row_of(name, rounds, epochs * clips, peaks) | {"difference": apart([name])} for name in names]
    seeds = {side: sorted({t["seed"] for r in rounds for t in r[side]["trials"].values()}) for side in SIDES}
    seconds = {side: float(np.median([r[side]["seconds"] for r in rounds])) for side in (*SIDES, "dense")}
    sparse = [name_of(point) for point in points if point["final_sparsity"]]
    timing = float(np.median([r["ours"]["timing_seconds"] for r in rounds]))
    validation = [
        sum(t["validation_seconds"] for t in r["ours"]["trials"].values()) / environment.available_cores()
        for r in rounds
    ]
    beside = float(np.median(validation))
    return {
        "epochs": epochs, "training_clips": clips, "seeds": seeds, "peaks_gflops": peaks,
        "trials": rows, "seconds": seconds,
        "seconds_of_rounds": [{side: r[side]["seconds"] for side in seconds} for r in rounds],
        "trials_an_hour": {side: 3600 * len(points) / s for side, s in seconds.items()},
        "in_training": in_training(rows, epochs * clips, peaks),
        "ratio": seconds["plain"] / seconds["ours"], "timing_seconds": timing,
        "ratio_without_our_timing": seconds["plain"] / (seconds["ours"] - timing),
        "validation_seconds": beside, "ratio_without_validation": seconds["plain"] / (seconds["ours"] - beside),
        "dense": {
            "ratio": seconds["plain"] / seconds["dense"], "ratio_to_scratch": seconds["ours"] / seconds["dense"],
            "sparse_trials": len(sparse), "sparse_less_scratch": apart(sparse, ("dense", "ours")),
            "sparse_less_plain": apart(sparse, ("dense", "plain")),
        },
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
    dense = found["dense"]
    print(
        f"From dense models: {seconds['dense']:.0f} s, {dense['ratio']:.2f} times the plain script's trials an hour "
        f"and {dense['ratio_to_scratch']:.2f} times our own; its {dense['sparse_trials']} sparse trials differ by "
        f"{interval(dense['sparse_less_scratch'])} points from ours and by {interval(dense['sparse_less_plain'])} from "
        "the plain ones."
    )


def interval(found: list[float]) -> str:
    return f"{found[0]:+.1f} ({found[1]:+.1f} to {found[2]:+.1f})"
