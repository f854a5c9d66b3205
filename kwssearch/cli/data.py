"""Commands that look at data sets."""

from __future__ import annotations

from pathlib import Path

import click

from kwssearch.cli.group import RUN
from kwssearch.errors import counted, printable


@click.group()
def data() -> None:
    """Look at data sets before they are searched on.

    \b
    Example:
      kwssearch data check my_words
    """


@data.command()
@click.argument("folder", metavar="DIR", type=RUN)
def check(folder: Path) -> None:
    """List every problem of a folder of words; exit 1 where there is one.

    \b
    Example:
      kwssearch data check my_words
    """
    from kwssearch.data.dataset import check as problems_of

    problems = problems_of(folder)
    for problem in problems:
        click.echo(f"{printable(problem.path)}: {printable(problem.text)}")
    click.echo(f"{counted(len(problems), 'problem')} found.", err=True)
    raise SystemExit(1 if problems else 0)
