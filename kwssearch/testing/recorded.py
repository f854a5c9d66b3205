"""Runs with known truth: in memory for simulations, or as a folder that `runs.load` reads.

Whether a clip is recognised is a latent normal variable above zero; its variance is the sum of the parts in
`SHARES`, which sum to one, so that a trial's true accuracy over all speakers and seeds is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kwssearch.runs import Clips, Execution, Latency, Run, Trial, trial_folder
from kwssearch.space import SearchSpace, load_space, read_space
from kwssearch.system.storage import write_json

WORDS = ("down", "go", "left", "no", "right", "stop", "up", "yes")
SHARES = {"speaker": 0.15, "clip": 0.35, "trial_clip": 0.198, "seed": 0.0, "trial_seed": 0.002, "flip": 0.30}


class Figures(NamedTuple):
    """What is true of a point; `others` are figures of its record that have no field here."""

    accuracy: float
    memory_bytes: int
    feature_ms: float
    model_ms: float
    others: Mapping[str, float] = MappingProxyType({})


QUANTIZED = {"none": (1.0, 1.0), "float16": (0.52, 1.0), "dynamic": (0.27, 0.7), "int8": (0.22, 0.45)}


def lab_figures(values: Mapping[str, Any]) -> Figures:
    """Figures close to what the lab's models reach on 2 cores."""
    bytes_left, time_left = QUANTIZED[values.get("quantization", "none")]
    mfcc = "mfcc" in str(values["features"])
    width, sparsity, ds_cnn = values["width_multiplier"], values["final_sparsity"], values["architecture"] == "ds_cnn"
    accuracy = 0.885 - 0.02 * mfcc - 0.012 * ds_cnn - 0.06 * (1 - width) ** 1.5 - 0.05 * max(0, sparsity - 0.8) / 0.15
    kib = (553 * (0.07 * width + 0.93 * width**2)) if ds_cnn else 1163 * (0.02 * width + 0.98 * width**2)
    work = (0.55 * width + 0.1) if ds_cnn else (1.9 * width**2 + 0.06)
    kept = 0.92 * (1 - sparsity) ** 0.85 if sparsity else 0.92
    memory, model_ms = round(1024 * kib * kept * bytes_left), work * (0.25 if mfcc else 1.0) * time_left
    return Figures(accuracy, memory, 0.17 if mfcc else 0.14, model_ms)


def flat_figures(values: Mapping[str, Any]) -> Figures:
    """The same figures for every point, so that nothing can be told apart."""
    return Figures(0.86, 100_000, 0.15, 0.5)


def test_clips(speakers: int, clips: int) -> list[str]:
    """Names as Speech Commands has them; speakers have unequal numbers of clips."""
    rng = np.random.default_rng(11)
    share = rng.dirichlet(np.full(speakers, 3.0))
    who = np.concatenate([np.arange(speakers), rng.choice(speakers, size=clips - speakers, p=share)])
    return [f"{WORDS[i % len(WORDS)]}/{speaker:08x}_nohash_{i}.wav" for i, speaker in enumerate(who)]


def predictions(
    labels: npt.NDArray[np.int64],
    speakers: npt.NDArray[np.int64],
    accuracies: npt.NDArray[np.float64],
    executions: int,
    rng: np.random.Generator,
    shares: Mapping[str, float] = SHARES,
) -> npt.NDArray[np.int64]:
    """Class indices; shape (trials, executions, clips)."""
    trials, clips = len(accuracies), len(labels)
    assert abs(sum(shares.values()) - 1) < 1e-9
    shapes = {
        "speaker": (1, 1, int(speakers.max()) + 1),
        "clip": (1, 1, clips),
        "trial_clip": (trials, 1, clips),
        "seed": (1, executions, 1),
        "trial_seed": (trials, executions, 1),
        "flip": (trials, executions, clips),
    }
    latent = np.array([NormalDist().inv_cdf(a) for a in accuracies])[:, None, None]
    for part, shape in shapes.items():
        drawn = rng.standard_normal(shape) * shares[part] ** 0.5
        latent = latent + (drawn[..., speakers] if part == "speaker" else drawn)
    wrong = (labels + 1) % len(WORDS)
    return np.where(latent > 0, labels, wrong)


