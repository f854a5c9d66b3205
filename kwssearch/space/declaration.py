"""Reads a declared search space: TOML file -> SearchSpace, or one sentence on its first fault."""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from kwssearch.errors import SpaceError, did_you_mean
from kwssearch.space.architectures import ArchitectureSource, locate
from kwssearch.space.augmentations import check_shift, read_augmentations
from kwssearch.space.axes import Axis, Stage, all_axes, axis_names
from kwssearch.space.data_settings import SETTINGS, read_data_settings, source_beside
from kwssearch.space.devices import read_limits
from kwssearch.space.front_ends import read_features
from kwssearch.space.front_settings import read_front
from kwssearch.space.objectives import (
    DEFAULT_OBJECTIVES,
    cost_objectives,
    objective_names,
    objectives_named,
    quality_objectives,
)
from kwssearch.space.prunings import RATES, is_rates, read_clustering, read_prunings
from kwssearch.space.ranges import Range, read_range
from kwssearch.space.schema import Field, Table, boolean, choice, integer, text
from kwssearch.space.search_space import BASELINE, CANDIDATES, SearchSpace, Strategy
from kwssearch.space.settings import Quantization, Recipe
from kwssearch.space.stream_settings import read_stream
from kwssearch.system.text import read_text

MAX_TRIALS = 10_000
KEYS = (
    "name", "description", "data", *SETTINGS, "objectives", "limits", "search", "max_trials", "candidates", "recipe",
    "pruning", "clustering", "quantization", "augmentation", "features", "stream", "front", "baseline", "strategy",
    "architectures",
)  # fmt: skip

RECIPE = {
    "epochs": integer(1, 100_000, "a whole number from 1", 20),
    "batch_size": integer(1, 100_000, "a whole number from 1", 20),
    "learning_rate": Field(RATES, is_rates, [0.01, 1e-5]),
    "seed": integer(0, 2**31 - 1, "a whole number from 0 to 2147483647", 42),
    "executions_per_trial": Field(
        "a whole number from 1 to 1000, or 'front:3' for so many of the trials on the front alone",
        lambda v: executions_of(v) is not None,
        1,
    ),
    "precision": choice(("auto", "float32", "mixed_bfloat16"), "auto"),
    "deterministic": boolean(False),
}

HEADS = {
    "name": text(),
    "description": text("", empty=True),
    "data": text("msc"),
    "search": choice(("grid", "front", "random"), "grid"),
    "max_trials": integer(1, MAX_TRIALS, f"a whole number from 1 to {MAX_TRIALS}", None),
    "candidates": integer(1, MAX_TRIALS, f"a whole number from 1 to {MAX_TRIALS}", CANDIDATES),
}

QUANTIZATION = {
    "clips": integer(1, 10_000, "a whole number from 1 to 10000", Quantization.clips),
    "per_channel": boolean(Quantization.per_channel),
}

SOURCE = {
    "module": text(),
    "function": text(),
    "digest": text(),
    "text": Field("the text of a Python file", lambda v: v is None or isinstance(v, str)),
}


def load_space(source: str | Path) -> SearchSpace:
    """Reads a TOML file, or the shipped space of that name.

    Raises:
        SpaceError: no such file or space, not TOML, or a fault in what it declares.
    """
    path = Path(os.path.expanduser(source))
    shipped = shipped_spaces()
    if not path.is_file() and str(source) in shipped:
        path = shipped[str(source)]
    try:
        content = tomllib.loads(read_text(path))
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError | IsADirectoryError) or "null byte" in str(error):
            raise SpaceError(
                f"no search space {str(source)!r}: expected a TOML file or one of {', '.join(shipped)}."
                f"{did_you_mean(source, shipped)}"
            ) from error
        reason = " ".join(str(error).split())
        raise SpaceError(f"{source}: cannot be read as TOML ({reason}); correct the file.") from error
    space = read_space(content, place=str(source), name=path.stem, folder=path.parent)
    return replace(space, data=source_beside(path, space.data))


