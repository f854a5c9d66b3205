"""Commands that search: they show a plan, go through it, and say what came of it."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from shlex import quote
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from kwssearch.cli.completion import data_sets, spaces
from kwssearch.cli.data import chosen, data_options
from kwssearch.cli.group import RUN, Command, Real, main
from kwssearch.cli.limits import limit_options

if TYPE_CHECKING:
    from kwssearch.search.plan import Plan
    from kwssearch.search.tuner import KwsTuner
    from kwssearch.space import Limits, SearchSpace


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM; `code` is the exit code that says so."""

    def __init__(self, signum: int) -> None:
        super().__init__()
        self.code = 128 + signum


@contextlib.contextmanager
def interruptible(told: str) -> Iterator[None]:
    """Ends with `told` at the first SIGINT or SIGTERM; a second one ends the process and its workers at once."""

    def again(signum: int, frame: FrameType | None) -> None:
        os._exit(128 + signum)

    def once(signum: int, frame: FrameType | None) -> None:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, again)
        raise Interrupted(signum)

    before = {name: signal.signal(name, once) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Interrupted as interrupted:
        click.echo(told, err=True)
        raise SystemExit(interrupted.code) from None
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def trainers(command: Command) -> Command:
    """Options of commands that train."""
    for option in (
        click.option(
            "--max-hours",
            type=Real(0, min_open=True),
            metavar="HOURS",
            help="Stop after this long, as at Ctrl-C but with exit code 0.",
        ),
        click.option(
            "--timing-budget",
            type=Real(0),
            metavar="SECONDS",
            help="For the final timing, of at least 20 rounds; 1 a trial by default.",
        ),
        click.option(
            "--reuse",
            metavar="RUN",
            type=RUN,
            multiple=True,
            help="Take over what RUN has trained already; may be given several times.",
        ),
        click.option(
            "--search",
            "by",
            type=click.Choice(["grid", "front", "random"]),
            help="What proposes trials: all of them, those that may be on the front, or random ones.",
        ),
        click.option("--max-trials", type=click.IntRange(1), help="At most so many; the space's own by default."),
        click.option("--retry-failed", is_flag=True, help="Also try failed trials again."),
        click.option("--gpus", is_flag=True, help="A graphics processor for each worker; by default none is used."),
        click.option("--scheduler", metavar="ADDRESS", help="Train on a Dask cluster, for example tcp://host:8786."),
        click.option(
            "--workers", type=click.IntRange(1), help="Processes that train; as many as there are cores by default."
        ),
    ):
        command = option(command)
    return command


@main.command()
@click.argument("space", shell_complete=spaces)
@click.option(
    "--data", metavar="DIR|msc|builtin", help="Data set; the space's own by default.", shell_complete=data_sets
)
@click.option("--out", type=RUN, metavar="RUN", help="Folder of the run; runs/<name of the space> by default.")
@click.option("--epochs", type=click.IntRange(1), help="Instead of the recipe's.")
@click.option(
    "--executions",
    metavar="COUNT|front:COUNT",
    help="Trainings with different seeds of each trial, or of those alone that may be on the front.",
)
@data_options
@limit_options
@trainers
def run(
    space: str,
    data: str | None,
    out: Path | None,
    epochs: int | None,
    executions: str | None,
    max_trials: int | None,
    words: str | None,
    unknown: bool | None,
    silence: bool | None,
    unknown_from: str | None,
    silence_from: str | None,
    speaker: str | None,
    window_s: float | None,
    limits: Limits,
    device: str | None,
    **options: Any,
) -> None:
    """Search a space; when run again, it goes on where it stopped.

    SPACE is a TOML file or the name of a shipped one: quickstart, lab4, full, lab4-int8, lab4-plus, full-int8, listen,
    homework, wide. Points whose files cannot keep limits on memory, flash or RAM, by a forecast, are left out; accuracy
    and latency are judged by 'kwssearch front'.

    \b
    Example:
      kwssearch run lab4 --data my_words --out runs/mine
    """
    from kwssearch.space import load_space, with_epochs

    declared = load_space(space).with_max_trials(max_trials)
    declared = with_executions(declared, executions)
    declared = declared if epochs is None else with_epochs(declared, epochs)
    given = {"words": words, "unknown": unknown, "silence": silence, "speaker": speaker, "window_s": window_s}
    given |= {"unknown_from": unknown_from, "silence_from": silence_from}
    declared = declared.with_data_settings(chosen(declared.data_settings, **given))
    declared = declared.with_limits(limits.over(declared.limits))
    search(declared, declared.data if data is None else data, out or Path("runs") / declared.name, **options)


def with_executions(space: SearchSpace, asked: str | None) -> SearchSpace:
    """The same space with the executions that were asked for.

    Raises:
        BadParameter: neither a number nor one for the front.
    """
    if asked is None:
        return space
    from kwssearch.space import executions_of

    if (found := executions_of(int(asked) if asked.isdecimal() else asked)) is None:
        raise click.BadParameter(
            f"got {asked!r}, expected a whole number from 1 to 1000, or 'front:3' for so many of the trials on the "
            "front alone.",
            param_hint="--executions",
        )
    repeated, count = found
    return space.with_recipe(executions_per_trial=count, repeated=repeated)


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@click.option(
    "--data",
    metavar="DIR",
    help="Where the data set is now; where RUN last found it by default.",
    shell_complete=data_sets,
)
@click.option("--exhaustive", is_flag=True, help="Also train what the search skipped; the same as --search grid.")
@limit_options
@trainers
def resume(
    folder: Path,
    data: str | None,
    exhaustive: bool,
    limits: Limits,
    device: str | None,
    by: str | None,
    max_trials: int | None,
    **options: Any,
) -> None:
    """Go on with an interrupted search from what RUN records.

    Limits that are given replace RUN's own: what was left out is trained where they are looser.

    \b
    Example:
      kwssearch resume runs/lab4 --retry-failed
    """
    from kwssearch.runs import RunFolder

    there = RunFolder(folder)
    space = there.reopen()
    there.built_in_oracle()
    space = space.with_limits(limits.over(space.limits)).with_max_trials(max_trials)
    if exhaustive:
        space = replace(space, max_trials=max_trials)
    search(space, there.source if data is None else data, folder, by="grid" if exhaustive else by, **options)


def search(
    space: SearchSpace,
    source: str,
    folder: Path,
    workers: int | None,
    scheduler: str | None,
    gpus: bool,
    by: str | None,
    retry_failed: bool,
    reuse: tuple[Path, ...],
    max_hours: float | None,
    timing_budget: float | None,
) -> None:
    """Runs what is left of a search, then times all models.

    Raises:
        SystemExit: 1 when trials failed; 128 + the signal's number when interrupted.
        UserError: the space, the data, the run or the disk stands in the way.
    """
    from kwssearch.search.conduct import conduct
    from kwssearch.search.plan import Budget
    from kwssearch.search.progress import Progress
    from kwssearch.search.telling import conclusion
    from kwssearch.search.trainers import Trainers

    progress = Progress()
    oracle = by or begun_by(folder) or space.search
    with interruptible(f"Stopped; what is done is saved. To go on: kwssearch resume {quote(str(folder))}"):
        there = Trainers.chosen(workers, scheduler, gpus)
        ended = conduct(
            folder,
            space,
            source,
            tuner_of(oracle, space, folder),
            there,
            progress,
            oracle,
            Budget(space.max_trials, max_hours, timing_budget),
            retry_failed=retry_failed,
            reuse=reuse,
        )
        failed = conclusion(ended, progress.say)
    raise SystemExit(1 if failed else 0)


def begun_by(folder: Path) -> str | None:
    """The oracle that a run was begun with, which goes on unless another one is asked for; None for a new run."""
    from kwssearch.runs import RunFolder

    there = RunFolder(folder)
    if not there.exists:
        return None
    there.reopen()
    return there.built_in_oracle()


def tuner_of(oracle: str, space: SearchSpace, folder: Path) -> Callable[[Plan], KwsTuner]:
    """Makes the tuner when the plan is made, since that loads TensorFlow."""

    def made(plan: Plan) -> KwsTuner:
        from kwssearch.search.tuner import TUNERS
        from kwssearch.training import KwsHyperModel

        hypermodel = KwsHyperModel(space, plan.data)
        return TUNERS[oracle](hypermodel, directory=folder.parent, project_name=folder.name)

    return made
