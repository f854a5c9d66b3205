"""Commands that read a run: they load no TensorFlow."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from kwssearch.cli.completion import strategies
from kwssearch.cli.group import RUN, formats, main, opened, print_trials, target_option
from kwssearch.cli.limits import limit_options, question_bytes
from kwssearch.cli.search import interruptible
from kwssearch.errors import printable

if TYPE_CHECKING:
    from kwssearch.space import Limits


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@click.option("--trial", "trial_id", metavar="ID", help="One trial: its figures, and what it makes of each word.")
@target_option
@formats
def trials(folder: Path, trial_id: str | None, target: str | None, form: str | None, wide: bool) -> None:
    """List every trial of RUN with what is known of it.

    \b
    Example:
      kwssearch trials runs/lab4 --csv > trials.csv
    """
    from kwssearch.report import as_json, show_trial, trial_details, trial_rows

    run = opened(folder, target)
    if trial_id is None:
        print_trials(run, trial_rows(run), form, wide)
        return
    details = trial_details(run, trial_id)
    if form == "json":
        click.echo(as_json(details))
    elif form == "csv":
        print_trials(run, [row for row in trial_rows(run) if row["trial_id"] == details["trial_id"]], form, wide)
    else:
        show_trial(details, run.objectives)


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@limit_options
@click.option("--strategy", metavar="NAME", help="Only this strategy and the baseline.", shell_complete=strategies)
@click.option("--confident", metavar="SHARE", help="On the front in at least this share of worlds, such as 0.9 or 90%.")
@click.option("--exact", is_flag=True, help="Also trials that are on the front by less than can be measured.")
@target_option
@formats
def front(
    folder: Path,
    limits: Limits,
    device: str | None,
    strategy: str | None,
    confident: str | None,
    exact: bool,
    target: str | None,
    form: str | None,
    wide: bool,
) -> None:
    """Show the trials that no other one beats in accuracy, memory and latency at once.

    Limits that are given replace the device's, and those the run's own.

    \b
    Example:
      kwssearch front runs/lab4 --min-accuracy 0.85 --max-memory 100kB --max-latency 2ms
    """
    from kwssearch.report import front_rows, nearest_misses
    from kwssearch.space import parse_share

    sure = None if confident is None else parse_share(confident, "confident")
    run = opened(folder, target)
    kept = limits.over(run.space.limits)
    if run.space.limits:
        click.echo(f"Limits: {'; '.join(kept.sentences)}.", err=True)
    rows = front_rows(run, kept, strategy, sure, exact=exact)
    question_bytes(limits)
    if not rows:
        click.echo("No completed trial fits.", err=True)
        for sentence in nearest_misses(run, kept, strategy):
            click.echo(printable(sentence), err=True)
    print_trials(run, rows, form, wide, front=True)


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@limit_options
@click.option(
    "--prefer",
    type=click.Choice(["accuracy", "hearing", "memory", "latency"]),
    default="accuracy",
    show_default=True,
    help="What decides among the trials that keep the limits.",
)
@click.option(
    "--confident",
    metavar="SHARE",
    help="Keep the limit on accuracy in at least this share of worlds, such as 0.9 or 90%.",
)
@target_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def pick(
    folder: Path,
    limits: Limits,
    device: str | None,
    prefer: str,
    confident: str | None,
    target: str | None,
    as_json: bool,
) -> None:
    """Name the one trial of RUN to take within limits: why, its figures, and its doubt.

    The validation split decides and the test split reports. Limits that are given replace the device's, and those
    the run's own.

    \b
    Example:
      kwssearch pick runs/lab4 --min-accuracy 90% --max-memory 100kB --prefer memory
    """
    from kwssearch.analysis import pick as picked
    from kwssearch.report import as_json as to_json
    from kwssearch.report import terminal_width, wrapped
    from kwssearch.space import parse_share

    sure = None if confident is None else parse_share(confident, "confident")
    run = opened(folder, target)
    question_bytes(limits)
    found = picked(run, limits.over(run.space.limits), prefer, sure)
    if as_json:
        click.echo(to_json(found.to_dict()))
        return
    for sentence in found.sentences:
        click.echo("\n".join(wrapped(printable(sentence), terminal_width())))
    click.echo(f"Next: kwssearch export {quote(str(folder))} {found.trial_id} --out trial_{found.trial_id}", err=True)


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@click.option(
    "--max-accuracy-drop", type=float, default=1.0, show_default=True, help="Points that count as minimal impact."
)
@target_option
@click.option("--details", is_flag=True, help="All that can be said: also budgets, effects and notes.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
@click.option("--wide", is_flag=True, help="Tables of the details with every column, however wide they get.")
def answers(
    folder: Path, max_accuracy_drop: float, target: str | None, details: bool, as_json: bool, wide: bool
) -> None:
    """Answer which strategy costs least accuracy, saves most memory and most latency, and what to take.

    \b
    Example:
      kwssearch answers runs/lab4 --max-accuracy-drop 2
    """
    from kwssearch.analysis.answers import answers as answer
    from kwssearch.report import answer_lines, terminal_width
    from kwssearch.report import as_json as to_json

    found = answer(opened(folder, target), max_accuracy_drop)
    if as_json:
        click.echo(to_json(found.to_dict()))
        return
    click.echo("\n".join(answer_lines(found, terminal_width(), wide, details)))
    if not details:
        click.echo("With --details: budgets, steps, effects and notes.", err=True)


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@click.option("--to", "place", type=RUN, metavar="DIR", help="RUN/report, or RUN/targets/NAME, by default.")
@target_option
@click.option("--watch", is_flag=True, help="Keep report.html fresh until the search ends; it loads itself again.")
def report(folder: Path, place: Path | None, target: str | None, watch: bool) -> None:
    """Write pages with plots, front, answers and how they were made: one to work with, one as Markdown.

    \b
    Example:
      kwssearch report runs/lab4
    """
    from kwssearch.report.page import WEB_PAGE, write_report

    if watch and target is not None:
        raise click.UsageError("--watch and --target: got both, expected one of them: a search is not timed elsewhere.")
    if watch:
        from kwssearch.report.watching import watch as watched

        with interruptible("Stopped; the page is as it was last written."):
            page = watched(folder, place, told=lambda sentence: click.echo(printable(sentence), err=True))
    else:
        page = write_report(opened(folder, target), place)
    click.echo(page.with_name(WEB_PAGE))
    click.echo(page)
