"""What the points of a space cost on paper, before anything is trained; remembered, so that it is computed once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kwssearch.space import SearchSpace
from kwssearch.system.cache import DataError, cache_folder, recall, remember
from kwssearch.system.environment import versions

Shape = tuple[str, str, float]  # features, architecture, width multiplier


@dataclass(frozen=True)
class Cost:
    """The cost of one model; multiply-accumulates are those of one inference."""

    input_shape: tuple[int, int, int]
    parameters: int
    macs: int


def costs(space: SearchSpace, classes: int, waiting: Callable[[], None] = lambda: None) -> dict[str, Cost]:
    """Trial id -> its cost; models whose cost is not known yet are built and thrown away.

    Args:
        waiting: called before TensorFlow is loaded, which takes seconds.

    Raises:
        UserError: a builder of the user's own gives no model that can be trained.
    """
    shapes = {trial.trial_id: shape_of(trial.values) for trial in space.trials}
    places = {shape: place_of(space, classes, shape) for shape in set(shapes.values())}
    remembered = {shape: known(place) for shape, place in places.items()}
    if any(cost is None for cost in remembered.values()):
        waiting()
        from kwssearch.models.building import measured_costs

        missing = [shape for shape in dict.fromkeys(shapes.values()) if remembered[shape] is None]
        for shape, cost in measured_costs(space, classes, missing).items():
            remembered[shape] = cost
            if (place := places[shape]) is not None:
                remember(place, asdict(cost))
    return {trial_id: found for trial_id, shape in shapes.items() if (found := remembered[shape]) is not None}


def shape_of(values: Mapping[str, Any]) -> Shape:
    return values["features"], values["architecture"], values["width_multiplier"]


def place_of(space: SearchSpace, classes: int, shape: Shape) -> Path | None:
    """Where a cost is remembered, keyed by all that determines it."""
    features, architecture, width = shape
    pruned = architecture in space.architectures and any(
        trial.values["architecture"] == architecture and trial.values["final_sparsity"] for trial in space.trials
    )  # what is refused of a pruned model is not of a dense one
    code = builder_digest(space, architecture)
    return remembered_at("costs", code, architecture, space.features[features].shape, classes, width, pruned)


def builder_digest(space: SearchSpace, architecture: str) -> str:
    """Of the code that builds an architecture."""
    source = space.architectures.get(architecture)
    if source is not None:
        return source.digest
    return " ".join(file_digest(Path(__file__).with_name(f"{name}.py")) for name in ("architectures", "field", "parts"))


def file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def remembered_at(kind: str, *key: Any) -> Path | None:
    """A record's place in the cache, by its key and all versions; None for a user who has no place for a cache."""
    name = hashlib.sha256(json.dumps([versions(), *key]).encode()).hexdigest()[:32]
    try:
        return cache_folder() / kind / f"{name}.json"
    except DataError:
        return None


def known(path: Path | None) -> Cost | None:
    record = None if path is None else recall(path)
    if record is None:
        return None
    frames, bands, channels = record["input_shape"]
    return Cost((frames, bands, channels), record["parameters"], record["macs"])


def space_rows(space: SearchSpace, classes: int, waiting: Callable[[], None] = lambda: None) -> list[dict[str, object]]:
    """One JSON-ready row per trial, in declared order."""
    found = costs(space, classes, waiting)
    return [{**trial.row, **asdict(found[trial.trial_id])} for trial in space.trials]
