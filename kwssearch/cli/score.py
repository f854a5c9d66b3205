"""The command that scores models on recordings that their search did not see; it loads no TensorFlow."""

from __future__ import annotations

from pathlib import Path

import click

from kwssearch.cli.data import speaker_option
from kwssearch.cli.group import RUN, main, opened
from kwssearch.cli.search import interruptible
from kwssearch.errors import printable


@main.command()
@click.argument("folder", metavar="RUN|BUNDLE", type=RUN)
@click.option("--data", required=True, metavar="DIR", help="A folder of words; all of its clips are scored.")
@click.option("--trial", "trial_ids", metavar="ID", multiple=True, help="These trials; those of the front by default.")
@speaker_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with what words were taken for.")
def score(folder: Path, data: str, trial_ids: tuple[str, ...], speaker: str | None, as_json: bool) -> None:
    """Score models of RUN, or that of BUNDLE, on other recordings; nothing is trained.

    Of each model the accuracy, how it differs from that on the run's own test clips, and the recall of each word; of
    several, also how they differ on the same clips from the first one.

    \b
    Example:
      kwssearch score runs/lab4 --data new_words
    """
    from kwssearch.deploy.candidates import is_bundle, of_bundle, of_run
    from kwssearch.deploy.scoring import score as scored
    from kwssearch.report import as_json as to_json
    from kwssearch.report import terminal_width
    from kwssearch.report.score_lines import score_lines

    if is_bundle(folder) and trial_ids:
        raise click.UsageError("--trial: got it with a bundle, which holds one model; leave it out.")
    candidates = of_bundle(folder) if is_bundle(folder) else of_run(opened(folder), trial_ids)
    with interruptible("Stopped; no score was kept."):
        record = scored(candidates, data, speaker)
    for warning in record["warnings"]:
        click.echo(f"Note: {printable(warning)}", err=True)
    if as_json:
        click.echo(to_json(record))
        return
    for line in score_lines(record, terminal_width()):
        click.echo(printable(line))
