"""Tables and prose that fit a terminal."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

GAP = 2
UNLIMITED = 100_000


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: its lines.
        right: aligned so, as numbers are.
        wraps: whether a cell may be broken between words.
        rank: where the table is too wide, the highest goes first; 0 always stays.
        short: the cells in fewer letters, taken where the table is still too wide; none by default.
    """

    heading: str
    cells: Sequence[str]
    right: bool = False
    wraps: bool = False
    rank: int = 0
    short: Sequence[str] = ()

    @property
    def width(self) -> int:
        return max(cell_len(line) for text in (self.heading, *self.cells) for line in text.split("\n"))


def terminal_width() -> int | None:
    """Columns of the terminal, or what COLUMNS says; None in a pipe, where a row is a line."""
    if "COLUMNS" not in os.environ and not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size().columns


def fitting(columns: Iterable[Column], width: int | None) -> list[Column]:
    """Those that hold anything, without the ones that a narrow terminal has no room for."""
    kept = [column for column in columns if any(column.cells)]
    while width is not None and sum(c.width for c in kept) + GAP * (len(kept) - 1) > width:
        last = max(kept, key=lambda column: column.rank)
        if not last.rank:
            return [replace(column, cells=column.short or column.cells) for column in kept]
        kept.remove(last)
    return kept


def table_lines(columns: Iterable[Column], width: int | None = None, indent: int = 0) -> list[str]:
    """A table as lines of at most `width`, as long as its words are no longer."""
    room = None if width is None else max(width - indent, 20)
    kept = fitting(columns, room)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, header_style="")
    for column in kept:
        table.add_column(
            column.heading, justify="right" if column.right else "left", no_wrap=not column.wraps, overflow="fold"
        )
    for cells in zip(*(column.cells for column in kept), strict=True):
        table.add_row(*map(Text, cells))
    console = Console(width=UNLIMITED if room is None else room, highlight=False, color_system=None)
    with console.capture() as capture:
        console.print(table)
    lines = (" " * indent + line.rstrip() for line in capture.get().splitlines())
    return [line for line in lines if line.strip()]


def wrapped(text: str, width: int | None = None, indent: int = 0) -> list[str]:
    """Prose as lines, broken between words."""
    start = " " * indent
    if width is None:
        return [start + text]
    return textwrap.wrap(
        text, max(width, 20), initial_indent=start, subsequent_indent=start, break_long_words=False,
        break_on_hyphens=False,
    ) or [""]  # fmt: skip
