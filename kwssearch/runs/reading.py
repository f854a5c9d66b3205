"""Reads a run without TensorFlow, during the search or long after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.data import are_voices_known, recorded_labels, recorded_speakers
from kwssearch.errors import SpaceError, UserError
from kwssearch.runs.heard import heard_by, listened, with_heard
from kwssearch.runs.records import (
    DATA_RECORD,
    KNOWN_RECORD,
    LATENCY_RECORD,
    LEFT_OUT,
    PROGRESS_RECORD,
    REPEATED_RECORD,
    RESULT_RECORD,
    RUN_RECORD,
    SKIPPED_RECORD,
    TRIAL_RECORD,
    WHOLE,
    damaged,
    oracle_of,
    read_or_warn,
    read_run_record,
    read_trials,
    result_fault,
    trial_folder,
)
from kwssearch.runs.run import Clips, Execution, Latency, Run, Trial
from kwssearch.runs.targets import as_measured, read_target, target_record
from kwssearch.space import DataSettings, PlannedTrial, SearchSpace
from kwssearch.space.declaration import read_space
from kwssearch.system.storage import read_json

VOICES_KNOWN = "too few speakers to keep apart; accuracies are those of voices that were trained on"


def load(folder: str | Path, target: str | None = None) -> Run:
    """Reads a run; damaged results are passed over with a warning.

    Args:
        target: a machine whose latencies are read instead of those of the one that searched; trials that were not
            measured there do not count as completed.

    Raises:
        QuantityError: nothing was measured on the target.
        UserError: no run is there, or its own record or the target's is damaged.
    """
    folder = Path(folder)
    record = read_run_record(folder)
    space = read_recorded_space(folder, record)
    warnings: list[str] = []
    place = latency_path(folder, target)
    latency_record = read_or_warn(place, warnings) if target is None else read_target(folder, target)
    latencies = read_latencies(place, latency_record, warnings)
    words, test, validation = read_clips(folder, record, space.data_settings, warnings)
    skipped = read_skipped(folder, warnings)
    listed = listed_trials(folder, record, space, skipped, warnings)
    trials = tuple(
        load_trial(
            folder, planned, space.recipe.executions_per_trial, len(test.labels), len(words), latencies, warnings
        )
        for planned in listed
    )
    trials = tuple(replace(trial, skipped=skipped.get(trial.trial_id)) for trial in trials) if skipped else trials
    timed = latency_record.get("files") if latency_record else None
    trials = tuple(without_others_times(trial, timed) for trial in trials) if isinstance(timed, Mapping) else trials
    trials = trials if target is None else tuple(as_measured(trial, target) for trial in trials)
    chosen = read_or_warn(folder / REPEATED_RECORD, warnings)
    repeated = None if chosen is None else frozenset(chosen.get("trials", ()))
    found = listened(folder, warnings)
    heard = found or heard_by(trials)
    trials = tuple(with_heard(trial, heard.get(trial.trial_id)) for trial in trials) if found else trials
    told = tuple(warnings)
    return Run(folder, record, space, trials, words, *test, latency_record, told, validation, repeated, target, heard)


def latency_path(folder: Path, target: str | None) -> Path:
    """Where the latencies of a run are: those of a target, or those of the machine that searched."""
    return folder / LATENCY_RECORD if target is None else target_record(folder, target)


def listed_trials(
    folder: Path, record: Mapping[str, Any], space: SearchSpace, skipped: Mapping[str, Any], warnings: list[str]
) -> tuple[PlannedTrial, ...]:
    """All of a space where the search says something of each; else those that were begun, or are told to be skipped."""
    if oracle_of(record) in WHOLE and not space.has_ranges:
        return space.trials
    begun = read_trials(folder, space, warnings)
    known = {planned.trial_id for planned in begun}
    return (*begun, *(space.by_id[name] for name in sorted(skipped) if name in space.by_id and name not in known))


def read_skipped(folder: Path, warnings: list[str]) -> dict[str, dict[str, Any]]:
    """Trial id -> what the search expects of a trial that it did not train, and the `costs` that it knew, if any."""
    record = (read_or_warn(folder / SKIPPED_RECORD, warnings) or {}).get("trials")
    told = record if isinstance(record, Mapping) else {}
    whole = {trial_id: each for trial_id, each in told.items() if isinstance(each, Mapping)}
    costs = known_figures(folder) if whole else {}
    return {trial_id: {**expected, "costs": costs.get(trial_id, {})} for trial_id, expected in whole.items()}


def found_share(run: Run) -> float | None:
    """The share of the front's members that a search which skipped trials expects to have found, when it has ended."""
    share = (read_or_warn(run.folder / SKIPPED_RECORD, []) or {}).get("found")
    return float(share) if isinstance(share, int | float) else None