def rounds_of(figures: Figures, drift: npt.NDArray[np.float64], rng: np.random.Generator) -> Latency:
    """Times of each round: a drift that all trials share, and noise of the trial's own."""
    feature = figures.feature_ms * drift * np.exp(rng.normal(0, 0.02, len(drift)))
    model = figures.model_ms * drift * np.exp(rng.normal(0, 0.02, len(drift)))
    return Latency(feature + model, feature, model)


def build(
    space: str | Mapping[str, Any] | SearchSpace = "lab4",
    figures: Callable[[Mapping[str, Any]], Figures] = lab_figures,
    executions: int = 1,
    speakers: int = 400,
    clips: int = 1063,
    seed: int = 0,
    rounds: int | None = 50,
    failed: Mapping[str, str] | None = None,
    waiting: tuple[str, ...] = (),
    shares: Mapping[str, float] = SHARES,
    folder: Path = Path("runs/synthetic"),
    validation: int = 0,
) -> Run:
    """A run in memory.

    Args:
        space: a shipped space's name, a declared table, or a space.
        figures: the truth of each point.
        rounds: number of rounds in the final latency measurement; None for provisional latencies only.
        failed: trial id -> reason.
        waiting: ids of trials that were not begun.
        validation: clips in the validation split, each of a speaker of its own.
    """
    declared = declared_space(space).with_recipe(executions_per_trial=executions)
    rng = np.random.default_rng(seed)
    names = test_clips(speakers, clips)
    labels = np.array([WORDS.index(name.split("/")[0]) for name in names])
    who = np.unique([name.split("/")[1].split("_nohash_")[0] for name in names], return_inverse=True)[1]
    truth = {planned.trial_id: figures(planned.values) for planned in declared.trials}
    accuracies = np.array([f.accuracy for f in truth.values()])
    said = predictions(labels, who, accuracies, executions, rng, shares)
    drift = np.exp(np.cumsum(rng.normal(0, 0.01, rounds or 1)))
    trials = []
    for planned, guesses in zip(declared.trials, said, strict=True):
        own = truth[planned.trial_id]
        latency = rounds_of(own, drift, rng) if rounds else None
        reason = (failed or {}).get(planned.trial_id)
        found = [execution_of(planned, i, guess, labels, own, reason) for i, guess in enumerate(guesses)]
        if planned.trial_id in waiting:
            trials.append(Trial(planned))
        elif reason is not None:
            trials.append(Trial(planned, failures=tuple(found)))
        else:
            trials.append(Trial(planned, executions=tuple(found), latency=latency))
    run = Run(folder, run_record(declared, names), declared, tuple(trials), WORDS, labels, who, latency_head(rounds))
    return validated(run, accuracies, executions, validation, rng, shares) if validation else run


def validated(
    run: Run,
    accuracies: npt.NDArray[np.float64],
    executions: int,
    clips: int,
    rng: np.random.Generator,
    shares: Mapping[str, float],
) -> Run:
    """The run with answers on validation clips of the same true accuracies."""
    split = Clips(np.arange(clips) % len(WORDS), np.arange(clips))
    said = predictions(*split, accuracies, executions, rng, shares)
    trials = tuple(
        replace(trial, executions=tuple(with_answers(e, split, guesses[e.index]) for e in trial.executions))
        for trial, guesses in zip(run.trials, said, strict=True)
    )
    return replace(run, trials=trials, validation=split)


def with_answers(execution: Execution, split: Clips, guess: npt.NDArray[np.int64]) -> Execution:
    accuracy = float(np.mean(guess == split.labels))
    more = {"validation_accuracy": accuracy, "validation_predictions": guess.tolist()}
    return replace(execution, record={**execution.record, **more})


def declared_space(space: str | Mapping[str, Any] | SearchSpace) -> SearchSpace:
    if isinstance(space, SearchSpace):
        return space
    return load_space(space) if isinstance(space, str) else read_space(dict(space))


def latency_head(rounds: int | None) -> dict[str, Any] | None:
    return {"threads": 1, "rounds": rounds, "noisy": False, "environment": {}} if rounds else None


