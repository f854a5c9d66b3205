"""Where jobs run: in this process, in workers of this machine, or on a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from kwssearch.errors import UserError, counted
from kwssearch.search import job
from kwssearch.search.workers import InProcess, local_pool
from kwssearch.system.devices import HIDDEN, alone_with, graphics_processors
from kwssearch.system.limits import WORKER_BYTES, allowed_cores, fitting_workers, free_bytes


@dataclass(frozen=True)
class Trainers:
    """How many train, and where.

    Attributes:
        workers: processes of this machine; 0 for this process itself.
        scheduler: address of a Dask scheduler, in place of them.
        gpus: names of graphics processors, one a worker; none where the CPU trains.
        left_alone: graphics processors that are present but not used.
        because: what limited the number of workers, if it is below the number of cores.
    """

    workers: int
    scheduler: str | None = None
    gpus: tuple[str, ...] = ()
    left_alone: int = 0
    because: str = ""

    @classmethod
    def chosen(cls, workers: int | None, scheduler: str | None, gpus: bool) -> Trainers:
        """As many as there are cores, or graphics processors where they are asked for.

        Raises:
            UserError: more workers than graphics processors, or none of these.
        """
        if workers is not None and workers < 0:
            raise UserError(
                f"workers: got {workers}, expected a number from 0 (train in this process).", about="workers"
            )
        there = graphics_processors()
        if not gpus or scheduler is not None:
            count, because = as_many_as_fit() if workers is None else (workers, "")
            return cls(count, scheduler, left_alone=len(there), because=because)
        if not there:
            raise UserError(
                "gpus: this process sees no graphics processor, expected at least one; install its driver, or train on "
                "the CPU.",
                about="gpus",
            )
        if workers is not None and not 1 <= workers <= len(there):
            raise UserError(
                f"workers: got {workers} for {counted(len(there), 'graphics processor')}, expected one for each.",
                about="workers",
            )
        used = there[:workers]
        return cls(len(used), gpus=used)

    @property
    def environments(self) -> list[dict[str, str]]:
        """Each worker's own environment variables; where the CPU trains, no worker sees a graphics processor."""
        return [alone_with(name) for name in self.gpus] or [dict(HIDDEN) for _ in range(self.workers)]

    @property
    def sentence(self) -> str:
        """Where, in words."""
        if self.scheduler is not None:
            return f"on the Dask cluster at {self.scheduler}"
        if not self.workers:
            return "in this process"
        each = ", each with a graphics processor" if self.gpus else ""
        because = f" ({self.because})" if self.because else ""
        return f"with {counted(self.workers, 'worker')}{each}{because}"

    @property
    def note(self) -> str | None:
        """What to say about graphics processors that are not used."""
        if not self.left_alone:
            return None
        return (
            f"{counted(self.left_alone, 'graphics processor')} left alone: models of this size train faster on CPU "
            "cores; ask for gpus to use them, one a worker"
        )

    @contextlib.contextmanager
    def started(self, log: Path) -> Iterator[tuple[Executor, Callable[[], int]]]:
        """The executor, and how many jobs it can hold at present."""
        if self.scheduler is not None:
            from kwssearch.search.cluster import connect

            with connect(self.scheduler) as (remote, capacity):
                yield remote, capacity
        elif not self.workers:
            yield InProcess(), lambda: 1
        else:
            with local_pool(log, self.environments) as pool:
                pool.warm_up(job.load_libraries)  # while this process loads them too
                yield pool, lambda: self.workers


def as_many_as_fit() -> tuple[int, str]:
    """Workers that the cores and the memory allow, and what limited them if it was not the machine's cores."""
    cores, reason = allowed_cores()
    free = free_bytes()
    fitting = fitting_workers(free)
    if free is not None and fitting is not None and fitting < cores:
        return fitting, f"{free / 1e9:.1f} GB of memory are free, and a worker takes {WORKER_BYTES / 1e9:g} GB"
    return cores, reason if "quota" in reason else ""
