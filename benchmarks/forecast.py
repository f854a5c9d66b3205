"""How far forecasts of zipped files are from those that a run trained: python benchmarks/forecast.py RUN.

Files of a trial and their forecast must have the same size before they are zipped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from kwssearch.compression import forecasts
from kwssearch.runs import Run, load


def errors(run: Run) -> dict[str, list[tuple[float, float]]]:
    """Quantization -> (declared sparsity, error as a share of the recorded size), one pair a trial."""
    found: dict[str, list[tuple[float, float]]] = {}
    known = forecasts(run.space, len(run.words))
    for trial in run.completed:
        forecast = known[trial.trial_id]
        assert trial.mean("tflite_bytes") == forecast.tflite_bytes, trial.name
        pair = trial.values["final_sparsity"], forecast.memory_bytes / trial.mean("memory_bytes") - 1
        found.setdefault(trial.values["quantization"], []).append(pair)
    return found


def told(pairs: list[tuple[float, float]]) -> str:
    sizes = np.abs([error for _, error in pairs])
    median, most, worst = np.quantile(sizes, [0.5, 0.95, 1])
    by_sparsity = [
        f"{sparsity:g}: {np.median([error for s, error in pairs if s == sparsity]):+.1%}"
        for sparsity in sorted({s for s, _ in pairs})
    ]
    return (
        f"{len(pairs)} trials, median {median:.2%}, 95th percentile {most:.2%}, largest {worst:.2%}; "
        f"by sparsity {', '.join(by_sparsity)}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    for quantization, pairs in errors(load(parser.parse_args().run)).items():
        print(f"{quantization}: {told(pairs)}")
