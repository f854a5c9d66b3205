"""What the files of a space will weigh, before anything is trained; remembered, so that it is computed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from kwssearch.models.cost import builder_digest, costs, file_digest, remembered_at
from kwssearch.space import SearchSpace
from kwssearch.system.cache import recall, remember

CODE = ("untrained.py", "converting.py")

# By how much a forecast of zipped bytes may be off, as a share: 95 % of the errors that were found are smaller. They
# are those of 80 trained float32 files (benchmarks/forecast.py runs/full-speech8) and of 16 files of each other kind.
# In int8 a single large weight of a kernel sets the scale of all, which nothing foretells.
MEMORY_ERROR: Mapping[str, float] = {"none": 0.02, "float16": 0.02, "dynamic": 0.02, "int8": 0.08}


class Point(NamedTuple):
    """What determines a file, apart from its weights' values."""

    features: str
    architecture: str
    width: float
    sparsity: float
    quantization: str


@dataclass(frozen=True)
class Forecast:
    """What the file of a point will weigh.

    Attributes:
        tflite_bytes: of the file; exact.
        activation_bytes: what it needs at once while it runs; exact.
        memory_bytes: of the file zipped, with random weights instead of trained ones; off by `MEMORY_ERROR` at most
            in 95 of 100 cases.
    """

    tflite_bytes: int
    activation_bytes: int
    memory_bytes: int


def forecasts(space: SearchSpace, classes: int, waiting: Callable[[], None] = lambda: None) -> dict[str, Forecast]:
    """Trial id -> forecast; files that are not known yet are made of random weights and thrown away.

    Args:
        waiting: called before TensorFlow is loaded and files are made, which takes about a second for each.

    Raises:
        UserError: a builder of the user's own gives no model that can be trained.
    """
    points = {trial.trial_id: point_of(trial.values) for trial in space.trials}
    places = {point: place_of(space, classes, point) for point in dict.fromkeys(points.values())}
    found = {point: known(place) for point, place in places.items()}
    missing = [point for point, forecast in found.items() if forecast is None]
    if missing:
        waiting()
        costs(space, classes)
        from kwssearch.compression.untrained import untrained_files

        for point, made in untrained_files(space, classes, missing):
            found[point] = made
            if (place := places[point]) is not None:
                remember(place, asdict(made))
    return {trial_id: forecast for trial_id, point in points.items() if (forecast := found[point]) is not None}


def point_of(values: Mapping[str, Any]) -> Point:
    return Point(
        values["features"],
        values["architecture"],
        values["width_multiplier"],
        values["final_sparsity"],
        values["quantization"],
    )


def place_of(space: SearchSpace, classes: int, point: Point) -> Path | None:
    """Where a forecast is remembered, keyed by all that determines it."""
    features, architecture, *rest = point
    code = [builder_digest(space, architecture), *(file_digest(Path(__file__).with_name(name)) for name in CODE)]
    shape = space.features[features].shape
    return remembered_at("forecasts", code, architecture, shape, classes, space.quantization.per_channel, *rest)


def known(path: Path | None) -> Forecast | None:
    record = None if path is None else recall(path)
    if record is None:
        return None
    return Forecast(record["tflite_bytes"], record["activation_bytes"], record["memory_bytes"])
