"""What a run recorded: read without TensorFlow, while the search goes on or long after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.data.speakers import speaker_of
from kwssearch.errors import SpaceError, UserError
from kwssearch.runs.records import (
    DATA_RECORD,
    LATENCY_RECORD,
    PROGRESS_RECORD,
    RESULT_RECORD,
    RUN_RECORD,
    damaged,
    read_or_warn,
    read_run_record,
    result_fault,
)
from kwssearch.space.declaration import read_space
from kwssearch.space.search_space import PlannedTrial, SearchSpace
from kwssearch.system.storage import read_json


@dataclass(frozen=True)
class Objective:
    """A figure to make large or small; `sign * value` is a loss."""

    name: str
    sign: int


OBJECTIVES = (
    Objective("accuracy", -1),
    Objective("memory_bytes", 1),
    Objective("latency_ms", 1),
)


@dataclass(frozen=True)
class Execution:
    """One training of one point, as its result.json tells it.

    Attributes:
        index: 0 for the first seed; executions of the same index share their seed across trials.
        predictions: shape (test clips,), class indices of the .tflite on the test split.
        record: everything the file holds.
    """

    index: int
    status: str
    record: Mapping[str, Any]

    @cached_property
    def predictions(self) -> npt.NDArray[np.int64]:
        return np.asarray(self.record["predictions"], dtype=np.int64)

    def __getitem__(self, key: str) -> Any:
        return self.record[key]


@dataclass(frozen=True)
class Latency:
    """Times of one artefact, a value a round, in ms; rounds are shared by all trials of the run.

    Attributes:
        total: front end + set input + invoke, timed together; shape (rounds,).
        feature: the front end alone; shape (rounds,).
        model: set input + invoke alone; shape (rounds,).
    """

    total: npt.NDArray[np.float64]
    feature: npt.NDArray[np.float64]
    model: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """A point of the space with what is known of it.

    Attributes:
        executions: the completed ones, by index.
        failures: the failed ones.
        latency: measured alone after training; None while only provisional figures exist.
        progress: of the execution that is running now, else None.
    """

    planned: PlannedTrial
    executions: tuple[Execution, ...] = ()
    failures: tuple[Execution, ...] = ()
    latency: Latency | None = None
    progress: Mapping[str, Any] | None = None

    @property
    def trial_id(self) -> str:
        return self.planned.trial_id

    @property
    def strategy(self) -> str:
        return self.planned.strategy

    @property
    def values(self) -> Mapping[str, Any]:
        return self.planned.values

    @property
    def status(self) -> str:
        """completed (at least one execution is), failed, running or waiting."""
        if self.executions:
            return "completed"
        if self.progress is not None:
            return "running"
        return "failed" if self.failures else "waiting"

    @property
    def name(self) -> str:
        """The point in a few words, such as 'log_mel cnn α 0.5 sparsity 0.9'."""
        values = self.values
        parts = [values["features"], values["architecture"]]
        if values["width_multiplier"] != 1:
            parts.append(f"α {values['width_multiplier']:g}")
        if values["final_sparsity"]:
            parts.append(f"sparsity {values['final_sparsity']:g}")
        return " ".join(parts)

    def mean(self, key: str) -> float:
        """Mean of a recorded figure over the completed executions."""
        return float(np.mean([execution[key] for execution in self.executions]))

    @cached_property
    def accuracy(self) -> float:
        return self.mean("accuracy")

    @cached_property
    def memory_bytes(self) -> float:
        return self.mean("memory_bytes")

    @cached_property
    def latency_ms(self) -> float:
        """Median over rounds, or the mean of the provisional medians."""
        return float(np.median(self.latency.total)) if self.latency else self.mean("latency_ms")

    @cached_property
    def feature_latency_ms(self) -> float:
        return float(np.median(self.latency.feature)) if self.latency else self.mean("feature_latency_ms")

    @cached_property
    def model_latency_ms(self) -> float:
        return float(np.median(self.latency.model)) if self.latency else self.mean("model_latency_ms")


@dataclass(frozen=True)
class Run:
    """A search's folder, read.

    Attributes:
        record: run.json.
        trials: every planned trial, in declared order.
        words: class names; indices are those of predictions and labels.
        labels: shape (test clips,), class indices.
        speakers: shape (test clips,), an integer a speaker.
        latency_record: latency.json, or None before the final measurement.
        warnings: a sentence for each damaged record that was passed over.
    """

    folder: Path
    record: Mapping[str, Any]
    space: SearchSpace
    trials: tuple[Trial, ...]
    words: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    speakers: npt.NDArray[np.int64]
    latency_record: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = field(default=())

    @cached_property
    def completed(self) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.trials if trial.executions)

    @cached_property
    def baselines(self) -> Mapping[str, Trial]:
        """Features -> the completed baseline with them."""
        return {trial.values["features"]: trial for trial in self.completed if trial.strategy == "baseline"}

    def baseline_of(self, trial: Trial) -> Trial | None:
        """The completed baseline with the same features, or None."""
        return self.baselines.get(trial.values["features"])


def trial_folder(run: Path, trial_id: str, execution: int = 0) -> Path:
    """Where an execution's files stand; the first one's in the trial's own folder."""
    folder = run / f"trial_{trial_id}"
    return folder if execution == 0 else folder / f"execution_{execution}"