def shipped_spaces() -> dict[str, Path]:
    """Name -> file of the spaces that come with the package."""
    folder = Path(str(resources.files("kwssearch"))) / "search_spaces"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read_space(content: Any, place: str = "space", name: str = "space", folder: Path = Path()) -> SearchSpace:
    """Checks and reads a declared space.

    Args:
        folder: where the files of the user's own architectures are, and from which folders are seen.

    Raises:
        SpaceError: the first fault, with its place, value, what was expected and the remedy.
    """
    table = Table(place, content)
    table.only(KEYS)
    heads = {**HEADS, "name": text(name)}
    texts = Table(place, {key: value for key, value in content.items() if key in heads}).read(heads)
    settings = read_data_settings(place, content, folder)
    features = read_features(place, content, settings.window_s)
    recipe = read_recipe(place, content)
    prunings = read_prunings(place, content)
    # Each front end of a range by its own name, and no names of prunings where the one there is has none.
    content = {**content, "features": dict.fromkeys(features), "pruning": dict.fromkeys(prunings)}
    fields = {axis.name: axis.field(named_settings(content, axis)) for axis in all_axes()}
    space = SearchSpace(
        **texts,
        recipe=recipe,
        prunings=prunings,
        clustering=read_clustering(place, content),
        quantization=Quantization(
            **Table(f"{place}: quantization", content.get("quantization", {})).read(QUANTIZATION)
        ),
        features=features,
        augmentations=read_augmentations(place, content, folder),
        baseline=read_baseline(place, content, fields, recipe),
        strategies=read_strategies(place, content, fields),
        objectives=read_objectives(table),
        limits=read_limits(place, content, folder),
        data_settings=settings,
        stream=read_stream(place, content, folder),
        front=read_front(place, content),
    )
    check_union(space, place)
    check_combined(space, place)
    for features, name in {(t.values["features"], t.values["augmentation"]): None for t in space.trials}:
        if name in space.augmentations:
            check_shift(place, name, space.augmentations[name], space.features[features])
    return replace(space, architectures=read_architectures(place, content, space, folder))


def named_settings(content: Mapping[str, Any], axis: Axis) -> tuple[str, ...]:
    """Names that the space itself gives meaning to: of its front ends, or of the architectures that a run recorded."""
    tables = content.get("architectures" if axis.name == "architecture" else axis.name, ())
    return tuple(tables) if isinstance(tables, Mapping) else ()


def read_architectures(
    place: str, content: Mapping[str, Any], space: SearchSpace, folder: Path
) -> dict[str, ArchitectureSource]:
    """Where the space's own builders are: as a run recorded them, otherwise as they are found now."""
    recorded = Table(f"{place}: architectures", content.get("architectures", {})).content
    found = {}
    for name in dict.fromkeys(str(trial.values["architecture"]) for trial in space.trials):
        if name in recorded:
            found[name] = ArchitectureSource(**Table(f"{place}: architectures.{name}", recorded[name]).read(SOURCE))
        elif (source := locate(name, folder)) is not None:
            found[name] = source
    return found


def read_recipe(place: str, content: Mapping[str, Any]) -> Recipe:
    values = Table(f"{place}: recipe", content.get("recipe", {})).read(RECIPE)
    repeated, executions = executions_of(values["executions_per_trial"]) or ("all", 1)
    rates = tuple(values["learning_rate"])
    return Recipe(**{**values, "learning_rate": rates, "executions_per_trial": executions, "repeated": repeated})


def executions_of(value: Any) -> tuple[str, int] | None:
    """Which trials are repeated, and how often each is trained; None if a value does not say so."""
    repeated, _, count = value.partition(":") if isinstance(value, str) else ("all", "", str(value))
    if repeated not in ("all", "front") or isinstance(value, bool) or not re.fullmatch("[1-9][0-9]{0,3}", count):
        return None
    executions = int(count)
    return (repeated, executions) if executions <= 1000 and (repeated == "all" or executions > 1) else None


def read_objectives(table: Table) -> tuple[str, ...]:
    """How good a model is, by accuracy, missed keywords or both, and what else is judged, in the declared order."""
    if "objectives" not in table.content:
        return DEFAULT_OBJECTIVES
    declared = table.content["objectives"]
    known = objectives_named(objective_names())
    good, paid = (", ".join(each.name for each in rows) for rows in (quality_objectives(known), cost_objectives(known)))
    expected = f"at least one of {good} and at least one of {paid}"
    if not isinstance(declared, list):
        raise table.fault("objectives", declared, f"a list of {expected}")
    names = table.axis("objectives", choice(objective_names()))
    chosen = objectives_named(names)
    if not quality_objectives(chosen) or not cost_objectives(chosen):
        raise table.fault("objectives", declared, expected)
    return names


