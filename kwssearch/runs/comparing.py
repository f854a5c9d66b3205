"""What differs between two runs that were recorded, in phrases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kwssearch.data import difference
from kwssearch.runs.changes import changed_keys
from kwssearch.runs.records import DATA_RECORD, read_or_warn
from kwssearch.runs.run import Run

MACHINE = ("cpu", "cores", "host")


def run_changes(one: Run, other: Run) -> Iterator[str]:
    """One phrase for each thing that the second run has otherwise: space, recipe, data, versions, machine."""
    strategies = [{strategy.name for strategy in run.space.strategies} for run in (one, other)]
    for which, alone in (("first", strategies[0] - strategies[1]), ("second", strategies[1] - strategies[0])):
        yield from (f"strategy {name!r} is in the {which} alone" for name in sorted(alone))
    for phrase in changed_keys(one.space, other.space):
        if phrase.split(".")[1:2] not in [[name] for name in strategies[0] ^ strategies[1]]:
            yield phrase
    executions = [run.space.recipe.executions for run in (one, other)]
    if executions[0] != executions[1]:
        yield f"executions a trial were {executions[0]} and are {executions[1]}"
    if one.record["data"]["fingerprint"] != other.record["data"]["fingerprint"]:
        told = difference(*(read_or_warn(run.folder / DATA_RECORD, []) or {} for run in (one, other)))
        yield f"the data set: {told or 'words or sampling rate differ'}"
    for what in ("versions", "environment"):
        before, after = (run.record.get(what) or {} for run in (one, other))
        for key in sorted({*before, *after}):
            if before.get(key) != after.get(key) and (what == "versions" or key in MACHINE):
                yield f"{key} was {before.get(key, 'unset')} and is {after.get(key, 'unset')}"


def same_test_clips(one: Run, other: Run) -> bool:
    """Whether two runs were tested on the same clips, in the same order."""
    first, second = (
        (read_or_warn(run.folder / DATA_RECORD, []) or {}).get("splits", {}).get("test") for run in (one, other)
    )
    alike = isinstance(first, Mapping) and isinstance(second, Mapping) and list(first.items()) == list(second.items())
    return one.words == other.words and (alike or (first == second and first is not None))
