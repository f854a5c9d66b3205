"""What the files of a space will weigh, before anything is trained; remembered, so that it is computed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from kwssearch.compression.sampled import (
    Described,
    fitted,
    flash_terms,
    ram_terms,
    sample,
    zipped_terms,
)
from kwssearch.models.cost import Cost, builder_digest, costs, file_digest, remembered_at
from kwssearch.space import SearchSpace
from kwssearch.system.cache import recall, remember

MOST_MADE = 160
CODE = ("untrained.py", "converting.py")

# By how much a forecast of zipped bytes may be off, as a share: 95 % of the errors that were found are smaller, in 90
# trained float32 files, 24 of int8 and 17 of each other kind (benchmarks/forecast.py). The large ones of int8 are of
# wide CNNs: a few large weights of a trained kernel set the scale of all, which nothing foretells.
MEMORY_ERROR: Mapping[str, float] = {"none": 0.02, "float16": 0.02, "dynamic": 0.04, "int8": 0.13}


class Point(NamedTuple):
    """What determines a file, apart from its weights' values."""

    features: str
    architecture: str
    width: float
    sparsity: float
    quantization: str
    clusters: int = 0


@dataclass(frozen=True)
class Forecast:
    """What the file of a point will weigh.

    Attributes:
        tflite_bytes: of the file; exact, but in spaces of more than `MOST_MADE` files, where it is within 0.1 %.
        activation_bytes: what it needs at once while it runs; exact, but in such spaces, where it is within 3 %.
        memory_bytes: of the file zipped, with random weights instead of trained ones; off by `MEMORY_ERROR` at most
            in 95 of 100 cases.
    """

    tflite_bytes: int
    activation_bytes: int
    memory_bytes: int


def forecasts(
    space: SearchSpace, classes: int, waiting: Callable[[int], None] = lambda files: None
) -> dict[str, Forecast]:
    """Trial id -> forecast; files that are not known yet are made of random weights and thrown away.

    Of more than `MOST_MADE` files some are made, and the others' figures are read off curves through theirs.

    One file stands for many points: its size and the memory it runs in do not depend on sparsity, and what it weighs
    zipped does not depend on the input's shape where that adds no parameters.

    Args:
        waiting: called with the number of files before they are made, each in about a second.

    Raises:
        UserError: a builder of the user's own gives no model that can be trained.
    """
    known = costs(space, classes)
    points = {trial.trial_id: point_of(trial.values) for trial in space.trials}
    zips: dict[tuple[Any, ...], Point] = {}
    sizes: dict[tuple[Any, ...], Point] = {}
    for trial_id, point in points.items():
        zips.setdefault(zip_key(point, known[trial_id]), point)
    standing = set(zips.values())
    for trial_id, point in sorted(points.items(), key=lambda item: item[1] not in standing):
        sizes.setdefault(size_key(point, known[trial_id]), point)
    needed = list(dict.fromkeys((*zips.values(), *sizes.values())))
    if len(needed) > MOST_MADE:
        return sampled_forecasts(space, classes, points, known, waiting)
    made = files(space, classes, needed, waiting)
    return {
        trial_id: replace(
            made[sizes[size_key(point, known[trial_id])]],
            memory_bytes=made[zips[zip_key(point, known[trial_id])]].memory_bytes,
        )
        for trial_id, point in points.items()
    }


def sampled_forecasts(
    space: SearchSpace,
    classes: int,
    points: Mapping[str, Point],
    known: Mapping[str, Cost],
    waiting: Callable[[int], None],
) -> dict[str, Forecast]:
    """The same from files of some points."""
    described = [
        Described(
            (p.architecture, p.quantization, p.clusters), known[i].input_shape, p.width, p.sparsity, known[i].parameters
        )
        for i, p in points.items()
    ]
    listed = list(points.values())
    chosen = sample(described)
    made = files(space, classes, [listed[i] for i in chosen], waiting)
    of = {i: made[listed[i]] for i in chosen}
    flash = fitted(described, {i: forecast.tflite_bytes for i, forecast in of.items()}, flash_terms)
    ram = fitted(described, {i: forecast.activation_bytes for i, forecast in of.items()}, ram_terms)
    memory = fitted(described, {i: forecast.memory_bytes for i, forecast in of.items()}, zipped_terms)
    figures = zip(flash, ram, memory, strict=True)
    return {
        trial_id: Forecast(*(max(1, round(float(figure))) for figure in own))
        for trial_id, own in zip(points, figures, strict=True)
    }


def zip_key(point: Point, cost: Cost) -> tuple[Any, ...]:
    """What determines the zipped size."""
    return cost.parameters, point.architecture, point.width, point.sparsity, point.quantization, point.clusters


def size_key(point: Point, cost: Cost) -> tuple[Any, ...]:
    """What determines the file's size and the memory it runs in."""
    return cost.input_shape, point.architecture, point.width, point.quantization, bool(point.clusters)


def files(
    space: SearchSpace, classes: int, points: Sequence[Point], waiting: Callable[[int], None]
) -> dict[Point, Forecast]:
    """What the file of each point weighs."""
    places = {point: place_of(space, classes, point) for point in points}
    found = {point: forecast for point, place in places.items() if (forecast := known_at(place)) is not None}
    missing = [point for point in points if point not in found]
    if missing:
        waiting(len(missing))
        from kwssearch.compression.untrained import untrained_files

        for point, made in untrained_files(space, classes, missing):
            found[point] = made
            if (place := places[point]) is not None:
                remember(place, asdict(made))
    return found


def point_of(values: Mapping[str, Any]) -> Point:
    return Point(
        values["features"],
        values["architecture"],
        values["width_multiplier"],
        values["final_sparsity"],
        values["quantization"],
        values["clusters"],
    )


def place_of(space: SearchSpace, classes: int, point: Point) -> Path | None:
    """Where a forecast is remembered, keyed by all that determines it."""
    features, architecture, *rest = point
    code = [builder_digest(space, architecture), *(file_digest(Path(__file__).with_name(name)) for name in CODE)]
    shape = space.features[features].shape
    return remembered_at("forecasts", code, architecture, shape, classes, space.quantization.per_channel, *rest)


def known_at(path: Path | None) -> Forecast | None:
    record = None if path is None else recall(path)
    if record is None:
        return None
    return Forecast(record["tflite_bytes"], record["activation_bytes"], record["memory_bytes"])
