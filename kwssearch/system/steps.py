"""Shows on standard error how far something is that takes a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PLAIN_SECONDS = 10.0
Show = Callable[[int, int], None]  # takes how many of how many steps are done


@contextmanager
def steps(title: str, how: str = "") -> Iterator[Show]:
    """A bar on a terminal, else a line now and then.

    Args:
        how: what a line says at the beginning, after the title.
    """
    if not sys.stderr.isatty():
        print(f"{title}{how} ...", file=sys.stderr)
        told = time.monotonic()

        def tell(done: int, total: int) -> None:
            nonlocal told
            if done < total and time.monotonic() - told >= PLAIN_SECONDS:
                told = time.monotonic()
                print(f"{title}: {done / total:.0%} ...", file=sys.stderr)

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