def load(folder: str | Path) -> Run:
    """Reads a run; damaged results are passed over with a warning.

    Raises:
        UserError: no run is there, or its own record is damaged.
    """
    folder = Path(folder)
    record = read_run_record(folder)
    space = read_recorded_space(folder, record)
    warnings: list[str] = []
    latency_record = read_or_warn(folder / LATENCY_RECORD, warnings)
    latencies = read_latencies(folder, latency_record, warnings)
    words, labels, speakers = read_test_clips(folder, record)
    trials = tuple(
        load_trial(folder, planned, space.recipe.executions_per_trial, len(labels), len(words), latencies, warnings)
        for planned in space.trials
    )
    return Run(folder, record, space, trials, words, labels, speakers, latency_record, tuple(warnings))


def read_recorded_space(folder: Path, record: Mapping[str, Any]) -> SearchSpace:
    try:
        return read_space(record.get("space"), place=f"{folder / RUN_RECORD}: space")
    except SpaceError as error:
        raise UserError(str(error)) from error


def read_test_clips(
    folder: Path, record: Mapping[str, Any]
) -> tuple[tuple[str, ...], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Class names, and the test clips' labels and speakers."""
    path = folder / DATA_RECORD
    try:
        words = tuple(record["data"]["words"])
        clips = list(read_json(path)["splits"]["test"])
        labels = np.array([words.index(clip.split("/")[0]) for clip in clips], dtype=np.int64)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: cannot be read ({type(error).__name__}: {' '.join(str(error).split())[:120]}); "
            "restore it, or start afresh with --out elsewhere."
        ) from error
    speakers = np.unique([speaker_of(clip) for clip in clips], return_inverse=True)[1].astype(np.int64)
    return words, labels, speakers


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
    done: list[Execution] = []
    failed: list[Execution] = []
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
            chosen = done if record["status"] == "completed" else failed
            chosen.append(Execution(index, record["status"], record))
    return Trial(planned, tuple(done), tuple(failed), latencies.get(planned.trial_id), progress)


def read_latencies(folder: Path, record: Mapping[str, Any] | None, warnings: list[str]) -> dict[str, Latency]:
    """Trial id -> its times; a damaged entry costs its own trial only."""
    entries = record.get("trials") if record else {}
    found = {}
    for trial_id, entry in entries.items() if isinstance(entries, Mapping) else ():
        try:
            found[trial_id] = Latency(*(times(entry[key]) for key in ("total", "feature", "model")))
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            warnings.append(damaged(folder / LATENCY_RECORD, f"trial {trial_id[:20]!r}: {error}"))
    return found


def times(values: Any) -> npt.NDArray[np.float64]:
    """Shape (rounds,), in ms.

    Raises:
        ValueError: not one or more times.
    """
    found = np.array(values, dtype=np.float64)
    if found.ndim != 1 or not found.size or not np.all(np.isfinite(found) & (found >= 0)):
        raise ValueError("not a list of times")
    return found
