"""Which job next: long ones first, and none that would repeat what another is just computing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from kwssearch.search.job import Job, shared_state


def state_exists(job: Job) -> bool:
    path = shared_state(job)
    return path is not None and path.exists()


class Schedule:
    """The jobs that wait, in the order in which they had best begin.

    Every point's first execution comes before any second one, so that an interrupted search shows
    the whole space. Within that, the longest job first, so that workers end together.

    Args:
        jobs: all that are still to run.
        costs: trial id -> multiply-accumulates of one inference.
        has_state: whether a job's shared state exists already.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        costs: Mapping[str, int],
        has_state: Callable[[Job], bool] = state_exists,
    ) -> None:
        self.costs = costs
        self.has_state = has_state
        self.waiting = sorted(jobs, key=lambda job: (job.execution, -self.cost(job), job.planned.trial_id))

    def cost(self, job: Job) -> int:
        return self.costs[job.planned.trial_id]

    def take(self, running: Sequence[Job]) -> Job:
        """The best job to start beside those under way.

        One whose shared state is being made by a running job waits while there is other work: a
        few minutes later it can start from that state.
        """
        in_the_making = {job.prefix for job in running if job.prefix and not self.has_state(job)}
        ready = (job for job in self.waiting if job.prefix not in in_the_making)
        job = next(ready, self.waiting[0])
        self.waiting.remove(job)
        return job

    def put_back(self, job: Job) -> None:
        """For another attempt, before everything else."""
        self.waiting.insert(0, job)
