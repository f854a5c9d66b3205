"""What a person sees of a search: a live table on a terminal and in a notebook, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from shlex import quote
from typing import Any, NamedTuple

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from kwssearch.errors import counted, printable
from kwssearch.runs import PROGRESS_RECORD
from kwssearch.search.failures import Failure
from kwssearch.search.fitting import forecasting_sentence
from kwssearch.search.job import Job, Outcome
from kwssearch.search.pace import Pace, in_words
from kwssearch.search.plan import Plan
from kwssearch.search.telling import augmentation_sentences, foretold, search_sentence
from kwssearch.search.trainers import Trainers
from kwssearch.space import kilobytes
from kwssearch.system.storage import read_json

PLAIN_SECONDS = 30.0


class Progress:
    """Reports on a search on standard error, or in the page of a notebook.

    Args:
        console: where to write.
        silent: says nothing at all.
    """

    def __init__(self, console: Console | None = None, silent: bool = False) -> None:
        self.console = console or Console(stderr=notebook_display() is None, quiet=silent)

    def say(self, text: str, style: str = "") -> None:
        """A line, or several."""
        for line in text.splitlines():
            self.console.print(Text(printable(line), style), soft_wrap=True)

    def announce(self, plan: Plan, trainers: Trainers) -> None:
        """What a search is going to do."""
        splits = ", ".join(f"{len(clips)} {split}" for split, clips in plan.data.splits.items())
        each = f" × {plan.executions_of_new} executions" if plan.executions_of_new > 1 else ""
        fewest, most = plan.epochs
        epochs = f"{fewest} to {most} epochs" if fewest < most else counted(most, "epoch")
        fewer = len(plan.trainers) < len(plan.to_train)
        trainings = f", made from {counted(len(plan.trainers), 'training')}" if fewer else ""
        self.say(
            f"{plan.space.name}: {counted(plan.trials, 'trial')}{trainings}{each}, {plan.done} done already, "
            f"{plan.left} to run, {epochs} each."
        )
        self.say(f"Data: {plan.data.source}, {counted(len(plan.data.words), 'word')}; clips: {splits}.")
        for note in plan.data.notes:
            self.say(note)
        self.say(f"Run: {plan.folder.path}, {trainers.sentence}.")
        if plan.left and (told := search_sentence(plan)):
            self.say(told)
        for told in augmentation_sentences(plan.space, len(plan.data.splits["train"])) if plan.left else ():
            self.say(told)
        if plan.left_out:
            self.say(
                f"Left out: {counted(len(plan.left_out), 'trial')} that cannot keep the limits, going by forecasts; "
                f"'kwssearch trials {quote(str(plan.folder.path))}' lists them."
            )
        if plan.taken:
            self.say(f"Taken over from other runs: {counted(plan.taken, 'execution')}.")
        if plan.budget.hours is not None and plan.left:
            self.say(foretold(plan, plan.budget.hours))
        for note in plan.notes:
            self.say(f"Warning: {note.removesuffix('.')}.")

    def forecasting(self, files: int) -> None:
        """What a search waits for if its limits ask for sizes that are not known yet."""
        self.say(forecasting_sentence(files))

    @contextlib.contextmanager
    def watching(self, plan: Plan) -> Iterator[Display]:
        """Shows the jobs of a plan until the block ends."""
        with canvas(self.console) as draw:
            yield Display(plan, self, draw)


class State(NamedTuple):
    """How far a job has got."""

    epoch: int
    epochs: int
    accuracy: float
    stage: str

    @property
    def share(self) -> float:
        return self.epoch / self.epochs


class Canvas:
    """Redraws the table where it can; `live` says whether it can."""

    live = False

    def draw(self, table: Group) -> None:
        """Does nothing: lines are printed one after the other."""


class TerminalCanvas(Canvas):
    """A table at the bottom of a terminal."""

    live = True

    def __init__(self, display: Live) -> None:
        self.display = display

    def draw(self, table: Group) -> None:
        self.display.update(table)


class NotebookCanvas(Canvas):
    """A table in the page of a notebook."""

    live = True

    def __init__(self, display: Any) -> None:
        self.handle = display(self.page(Group()), display_id=True)

    def draw(self, table: Group) -> None:
        self.handle.update(self.page(table), raw=True)

    def page(self, table: Group) -> dict[str, str]:
        console = Console(width=120, highlight=False, force_jupyter=False, force_terminal=False)
        with console.capture() as capture:
            console.print(table)
        return {"text/plain": capture.get()}


@contextlib.contextmanager
def canvas(console: Console) -> Iterator[Canvas]:
    """The best display that the surroundings allow."""
    display = notebook_display()
    if display is not None and not console.quiet:
        yield NotebookCanvas(lambda content, **options: display(content, raw=True, **options))
    elif console.is_terminal and not console.quiet:
        with Live(console=console, refresh_per_second=2, transient=True) as live:
            yield TerminalCanvas(live)
    else:
        yield Canvas()


def notebook_display() -> Any | None:
    """IPython's display function in a notebook, else None."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display


