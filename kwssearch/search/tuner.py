"""KerasTuner's side of the search: an oracle that proposes and a tuner that runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from pathlib import Path
from typing import Any, Protocol

import moocore
import numpy as np

from kwssearch.backend import BaseTuner, Trial, TrialStatus, keras_tuner
from kwssearch.errors import UserError
from kwssearch.runs import records
from kwssearch.runs import run as results
from kwssearch.runs.folder import clear, clear_shared
from kwssearch.search import job as execution
from kwssearch.search.job import Failure, Job, Outcome
from kwssearch.search.queue import Schedule
from kwssearch.space.search_space import SearchSpace
from kwssearch.system.storage import write_bytes, write_json

ATTEMPTS = 2
REFRESH_SECONDS = 0.5
METRICS = tuple(objective.name for objective in results.OBJECTIVES)


class GridOracle(keras_tuner.oracles.GridSearchOracle):
    """Proposes every point of a declared space once, in declared order.

    KerasTuner's own grid keeps a queue that it does not save, and sums objectives of different
    units; this one derives what is left from the results that exist, and ranks by domination:
    `get_best_trials()` gives the front.

    Args:
        space: a union of grids.
        done: trials of an earlier session that need not be proposed again.
    """

    def __init__(self, space: SearchSpace, done: Iterable[results.Trial] = ()) -> None:
        super().__init__(
            objective=[
                keras_tuner.Objective(objective.name, "max" if objective.sign < 0 else "min")
                for objective in results.OBJECTIVES
            ],
            max_trials=len(space.trials),
            hyperparameters=space.hyperparameters(),
            allow_new_entries=False,
            tune_new_entries=False,
            max_consecutive_failed_trials=len(space.trials) + 1,
        )
        self.verbose = 0
        self.space = space
        for trial in done:
            self._adopt(trial)

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The values that the space declares under this id."""
        return {"status": TrialStatus.RUNNING, "values": dict(self.space.by_id[trial_id].values)}

    @keras_tuner.synchronized
    def create_trial(self, tuner_id: str) -> Trial:
        """The next point that is neither done nor under way; STOPPED when there is none."""
        if tuner_id in self.ongoing_trials:
            return self.ongoing_trials[tuner_id]
        left = (planned.trial_id for planned in self.space.trials if planned.trial_id not in self.trials)
        trial_id = next(left, None)
        if trial_id is None:
            return Trial(self.hyperparameters.copy(), trial_id="none", status=TrialStatus.STOPPED)
        trial = self._new_trial(trial_id)
        self.ongoing_trials[tuner_id] = trial
        self.start_order.append(trial_id)
        return trial

    @keras_tuner.synchronized
    def update_trial(self, trial_id: str, metrics: dict[str, float], step: int = 0) -> Trial:
        trial = self.trials[trial_id]
        for objective in self.objective.objectives:
            if not trial.metrics.exists(objective.name):
                trial.metrics.register(objective.name, objective.direction)
            trial.metrics.update(objective.name, metrics[objective.name], step=step)
        return trial

    @keras_tuner.synchronized
    def end_trial(self, trial: Trial) -> None:
        self.trials[trial.trial_id] = trial
        self.end_order.append(trial.trial_id)
        for tuner_id, ongoing in list(self.ongoing_trials.items()):
            if ongoing.trial_id == trial.trial_id:
                del self.ongoing_trials[tuner_id]
        if trial.status == TrialStatus.COMPLETED:
            self.score_trial(trial)

    def score_trial(self, trial: Trial) -> None:
        """Ranks all completed trials anew: 0 on the front, 1 once that is taken away, and so on."""
        completed = [t for t in self.trials.values() if t.status == TrialStatus.COMPLETED]
        losses = np.array([[o.sign * t.metrics.get_best_value(o.name) for o in results.OBJECTIVES] for t in completed])
        for each, rank in zip(completed, moocore.pareto_rank(losses), strict=True):
            each.score = float(rank)
            each.best_step = 0

    def get_best_trials(self, num_trials: int | None = None) -> list[Trial]:
        """The front, or the first `num_trials` by rank."""
        completed = [t for t in self.trials.values() if t.status == TrialStatus.COMPLETED]
        if num_trials is None:
            return [trial for trial in completed if trial.score == 0]
        return sorted(completed, key=lambda trial: trial.score)[:num_trials]

    def _new_trial(self, trial_id: str) -> Trial:
        hp = self.hyperparameters.copy()
        response = self.populate_space(trial_id)
        hp.values = response["values"]
        trial = Trial(hp, trial_id=trial_id, status=response["status"])
        self.trials[trial_id] = trial
        return trial

    def _adopt(self, done: results.Trial) -> None:
        trial = self._new_trial(done.trial_id)
        if done.executions:
            trial.status = TrialStatus.COMPLETED
            self.update_trial(done.trial_id, {name: getattr(done, name) for name in METRICS})
        else:
            trial.status = TrialStatus.FAILED
            trial.message = done.failures[0]["reason"]
        self.end_trial(trial)

    def save(self, fname: str | None = None) -> None:
        """Nothing: the results on disk are the state."""

    def reload(self, fname: str | None = None) -> None:
        """Nothing: see `save`."""


