"""A search from beginning to end: open its folder, train what is left, time what was made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from kwssearch.data import NAMED, DataSet, load_data
from kwssearch.errors import UserError, counted
from kwssearch.runs import FRONT, GRID, Run, RunFolder, load
from kwssearch.search import timing
from kwssearch.search.foreknowledge import foreknown
from kwssearch.search.hearing import are_asked, prepare
from kwssearch.search.plan import UNLIMITED, Budget, Plan, opened
from kwssearch.search.progress import Progress
from kwssearch.search.telling import likely_cost
from kwssearch.search.trainers import Trainers
from kwssearch.search.workers import WorkerDiedError, local_pool
from kwssearch.space import SearchSpace
from kwssearch.system.devices import HIDDEN

if TYPE_CHECKING:
    from kwssearch.search.tuner import KwsTuner


def conduct(
    path: Path,
    space: SearchSpace,
    data: DataSet | str,
    tuner: Callable[[Plan], KwsTuner],
    trainers: Trainers,
    progress: Progress,
    oracle: str = GRID,
    budget: Budget = UNLIMITED,
    retry_failed: bool = False,
    reuse: Sequence[Path] = (),
) -> Run:
    """Trains what is left of a search, then times all models; returns the run as it is at the end.

    Args:
        data: the data set, or where it is; it is loaded after the run's folder has been checked.
        reuse: runs whose trainings are taken over where they are the same.
        tuner: makes the tuner; called once the workers have started, since it loads TensorFlow for some seconds.

    Raises:
        UserError: the space, the data, the run or the disk prevents the search; finished work is kept.
    """
    folder = RunFolder(path)
    if oracle == GRID:
        space.check_listed()
    if space.limits.max_misses is not None and not are_asked(space):
        raise UserError(
            "max_misses: the models of this space hear no stream, expected mean_miss_rate among its objectives; add "
            "it, or leave the limit out."
        )
    with folder.held():
        folder.expect(space, oracle)
        data_set = found_again(folder, data, space) if isinstance(data, str) else data
        space = space.with_data_settings(data_set.settings)
        others = [load(other) for other in reuse]
        options: dict[str, Any] = {"remote": trainers.scheduler is not None, "workers": trainers.workers}
        options |= {"gpu": bool(trainers.gpus), "budget": budget, "waiting": progress.forecasting}
        plan = opened(folder, space, data_set, oracle, retry_failed, others, **options)
        if trainers.note:
            plan = plan.with_notes(trainers.note)
        progress.announce(plan, trainers)
        if are_asked(plan.space):
            streams = prepare(folder, plan.space, data_set)
            plan = replace(plan, streams=streams, run=folder.load())
        if plan.left and oracle == FRONT:
            known = foreknown(plan.space, data_set, folder, progress.say)
            progress.say(likely_cost(known))
            plan = replace(plan, known=known)
        if plan.left:
            with trainers.started(folder.log) as (executor, capacity):
                from kwssearch.search.loop import Loop

                with progress.watching(plan) as watcher:
                    ended = Loop(tuner(plan), plan, watcher).run(executor, capacity)
            if not ended:
                progress.say(f"Time is up; what is done is saved. To go on: kwssearch resume {quote(str(path))}")
                return folder.load()
        folder.clear_shared()
        time_run(folder, progress, budget=budget.timing_seconds)
        return folder.load()


def found_again(folder: RunFolder, source: str, space: SearchSpace) -> DataSet:
    """The data set of a search.

    Raises:
        UserError: it is missing or unfit; if the run was begun before, the message says that it has moved.
    """
    if folder.record and source not in NAMED and source == folder.source and not Path(source).is_dir():
        raise UserError(f"{folder.path}: its data set is no longer at {source}; say where it is now.", about="data")
    return load_data(source, space.data_settings)


def measure(
    path: Path, progress: Progress, threads: int = 1, budget: float | None = None, data: str | None = None
) -> None:
    """Times all models of a run again.

    Args:
        data: where the data set is now; where the run last found it by default.

    Raises:
        UserError: no trial of the run is completed, the run is being searched, or the data set is not the run's.
    """
    folder = RunFolder(path)
    space = folder.reopen()
    with folder.held():
        folder.moved(found_again(folder, folder.source if data is None else data, space))
        if not time_run(folder, progress, threads, budget, again=True):
            raise UserError(f"{path}: no trial is completed yet, so that there is no model to time; search it first.")


def time_run(
    folder: RunFolder, progress: Progress, threads: int = 1, budget: float | None = None, again: bool = False
) -> bool:
    """Times all models in a separate worker, with nothing beside it; returns whether there was any model to time.

    Raises:
        UserError: the data set or the disk fails.
    """
    run = folder.load()
    artefacts = timing.artefacts_to_time(run, again)
    if not artefacts:
        return False
    gone = sum(artefact.path is None for artefact in artefacts)
    standing = f" ({gone} of them gone: untrained ones of the same shape stand in)" if gone else ""
    progress.say(f"Timing {counted(len(artefacts), 'model')}{standing}, one at a time ...")
    data = run.record["data"]
    with local_pool(folder.log, [HIDDEN]) as alone:
        try:
            what = run.space, len(run.words), folder.source, data["fingerprint"]
            record = alone.submit(timing.measure, artefacts, *what, threads, budget).result()
        except WorkerDiedError as error:
            raise UserError(
                f"{folder.path}: the process that timed the models died ({error}); "
                "'kwssearch measure' times them again."
            ) from error
    folder.end_timing(record)
    progress.say(
        f"{record['rounds']} rounds; the widest 95 % interval of a ratio to the baseline is "
        f"{record['widest_interval']:.1%}."
    )
    if record["noisy"]:
        progress.say(f"Warning: the machine was too noisy ({record['noise_rule']}); 'kwssearch measure' times again.")
    return True