def execution_of(
    planned: Any,
    index: int,
    guess: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
    figures: Figures,
    reason: str | None,
) -> Execution:
    """A result.json; `predictions` remain an array until they are written."""
    status = "completed" if reason is None else "failed"
    sparsity = planned.values["final_sparsity"]
    record = {
        "trial_id": planned.trial_id, "values": dict(planned.values), "strategy": planned.strategy,
        "execution": index, "seed": 42 + index, "status": status, "reason": reason, "traceback": reason,
        "accuracy": float(np.mean(guess == labels)), "accuracy_interval": [0.8, 0.9], "predictions": guess,
        "memory_bytes": figures.memory_bytes + 7 * index * bool(sparsity), "tflite_bytes": figures.memory_bytes * 2,
        "activation_bytes": 16 * round(40 * figures.model_ms ** 0.5 * 64),
        "latency_ms": figures.feature_ms + figures.model_ms, "feature_latency_ms": figures.feature_ms,
        "model_latency_ms": figures.model_ms, "latency_provisional": True, "achieved_sparsity": sparsity,
        "overall_sparsity": sparsity * 0.98, "sparsity_by_layer": {}, "tensor_bytes": {}, "sha256": "0" * 64,
        "parameters": figures.memory_bytes // 4, "macs": 1_000_000, "epochs": 20, "history": {}, "seconds": 12.5,
        "precision": "float32", "input_shape": [49, 40, 1], "environment": {}, **figures.others,
    }  # fmt: skip
    return Execution(index, status, record)


def run_record(space: SearchSpace, names: list[str]) -> dict[str, Any]:
    return {
        "format": 1,
        "run_id": "0123456789abcdef",
        "created": "2025-01-31T12:00:00+00:00",
        "space": space.to_dict(),
        "data": {
            "source": "speech8",
            "fingerprint": "5f" * 32,
            "words": list(WORDS),
            "sampling_rate": 16000,
            "splits": {"train": 4160, "validation": 638, "test": len(names)},
        },
        "versions": {"tensorflow": "2.21.0", "numpy": "2.4.6"},
        "environment": {"host": "bench", "cpu": "A CPU", "cores": 2},
    }


def write(folder: Path, **options: Any) -> Run:
    """Writes what `build(**options)` makes as a run's folder, and returns it."""
    run = build(folder=folder, **options)
    clips = int(options.get("clips", 1063))
    names = test_clips(int(options.get("speakers", 400)), clips)
    write_json(folder / "run.json", run.record)
    heard = [
        f"{WORDS[label]}/v{who:07x}_nohash_0.wav" for label, who in zip(*(run.validation or ((), ())), strict=True)
    ]
    write_json(folder / "data.json", {"splits": {"train": [], "validation": heard, "test": names}})
    for trial in run.trials:
        for execution in (*trial.executions, *trial.failures):
            record = {**execution.record, "predictions": execution.predictions.tolist()}
            write_json(trial_folder(folder, trial.trial_id, execution.index) / "result.json", record)
    if run.latency_record is not None:
        times = {
            t.trial_id: {part: getattr(t.latency, part).round(6).tolist() for part in ("total", "feature", "model")}
            for t in run.completed
            if t.latency
        }
        write_json(folder / "latency.json", {**run.latency_record, "trials": times})
    return run


def large_space(trials: int) -> dict[str, Any]:
    """A declared space of `trials` (a multiple of 8) points, to see how time grows."""
    widths = [round(0.2 + 0.8 * i / (trials // 8), 6) for i in range(trials // 8)]
    return {
        "name": "large",
        "description": "To see how time grows",
        "features": {"log_mel": {"kind": "log_mel"}, "mfcc": {"kind": "mfcc", "coefficients": 10}},
        "strategy": [
            {"name": "DS-CNN", "architecture": "ds_cnn"},
            {"name": "width multiplier", "width_multiplier": widths},
            {"name": "pruning", "final_sparsity": [0.9]},
            {"name": "combination", "architecture": ["cnn", "ds_cnn"], "width_multiplier": widths,
             "final_sparsity": [0.0, 0.9]},
        ],
    }  # fmt: skip


def with_trial(run: Run, trial: Trial) -> Run:
    """The run with one trial replaced by another one with the same id."""
    return replace(run, trials=tuple(trial if t.trial_id == trial.trial_id else t for t in run.trials))


def with_executions(run: Run, trial_id: str, count: int) -> Run:
    """The run as if only the first executions of a trial were done."""
    trial = next(t for t in run.trials if t.trial_id == trial_id)
    return with_trial(run, replace(trial, executions=trial.executions[:count]))


def with_predictions(trial: Trial, guess: npt.NDArray[np.int64]) -> Trial:
    """A trial of one execution with just these predictions."""
    first = trial.executions[0]
    return replace(trial, executions=(replace(first, record={**first.record, "predictions": guess}),))
