"""Made-up figures of streams for runs that are made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch.runs import Execution, Run, Trial, listening_figures

PARTS = (
    ("keywords", 0.0, 90.0, "yes/ann_nohash_0.wav"),
    ("speech", 90.0, 90.0, "A sentence."),
    ("noise", 180.0, 60.0, "pink"),
)
SETTINGS = {"per_hour": 10, "hop_ms": 200, "smoothing": 3, "suppression_s": 1}


def heard_by(trial: Trial, missed: float, spread: float = 0.02) -> dict[str, Any]:
    """What a model of this mean miss rate is recorded with; worlds move all models alike, and each a little."""
    shared = np.random.default_rng(1).normal(0, spread, (2, 1000))
    own = np.random.default_rng(sum(map(ord, trial.trial_id))).normal(0, spread / 4, (2, 1000))
    test, validation = np.clip(missed + shared + own, 0, 1)
    interval = [missed, *np.quantile(test, [0.025, 0.975]).tolist()]
    by_snr = {"20": [missed - 0.1, missed - 0.2, missed], "5": interval}
    rates = np.geomspace(1000, 0.01, 30)
    return {
        "trial_id": trial.trial_id, "name": trial.name, "threshold": 0.9, "hours": 1.0, "keywords": 100,
        "false_accepts": 1, "false_accepts_per_hour": [1.0, 0.03, 5.6], "missed_by_snr_db": by_snr,
        "false_accepts_by_part": [
            {"kind": "speech", "parts": 1, "minutes": 1.5, "false_accepts": 1, "per_hour": [40.0, 1.0, 220.0]},
            {"kind": "noise", "parts": 1, "minutes": 1.0, "false_accepts": 0, "per_hour": [0.0, 0.0, 220.0]},
        ],
        "mean_miss_rate": interval, "validation_mean_miss_rate": interval,
        "draws": {"test": test.tolist(), "validation": validation.tolist()},
        "thresholds": [
            {"per_hour": 1.0, "threshold": None, "false_accepts_per_hour": [0, 0, 3.7], "miss_rate": [1, 0.96, 1]},
            {"per_hour": 10.0, "threshold": 0.9, "false_accepts_per_hour": [1, 0, 5.6], "miss_rate": by_snr["20"]},
        ],
        "fired": [[30.0, "yes", "hit"], [100.0, "no", "false accept"]], "missed": [[60.0, "go", 20.0]],
        "det": [
            {"threshold": 0.5, "false_accepts_per_hour": [rate, rate / 2, 2 * rate + 3], "missed": by_snr}
            for rate in rates.tolist()
        ],
        "streams": {"validation": "validation-1", "test": "test-1"}, "settings": SETTINGS,
    }  # fmt: skip


def with_heard(run: Run, missed: Callable[[Mapping[str, Any]], float], asked: bool = True) -> Run:
    """A run whose models all heard the same streams, and missed so much.

    Args:
        asked: whether it is an objective.
    """
    trials = tuple(
        replace(
            trial, executions=tuple(knowing(trial, execution, missed(trial.values)) for execution in trial.executions)
        )
        for trial in run.trials
    )
    heard = {trial.trial_id: trial.executions[0].record["listening"] for trial in trials if trial.executions}
    names = (*run.space.objectives, *(["mean_miss_rate"] if asked else []))
    return replace(run, trials=trials, heard=heard, space=replace(run.space, objectives=names))


def knowing(trial: Trial, execution: Execution, missed: float) -> Execution:
    return replace(execution, record={**execution.record, **listening_figures(heard_by(trial, missed))})


def write_streams(folder: Path) -> None:
    """RUN/streams.json of these figures."""
    folder.mkdir(parents=True, exist_ok=True)
    streams = {"test-1": {"sha256": "0", "parts": [[*part, "", None] for part in PARTS]}}
    (folder / "streams.json").write_text(json.dumps({"format": 1, "streams": streams}))
