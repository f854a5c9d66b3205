"""A run's folder: begun once, held by one process at a time, never mixed with another search."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from kwssearch.data import dataset as data_sets
from kwssearch.data.dataset import DataSet
from kwssearch.errors import UserError
from kwssearch.runs import records
from kwssearch.runs import run as results
from kwssearch.space.schema import show
from kwssearch.space.search_space import SearchSpace
from kwssearch.system import environment
from kwssearch.system.storage import read_json, write_json

LOCK = "lock"
HOLDER = "holder.json"
LOG = "workers.log"
SHARED = "shared"
LEFTOVERS = (records.CHECKPOINT_FILE, records.PROGRESS_RECORD)
OURS = (LOCK, HOLDER, LOG, SHARED, records.DATA_RECORD, "tuner")


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keeps other writers out; the system lets go of a dead process's lock by itself.

    Raises:
        UserError: another process holds the run, or the folder holds other things or cannot be written.
    """
    lock = FileLock(folder / LOCK)
    with told_of(folder):
        folder.mkdir(parents=True, exist_ok=True)
        refuse_strangers(folder)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise UserError(
                f"{folder}: {holder(folder)} is running this search; wait for it or stop it, or use --out elsewhere."
            ) from error
    try:
        write_json(folder / HOLDER, {"pid": os.getpid(), "host": socket.gethostname(), "since": now()})
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / HOLDER).unlink()
        lock.release()


def holder(folder: Path) -> str:
    try:
        record = read_json(folder / HOLDER)
        return f"process {int(record['pid'])} on host {str(record['host'])[:80]!r}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def begin(folder: Path, space: SearchSpace, data: DataSet) -> dict[str, Any]:
    """The run's record, written on first use, checked against the search on every later one.

    A run may grow by more executions a trial, and its data set may have moved; nothing else may change.

    Raises:
        UserError: the folder holds another search; says what differs.
    """
    path = folder / records.RUN_RECORD
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        record = describe(folder, space, data)
        write_json(folder / records.DATA_RECORD, data_sets.record(data))
        write_json(path, record)
        return record
    record = records.read_run_record(folder)
    recorded = results.read_recorded_space(folder, record)
    differences = [*changes(record, recorded, space, data, folder)]
    if differences:
        raise UserError(
            f"{folder}: was begun with another search: {'; '.join(differences)}. "
            "Restore what it was begun with, or start afresh with --out elsewhere."
        )
    grown = space.recipe.executions_per_trial > recorded.recipe.executions_per_trial
    source = recorded_source(folder, data)
    if grown or source != record["data"]["source"]:
        record = {
            **record,
            "space": space.to_dict() if grown else record["space"],
            "data": {**record["data"], "source": source},
        }
        write_json(path, record)
    return record


def refuse_strangers(folder: Path) -> None:
    """Leaves a folder alone that is no run and holds what no run would."""
    if (folder / records.RUN_RECORD).exists():
        return
    others = [path.name for path in folder.iterdir() if path.name not in OURS and not path.name.startswith(".")]
    if others:
        raise UserError(
            f"{folder}: holds other files ({show(others[0])}), expected a new or empty folder or a run; "
            "use --out elsewhere."
        )


def describe(folder: Path, space: SearchSpace, data: DataSet) -> dict[str, Any]:
    return {
        "format": records.FORMAT,
        "run_id": uuid.uuid4().hex[:16],
        "created": now(),
        "space": space.to_dict(),
        "data": {
            "source": recorded_source(folder, data),
            "fingerprint": data.fingerprint,
            "words": list(data.words),
            "sampling_rate": data.sampling_rate,
            "splits": {split: len(clips) for split, clips in data.splits.items()},
        },
        "versions": environment.versions(),
        "environment": environment.describe(),
    }


def recorded_source(folder: Path, data: DataSet) -> str:
    """The data set's name, or its folder as seen from the run's, so that both can move together."""
    if data.source in data_sets.NAMED:
        return data.source
    return os.path.relpath(data.root.resolve(), folder.resolve())


def source_of(folder: Path, record: Mapping[str, Any]) -> str:
    """What `load_data` takes, from what a run recorded."""
    recorded = str(record["data"]["source"])
    return recorded if recorded in data_sets.NAMED else os.path.normpath(folder.resolve() / recorded)


def changes(
    record: Mapping[str, Any], recorded: SearchSpace, space: SearchSpace, data: DataSet, folder: Path
) -> Iterator[str]:
    """What would make new results differ from those that stand here, a phrase each."""
    grown = max(space.recipe.executions_per_trial, recorded.recipe.executions_per_trial)
    before = flat(replace(recorded.with_recipe(executions_per_trial=grown), name="", description="", data="").to_dict())
    after = flat(replace(space.with_recipe(executions_per_trial=grown), name="", description="", data="").to_dict())
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield f"{key} was {show(before.get(key))} and is {show(after.get(key))}"
    if record["data"]["fingerprint"] != data.fingerprint:
        recorded_clips = records.read_or_warn(folder / records.DATA_RECORD, []) or {}
        yield f"the data set changed: {data_sets.difference(recorded_clips, data) or 'words or sampling rate'}"
    for name, version in environment.versions().items():
        if record["versions"].get(name) != version:
            yield f"{name} was {record['versions'].get(name)} and is {version}"


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


def tidy(folder: Path, retry_failed: bool = False) -> list[str]:
    """Sets damaged records aside, and failed ones if asked; clears what finished trials left.

    Returns:
        A sentence for each damaged record.
    """
    run = results.load(folder)
    executions = range(run.space.recipe.executions_per_trial)
    for trial in run.trials:
        whole = {execution.index for execution in (*trial.executions, *trial.failures)}
        for index in executions:
            here = results.trial_folder(folder, trial.trial_id, index)
            path = here / records.RESULT_RECORD
            if index not in whole and path.exists():
                set_aside(path, "damaged")
            elif retry_failed and index in {execution.index for execution in trial.failures}:
                set_aside(path, "failed")
            elif index in whole:
                clear(here)
    clear(folder)
    if run.latency_record is None and (folder / records.LATENCY_RECORD).exists():
        set_aside(folder / records.LATENCY_RECORD, "damaged")
    return list(run.warnings)


def set_aside(path: Path, why: str) -> None:
    """Renames a record so that it is neither read nor lost.

    Raises:
        UserError: its folder cannot be written.
    """
    number = 1
    while (aside := path.with_name(f"{path.stem}.{why}-{number}{path.suffix}")).exists():
        number += 1
    with told_of(path.parent):
        os.replace(path, aside)


def clear(folder: Path) -> None:
    """Removes what only a running execution needs.

    Raises:
        UserError: the folder cannot be written.
    """
    with told_of(folder):
        for name in LEFTOVERS:
            (folder / name).unlink(missing_ok=True)
        for temporary in folder.glob(".*.tmp"):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def told_of(folder: Path) -> Iterator[None]:
    """Tells what the system refuses there in a sentence."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be written ({error.strerror or error}); give write permission or use --out elsewhere."
        ) from error


def clear_shared(folder: Path) -> None:
    """Removes the states that trials shared, once none of them is still to run."""
    shutil.rmtree(folder / SHARED, ignore_errors=True)
