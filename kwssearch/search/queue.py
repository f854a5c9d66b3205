"""Jobs that wait: which may start, which should wait for a state that another is computing, which to repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from kwssearch.search.job import Job


def state_exists(job: Job) -> bool:
    path = job.shared_state
    return path is not None and path.exists()


class Queue:
    """Knows only jobs; points are left to the oracle.

    First executions come before second ones, so that an interrupted search shows the whole space; within that,
    the longest job first, so that workers end together; repeated jobs come before all others.

    Args:
        costs: trial id -> multiply-accumulates of one inference.
        has_state: whether a job's shared state exists already.
        has_start: whether the dense training that a job starts from has ended, if it starts from one.
    """

    def __init__(
        self,
        costs: Mapping[str, float],
        has_state: Callable[[Job], bool] = state_exists,
        has_start: Callable[[Job], bool] = lambda job: True,
    ) -> None:
        self.costs = costs
        self.has_state = has_state
        self.has_start = has_start
        self.waiting: list[Job] = []

    def add(self, jobs: Iterable[Job]) -> None:
        self.waiting = sorted(
            [*self.waiting, *jobs],
            key=lambda job: (job.execution, -self.costs.get(job.planned.trial_id, 0), job.planned.trial_id),
        )

    def put_back(self, job: Job) -> None:
        """For another attempt, before everything else."""
        self.waiting.insert(0, job)

    def has_first(self, running: Sequence[Job]) -> bool:
        """Whether a first execution may start beside those that run."""
        return any(job.execution == 0 for job in self.ready(running))

    def take(self, running: Sequence[Job]) -> Job | None:
        """The best job to start beside those that run; None if none waits.

        One whose shared state is being made by a running job waits while there is other work: a
        few minutes later it can start from that state. One whose very training is running waits in any case.
        """
        startable = self.ready(running) or self.untrained(running)
        if not startable:
            return None
        job = startable[0]
        self.waiting.remove(job)
        return job

    def ready(self, running: Sequence[Job]) -> list[Job]:
        in_the_making = {job.beginning for job in running if job.beginning and not self.has_state(job)}
        return [job for job in self.untrained(running) if job.beginning not in in_the_making]

    def untrained(self, running: Sequence[Job]) -> list[Job]:
        """Jobs that wait, apart from those whose training is running under another job, or whose start is missing."""
        in_training = {job.trainings for job in running if job.given is None}
        return [job for job in self.waiting if job.trainings not in in_training and self.has_start(job)]
