"""Commands that take a model away and try it: they load no TensorFlow."""

from __future__ import annotations

from pathlib import Path

import click

from kwssearch.cli.group import RUN, Real, main, opened
from kwssearch.errors import printable


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@click.argument("trial_id", metavar="TRIAL")
@click.option("--out", required=True, type=RUN, metavar="DIR", help="A new folder; an earlier bundle is replaced.")
@click.option("--c", "in_c", is_flag=True, help="Also C for a microcontroller: front end, detector, model, glue.")
def export(folder: Path, trial_id: str, out: Path, in_c: bool) -> None:
    """Write the model of TRIAL with all that it needs: NumPy and ai-edge-litert are enough to run it.

    \b
    Example:
      kwssearch export runs/lab4 3 --out yes_no
      python yes_no/classify.py recording.wav
    """
    from kwssearch.deploy import export as export_bundle

    click.echo(export_bundle(opened(folder), trial_id, out, in_c))


@main.command("try")
@click.argument("model", metavar="RUN:TRIAL|BUNDLE")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=RUN)
@click.option("--microphone", is_flag=True, help="Listen until Ctrl-C; needs the extra 'microphone'.")
@click.option("--threshold", type=Real(0, 1), metavar="SHARE", help="Mean probability that a word of a stream needs.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each answer.")
def try_(model: str, files: tuple[Path, ...], microphone: bool, threshold: float | None, as_json: bool) -> None:
    """Say which words a model hears in recordings, or in what you say.

    Of a recording no longer than the model's window: words with their probabilities. A longer one is streamed: each
    word that is heard, with its time.

    \b
    Example:
      kwssearch try runs/lab4:3 recording.wav
    """
    import json

    from kwssearch.deploy import answer_line, model_named, try_files, try_microphone

    if bool(files) == microphone:
        raise click.UsageError("expected recordings, or --microphone.")
    named = model_named(model)
    answers = try_microphone(named, threshold) if microphone else try_files(named, files, threshold)
    try:
        for answer in answers:
            click.echo(json.dumps(answer) if as_json else printable(answer_line(answer)))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