class Watcher(Protocol):
    """Sees a search go on."""

    def under_way(self, jobs: list[Job]) -> None:
        """Called twice a second with the jobs that run."""

    def ended(self, job: Job, outcome: Outcome | Failure, last: bool) -> None:
        """Called when a job ends; a failure that is not the `last` attempt will be tried again."""


class KwsTuner(BaseTuner):
    """Runs what the oracle proposes and records it.

    Args:
        oracle: of the space to search.
        folder: RUN, begun by `runfolder.begin`.
        schedule: the executions still to run.
    """

    def __init__(self, oracle: GridOracle, folder: Path, schedule: Schedule) -> None:
        super().__init__(oracle, directory=str(folder.parent), project_name=folder.name)
        self.oracle: GridOracle = oracle
        self.folder = folder
        self.schedule = schedule
        self.failed: list[tuple[Job, str]] = []

    def search_on(self, executor: Executor, capacity: Callable[[], int], watcher: Watcher) -> None:
        """Keeps `capacity()` jobs under way until all are done; `search` runs one after the other, in this process.

        Args:
            executor: runs a picklable call: a WorkerPool, or Dask's.

        Raises:
            UserError: the disk or the data set fails; what is done stays.
        """
        trials = self._open_trials()
        running: dict[Future[Outcome | Failure], Job] = {}
        attempts: Counter[tuple[str, int]] = Counter()
        while self.schedule.waiting or running:
            slots = capacity()
            while self.schedule.waiting and len(running) < slots:
                job = self.schedule.take(list(running.values()))
                attempts[job.key] += 1
                running[executor.submit(execution.run, job)] = job
            watcher.under_way(list(running.values()))
            done, _ = wait(running, timeout=REFRESH_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                job = running.pop(future)
                outcome = outcome_of(future)
                last = attempts[job.key] == ATTEMPTS
                watcher.ended(job, outcome, last)
                if not self._settle(job, outcome, last):
                    self.schedule.put_back(job)
                elif not self._under_way(job, running):
                    self._end(trials[job.planned.trial_id])
        self.on_search_end()

    def on_search_end(self) -> None:
        clear_shared(self.folder)

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> dict[str, float]:
        """All executions of one trial, one after the other, in this process.

        Raises:
            FailedTrialError: each of them failed.
            FatalRuntimeError: the disk or the data set fails, which ends the search.
        """
        jobs = [job for job in self.schedule.waiting if job.planned.trial_id == trial.trial_id]
        for job in jobs:
            self.schedule.waiting.remove(job)
            try:
                self._attempt(job)
            except UserError as error:
                raise keras_tuner.errors.FatalRuntimeError(str(error)) from error
        recorded = self._recorded(trial.trial_id)
        if not recorded.executions:
            raise keras_tuner.errors.FailedTrialError(recorded.failures[0]["reason"])
        # KerasTuner asks for its sum of objectives as well, which ranking by domination does not use.
        return {"multi_objective": 0.0, **{name: getattr(recorded, name) for name in METRICS}}

    def save(self, fname: str | None = None) -> None:
        """Nothing: the results on disk are the state."""

    def _open_trials(self) -> dict[str, Trial]:
        trials: dict[str, Trial] = {}
        while (trial := self.oracle.create_trial(f"slot {len(trials)}")).status == TrialStatus.RUNNING:
            trials[trial.trial_id] = trial
        return trials

    def _attempt(self, job: Job) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            if self._settle(job, execution.run(job), last=attempt == ATTEMPTS):
                break

    def _under_way(self, job: Job, running: dict[Future[Outcome | Failure], Job]) -> bool:
        return any(other.planned == job.planned for other in (*self.schedule.waiting, *running.values()))

    def _settle(self, job: Job, outcome: Outcome | Failure, last: bool) -> bool:
        """Records a job's end; False where it deserves another attempt."""
        here = results.trial_folder(self.folder, job.planned.trial_id, job.execution)
        if isinstance(outcome, Failure):
            if outcome.fatal:
                raise UserError(outcome.reason)
            if outcome.traceback:
                clear(here)
            if not last:
                return False
            self.failed.append((job, outcome.reason))
            failure = {"status": "failed", "reason": outcome.reason, "traceback": outcome.traceback}
            outcome = Outcome({**execution.identity(job), **failure})
        for name, content in outcome.files.items():
            write_bytes(here / name, content)
        write_json(here / records.RESULT_RECORD, outcome.record)
        clear(here)
        return True

    def _end(self, trial: Trial) -> None:
        recorded = self._recorded(trial.trial_id)
        if recorded.executions:
            trial.status = TrialStatus.COMPLETED
            self.oracle.update_trial(trial.trial_id, {name: getattr(recorded, name) for name in METRICS})
        else:
            trial.status = TrialStatus.FAILED
            trial.message = recorded.failures[0]["reason"]
        self.oracle.end_trial(trial)

    def _recorded(self, trial_id: str) -> results.Trial:
        space = self.oracle.space
        return results.load_trial(self.folder, space.by_id[trial_id], space.recipe.executions_per_trial)


def outcome_of(future: Future[Outcome | Failure]) -> Outcome | Failure:
    """A job's end; a worker that died is a failure without a traceback."""
    try:
        return future.result()
    except CancelledError:
        return Failure("the cluster went away before a trial ended; start it again, then resume", "", fatal=True)
    except Exception as error:
        return Failure(f"the worker process died ({type(error).__name__}): killed, crashed or out of memory", "")
