"""A search space as KerasTuner's HyperParameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kwssearch.backend import keras_tuner
from kwssearch.space import SearchSpace


def hyperparameters(space: SearchSpace, values: Mapping[str, Any] | None = None) -> keras_tuner.HyperParameters:
    """Every axis as a Choice, set to `values`, or to the first trial's."""
    hp = keras_tuner.HyperParameters()
    declare(space, hp)
    hp.values.update(values or {})
    return hp


def declare(space: SearchSpace, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
    """Declares every axis, as a build hook does, and gives the point's values.

    The choices of the axes span more than a union of grids: only the space
    can say whether a point belongs to it.
    """
    first = space.trials[0].values
    return {
        axis: hp.Choice(axis, list(dict.fromkeys(t.values[axis] for t in space.trials)), default=default, ordered=False)
        for axis, default in first.items()
    }
