"""Progress of a search: a live table on a terminal, plain lines elsewhere. All on standard error."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from kwssearch.analysis.wording import kilobytes
from kwssearch.runs import records
from kwssearch.runs import run as results
from kwssearch.search.job import Failure, Job, Outcome
from kwssearch.search.session import Plan
from kwssearch.system.storage import read_json

OVERHEAD_MACS = 2_500_000
PLAIN_SECONDS = 30.0


class Display:
    """Watches a search (see `search.Watcher`) and tells a person.

    Args:
        console: where to write.
    """

    def __init__(self, plan: Plan, console: Console) -> None:
        self.plan = plan
        self.console = console
        self.executions = plan.space.recipe.executions_per_trial
        self.total = len(plan.space.trials) * self.executions
        self.done = self.total - len(plan.jobs)
        self.failed = 0
        self.work_done = 0.0
        self.work = sum(self.cost(job) for job in plan.jobs)
        self.started = time.monotonic()
        self.said: dict[tuple[str, int], float] = {}
        self.live = Live(console=console, refresh_per_second=2, transient=True) if console.is_terminal else None

    def __enter__(self) -> Display:
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.live:
            self.live.stop()

    def under_way(self, jobs: list[Job]) -> None:
        """Shows the jobs that run, each with its epoch, accuracy so far, and the time left in all."""
        lines = [(job, self.progress(job)) for job in jobs]
        left = self.time_left(lines)
        if self.live:
            self.live.update(self.table(lines, left))
            return
        for job, (epoch, accuracy) in lines:
            last = self.said.get(job.key)
            if last is None:
                self.say(f"{self.name(job)}: begins")
            elif time.monotonic() - last >= PLAIN_SECONDS and epoch:
                self.say(f"{self.name(job)}: epoch {epoch} of {self.epochs}, training accuracy {accuracy:.1%}{left}")
            else:
                continue
            self.said[job.key] = time.monotonic()

    def ended(self, job: Job, outcome: Outcome | Failure, last: bool) -> None:
        """Says how a job ended."""
        self.said.pop(job.key, None)
        if isinstance(outcome, Failure):
            if not outcome.fatal:
                self.failed += last
                self.say(f"{self.name(job)}: {outcome.reason}; {'given up' if last else 'trying once more'}", "red")
            if not last:
                return
        self.done += 1
        self.work_done += self.cost(job)
        if isinstance(outcome, Outcome):
            record = outcome.record
            self.say(
                f"{self.name(job)}: accuracy {record['accuracy']:.1%}, {kilobytes(record['memory_bytes'])} zipped, "
                f"{record['train_seconds']:.0f} s of training ({self.done} of {self.total} done{self.time_left([])})"
            )

    def say(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style), soft_wrap=True)

    def name(self, job: Job) -> str:
        shown = f"trial {job.planned.trial_id} ({results.Trial(job.planned).name})"
        return f"{shown}, execution {job.execution}" if self.executions > 1 else shown

    @property
    def epochs(self) -> int:
        return self.plan.space.recipe.epochs

    def cost(self, job: Job) -> float:
        """Work of a job; what every step costs beside multiplying is as much as a small model."""
        return self.plan.costs[job.planned.trial_id].macs + OVERHEAD_MACS

    def progress(self, job: Job) -> tuple[int, float]:
        """Epochs done and the latest training accuracy, where the job shows them."""
        if job.folder is not None:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                record = read_json(job.folder / records.PROGRESS_RECORD)
                return int(record["epoch"]), float(record["accuracy"])
        return 0, 0.0

    def time_left(self, lines: Sequence[tuple[Job, tuple[int, float]]]) -> str:
        """In words, from the multiply-accumulates still to do; nothing before the first epoch ends."""
        under_way = sum(self.cost(job) * epoch / self.epochs for job, (epoch, _) in lines)
        done = self.work_done + under_way
        if not done or self.work <= done:
            return ""
        seconds = (time.monotonic() - self.started) * (self.work - done) / done
        return f", about {in_words(seconds)} left"

    def table(self, lines: Sequence[tuple[Job, tuple[int, float]]], left: str) -> Group:
        grid = Table.grid(padding=(0, 2))
        for number, (job, (epoch, accuracy)) in enumerate(lines, 1):
            bar = "█" * round(20 * epoch / self.epochs)
            shown = f"{accuracy:.1%}" if epoch else ""
            grid.add_row(f"worker {number}", Text(self.name(job)), f"{bar:░<20}", f"{epoch}/{self.epochs}", shown)
        failed = f", {self.failed} failed" if self.failed else ""
        return Group(grid, Text(f"{self.done} of {self.total} done{failed}{left}", "bold"))


def in_words(seconds: float) -> str:
    """A duration as a person says it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
