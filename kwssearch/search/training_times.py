"""How long each training will take: a few steps of some shapes, and curves through them for the others; remembered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch.data import DataSet
from kwssearch.errors import UserError
from kwssearch.features import seconds_a_clip
from kwssearch.models.cost import builder_digest
from kwssearch.search.job import open_data
from kwssearch.search.workers import WorkerDiedError, local_pool
from kwssearch.space import PlannedTrial, SearchSpace
from kwssearch.system.cache import cache_folder, recall, remember
from kwssearch.system.devices import HIDDEN
from kwssearch.system.environment import cpu_model, versions

PROBES = 5  # shapes of each architecture
Altered = tuple[str, str]  # features, augmentation
Shape = tuple[str, str, float, int]  # features, architecture, width multiplier, batch size


def training_seconds(
    space: SearchSpace, data: DataSet, log: Path, macs_of: Mapping[str, float], waiting: Callable[[str], None]
) -> dict[str, float]:
    """Trial id -> seconds of one core; steps of pruned models take as long as those of dense ones.

    Args:
        log: receives what the process that trains prints.
        macs_of: trial id -> multiply-accumulates.
    """
    shapes = {trial.trial_id: shape_of(space, trial) for trial in space.trials}
    first = {shape: trial for trial in reversed(space.trials) for shape in [shapes[trial.trial_id]]}
    macs = {shape: macs_of[trial.trial_id] for shape, trial in first.items()}
    chosen = probes(macs)
    places = {shape: place_of(space, len(data.words), shape) for shape in chosen}
    known = {shape: float(found["seconds"]) for shape, place in places.items() if (found := recall(place))}
    if missing := [shape for shape in chosen if shape not in known]:
        waiting(f"Training {len(missing)} models for a few steps, to see how long trainings will take ...")
        probed = in_a_process(space, data, log, [first[shape] for shape in missing])
        for shape, seconds in zip(missing, probed, strict=True):
            known[shape] = seconds
            remember(places[shape], {"seconds": seconds})
    each = fitted(known, macs)
    clips = len(data.splits["train"])
    altering = {key: clips * seconds for key, seconds in altering_seconds(space).items()}
    return {
        trial.trial_id: recipe.epochs
        * (each[shapes[trial.trial_id]] * -(-clips // recipe.batch_size) + altering.get(altered_by(trial), 0.0))
        for trial in space.trials
        for recipe in [space.recipe_of(trial.values)]
    }


def altering_seconds(space: SearchSpace) -> dict[Altered, float]:
    """What altering a clip takes, where clips are altered."""
    return {
        (features, name): seconds_a_clip(space.augmentations[name], space.features[features])
        for features, name in set(map(altered_by, space.trials))
        if name in space.augmentations
    }


def altered_by(trial: PlannedTrial) -> Altered:
    return trial.values["features"], trial.values["augmentation"]


def shape_of(space: SearchSpace, trial: PlannedTrial) -> Shape:
    values = trial.values
    batch_size = space.recipe_of(values).batch_size
    return values["features"], values["architecture"], values["width_multiplier"], batch_size


def place_of(space: SearchSpace, classes: int, shape: Shape) -> Path:
    """Where the seconds of a step are remembered: they are this processor's."""
    features, architecture, width, batch_size = shape
    recipe = space.recipe
    parts = [
        cpu_model(), versions(), space.features[features].shape, builder_digest(space, architecture), architecture,
        width, batch_size, classes, recipe.precisions, recipe.deterministic,
    ]  # fmt: skip
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
    return cache_folder() / "steps" / f"{digest}.json"


def probes(macs: Mapping[Shape, float]) -> list[Shape]:
    """Shapes from the smallest to the largest of each architecture and batch size."""
    found: list[Shape] = []
    for kind in dict.fromkeys(map(kind_of, macs)):
        rising = sorted((shape for shape in macs if kind_of(shape) == kind), key=lambda shape: macs[shape])
        places = np.round(np.linspace(0, len(rising) - 1, min(PROBES, len(rising)))).astype(int)
        found += [rising[place] for place in places]
    return found


def kind_of(shape: Shape) -> tuple[Any, ...]:
    return shape[1], shape[3]


def fitted(known: Mapping[Shape, float], macs: Mapping[Shape, float]) -> dict[Shape, float]:
    """Seconds of a step of every shape: for each kind a parabola in the logarithms of multiply-accumulates."""
    curves = {}
    for kind in set(map(kind_of, known)):
        own = [shape for shape in known if kind_of(shape) == kind]
        x, y = np.log([macs[shape] for shape in own]), np.log([known[shape] for shape in own])
        curves[kind] = np.polyfit(x, y, min(2, len(set(x)) - 1))
    read_off = {shape: float(np.exp(np.polyval(curves[kind_of(shape)], np.log(macs[shape])))) for shape in macs}
    return {**read_off, **known}


def in_a_process(space: SearchSpace, data: DataSet, log: Path, trials: Sequence[PlannedTrial]) -> list[float]:
    """Seconds of a step of each trial, in a process of its own.

    Raises:
        UserError: that process died.
    """
    with local_pool(log, [HIDDEN]) as alone:
        try:
            return list(alone.submit(probe, space, data.source, data.fingerprint, trials).result())
        except WorkerDiedError as error:
            raise UserError(f"{log}: the process that trained for a few steps died ({error}); search again.") from error


def probe(space: SearchSpace, source: str, fingerprint: str, trials: Sequence[PlannedTrial]) -> list[float]:
    """Seconds of a training step of each trial, dense, in this process."""
    from kwssearch import backend
    from kwssearch.training import KwsHyperModel, step_seconds

    backend.configure(threads=1, deterministic=space.recipe.deterministic, gpu=False)
    hypermodel = KwsHyperModel(space, open_data(source, space.data_settings, fingerprint))
    return [step_seconds(hypermodel, {**trial.values, "final_sparsity": 0.0, "clusters": 0}) for trial in trials]
