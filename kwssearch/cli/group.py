"""The group of all commands, and what they share: exit codes, formats, the run that they read."""

from __future__ import annotations

import errno
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kwssearch import __version__
from kwssearch.cli.completion import targets
from kwssearch.errors import UserError, counted, printable

if TYPE_CHECKING:
    from kwssearch.runs import Run

Command = TypeVar("Command", bound=Callable[..., Any])


class HomePath(click.Path):
    """A path in which `~` is the user's home also where the shell leaves it, as in `--out=~/runs`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return Path(value).expanduser()
        except RuntimeError:
            self.fail(f"got {str(value)!r}, and there is no such home folder; write the path in full.", param, ctx)


class Real(click.FloatRange):
    """A number within bounds; what is none is beyond all of them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


RUN = HomePath(path_type=Path)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
OPTIONS = {  # what the command line calls the argument that a remedy is about
    "folder": " (--out names it.)",
    "data": " (--data says which.)",
    "workers": " (--workers says how many.)",
    "scheduler": " (--scheduler names it.)",
    "gpus": " (--gpus asks for them.)",
    "target": " (--target names it.)",
    "python": " (--python names it.)",
}


class Commands(click.Group):
    """Tells a user's fault in one sentence, with its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except OSError as error:
            if error.errno not in NO_ROOM or error.filename is not None:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that the end of the process does not try again
            click.echo(f"Error: standard output cannot be written ({error.strerror}); make room there.", err=True)
            ctx.exit(1)
        except UserError as error:
            click.echo(f"Error: {printable(error)}{OPTIONS.get(error.about or '', '')}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=Commands, context_settings={"max_content_width": 100})
@click.version_option(__version__, message="%(version)s")
def main() -> None:
    """Search keyword-spotting models for small devices: accuracy, memory and latency at once.

    \b
    Example:
      kwssearch run quickstart --data builtin
      kwssearch front runs/quickstart --max-memory 100kB
    """


def formats(command: Command) -> Command:
    """Options that give `form`: 'json', 'csv', or None for a table that `wide` does not fit to the terminal."""

    @functools.wraps(command)
    def chosen(*args: Any, as_json: bool, as_csv: bool, **options: Any) -> Any:
        if as_json and as_csv:
            raise click.UsageError("--json and --csv: got both, expected one of them.")
        return command(*args, form="json" if as_json else "csv" if as_csv else None, **options)

    for option in (
        click.option("--wide", is_flag=True, help="Every column, however wide the table gets."),
        click.option("--csv", "as_csv", is_flag=True, help="Print CSV."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    ):
        chosen = option(chosen)
    return chosen  # type: ignore[return-value]


def target_option(command: Command) -> Command:
    """Whose latencies count."""
    told = "Latencies of a machine that 'measure' has timed; what it has not timed is not compared."
    return click.option("--target", metavar="NAME", help=told, shell_complete=targets)(command)


def opened(folder: Path, target: str | None = None) -> Run:
    """The run, with a line on standard error for each damaged record, and for what was not measured on a target."""
    from kwssearch.runs import UNMEASURED, load

    run = load(folder, target)
    for warning in run.warnings:
        click.echo(f"Warning: {printable(warning)}", err=True)
    if target is not None:
        absent = sum(trial.status == UNMEASURED for trial in run.trials)
        are = f"; {counted(absent, 'completed trial')} {'was' if absent == 1 else 'were'} not measured there and"
        click.echo(f"Latencies are those of {target}{f'{are} not compared' if absent else ''}.", err=True)
    return run


def print_trials(run: Run, rows: list[dict[str, Any]], form: str | None, wide: bool, front: bool = False) -> None:
    from kwssearch.report import as_json, columns, show_trials, to_csv

    if form == "json":
        click.echo(as_json(rows))
    elif form == "csv":
        click.echo(to_csv(rows, columns(run.objectives)), nl=False)
    elif rows:
        show_trials(rows, front, run.objectives, wide)
