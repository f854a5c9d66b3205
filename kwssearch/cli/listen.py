"""Commands that score models on streams: they load no TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kwssearch.cli.group import RUN, Command, main, opened
from kwssearch.cli.search import interruptible
from kwssearch.errors import printable

OPTIONS = (
    click.option("--data", metavar="DIR", help="Where the data set is now; where RUN last found it by default."),
    click.option("--noise", metavar="DIR", help="Recorded noise; what lies beside the words by default."),
    click.option("--negatives", metavar="DIR", help="Long recordings without keywords, instead of spoken sentences."),
    click.option("--other-words", metavar="DIR", help="Clips of words that are no keywords."),
    click.option("--hours", type=float, metavar="H", help="Of each stream; as the run's space says by default."),
)


def stream_options(command: Command) -> Command:
    """Those of every command that needs a stream; they replace what the run's space says."""
    for option in OPTIONS:
        command = option(command)
    return command


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@click.option("--trial", "trial_ids", metavar="ID", multiple=True, help="These trials; those of the front by default.")
@click.option("--per-hour", type=float, metavar="N", help="False accepts an hour for which the threshold is set.")
@click.option("--recording", type=RUN, metavar="FILE", help="A recording of your own instead of the test stream.")
@click.option("--labels", type=RUN, metavar="FILE", help="What it holds, as Audacity exports labels.")
@stream_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the whole curve of each model.")
def listen(
    folder: Path,
    trial_ids: tuple[str, ...],
    recording: Path | None,
    labels: Path | None,
    data: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Score models of RUN on hours of sound: false accepts an hour, and keywords missed.

    Each threshold is set on a stream of the validation split, and reported on one of the test split. Both are made of
    the split's own clips, other words, running speech and noise, and are the same every time.

    \b
    Example:
      kwssearch listen runs/lab4 --negatives radio
    """
    from kwssearch.deploy.hearing import models_to_hear
    from kwssearch.listening import data_of, settings_of
    from kwssearch.listening import listen as listen_to
    from kwssearch.report import as_json as to_json
    from kwssearch.report import terminal_width
    from kwssearch.report.listen_lines import listen_lines

    if labels and not recording:
        raise click.UsageError("--labels: got it without --recording, expected both.")
    run = opened(folder)
    settings = settings_of(run, chosen(given))
    models = models_to_hear(run, trial_ids)
    with interruptible("Stopped; no score was kept."):
        record = listen_to(run, models, data_of(run, data), settings, recording, labels)
    if as_json:
        click.echo(to_json(record))
        return
    for line in listen_lines(record, [model.trial_id for model in models], terminal_width()):
        click.echo(printable(line))


def chosen(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


@main.group()
def stream() -> None:
    """The streams that models listen to.

    \b
    Example:
      kwssearch stream write runs/lab4 --negatives radio --out streams --hours 0.5
    """


@stream.command()
@click.argument("folder", metavar="RUN", type=RUN)
@click.option("--out", required=True, type=RUN, metavar="DIR", help="Where the WAV and its labels are written.")
@click.option(
    "--split", type=click.Choice(["validation", "test"]), default="test", show_default=True, help="Whose clips."
)
@stream_options
def write(folder: Path, out: Path, split: str, data: str | None, **given: Any) -> None:
    """Write a stream as a WAV, with a label track that Audacity imports, to be heard and seen.

    \b
    Example:
      kwssearch stream write runs/lab4 --negatives radio --out streams --hours 0.5
    """
    from kwssearch.listening import data_of, settings_of, write_stream

    run = opened(folder)
    settings = settings_of(run, chosen(given))
    with interruptible("Stopped; nothing was written."):
        click.echo(write_stream(run, data_of(run, data), settings, split, out))
