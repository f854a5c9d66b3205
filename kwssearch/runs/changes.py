"""What would make new results differ from those that a run already holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from kwssearch.data import DataSet, difference
from kwssearch.data import record as record_of
from kwssearch.space import FREE, SearchSpace
from kwssearch.space.schema import show
from kwssearch.system import environment
from kwssearch.system.surroundings import RECORDED

POINTS = ("baseline.", "strategy")  # tables that say which points a space has
GROWING = (*POINTS, "features.", "augmentation.", "architectures.")


def changes(
    record: Mapping[str, Any],
    recorded: SearchSpace,
    clips: Mapping[str, Any],
    space: SearchSpace,
    data: DataSet,
) -> Iterator[str]:
    """One phrase for each change.

    Args:
        record: run.json.
        recorded: the space in it.
        clips: data.json.
    """
    yield from changed_keys(recorded, space)
    if record["data"]["fingerprint"] != data.fingerprint:
        yield f"the data set changed: {difference(clips, record_of(data)) or 'words or sampling rate'}"


def changed_keys(recorded: SearchSpace, space: SearchSpace) -> Iterator[str]:
    """What differs in a space's own tables; a space that has grown by trials differs in nothing for that."""
    before, after = (flat(comparable(each)) for each in (recorded, space))
    allowed = GROWING if grows(recorded, space) else ()
    known = tuple(f"augmentation.{name}." for name in recorded.augmentations)  # they mean what they meant
    for key in sorted({*before, *after}):
        added = key.startswith(allowed) and not key.startswith(known) and (key not in before or key.startswith(POINTS))
        if before.get(key) != after.get(key) and not added:
            yield changed_key(key, before.get(key), after.get(key))
    order, now = ([strategy.name for strategy in each.strategies[1:]] for each in (recorded, space))
    if order != now and sorted(order) == sorted(now) and not allowed:
        yield f"the order of strategies was {', '.join(order)} and is {', '.join(now)}"


def grows(recorded: SearchSpace, space: SearchSpace) -> bool:
    """Whether a space has all trials of the recorded one, under the same strategies, and further ones."""
    kept = all(space.strategy_of(trial.values) == trial.strategy for trial in recorded.trials)
    return kept and len(space.trials) > len(recorded.trials)


def more_executions(recorded: SearchSpace, space: SearchSpace) -> SearchSpace:
    """The one of two spaces that asks for more executions; of all trials rather than of the front."""
    return max(recorded, space, key=lambda each: (each.recipe.executions_per_trial, each.recipe.repeated == "all"))


def version_changes(recorded: Mapping[str, Any]) -> str | None:
    """Which versions and variables differ, and how to restore them; None if none does."""
    now = environment.versions()
    before = {name: recorded.get(name) for name in {*now, *recorded}}
    differ = {name: version for name, version in sorted(before.items()) if now.get(name) != version}
    if not differ:
        return None
    told = ", ".join(
        f"{name} was {version or 'unset'} and is {now.get(name, 'unset')}" for name, version in differ.items()
    )
    packages = [f"'{name}=={version}'" for name, version in differ.items() if name in environment.ALTERING and version]
    ways = [f"pip install {' '.join(packages)}"] if packages else []
    ways += [f"{name}={differ[name] or ''}" for name in differ if name in RECORDED]
    ways += ["the kwssearch that made it"] if "kwssearch results" in differ else []
    return f"{told}; restore them with {' and '.join(ways)}" if ways else told


def comparable(space: SearchSpace) -> dict[str, Any]:
    """A space's tables without what may differ: its name, the number of executions, `FREE`, and where folders are."""
    alike = replace(
        space.with_recipe(executions_per_trial=1, repeated="all"), name="", description="", data="", before=None
    ).with_folders(lambda folder: "")
    return {key: value for key, value in alike.to_dict().items() if key not in FREE}


def changed_key(key: str, before: Any, after: Any) -> str:
    if key.startswith("architectures.") and key.endswith(".digest") and before and after:
        return f"the code of architecture {key.removeprefix('architectures.').removesuffix('.digest')!r} changed"
    return f"{key} was {show(before)} and is {show(after)}"


def flat(tables: Any, prefix: str = "") -> dict[str, Any]:
    """Nested tables as one, keys joined by dots."""
    if isinstance(tables, Mapping):
        items = [(str(key), value) for key, value in tables.items()]
    elif isinstance(tables, list) and tables and all(isinstance(entry, Mapping) for entry in tables):
        items = [(str(entry.get("name", i)), entry) for i, entry in enumerate(tables)]
    else:
        return {prefix: tables}
    merged = {}
    for key, value in items:
        merged.update(flat(value, f"{prefix}.{key}" if prefix else key))
    return merged