class Display:
    """Watches a search (see `loop.Watcher`) and reports to a person."""

    def __init__(self, plan: Plan, progress: Progress, canvas: Canvas) -> None:
        self.plan = plan
        self.progress = progress
        self.canvas = canvas
        self.total = plan.total
        self.done = plan.done
        self.failed = 0
        self.pace = Pace()
        self.left = Counter({trial.trial_id: plan.executions_of_new for trial in plan.to_train})
        for trial in plan.run.trials:
            self.left[trial.trial_id] = len(plan.run.missing(trial))
        self.said: dict[tuple[str, int], float] = {}

    def added(self, jobs: Sequence[Job]) -> None:
        """Says that trials are trained again."""
        trials = len({job.planned.trial_id for job in jobs})
        self.total = self.done + len(jobs)
        self.left.update(job.planned.trial_id for job in jobs)
        self.say(f"Further seeds for {counted(trials, 'trial')} that may be on the front: {len(jobs)} to run.")

    def under_way(self, jobs: list[Job]) -> None:
        """Shows the jobs that run, each with its epoch, training accuracy so far, and the time left in all."""
        lines = [(job, self.state_of(job)) for job in jobs]
        left = self.time_left(lines)
        if self.canvas.live:
            self.canvas.draw(self.table(lines, left))
            return
        for job, state in lines:
            last = self.said.get(job.key)
            if last is None:
                self.say(f"{self.name(job)}: begins")
            elif time.monotonic() - last >= PLAIN_SECONDS:
                self.say(f"{self.name(job)}: {self.shown(state)}{left}")
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
        if job.auxiliary:
            if isinstance(outcome, Outcome):
                self.say(f"{self.name(job)}: done, for those that start from it")
            return
        self.done += 1
        self.left[job.planned.trial_id] -= 1
        if isinstance(outcome, Outcome):
            record = outcome.record
            if "origin" in record:
                how = f"converted from trial {record['origin']['trial_id']}"
            else:
                self.pace.took(self.plan.cost_of(job.planned), record["seconds"])
                how = f"{record['train_seconds']:.0f} s of training"
            self.say(
                f"{self.name(job)}: accuracy {record['accuracy']:.1%}, {kilobytes(record['memory_bytes'])} zipped, "
                f"{how} ({self.done} of {self.total} done{self.time_left([])})"
            )

    def say(self, text: str, style: str = "") -> None:
        self.progress.say(text, style)

    def name(self, job: Job) -> str:
        what = "dense model" if job.auxiliary else f"trial {job.planned.trial_id}"
        shown = f"{what} ({job.planned.name})"
        several = self.plan.space.recipe.executions_per_trial > 1
        return f"{shown}, execution {job.execution}" if several else shown

    def epochs(self, job: Job) -> int:
        return self.plan.space.recipe_of(job.planned.values).epochs

    def state_of(self, job: Job) -> State:
        """What the job reports about itself, if it runs on this machine."""
        if job.folder is not None:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                record = read_json(job.folder / PROGRESS_RECORD)
                accuracy = float(record.get("accuracy", 0))
                return State(int(record["epoch"]), self.epochs(job), accuracy, str(record.get("stage", "training")))
        return State(0, self.epochs(job), 0.0, "starting")

    def shown(self, state: State) -> str:
        if not state.epoch:
            return state.stage
        return f"epoch {state.epoch} of {state.epochs}, training accuracy {state.accuracy:.1%}"

    def time_left(self, lines: Sequence[tuple[Job, State]]) -> str:
        """In words, judging by the trainings of this search; empty before the first one has ended."""
        waiting = [
            self.plan.cost_of(trial)
            for trial in self.plan.space.trials
            if trial.trial_id in self.plan.trainers
            for _ in range(self.left[trial.trial_id])
        ][: self.total - self.done]
        if not self.pace.known() or not waiting:
            return ""
        done = sum(self.pace.expected([self.plan.cost_of(job.planned)]) * state.share for job, state in lines)
        seconds = (self.pace.expected(waiting) - done) / max(1, min(self.plan.workers, len(waiting)))
        return f", about {in_words(seconds)} left"

    def table(self, lines: Sequence[tuple[Job, State]], left: str) -> Group:
        grid = Table.grid(padding=(0, 2))
        for number, (job, state) in enumerate(lines, 1):
            bar = "█" * round(20 * state.share)
            grid.add_row(f"worker {number}", Text(self.name(job)), f"{bar:░<20}", self.shown(state))
        failed = f", {self.failed} failed" if self.failed else ""
        return Group(grid, Text(f"{self.done} of {self.total} done{failed}{left}", "bold"))
