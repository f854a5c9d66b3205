"""What the points of a space cost on paper, before anything is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from kwssearch.backend import keras
from kwssearch.models.architectures import MODELS, macs
from kwssearch.space.search_space import SearchSpace


@dataclass(frozen=True)
class Cost:
    """Of one model; multiply-accumulates are of one inference."""

    input_shape: tuple[int, int, int]
    parameters: int
    macs: int


def costs(space: SearchSpace, classes: int) -> dict[str, Cost]:
    """Trial id -> its cost, from models that are built and thrown away."""
    known: dict[tuple[object, ...], Cost] = {}
    found = {}
    for trial in space.trials:
        point = tuple(trial.values[axis] for axis in ("features", "architecture", "width_multiplier"))
        if point not in known:
            features, architecture, width = point
            shape = space.features[str(features)].shape
            model = MODELS[str(architecture)](shape, classes, float(str(width)))
            known[point] = Cost(shape, model.count_params(), macs(model))
        found[trial.trial_id] = known[point]
    keras.backend.clear_session()
    return found


def space_rows(space: SearchSpace, classes: int) -> list[dict[str, object]]:
    """A JSON-ready row a trial, in declared order."""
    found = costs(space, classes)
    return [
        {"trial_id": trial.trial_id, "strategy": trial.strategy, **trial.values, **asdict(found[trial.trial_id])}
        for trial in space.trials
    ]
