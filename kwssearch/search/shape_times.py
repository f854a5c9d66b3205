"""How long each shape takes, front end and model, from untrained files that are timed alone; remembered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch.data import DataSet
from kwssearch.errors import UserError
from kwssearch.features import FrontEnd
from kwssearch.models.cost import builder_digest
from kwssearch.search import timing
from kwssearch.search.timing import Timed
from kwssearch.search.workers import WorkerDiedError, local_pool
from kwssearch.space import PlannedTrial, SearchSpace
from kwssearch.system.cache import cache_folder, recall, remember
from kwssearch.system.devices import HIDDEN
from kwssearch.system.environment import cpu_model, versions

MOST_TIMED = 64  # shapes; the times of further ones are fitted to theirs
Shape = tuple[Any, ...]
Times = Mapping[str, float]  # 'feature' and 'model', in ms


def latencies(
    space: SearchSpace,
    data: DataSet,
    log: Path,
    macs_of: Mapping[str, float],
    waiting: Callable[[str], None],
) -> dict[str, float]:
    """Trial id -> ms, front end and model.

    Args:
        log: receives what the process that times prints.
        macs_of: trial id -> multiply-accumulates.
    """
    trials = {shape_of(trial): trial for trial in reversed(space.trials)}
    macs = {shape: macs_of[trial.trial_id] for shape, trial in trials.items()}
    chosen = list(trials) if len(trials) <= MOST_TIMED else spread(macs)
    places = {shape: place_of(space, len(data.words), data.sampling_rate, shape) for shape in chosen}
    times = {shape: found for shape, place in places.items() if (found := recall(place)) is not None}
    if missing := [shape for shape in chosen if shape not in times]:
        waiting(f"Timing {len(missing)} untrained models, one at a time ...")
        quiet, measured = timed(space, data, log, [trials[shape] for shape in missing])
        for shape, found in measured.items():
            times[shape] = found
            if quiet:
                remember(places[shape], found)
    whole = times if len(chosen) == len(trials) else fitted(times, macs)
    return {trial.trial_id: sum(whole[shape_of(trial)].values()) for trial in space.trials}


def shape_of(trial: PlannedTrial) -> Shape:
    """What determines a latency; the quantisation last, the front end first."""
    values = trial.values
    return values["features"], values["architecture"], values["width_multiplier"], values["quantization"]


def place_of(space: SearchSpace, classes: int, rate: int, shape: Shape) -> Path:
    """Where the times of a shape are remembered: they are this processor's."""
    features, architecture, *others = shape
    setting = {key: value for key, value in asdict(space.features[features]).items() if key != "name"}
    code = builder_digest(space, architecture)
    parts = [cpu_model(), versions(), setting, code, architecture, others, classes, rate]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
    return cache_folder() / "latencies" / f"{digest}.json"


def timed(
    space: SearchSpace, data: DataSet, log: Path, trials: Sequence[PlannedTrial]
) -> tuple[bool, dict[Shape, dict[str, float]]]:
    """Measures untrained files in a process of its own, with nothing beside it; whether the machine was quiet.

    Raises:
        UserError: that process died.
    """
    artefacts = [
        Timed(
            t.trial_id, t.trial_id, None, FrontEnd(space.features[t.values["features"]], data.sampling_rate), t.values
        )
        for t in trials
    ]
    what = artefacts, space, len(data.words), data.source, data.fingerprint
    with local_pool(log, [HIDDEN]) as alone:
        try:
            record = alone.submit(timing.measure, *what, budget=0).result()
        except WorkerDiedError as error:
            raise UserError(f"{log}: the process that timed untrained models died ({error}); search again.") from error
    return not record["noisy"], {
        shape_of(trial): {
            part: float(np.median(record["trials"][trial.trial_id][part])) for part in ("feature", "model")
        }
        for trial in trials
    }


def spread(macs: Mapping[Shape, float]) -> list[Shape]:
    """Shapes from the smallest to the largest of each architecture and quantisation, and one of each front end."""
    groups: dict[tuple[Any, Any], list[Shape]] = {}
    for shape in sorted(macs, key=lambda shape: macs[shape]):
        groups.setdefault((shape[1], shape[3]), []).append(shape)
    chosen: dict[Shape, None] = {}
    each = max(3, (MOST_TIMED - len({shape[0] for shape in macs})) // len(groups))
    for shapes in groups.values():
        chosen |= dict.fromkeys(shapes[int(i)] for i in np.linspace(0, len(shapes) - 1, min(each, len(shapes))))
    for shape in sorted(macs, key=lambda shape: macs[shape]):
        if shape[0] not in {other[0] for other in chosen}:
            chosen[shape] = None
    return list(chosen)


def fitted(times: Mapping[Shape, Times], macs: Mapping[Shape, float]) -> dict[Shape, Times]:
    """Times of all shapes: the front end's own, and the model's by a curve through those of its kind.

    The curve is a parabola in the logarithms of multiply-accumulates and ms.
    """
    features = {
        name: np.median([t["feature"] for s, t in times.items() if s[0] == name]) for name in {s[0] for s in macs}
    }
    curves = {}
    for kind in {(shape[1], shape[3]) for shape in macs}:
        own = [shape for shape in times if (shape[1], shape[3]) == kind]
        x, y = np.log([macs[shape] for shape in own]), np.log([times[shape]["model"] for shape in own])
        curves[kind] = np.polyfit(x, y, min(2, len(own) - 1))
    return {
        shape: times.get(shape)
        or {
            "feature": float(features[shape[0]]),
            "model": float(np.exp(np.polyval(curves[shape[1], shape[3]], np.log(macs[shape])))),
        }
        for shape in macs
    }
