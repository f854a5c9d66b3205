"""Names of what trials share: digests of all that determines a training, or its beginning."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from kwssearch.space import Axis, SearchSpace, Stage, all_axes

DIGITS = 16
YOUNGER = ("clusters",)  # axes that are younger than names which records hold


def training_name(
    space: SearchSpace,
    values: Mapping[str, Any],
    seed: int,
    fingerprint: str,
    versions: Mapping[str, str],
    precision: str,
    start_precision: str | None = None,
) -> str:
    """Names a training: trials of the same name have the same weights, in whatever run they are.

    Args:
        values: of the point; what only its file knows is left out.
        seed: of the execution.
        fingerprint: of the data set.
        versions: of what can alter a result.
        precision: in which it trains, as it was chosen.
        start_precision: in which the dense model was trained that it starts from, if it starts from one.
    """
    parts = described(space, values, Stage.ENDING, seed, fingerprint, versions)
    if start_precision not in (None, precision):
        parts["start"]["precision"] = start_precision
    return digest(parts, precision)


def beginning_name(
    space: SearchSpace, values: Mapping[str, Any], seed: int, fingerprint: str, versions: Mapping[str, str]
) -> str:
    """Names what trainings that differ only in their endings have in common."""
    return digest(described(space, values, Stage.TRAINING, seed, fingerprint, versions), space.recipe.precision)


def described(
    space: SearchSpace,
    values: Mapping[str, Any],
    up_to: Stage,
    seed: int,
    fingerprint: str,
    versions: Mapping[str, str],
) -> dict[str, Any]:
    """All that determines a training up to a stage, whatever its parts are called in a space."""
    recipe, dense = space.recipe_of(values), space.dense_of(values)
    setting = {key: value for key, value in asdict(space.features[values["features"]]).items() if key != "name"}
    pruning = space.shared_pruning(values) if up_to < Stage.ENDING else space.pruning_of(values)
    own, altered = space.architectures.get(values["architecture"]), space.augmentation_of(values)
    return {
        **{axis.name: values[axis.name] for axis in all_axes() if axis.stage <= up_to and counts(axis, values)},
        "features": setting,
        "code": own.digest if own else None,
        "recipe": [recipe.epochs, recipe.batch_size, recipe.learning_rate, recipe.deterministic],
        "pruning": None if pruning is None else pruning.to_dict(),
        **({} if altered is None else {"augmentation": altered.described()}),
        "seed": seed,
        "data": fingerprint,
        "versions": dict(versions),
        **({"clustering": space.clustering.to_dict()} if values["clusters"] and up_to >= Stage.ENDING else {}),
        **({} if dense is None else {"start": described(space, dense, Stage.ENDING, seed, fingerprint, versions)}),
    }


def counts(axis: Axis, values: Mapping[str, Any]) -> bool:
    """Whether a value is itself part of a name: settings and the recipe are in place of theirs, and younger axes are
    only where they vary."""
    named = axis.has_settings or axis.of_recipe
    return not named and (axis.name not in YOUNGER or values[axis.name] != axis.default)


def digest(parts: Mapping[str, Any], precision: str) -> str:
    content = json.dumps([parts, precision], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:DIGITS]
