"""Commands about what is to be searched, and for which device; TensorFlow is loaded where a space is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kwssearch.cli.completion import data_sets, spaces
from kwssearch.cli.group import main
from kwssearch.cli.limits import limit_options
from kwssearch.errors import printable

TOLD_CLIPS = 1000  # for which altering them is timed, since the data set is not looked at

if TYPE_CHECKING:
    from kwssearch.search.foreknowledge import Foreknowledge
    from kwssearch.space import Limits, SearchSpace


@main.command()
@click.argument("space", shell_complete=spaces)
@click.option("--words", type=click.IntRange(2), default=8, show_default=True, help="Classes to count parameters for.")
@limit_options
@click.option("--measure", is_flag=True, help="Also memory, flash, RAM, latency and seconds of training.")
@click.option(
    "--data", metavar="DIR|msc|builtin", help="For --measure; the space's own by default.", shell_complete=data_sets
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--wide", is_flag=True, help="Every column, however wide the table gets.")
def space(
    space: str,
    words: int,
    limits: Limits,
    device: str | None,
    measure: bool,
    data: str | None,
    as_json: bool,
    wide: bool,
) -> None:
    """Show what a space holds: its trials in order, with what each costs on paper.

    With limits, of its own or given here, also whether the file of each keeps them, by a forecast. With --measure, what
    is known before training: files are made of untrained models and timed alone, and some train for a few steps.

    \b
    Example:
      kwssearch space lab4
      kwssearch space lab4 --device nano33ble --max-memory 100kB
      kwssearch space lab4 --measure --data my_words
    """
    from kwssearch.models import space_rows
    from kwssearch.report import as_json as to_json
    from kwssearch.report import show_space
    from kwssearch.search.fitting import fit_rows, fit_sentences, forecasting_sentence
    from kwssearch.search.foresight import space_notes
    from kwssearch.search.telling import augmentation_sentences
    from kwssearch.space import find_device, load_space

    waiting = "Loading TensorFlow to build each model once; next time this is remembered ..."
    declared = load_space(space)
    declared = declared.with_limits(limits.over(declared.limits))
    for note in space_notes(declared):
        click.echo(f"Warning: {printable(note)}.", err=True)
    for told in augmentation_sentences(declared, TOLD_CLIPS):
        click.echo(printable(told), err=True)
    found = known_before(declared, data) if measure else None
    words = words if found is None else found.classes
    rows = space_rows(declared, words, lambda: click.echo(waiting, err=True))
    if found is not None:
        rows = [{**row, **found.figures[str(row["trial_id"])]} for row in rows]
    if declared.limits or device:
        named = None if device is None else find_device(device)
        rows = fit_rows(declared, words, rows, named, lambda files: click.echo(forecasting_sentence(files), err=True))
    if as_json:
        click.echo(to_json(rows))
        return
    show_space(rows, wide)
    for sentence in fit_sentences(rows):
        click.echo(sentence, err=True)
    if found is not None:
        click.echo(found.sentence, err=True)


def known_before(space: SearchSpace, data: str | None) -> Foreknowledge:
    """What is known of a space before anything is trained, for its own data set or another one."""
    from kwssearch.data import load_data
    from kwssearch.search.foreknowledge import known_of

    return known_of(space, load_data(data or space.data, space.data_settings), lambda what: click.echo(what, err=True))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--wide", is_flag=True, help="Every column, however wide the table gets.")
def devices(as_json: bool, wide: bool) -> None:
    """List the devices that limits can be named after, with what they have and who says so.

    Devices of your own are [devices.NAME] tables in devices.toml in the user's folder of settings, or in a file that
    is named instead, as in --device my_board.toml.

    \b
    Example:
      kwssearch devices
    """
    from kwssearch.report import as_json as to_json
    from kwssearch.report import device_rows, show_devices
    from kwssearch.space import known_devices, own_devices_file

    rows = device_rows(known_devices().values())
    if as_json:
        click.echo(to_json(rows))
        return
    show_devices(rows, wide)
    click.echo(f"Your own: {printable(own_devices_file())}.", err=True)
