"""Commands that read a run, or a space: they load no TensorFlow but where a new space is costed."""

from __future__ import annotations

from pathlib import Path

import click

from kwssearch.cli.group import RUN, formats, main, opened, print_trials


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

    run = opened(folder)
    print_trials(run, trial_rows(run), form)


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
    from kwssearch.report.rows import front_rows
    from kwssearch.space import parse_bytes, parse_milliseconds, parse_share

    run = opened(folder)
    rows = front_rows(
        run,
        min_accuracy=parse_share(min_accuracy) if min_accuracy is not None else None,
        max_memory=parse_bytes(max_memory) if max_memory is not None else None,
        max_latency=parse_milliseconds(max_latency) if max_latency is not None else None,
        strategy=strategy,
        confident=parse_share(confident, "confident") if confident is not None else None,
    )
    if not rows:
        click.echo("No completed trial fits.", err=True)
    print_trials(run, rows, form, front=True)


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
    from kwssearch.report import answer_lines, terminal_width
    from kwssearch.report import as_json as to_json

    found = answer(opened(folder), max_accuracy_drop)
    click.echo(to_json(found.to_dict()) if as_json else "\n".join(answer_lines(found, terminal_width())))


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
    from kwssearch.models import space_rows
    from kwssearch.report import tables
    from kwssearch.space import load_space

    waiting = "Loading TensorFlow to build each model once; the next time this is known ..."
    rows = space_rows(load_space(space), words, lambda: click.echo(waiting, err=True))
    if as_json:
        click.echo(tables.as_json(rows))
    else:
        tables.show_space(rows)
