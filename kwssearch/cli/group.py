"""The group of all commands, and what they share: exit codes, formats, the run that they read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kwssearch import __version__
from kwssearch.errors import UserError, printable

if TYPE_CHECKING:
    from kwssearch.runs import Run

Command = TypeVar("Command", bound=Callable[..., Any])
RUN = click.Path(path_type=Path)
OPTIONS = {  # what the command line calls the argument that a remedy is about
    "folder": " (--out names another folder.)",
    "data": " (--data names another data set.)",
    "workers": " (--workers says how many.)",
    "scheduler": " (--scheduler names it.)",
    "gpus": " (--gpus asks for them.)",
}


class Commands(click.Group):
    """Tells a user's fault in one sentence, with its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
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
    command = click.option("--csv", "form", flag_value="csv", help="Print CSV.")(command)
    return click.option("--json", "form", flag_value="json", help="Print JSON.")(command)


def opened(folder: Path) -> Run:
    """The run, with a line on standard error for each damaged record."""
    from kwssearch.runs import load

    run = load(folder)
    for warning in run.warnings:
        click.echo(f"Warning: {printable(warning)}", err=True)
    return run


def print_trials(run: Run, rows: list[dict[str, Any]], form: str | None, front: bool = False) -> None:
    from kwssearch.report import tables
    from kwssearch.report.markdown import to_csv
    from kwssearch.report.rows import columns

    if form == "json":
        click.echo(tables.as_json(rows))
    elif form == "csv":
        click.echo(to_csv(rows, columns(run.objectives)), nl=False)
    elif rows:
        tables.show_trials(rows, front, run.objectives)
