"""One sitting of a search: open the run, do what is left, time what was made."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from kwssearch.data.dataset import DataSet, load_data
from kwssearch.errors import UserError
from kwssearch.runs import folder as runfolder
from kwssearch.runs import records
from kwssearch.runs import run as results
from kwssearch.runs.run import Run
from kwssearch.search import timing
from kwssearch.search import workers as pool
from kwssearch.search.job import Job
from kwssearch.search.queue import Schedule
from kwssearch.search.timing import Subject
from kwssearch.space.search_space import PlannedTrial, SearchSpace
from kwssearch.system.storage import write_json

if TYPE_CHECKING:
    from kwssearch.models.cost import Cost
    from kwssearch.search.tuner import KwsTuner, Watcher


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM; `code` is the exit code that says so."""

    def __init__(self, signum: int) -> None:
        super().__init__()
        self.code = 128 + signum


@dataclass(frozen=True)
class Plan:
    """What a sitting finds and what it is going to do."""

    folder: Path
    run: Run
    data: DataSet
    jobs: tuple[Job, ...]
    warnings: tuple[str, ...]

    @property
    def space(self) -> SearchSpace:
        return self.run.space

    @cached_property
    def costs(self) -> dict[str, Cost]:
        """Trial id -> its cost; loads TensorFlow."""
        from kwssearch.models.cost import costs

        return costs(self.space, len(self.data.words))


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Turns the first SIGINT or SIGTERM into `Interrupted`; a second one ends the process at once."""

    def again(signum: int, frame: FrameType | None) -> None:
        pool.end_workers()
        os._exit(128 + signum)

    def once(signum: int, frame: FrameType | None) -> None:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, again)
        raise Interrupted(signum)

    before = {name: signal.signal(name, once) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Interrupted:
        pool.end_workers()
        raise
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def prepare(
    space: SearchSpace, source: str, folder: Path, workers: int, remote: bool = False, retry_failed: bool = False
) -> Plan:
    """Opens or begins the run and lists what is left to do; the caller holds the folder.

    Raises:
        UserError: the data set or the run is not fit for this search.
    """
    data_set = load_data(source)
    record = runfolder.begin(folder, space, data_set)
    damaged = runfolder.tidy(folder, retry_failed)
    run = results.load(folder)
    shared = shared_names(run.space)
    jobs = tuple(
        Job(
            space=run.space,
            source=runfolder.source_of(folder, record),
            fingerprint=data_set.fingerprint,
            run_id=record["run_id"],
            planned=planned,
            execution=index,
            folder=None if remote else results.trial_folder(folder.resolve(), planned.trial_id, index),
            prefix=f"{shared[planned.trial_id]}_{index}.npz" if planned.trial_id in shared else None,
            alone=workers == 1 and not remote,
        )
        for planned, index in missing_executions(run)
    )
    if not jobs:
        runfolder.clear_shared(folder)
    warnings = (*data_set.warnings, *damaged)
    return Plan(folder, run, data_set, jobs, warnings)


def missing_executions(run: Run) -> Iterator[tuple[PlannedTrial, int]]:
    for trial in run.trials:
        ended = {execution.index for execution in (*trial.executions, *trial.failures)}
        for index in range(run.space.recipe.executions_per_trial):
            if index not in ended:
                yield trial.planned, index


def shared_names(space: SearchSpace) -> dict[str, str]:
    """Trial id -> what names the beginning that it shares, where others differ from it in final sparsity only."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for trial in space.trials:
        point = tuple(trial.values[axis] for axis in ("features", "architecture", "width_multiplier"))
        groups.setdefault(point, []).append(trial.trial_id)
    return {member: group[0] for group in groups.values() if len(group) > 1 for member in group}


def carry_out(
    plan: Plan,
    executor: Executor,
    capacity: Callable[[], int],
    watcher: Watcher,
) -> KwsTuner:
    """Runs every job of the plan."""
    from kwssearch.search.tuner import GridOracle, KwsTuner

    left = {job.planned.trial_id for job in plan.jobs}
    done = [trial for trial in plan.run.trials if trial.trial_id not in left]
    oracle = GridOracle(plan.space, done)
    schedule = Schedule(plan.jobs, {trial_id: cost.macs for trial_id, cost in plan.costs.items()})
    tuner = KwsTuner(oracle, plan.folder, schedule)
    tuner.search_on(executor, capacity, watcher)
    return tuner


def artefacts_to_time(run: Run, again: bool = False) -> list[Subject]:
    """All artefacts on disk, or none where each has been timed and `again` does not ask for more."""
    things = timing.subjects(run, run.record["data"]["sampling_rate"])
    timed = {trial.trial_id for trial in run.completed if trial.latency is not None}
    return [] if not again and timed >= {thing.trial_id for thing in things} else things


def time_artefacts(
    run: Run, things: list[Subject], executor: Executor, threads: int = 1, budget: float | None = None
) -> dict[str, Any]:
    """Times artefacts in one worker; the record that it leaves in RUN.

    Raises:
        UserError: the data set or the disk fails.
    """
    folder, fingerprint = run.folder, run.record["data"]["fingerprint"]
    source = runfolder.source_of(folder, run.record)
    try:
        figures = executor.submit(timing.measure, things, source, fingerprint, threads, budget).result()
    except BrokenProcessPool as error:
        raise UserError(
            f"{folder}: the process that timed the models died; 'kwssearch measure' times them again."
        ) from error
    write_json(folder / records.LATENCY_RECORD, figures)
    return dict(figures)


def reopen(folder: Path) -> tuple[SearchSpace, str]:
    """Space and data source of a run that was begun.

    Raises:
        UserError: no run is there.
    """
    record = records.read_run_record(folder)
    return results.read_recorded_space(folder, record), runfolder.source_of(folder, record)
