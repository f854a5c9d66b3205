"""What is known of a space's points before any is trained: bytes, RAM, latency, seconds of training; remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch.compression import forecasts
from kwssearch.data import DataSet
from kwssearch.models import costs
from kwssearch.policies import Known
from kwssearch.runs import RunFolder
from kwssearch.search.pace import in_words
from kwssearch.search.shape_times import latencies
from kwssearch.search.training_times import training_seconds
from kwssearch.space import (
    LATENCY,
    SearchSpace,
    Stage,
    cost_objectives,
    objective_names,
    objectives_named,
    point_key,
)
from kwssearch.system.cache import cache_folder

SECONDS = "train_cpu_seconds"


def foreknown(
    space: SearchSpace, data: DataSet, folder: RunFolder, waiting: Callable[[str], None] = lambda what: None
) -> Known:
    """Figures of all points, in the order of the space's trials.

    Args:
        folder: of the run, which keeps them: a search that goes on decides by the same figures.
        waiting: called with a sentence before what takes long.
    """
    names = [objective.name for objective in cost_objectives(objectives_named(space.objectives))]
    points = {"objectives": names, "trials": [trial.trial_id for trial in space.trials]}
    kept = folder.known()
    if kept is None or {key: kept.get(key) for key in points} != points or SECONDS not in kept:
        figures = measured(space, data, folder.log, names, waiting)
        rows = [figures[trial_id] for trial_id in points["trials"]]
        kept = {
            **points,
            "costs": [[row[name] for name in names] for row in rows],
            SECONDS: [round(row[SECONDS], 4) for row in rows],
            "clips": len(data.splits["validation"]) or len(data.splits["test"]),
        }
        folder.keep_known(kept)
    seconds = dict(zip(points["trials"], kept[SECONDS], strict=True))
    each = tuple(seconds[trial_id] for trial_id in trainers(space))
    return Known(np.array(kept["costs"], dtype=np.float64), np.array(kept[SECONDS]), kept["clips"], each)


@dataclass(frozen=True)
class Foreknowledge:
    """What is known of a space for one data set.

    Attributes:
        classes: of the data set.
        figures: trial id -> objectives but accuracy, and `SECONDS`.
        seconds: of one core for the whole space, each training once.
    """

    classes: int
    figures: Mapping[str, Mapping[str, float]]
    seconds: float

    @property
    def sentence(self) -> str:
        return f"The whole space takes about {in_words(self.seconds)} of training on one core, each training once."


def known_of(space: SearchSpace, data: DataSet, waiting: Callable[[str], None]) -> Foreknowledge:
    """Finds out all that can be known of a space before it is searched, whatever it is judged by."""
    figures = measured(space, data, cache_folder() / "measuring.log", objective_names(), waiting)
    times = space.recipe.executions_per_trial if space.recipe.repeated == "all" else 1
    return Foreknowledge(
        len(data.words), figures, times * sum(figures[trial_id][SECONDS] for trial_id in trainers(space))
    )


def trainers(space: SearchSpace) -> list[str]:
    """Ids of the first trial of each training."""
    first: dict[tuple[Any, ...], str] = {}
    for trial in space.trials:
        first.setdefault(point_key(trial.values, Stage.ENDING), trial.trial_id)
    return list(first.values())


def measured(
    space: SearchSpace, data: DataSet, log: Path, names: Sequence[str], waiting: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    """Trial id -> bytes, RAM, multiply-accumulates, `SECONDS` of training, and latency if it is among `names`.

    Bytes are those of untrained files, masked as declared; latencies of untrained files that are timed alone, once for
    each shape and quantisation, whatever its sparsity; seconds are fitted to a few steps of some shapes.
    """
    classes = len(data.words)
    files = forecasts(space, classes, lambda count: waiting(f"Making {count} files of untrained models ..."))
    macs = {trial_id: cost.macs for trial_id, cost in costs(space, classes).items()}
    seconds = training_seconds(space, data, log, macs, waiting)
    times = latencies(space, data, log, macs, waiting) if LATENCY.name in names else None
    return {
        trial_id: {
            **asdict(forecast),
            "macs": macs[trial_id],
            SECONDS: seconds[trial_id],
            **({} if times is None else {LATENCY.name: times[trial_id]}),
        }
        for trial_id, forecast in files.items()
    }
