"""Jobs for the dense models that sparse trainings start from, whether or not the space asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from kwssearch.runs import start_folder
from kwssearch.search.job import Job
from kwssearch.search.trainings import Trainings

STRATEGY = "dense start"


def missing_starts(jobs: Iterable[Job], others: Iterable[Job], trainings: Trainings, run: Path) -> Iterator[Job]:
    """A job for each dense training that some of `jobs` start from and that nobody has done or is going to do.

    Args:
        others: all jobs that wait or run.
        run: its folder.
    """
    coming = {job.trainings for job in others}
    for job in jobs:
        if job.starts and job.starts not in coming and not trainings.has_start(job):
            coming.add(job.starts)
            yield dense_job(job, run)


def dense_job(job: Job, run: Path) -> Job:
    """The dense training that a job starts from, as a job of its own."""
    name = job.starts[0]
    values = job.space.dense_of(job.planned.values) or {}
    planned = job.space.planned(f"dense_{name}", STRATEGY, values)
    folder = None if job.folder is None else start_folder(run, name)
    return replace(job, planned=planned, folder=folder, beginning=None, auxiliary=True)