def read_axes(table: Table, fields: Mapping[str, Field]) -> tuple[dict[str, tuple[Any, ...]], dict[str, Range]]:
    """Axis -> its values; and the ranges among them."""
    values, ranges = {}, {}
    for axis in all_axes():
        if axis.name not in table.content:
            continue
        content = table.content[axis.name]
        if isinstance(content, Mapping):
            if axis.scale is None:
                raise table.fault(axis.name, content, "a value or a list of values: it is a choice, not a number")
            ranges[axis.name] = read_range(f"{table.place}: {axis.name}", content)
            content = list(dict.fromkeys(map(axis.convert, ranges[axis.name].values)))
        listed = Table(table.place, {axis.name: content}).axis(axis.name, fields[axis.name])
        values[axis.name] = tuple(map(axis.convert, listed))
    return values, ranges


def read_baseline(
    place: str, content: Mapping[str, Any], fields: Mapping[str, Field], recipe: Recipe
) -> dict[str, tuple[Any, ...]]:
    table = Table(f"{place}: baseline", content.get("baseline", {}))
    table.only(axis_names())
    declared, _ = read_axes(table, fields)
    for axis in all_axes():
        if axis.stage > Stage.FEATURES and len(declared.get(axis.name, ())) > 1:
            raise table.fault(axis.name, list(declared[axis.name]), "one value: only features may vary in the baseline")
    return {
        axis.name: declared.get(axis.name) or defaults(axis, fields[axis.name], content, recipe) for axis in all_axes()
    }


def defaults(axis: Axis, field: Field, content: Mapping[str, Any], recipe: Recipe) -> tuple[Any, ...]:
    """The baseline's values of an axis that it does not name."""
    if axis.default is not None and field.accepts(axis.default):
        return (axis.default,)
    named = tuple(content.get(axis.name, ())) if axis.has_settings else ()
    if named:
        return named if axis.stage == Stage.FEATURES else named[:1]
    return (recipe.number(axis.name),)


def read_strategies(place: str, content: Mapping[str, Any], fields: Mapping[str, Field]) -> tuple[Strategy, ...]:
    declared = content.get("strategy", [])
    if not isinstance(declared, list):
        raise SpaceError(f"{place}: strategy: got one table, expected a list; write [[strategy]].")
    strategies = [Strategy(BASELINE, {})]
    for number_, entry in enumerate(declared, 1):
        table = Table(f"{place}: strategy {number_}", entry)
        table.only(("name", *axis_names()))
        name: Any = table.content.get("name")
        table.check("name", name, text())
        table = Table(f"{table.place} {name!r}", entry)
        if name in [strategy.name for strategy in strategies]:
            raise table.fault("name", name, "a name that no other strategy has")
        varied, ranges = read_axes(table, fields)
        if not varied:
            raise SpaceError(f"{table.place}: varies nothing, expected at least one of {', '.join(axis_names())}.")
        strategies.append(Strategy(name, varied, ranges))
    return tuple(strategies)


def check_combined(space: SearchSpace, place: str) -> None:
    """Raises: SpaceError: a point is to be pruned and clustered."""
    for trial in space.trials:
        sparsity, clusters = trial.values["final_sparsity"], trial.values["clusters"]
        if sparsity and clusters:
            raise SpaceError(
                f"{place}: strategy {trial.strategy!r} has points with final_sparsity {sparsity:g} and {clusters} "
                "clusters, which are not combined; give each a strategy of its own."
            )


def with_epochs(space: SearchSpace, epochs: int) -> SearchSpace:
    """The same space with another number of epochs in its recipe.

    Raises:
        SpaceError: a strategy varies nothing else.
    """
    changed = space.with_recipe(epochs=epochs)
    check_union(changed, f"{space.name} with {epochs} epochs")
    return changed


def check_union(space: SearchSpace, place: str) -> None:
    seen: set[tuple[Any, ...]] = set()
    for strategy in space.strategies:
        size = math.prod(map(len, {**space.baseline, **strategy.axes}.values()))
        if size > MAX_TRIALS and not strategy.ranges:
            raise SpaceError(f"{place}: strategy {strategy.name!r} has {size} trials, expected at most {MAX_TRIALS}.")
        points = set(space.grid(strategy))
        if points <= seen:
            raise SpaceError(
                f"{place}: strategy {strategy.name!r} adds no trial to those before it, "
                "expected at least one new point; remove it or vary something else."
            )
        seen |= points
    if len(seen) > MAX_TRIALS:
        raise SpaceError(f"{place}: has {len(seen)} trials, expected at most {MAX_TRIALS}.")
