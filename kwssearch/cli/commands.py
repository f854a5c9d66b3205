"""Command line: parse, call, print. Heavy modules are imported by the commands that need them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kwssearch import __version__
from kwssearch.errors import UserError, counted, printable

if TYPE_CHECKING:
    from kwssearch.runs.run import Run

Command = TypeVar("Command", bound=Callable[..., Any])
RUN = click.Path(path_type=Path)


class Commands(click.Group):
    """Tells a user's fault in one sentence, with its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.echo(f"Error: {printable(error)}", err=True)
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


@main.command()
@click.argument("space")
@click.option("--data", metavar="DIR|msc|builtin", help="Data set; the space's own by default.")
@click.option("--out", type=RUN, metavar="RUN", help="Folder of the run; runs/<name of the space> by default.")
@click.option("--epochs", type=click.IntRange(1), help="Instead of the recipe's.")
@click.option("--executions", type=click.IntRange(1), help="Trainings with different seeds of each trial.")
@click.option("--workers", type=click.IntRange(1), help="Processes that train; as many as there are cores by default.")
@click.option("--scheduler", metavar="ADDRESS", help="Train on a Dask cluster, for example tcp://host:8786.")
@click.option("--retry-failed", is_flag=True, help="Take up failed trials as well.")
def run(
    space: str, data: str | None, out: Path | None, epochs: int | None, executions: int | None, **options: Any
) -> None:
    """Search a space; run again, it resumes where it stopped.

    SPACE is a TOML file or the name of a shipped one: lab4, full, quickstart.

    \b
    Example:
      kwssearch run lab4 --data my_words --out runs/mine
    """
    from kwssearch.cli.running import search
    from kwssearch.space.declaration import load_space

    declared = load_space(space)
    recipe = {"epochs": epochs, "executions_per_trial": executions}
    declared = declared.with_recipe(**{key: value for key, value in recipe.items() if value is not None})
    search(declared, declared.data if data is None else data, out or Path("runs") / declared.name, **options)


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@click.option("--data", metavar="DIR", help="Where the data set is now; where RUN last found it by default.")
@click.option("--workers", type=click.IntRange(1), help="Processes that train; as many as there are cores by default.")
@click.option("--scheduler", metavar="ADDRESS", help="Train on a Dask cluster, for example tcp://host:8786.")
@click.option("--retry-failed", is_flag=True, help="Take up failed trials as well.")
def resume(folder: Path, data: str | None, **options: Any) -> None:
    """Go on with an interrupted search from what RUN itself records.

    \b
    Example:
      kwssearch resume runs/lab4 --retry-failed
    """
    from kwssearch.cli.running import search
    from kwssearch.search.session import reopen

    space, source = reopen(folder)
    search(space, source if data is None else data, folder, **options)


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of LiteRT and the front end.")
@click.option(
    "--budget",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="Stop after them, but not before 20 rounds; 2 a trial by default.",
)
def measure(folder: Path, threads: int, budget: float | None) -> None:
    """Time all models of RUN again, alone, in interleaved rounds; replaces its latencies.

    \b
    Example:
      kwssearch measure runs/lab4 --threads 1
    """
    from kwssearch.cli.running import time_run

    time_run(folder, threads, budget)


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@formats
def trials(folder: Path, form: str | None) -> None:
    """List every trial of RUN with what is known of it.

    \b
    Example:
      kwssearch trials runs/lab4 --csv > trials.csv
    """
    from kwssearch.report.rows import trial_rows

    print_trials(trial_rows(opened(folder)), form)


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@click.option("--min-accuracy", metavar="SHARE", help="For example 0.9 or 90%.")
@click.option("--max-memory", metavar="SIZE", help="Of the zipped model, for example 100kB.")
@click.option("--max-latency", metavar="TIME", help="Front end and model, for example 2ms.")
@click.option("--strategy", metavar="NAME", help="Only this strategy and the baseline.")
@click.option("--confident", metavar="SHARE", help="On the front in at least this share of worlds, as 0.9 or 90%.")
@formats
def front(
    folder: Path,
    min_accuracy: str | None,
    max_memory: str | None,
    max_latency: str | None,
    strategy: str | None,
    confident: str | None,
    form: str | None,
) -> None:
    """Show the trials that no other one beats in accuracy, memory and latency at once.

    \b
    Example:
      kwssearch front runs/lab4 --min-accuracy 0.85 --max-memory 100kB --max-latency 2ms
    """
    from kwssearch.analysis.pareto import parse_bytes, parse_milliseconds, parse_share
    from kwssearch.report.rows import front_rows

    rows = front_rows(
        opened(folder),
        min_accuracy=parse_share(min_accuracy) if min_accuracy is not None else None,
        max_memory=parse_bytes(max_memory) if max_memory is not None else None,
        max_latency=parse_milliseconds(max_latency) if max_latency is not None else None,
        strategy=strategy,
        confident=parse_share(confident, "confident") if confident is not None else None,
    )
    if not rows:
        click.echo("No completed trial fits.", err=True)
    print_trials(rows, form, front=True)


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@click.option(
    "--max-accuracy-drop", type=float, default=1.0, show_default=True, help="Points that count as minimal impact."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def answers(folder: Path, max_accuracy_drop: float, as_json: bool) -> None:
    """Answer which strategy costs least accuracy, saves most memory, most latency, and how to combine.

    \b
    Example:
      kwssearch answers runs/lab4 --max-accuracy-drop 2
    """
    from kwssearch.analysis.answers import answers as answer
    from kwssearch.report import tables

    found = answer(opened(folder), max_accuracy_drop)
    click.echo(tables.as_json(found.to_dict()) if as_json else "\n".join(found.lines()))


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@click.option("--to", "target", type=RUN, metavar="DIR", help="RUN/report by default.")
def report(folder: Path, target: Path | None) -> None:
    """Write a page with plots, front, answers and how they were made.

    \b
    Example:
      kwssearch report runs/lab4
    """
    from kwssearch.report.page import write_report

    click.echo(write_report(opened(folder), target))


@main.command()
@click.argument("space")
@click.option("--words", type=click.IntRange(2), default=8, show_default=True, help="Classes to count parameters for.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def space(space: str, words: int, as_json: bool) -> None:
    """Show what a space holds: its trials in order, with what each costs on paper.

    \b
    Example:
      kwssearch space lab4
    """
    from kwssearch.report import tables
    from kwssearch.space.declaration import load_space

    declared = load_space(space)
    from kwssearch.models.cost import space_rows

    rows = space_rows(declared, words)
    if as_json:
        click.echo(tables.as_json(rows))
    else:
        tables.show_space(rows)


@main.group()
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


def opened(folder: Path) -> Run:
    """The run, with a line on standard error for each damaged record."""
    from kwssearch.runs.run import load

    run = load(folder)
    for warning in run.warnings:
        click.echo(f"Warning: {printable(warning)}", err=True)
    return run


def print_trials(rows: list[dict[str, Any]], form: str | None, front: bool = False) -> None:
    from kwssearch.report import tables
    from kwssearch.report.markdown import to_csv
    from kwssearch.report.rows import COLUMNS

    if form == "json":
        click.echo(tables.as_json(rows))
    elif form == "csv":
        click.echo(to_csv(rows, COLUMNS), nl=False)
    elif rows:
        tables.show_trials(rows, front)
