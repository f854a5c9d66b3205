"""The commands that work on a run: they show a plan, go through it, and say what came of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from shlex import quote

import click
from rich.console import Console

from kwssearch.errors import UserError, counted, printable
from kwssearch.runs import folder as runfolder
from kwssearch.search import job as execution
from kwssearch.search.session import (
    Interrupted,
    Plan,
    artefacts_to_time,
    carry_out,
    interruptible,
    prepare,
    time_artefacts,
)
from kwssearch.search.workers import WorkerPool, end_workers
from kwssearch.space.search_space import SearchSpace
from kwssearch.system import environment


def search(
    space: SearchSpace,
    source: str,
    folder: Path,
    workers: int | None = None,
    scheduler: str | None = None,
    retry_failed: bool = False,
) -> None:
    """Runs what is left of a search, then times all models.

    Raises:
        SystemExit: 1 when trials failed; 128 + the signal's number when interrupted.
        UserError: the space, the data, the run or the disk stands in the way.
    """
    try:
        with interruptible(), runfolder.hold(folder):
            failed = go_through(space, source, folder, workers, scheduler, retry_failed)
    except Interrupted as interrupted:
        say(f"Stopped; what is done is saved. To go on: kwssearch resume {quote(str(folder))}")
        raise SystemExit(interrupted.code) from None
    raise SystemExit(1 if failed else 0)


def go_through(
    space: SearchSpace, source: str, folder: Path, workers: int | None, scheduler: str | None, retry_failed: bool
) -> int:
    """Returns how many executions have failed in all."""
    from kwssearch.cli.progress import Display

    count = workers or environment.available_cores()
    plan = prepare(space, source, folder, count, scheduler is not None, retry_failed)
    show_plan(plan, count, scheduler)
    if plan.jobs:
        with executor(folder, count, scheduler) as (trainers, capacity), Display(plan, Console(stderr=True)) as display:
            carry_out(plan, trainers, capacity, display)
    with local_pool(folder, 1) as alone:
        time_models(folder, alone)
    return conclude(folder)


def time_run(folder: Path, threads: int, budget: float | None) -> None:
    """Times all models of a run anew.

    Raises:
        UserError: no model of the run is on disk, or it is being searched.
    """
    from kwssearch.runs.run import load

    load(folder)
    try:
        with interruptible(), runfolder.hold(folder), local_pool(folder, 1) as alone:
            if not time_models(folder, alone, threads, budget, again=True):
                raise UserError(f"{folder}: no model file is there to time, expected trial_*/model.tflite.")
    except Interrupted as interrupted:
        say("Stopped; the latencies are those that were there before.")
        raise SystemExit(interrupted.code) from None


def time_models(
    folder: Path, alone: Executor, threads: int = 1, budget: float | None = None, again: bool = False
) -> bool:
    """Returns whether there was anything to time."""
    from kwssearch.runs.run import load

    run = load(folder)
    things = artefacts_to_time(run, again)
    if things:
        say(f"Timing {counted(len(things), 'model')}, one at a time ...")
        record = time_artefacts(run, things, alone, threads, budget)
        widest = f"{record['widest_interval']:.1%}"
        say(f"{record['rounds']} rounds; the widest 95 % interval of a ratio to the baseline is {widest}.")
        if record["noisy"]:
            say(f"Warning: the machine was too noisy ({record['noise_rule']}); 'kwssearch measure' times again.")
    return bool(things)


@contextlib.contextmanager
def executor(folder: Path, workers: int, scheduler: str | None) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """Local processes, or the Dask cluster at `scheduler`, and how many jobs each can hold at present."""
    if scheduler is None:
        with local_pool(folder, workers) as local:
            local.warm_up(execution.load_libraries)  # while this process loads them too
            yield local, lambda: workers
    else:
        from kwssearch.search.cluster import connect

        with connect(scheduler) as (remote, capacity):
            yield remote, capacity


@contextlib.contextmanager
def local_pool(folder: Path, workers: int) -> Iterator[WorkerPool]:
    """Workers that end when the block does, however it ends."""
    workers_pool = WorkerPool(workers, folder / runfolder.LOG)
    try:
        yield workers_pool
        workers_pool.shutdown()
    finally:
        end_workers()


def show_plan(plan: Plan, workers: int, scheduler: str | None) -> None:
    recipe = plan.space.recipe
    total = len(plan.space.trials) * recipe.executions_per_trial
    splits = ", ".join(f"{len(clips)} {split}" for split, clips in plan.data.splits.items())
    each = f" × {recipe.executions_per_trial} executions" if recipe.executions_per_trial > 1 else ""
    say(
        f"{plan.space.name}: {len(plan.space.trials)} trials{each}, {total - len(plan.jobs)} done already, "
        f"{len(plan.jobs)} to run, {recipe.epochs} epochs each."
    )
    say(f"Data: {plan.data.source}, {len(plan.data.words)} words; clips: {splits}.")
    where = f"on the Dask cluster at {scheduler}" if scheduler is not None else f"with {counted(workers, 'worker')}"
    say(f"Run: {plan.folder}, {where}.")
    for warning in plan.warnings:
        say(f"Warning: {warning}")


def conclude(folder: Path) -> int:
    """Names what failed and where to look; returns the number of failures."""
    from kwssearch.runs.run import load

    run = load(folder)
    failures = [(trial, failure) for trial in run.trials for failure in trial.failures]
    for trial, failure in failures:
        which = f", execution {failure.index}" if run.space.recipe.executions_per_trial > 1 else ""
        say(f"Failed: trial {trial.trial_id} ({trial.name}){which}: {failure['reason']}")
    if failures:
        say(f"To try the failed ones again: kwssearch resume {quote(str(folder))} --retry-failed")
    shown = quote(str(folder))
    say(f"{len(run.completed)} of {len(run.trials)} trials completed. Next: kwssearch front {shown}")
    say(f"     kwssearch answers {shown}\n     kwssearch report {shown}")
    return len(failures)


def say(text: str) -> None:
    click.echo("\n".join(printable(line) for line in text.splitlines()), err=True)