def known_before(run: Run) -> dict[str, dict[str, float]]:
    """Trial id -> what a search knew of a trial before it trained any: costs, and seconds of training."""
    return known_figures(run.folder)


def known_figures(folder: Path) -> dict[str, dict[str, float]]:
    known = read_or_warn(folder / KNOWN_RECORD, []) or {}
    ids, names = known.get("trials", ()), known.get("objectives", ())
    costs = {
        trial_id: dict(zip(names, row, strict=False))
        for trial_id, row in zip(ids, known.get("costs", ()), strict=False)
    }
    for trial_id, seconds in zip(ids, known.get("train_cpu_seconds", ()), strict=False):
        costs[trial_id]["train_cpu_seconds"] = seconds
    return costs


def read_recorded_space(folder: Path, record: Mapping[str, Any]) -> SearchSpace:
    """The space of a run as it is now, which knows what it was before it grew."""
    place, folder = str(folder / RUN_RECORD), folder.resolve()
    before = None
    try:
        for tables in record.get("before", []):
            before = replace(read_space(tables, place=f"{place}: before", folder=folder), before=before)
        return replace(read_space(record.get("space"), place=f"{place}: space", folder=folder), before=before)
    except SpaceError as error:
        raise UserError(str(error)) from error


def read_clips(
    folder: Path, record: Mapping[str, Any], settings: DataSettings, warnings: list[str]
) -> tuple[tuple[str, ...], Clips, Clips | None]:
    """Class names, the test clips, and the validation clips if there are any."""
    path = folder / DATA_RECORD
    try:
        words = tuple(record["data"]["words"])
        recorded = read_json(path)
        test = read_split(recorded, words, settings, "test")
        validation = (
            read_split(recorded, words, settings, "validation") if recorded["splits"].get("validation") else None
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: cannot be read ({type(error).__name__}: {' '.join(str(error).split())[:120]}); "
            "restore it, or start afresh in another folder."
        ) from error
    if are_voices_known(recorded):
        warnings.append(f"{folder}: {VOICES_KNOWN}.")
    return words, test, validation


def read_split(recorded: Mapping[str, Any], words: tuple[str, ...], settings: DataSettings, split: str) -> Clips:
    speakers = np.unique(recorded_speakers(recorded, split, settings.speaker), return_inverse=True)[1]
    return Clips(recorded_labels(recorded, words, split), speakers.astype(np.int64))


def load_trial(
    folder: Path,
    planned: PlannedTrial,
    executions: int,
    clips: int | None = None,
    classes: int | None = None,
    latencies: Mapping[str, Latency] = MappingProxyType({}),
    warnings: list[str] | None = None,
) -> Trial:
    """One trial's records, damaged ones passed over."""
    warnings = [] if warnings is None else warnings
    ended: dict[str, list[Execution]] = {"completed": [], "failed": [], LEFT_OUT: []}
    progress = None
    for index in range(executions):
        here = trial_folder(folder, planned.trial_id, index)
        record = read_or_warn(here / RESULT_RECORD, warnings)
        fault = None if record is None else result_fault(record, planned, clips, classes)
        if fault:
            warnings.append(damaged(here / RESULT_RECORD, fault))
        elif record is None:
            progress = progress or read_or_warn(here / PROGRESS_RECORD, [])
        else:
            ended[record["status"]].append(Execution(index, record["status"], record))
    declared = (trial_folder(folder, planned.trial_id) / TRIAL_RECORD).exists()
    left_out = next(iter(ended[LEFT_OUT]), None)
    done, failed = tuple(ended["completed"]), tuple(ended["failed"])
    return Trial(planned, done, failed, latencies.get(planned.trial_id), progress, declared, left_out)


def read_latencies(path: Path, record: Mapping[str, Any] | None, warnings: list[str]) -> dict[str, Latency]:
    """Trial id -> its times; a damaged entry costs its own trial only."""
    entries = record.get("trials") if record else {}
    found = {}
    for trial_id, entry in entries.items() if isinstance(entries, Mapping) else ():
        try:
            found[trial_id] = Latency(*(times(entry[key]) for key in ("total", "feature", "model")))
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            warnings.append(damaged(path, f"trial {trial_id[:20]!r}: {error}"))
    return found


def without_others_times(trial: Trial, timed: Mapping[str, Any]) -> Trial:
    """The trial without its times where they are of a file that it no longer has."""
    file = timed.get(trial.trial_id)
    own = {execution.record.get("sha256") for execution in trial.executions}
    return replace(trial, latency=None) if file and own and file not in own else trial


def times(values: Any) -> npt.NDArray[np.float64]:
    """Shape (rounds,), in ms.

    Raises:
        ValueError: not one or more times.
    """
    found = np.array(values, dtype=np.float64)
    if found.ndim != 1 or not found.size or not np.all(np.isfinite(found) & (found >= 0)):
        raise ValueError("not a list of times")
    return found
