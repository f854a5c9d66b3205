"""Commands on the cache: what it holds, and how it is freed."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwssearch.errors import counted, printable

if TYPE_CHECKING:
    from kwssearch.system.inventory import Kept

SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
UNITS = ("bytes", "kB", "MB", "GB", "TB")


def as_seconds(context: click.Context, parameter: click.Parameter, value: str | None) -> float:
    """'30d' as seconds; 0 where nothing is given."""
    if value is None:
        return 0
    read = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?) ?([mhdw])", value.strip())
    if read is None:
        raise click.BadParameter(f"got {value!r}, expected a number of minutes, hours, days or weeks, such as 30d.")
    return float(read[1]) * SECONDS[read[2]]


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def cache(context: click.Context, as_json: bool) -> None:
    """Show what is kept between runs: sizes, when each was last used, whether it is in use.

    All of it can be made again.

    \b
    Example:
      kwssearch cache --json
    """
    if context.invoked_subcommand is not None:
        return
    from kwssearch.report import as_json as to_json
    from kwssearch.system.cache import cache_folder
    from kwssearch.system.inventory import inventory

    folder, things = cache_folder(), inventory()
    total = sum(thing.size for thing in things)
    if as_json:
        held = [thing.to_dict() for thing in things]
        click.echo(to_json({"folder": str(folder), "bytes": total, "kept": held}))
        return
    if things:
        tell(things, folder)
    click.echo(f"{printable(folder)}: {counted(len(things), 'thing')} kept, {size(total)}.", err=True)


@cache.command()
@click.option(
    "--older-than",
    metavar="TIME",
    callback=as_seconds,
    help="Only what was last used so long ago, for example 30d (m, h, d or w); all by default.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def clear(older_than: float, as_json: bool) -> None:
    """Free the cache of what no process uses; what is needed later is made again.

    What trainings on a cluster wrote to within a day counts as in use.

    \b
    Example:
      kwssearch cache clear --older-than 30d
    """
    from kwssearch.report import as_json as to_json
    from kwssearch.system import inventory
    from kwssearch.system.cache import cache_folder

    cleared = inventory.clear(inventory.inventory(), older_than)
    freed = sum(thing.size for thing in cleared.freed)
    if as_json:
        parts = {"freed": cleared.freed, "in_use": cleared.in_use, "refused": cleared.refused}
        told = {name: [thing.to_dict() for thing in things] for name, things in parts.items()}
        click.echo(to_json({"folder": str(cache_folder()), "bytes": freed, **told}))
    for things, why in (
        (cleared.in_use, "is in use, so it stays"),
        (cleared.refused, "cannot be removed by this user"),
    ):
        for thing in things:
            click.echo(f"{printable(thing.path)}: {why}.", err=True)
    click.echo(f"{counted(len(cleared.freed), 'thing')} freed, {size(freed)}.", err=True)
    if cleared.refused:
        raise SystemExit(1)


def tell(things: list[Kept], folder: Path) -> None:
    from kwssearch.report.layout import Column, table_lines, terminal_width

    def place(thing: Kept) -> str:
        inside = thing.path.is_relative_to(folder)
        return printable(thing.path.relative_to(folder) if inside else thing.path)

    columns = [
        Column("kind", [thing.kind for thing in things]),
        Column("what", [printable(thing.about) for thing in things], wraps=True),
        Column("size", [size(thing.size) for thing in things], right=True),
        Column("last used", ["now" if thing.in_use else ago(thing.used) for thing in things], right=True),
        Column("where", [place(thing) for thing in things], rank=2),
    ]
    click.echo("\n".join(table_lines(columns, terminal_width())))


def size(number: float) -> str:
    """'0 bytes', '31.4 MB'."""
    unit = 0
    while number >= 999.5 and unit < len(UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.0f} {UNITS[unit]}" if unit == 0 or number >= 99.95 else f"{number:.1f} {UNITS[unit]}"


def ago(moment: float) -> str:
    """'3 days ago'."""
    seconds = max(0.0, time.time() - moment)
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{counted(int(seconds // length), unit)} ago"
    return "just now"
