"""The one loop of a search: a free worker asks the oracle, a job runs, its outcome is recorded, the oracle is told."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from kwssearch import runs
from kwssearch.backend import Trial, TrialStatus
from kwssearch.errors import UserError
from kwssearch.search import job as jobs
from kwssearch.search.dense_starts import missing_starts
from kwssearch.search.failures import Failure
from kwssearch.search.job import Job, Outcome
from kwssearch.search.plan import Plan
from kwssearch.search.queue import Queue
from kwssearch.search.repeating import repeated
from kwssearch.search.workers import WorkerDiedError
from kwssearch.space import PlannedTrial

if TYPE_CHECKING:
    from kwssearch.search.tuner import KwsTuner

ATTEMPTS = 2
REFRESH_SECONDS = 0.5


class Watcher(Protocol):
    """Follows a search."""

    def under_way(self, jobs: list[Job]) -> None:
        """Called twice a second with the jobs that run."""

    def ended(self, job: Job, outcome: Outcome | Failure, last: bool) -> None:
        """Called when a job ends; a failure that is not the `last` attempt will be tried again."""

    def added(self, jobs: Sequence[Job]) -> None:
        """Called when further executions follow, once all trials have one."""


class Loop:
    """Carries out a plan.

    Args:
        tuner: its oracle proposes, and its KerasTuner hooks (`on_trial_begin`, `on_trial_end`) are called.
    """

    def __init__(self, tuner: KwsTuner, plan: Plan, watcher: Watcher) -> None:
        self.tuner = tuner
        self.oracle = tuner.oracle
        self.plan = plan
        self.watcher = watcher
        self.queue = Queue({}, has_start=plan.trainings.has_start)
        self.running: dict[Future[Outcome | Failure], Job] = {}
        self.open: dict[str, tuple[Trial, PlannedTrial]] = {}
        self.attempts: Counter[tuple[str, int]] = Counter()
        self.slots = itertools.count()
        self.stopped = False
        self.capacity = 1
        self.failed_starts: dict[tuple[str, ...], Failure] = {}
        hours = plan.budget.hours
        self.deadline = None if hours is None else time.monotonic() + 3600 * hours

    def run(self, executor: Executor, capacity: Callable[[], int]) -> bool:
        """Keeps `capacity()` jobs under way until the oracle has no more points and all jobs have ended, or time is up.

        Args:
            executor: runs a picklable call: in this process, a WorkerPool, or Dask's.

        Returns:
            whether everything has ended.

        Raises:
            UserError: the disk or the data set fails; finished work is kept.
        """
        self.queue.costs = self.plan.macs
        self.plan.folder.forget_end()
        self.plan = replace(self.plan, run=replace(self.plan.run, repeated=None))
        self.oracle.prepare(self.plan.macs, self.plan.known)
        self.take_up()
        self.tuner.on_search_begin()
        while True:
            self.capacity = capacity()
            while len(self.running) < self.capacity and (job := self.next_job()) is not None:
                self.start(job, executor)
            if not self.running:
                if self.add_seeds():
                    continue
                break
            self.watcher.under_way(list(self.running.values()))
            done, _ = wait(self.running, timeout=REFRESH_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                self.settle(self.running.pop(future), outcome_of(future))
            if self.deadline is not None and time.monotonic() >= self.deadline:
                if not self.has_ended() or self.add_seeds():
                    return False
                break
        self.tuner.on_search_end()
        return True

    def take_up(self) -> None:
        """Tells the oracle what the run has, and queues the executions that are missing."""
        recorded = {trial.trial_id: trial for trial in self.plan.run.trials}
        for trial in self.oracle.take_up(self.plan.run):
            found = recorded[trial.trial_id]
            self.open[trial.trial_id] = trial, found.planned
            self.add(self.plan.jobs(found))

    def add(self, jobs: Iterable[Job]) -> None:
        """Queues jobs, and the dense trainings that they start from where nobody else does these, or has failed to."""
        self.queue.add(jobs)
        waiting = [job for job in self.queue.waiting if job.starts not in self.failed_starts]
        others = (*waiting, *self.running.values())
        self.queue.add(missing_starts(waiting, others, self.plan.trainings, self.plan.folder.path.resolve()))
        self.give_up_children()

    def end_search(self) -> None:
        """Keeps what the oracle says of the points that it did not propose, once it has no more."""
        if skipped := self.oracle.unproposed():
            self.plan.folder.end_search(skipped)

    def add_seeds(self) -> bool:
        """Ends the search for new trials; queues further executions if only those on the front have them."""
        if self.plan.seeds_due:
            self.plan.folder.keep_repeated(repeated(self.plan.folder.load()))
        self.end_search()
        self.plan = replace(self.plan, run=self.plan.folder.load())
        begun = [trial for trial in self.plan.run.trials if trial.begun]
        jobs = [job for trial in begun for job in self.plan.jobs(trial) if not self.attempts[job.key]]
        if jobs:
            self.add(jobs)
            self.watcher.added(jobs)
        return bool(jobs)

    def next_job(self) -> Job | None:
        """A first execution that may start; else whatever the oracle proposes; else what is left."""
        running = list(self.running.values())
        while not self.stopped and not self.queue.has_first(running) and self.may_ask():
            trial = self.oracle.create_trial(f"slot {next(self.slots)}")
            if trial.status != TrialStatus.RUNNING:
                self.stopped = trial.status == TrialStatus.STOPPED
                break
            values = trial.hyperparameters.values
            planned = self.oracle.space.planned(trial.trial_id, str(self.oracle.space.strategy_of(values)), values)
            self.open[trial.trial_id] = trial, planned
            if self.plan.leave_out(planned, self.oracle.name):
                self.end_trial(trial.trial_id)
            else:
                self.add(self.plan.jobs(runs.Trial(planned)))
        return self.queue.take(running)

    def may_ask(self) -> bool:
        """Whether new trials come before further executions of those that were proposed.

        They do where the whole space is to be seen early; an oracle that learns sees a trial when it has ended.
        """
        if self.oracle.whole_space_first:
            return True
        unstarted = sum(not self.plan.trainings.has_start(job) for job in self.queue.waiting)
        return unstarted < self.capacity and not self.queue.untrained(list(self.running.values()))

    def has_ended(self) -> bool:
        """Whether nothing runs, nothing waits and the oracle has no more."""
        if self.running or self.queue.waiting:
            return False
        job = self.next_job()
        if job is not None:
            self.queue.put_back(job)
        return job is None

    def start(self, job: Job, executor: Executor) -> None:
        """Hands a job to a worker, or puts it back if the weights that it starts from are no longer whole."""
        if not self.attempts[job.key] and job.execution == 0 and not job.auxiliary:
            self.plan.folder.begin_trial(job.planned, self.oracle.name)
            self.tuner.on_trial_begin(self.open[job.planned.trial_id][0])
        self.attempts[job.key] += 1
        job = replace(job, given=self.plan.trainings.find(job), start=self.plan.trainings.start_of(job))
        if job.starts and job.start is None and job.given is None:  # what it would start from is gone
            self.attempts[job.key] -= 1
            self.add([job])
            return
        self.running[executor.submit(jobs.run, job)] = job

    def settle(self, job: Job, outcome: Outcome | Failure) -> None:
        """Records a job's end, or queues it for another attempt; its trial ends with its last job."""
        last = self.attempts[job.key] >= ATTEMPTS or (isinstance(outcome, Failure) and outcome.final)
        self.watcher.ended(job, outcome, last)
        if isinstance(outcome, Failure):
            if outcome.fatal:
                raise UserError(outcome.reason)
            if outcome.traceback and job.folder is not None:
                self.plan.folder.clear(job.folder)
            if not last:
                self.queue.put_back(job)
                return
            alike = [
                other for other in (*self.queue.waiting, *self.running.values()) if other.trainings == job.trainings
            ]
            if not alike:  # nobody else is going to train what others may start from
                self.failed_starts[job.trainings] = outcome
                self.give_up_children()
        if job.auxiliary:
            self.keep_start(job, outcome)
            return
        if isinstance(outcome, Failure):
            failure = {"status": "failed", "reason": outcome.reason, "traceback": outcome.traceback}
            outcome = Outcome({**jobs.identity(job), **failure})
        self.end_execution(job, outcome)

    def keep_start(self, job: Job, outcome: Outcome | Failure) -> None:
        """Keeps a dense training that is no trial for those that start from it."""
        if isinstance(outcome, Outcome):
            folder = runs.start_folder(self.plan.folder.path.resolve(), job.trainings[0])
            runs.keep_start(folder, outcome.record, outcome.files)
            self.plan.trainings.add(outcome.record, folder)

    def give_up_children(self) -> None:
        """Records what would start from a training that has failed."""
        failed = [job for job in self.queue.waiting if job.starts in self.failed_starts]
        for child in [job for job in failed if not self.plan.trainings.has_start(job)]:
            failure = self.failed_starts[child.starts]
            reason = f"not begun: the dense model that it starts from failed ({failure.reason})"
            self.queue.waiting.remove(child)
            self.watcher.ended(child, replace(failure, reason=reason), True)
            if child.execution == 0:
                self.plan.folder.begin_trial(child.planned, self.oracle.name)
            record = {"status": "failed", "reason": reason, "traceback": failure.traceback}
            self.end_execution(child, Outcome({**jobs.identity(child), **record}))

    def end_execution(self, job: Job, outcome: Outcome) -> None:
        self.plan.folder.end_execution(*job.key, outcome.record, outcome.files)
        if outcome.record["status"] == "completed":
            self.plan.trainings.add(outcome.record)
        if not any(other.planned == job.planned for other in (*self.queue.waiting, *self.running.values())):
            self.end_trial(job.planned.trial_id)

    def end_trial(self, trial_id: str) -> None:
        if trial_id not in self.open:  # a further seed of one that the oracle knows already
            return
        trial, planned = self.open.pop(trial_id)
        executions = self.plan.space.recipe.executions_per_trial
        self.oracle.conclude(trial, self.plan.folder.load_trial(planned, executions))
        self.tuner.on_trial_end(trial)


def outcome_of(future: Future[Outcome | Failure]) -> Outcome | Failure:
    """A job's end; a worker that died is a failure without a traceback."""
    try:
        return future.result()
    except CancelledError:
        return Failure("the cluster went away before a trial ended; start it again, then resume", "", fatal=True)
    except WorkerDiedError as error:
        return Failure(f"the worker process died ({error})", "")
    except Exception as error:
        return Failure(f"the worker process died ({type(error).__name__}): killed, crashed or out of memory", "")
