"""How good the forecasts of a search were, which decided before anything was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kwssearch.runs import Run, Trial, known_before

SECONDS = "train_cpu_seconds"


@dataclass(frozen=True)
class ForecastErrors:
    """Of one figure over the trials that were trained, as shares of what was found.

    Attributes:
        noun: what was foretold.
        median, most: of absolute errors: half of them, and nine of ten, are no larger.
        trials: how many.
    """

    noun: str
    median: float
    most: float
    trials: int

    def __str__(self) -> str:
        return f"{self.noun} {self.median:.1%} (nine of ten {self.most:.1%})"


def forecast_errors(run: Run) -> list[ForecastErrors]:
    """Errors of objectives and of seconds of training, those alone that the search foretold."""
    known = known_before(run)
    nouns = {objective.name: objective.noun for objective in run.objectives} | {SECONDS: "training"}
    found = []
    for name, noun in nouns.items():
        errors = [abs(known[t.trial_id][name] / t.figure(name) - 1) for t in told(run, known, name)]
        if errors:
            found.append(ForecastErrors(noun, float(np.median(errors)), float(np.quantile(errors, 0.9)), len(errors)))
    return found


def told(run: Run, known: Mapping[str, Mapping[str, float]], name: str) -> list[Trial]:
    """Completed trials of which a figure was foretold and found; a training that was taken over has none of its own."""

    def has(trial: Trial) -> bool:
        record: Mapping[str, Any] = trial.executions[0].record
        own = name != SECONDS or ("origin" not in record and record.get(SECONDS, 0) > 0)
        return own and name in known.get(trial.trial_id, {}) and trial.figure(name) > 0

    return [trial for trial in run.completed if has(trial)]
