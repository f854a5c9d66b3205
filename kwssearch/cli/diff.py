"""The command that holds two runs against each other; it loads no TensorFlow."""

from __future__ import annotations

from pathlib import Path

import click

from kwssearch.cli.group import RUN, main, opened


@main.command()
@click.argument("one", metavar="RUN", type=RUN)
@click.argument("other", metavar="RUN", type=RUN)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--wide", is_flag=True, help="Every column, however wide the table gets.")
def diff(one: Path, other: Path, as_json: bool, wide: bool) -> None:
    """Hold two runs against each other: what differs, and what came of the trials that both have.

    Trials are the same if their settings are, whatever ids and names they have. Where both runs have the same test
    clips, differences in accuracy are paired clip by clip.

    \b
    Example:
      kwssearch diff runs/my_words runs/lab4
    """
    from kwssearch.analysis import SideBySide
    from kwssearch.report import as_json as to_json
    from kwssearch.report import diff_record, show_diff

    both = SideBySide(opened(one), opened(other))
    if as_json:
        click.echo(to_json(diff_record(both)))
    else:
        show_diff(both, wide)
