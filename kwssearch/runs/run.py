"""A run and its trials, as they were recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kwssearch.runs.records import LISTENING, SKIPPED
from kwssearch.space import MISSES, Objective, PlannedTrial, QuantityError, SearchSpace, objectives_named

TIMED = {"latency_ms": "total", "feature_latency_ms": "feature", "model_latency_ms": "model"}


@dataclass(frozen=True)
class Execution:
    """One training of one point, as its result.json records it.

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


class Clips(NamedTuple):
    """A split: class index and speaker of each clip, both of shape (clips,)."""

    labels: npt.NDArray[np.int64]
    speakers: npt.NDArray[np.int64]

    def judged(self, execution: Execution) -> Execution | None:
        """The execution by its answers on these validation clips instead of the test's; None if it has none of them."""
        answers = execution.record.get("validation_predictions")
        if answers is None or len(answers) != len(self.labels) or not len(self.labels):
            return None
        predictions = np.asarray(answers, dtype=np.int64)
        figures = {"accuracy": float(np.mean(predictions == self.labels)), "predictions": predictions}
        return replace(execution, record={**execution.record, **figures, **on_validation_stream(execution.record)})


def on_validation_stream(record: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of the test stream, replaced by those of the validation stream; nothing if neither was heard."""
    if LISTENING not in record:
        return {}
    heard = record[LISTENING]
    draws = {**heard["draws"], "test": heard["draws"]["validation"]}
    return {MISSES.name: record[f"validation_{MISSES.name}"], LISTENING: {**heard, "draws": draws}}


@dataclass(frozen=True)
class Latency:
    """Times of one artefact, one value per round, in ms; rounds are shared by all trials of the run.

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
    """A point of the space with what is known about it.

    Attributes:
        executions: the completed ones, by index.
        failures: the failed ones.
        latency: measured after all training, with nothing beside it; None while only provisional figures exist.
        progress: of the execution that is running now, else None.
        declared: whether trial.json says what it is; that file is written before training.
        left_out: the record of why it is not compared, if a limit was in the way of its training or it was not
            measured on the target.
        skipped: what the search that did not train it expects of it; None if it did, or has not ended.
    """

    planned: PlannedTrial
    executions: tuple[Execution, ...] = ()
    failures: tuple[Execution, ...] = ()
    latency: Latency | None = None
    progress: Mapping[str, Any] | None = None
    declared: bool = False
    left_out: Execution | None = None
    skipped: Mapping[str, Any] | None = None

    @property
    def begun(self) -> bool:
        """Whether the trial was ever begun, if only to be left out."""
        return bool(self.declared or self.executions or self.failures or self.left_out or self.progress is not None)

    def missing(self, executions: int) -> tuple[int, ...]:
        """Which of so many executions have not ended; none of a trial that was left out."""
        ended = {execution.index for execution in (*self.executions, *self.failures)}
        return () if self.left_out else tuple(index for index in range(executions) if index not in ended)

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
    def ended(self) -> str:
        """When its last execution ended, in UTC; empty if no record says so."""
        ended = (*self.executions, *self.failures, *((self.left_out,) if self.left_out else ()))
        return max((str(execution.record.get("ended", "")) for execution in ended), default="")

    @property
    def reason(self) -> str | None:
        """Why it has failed or was left out, else None."""
        if self.status == SKIPPED:
            return str((self.skipped or {}).get("reason") or "no reason recorded")
        found = next(iter(self.failures), self.left_out)
        return None if found is None else str(found.record.get("reason") or "no reason recorded")

    @property
    def status(self) -> str:
        """completed (at least one execution is), left_out, unmeasured, failed, skipped, running or waiting."""
        if self.executions:
            return "completed"
        if self.left_out:
            return self.left_out.status
        if self.failures and self.progress is None:
            return "failed"
        if self.skipped is not None and not self.begun:
            return SKIPPED
        return "running" if self.begun else "waiting"

    @property
    def name(self) -> str:
        """The point in a few words, such as 'log_mel cnn α 0.5 sparsity 0.9'."""
        return self.planned.name

    def mean(self, key: str) -> float:
        """Mean of a recorded figure over the completed executions."""
        return float(np.mean([execution[key] for execution in self.executions]))

    def known(self, name: str) -> bool:
        """Whether its completed executions have a figure; records of earlier versions lack some."""
        return all(name in execution.record for execution in self.executions)

    def figure(self, name: str) -> float:
        """A time from the final measurement where there is one, its median over rounds; else a mean over executions."""
        if name in TIMED and self.latency is not None:
            return float(np.median(getattr(self.latency, TIMED[name])))
        return self.mean(name)

    @cached_property
    def accuracy(self) -> float:
        return self.mean("accuracy")

    @cached_property
    def memory_bytes(self) -> float:
        return self.mean("memory_bytes")

    @cached_property
    def latency_ms(self) -> float:
        """Median over rounds, or the mean of the provisional medians."""
        return self.figure("latency_ms")


@dataclass(frozen=True)
class Run:
    """A search's folder, read.

    Attributes:
        record: run.json.
        trials: every planned trial, in declared order.
        words: class names; indices are those of predictions and labels.
        labels: shape (test clips,), class indices.
        speakers: shape (test clips,), one integer per speaker.
        latency_record: latency.json, or None before the final measurement; that of the target where there is one.
        warnings: a sentence for each damaged record that was passed over.
        validation: its validation clips; None where that split is empty or not recorded.
        repeated: ids of the trials that have more than one execution, where those of the front have; None before they
            are known.
        heard: trial id -> how its first model did on streams, of those that listened.
        target: the machine whose latencies these are; None for the one that searched.
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
    validation: Clips | None = None
    repeated: frozenset[str] | None = None
    target: str | None = None
    heard: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def trial(self, trial_id: str) -> Trial:
        """The trial of an id, as it is listed or without leading zeros.

        Raises:
            QuantityError: no such trial.
        """
        known = {trial.trial_id: trial for trial in self.trials}
        found = known.get(trial_id.zfill(max(map(len, known), default=0)))
        if found is None:
            ids = list(known)
            listed = f"one of {ids[0]} to {ids[-1]}" if ids else "one that has begun"
            raise QuantityError(f"trial: got {trial_id!r}, expected {listed}.")
        return found

    def executions_of(self, trial_id: str) -> int:
        """How often a trial is trained, as far as is known."""
        recipe = self.space.recipe
        repeats = recipe.repeated == "all" or trial_id in (self.repeated or ())
        return recipe.executions_per_trial if repeats else 1

    def missing(self, trial: Trial) -> tuple[int, ...]:
        """Which of its executions have not ended."""
        return trial.missing(self.executions_of(trial.trial_id))

    @cached_property
    def objectives(self) -> tuple[Objective, ...]:
        """What its trials are judged by; without missed keywords where not all have heard the same streams."""
        chosen = objectives_named(self.space.objectives)
        return (
            chosen if self.heard_alike or not self.completed else tuple(each for each in chosen if each is not MISSES)
        )

    @cached_property
    def heard_alike(self) -> bool:
        """Whether all completed trials have heard the same streams."""
        heard = [execution.record.get(LISTENING) for trial in self.completed for execution in trial.executions]
        return None not in heard and len({tuple(each["streams"].items()) for each in heard if each}) == 1

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

    @cached_property
    def on_validation(self) -> Run | None:
        """The run as its validation clips judge it, completed trials alone; None unless all have answers on them."""
        if self.validation is None or not self.completed:
            return None
        found = [[self.validation.judged(execution) for execution in trial.executions] for trial in self.completed]
        if not all(execution for executions in found for execution in executions):
            return None
        trials = tuple(
            replace(trial, executions=tuple(filter(None, executions)))
            for trial, executions in zip(self.completed, found, strict=True)
        )
        return replace(self, trials=trials, labels=self.validation.labels, speakers=self.validation.speakers)
