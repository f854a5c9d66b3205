"""Folders in use: who uses one shares the system's lock on it, and who would remove it needs that lock alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

_held: dict[Path, int] = {}


def hold(folder: Path) -> None:
    """Says that this process uses a folder until it ends, where there is such a folder and the system can lock it."""
    handle = shared(folder)
    if handle is None:
        return
    before, _held[folder] = _held.get(folder), handle
    if before is not None:
        os.close(before)


@contextlib.contextmanager
def held_while(folder: Path) -> Iterator[None]:
    """Says that this process uses a folder meanwhile."""
    handle = shared(folder)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def shared(folder: Path) -> int | None:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return handle


@contextlib.contextmanager
def unused(folder: Path) -> Iterator[bool]:
    """Whether no process uses a folder; none can begin to while the block lasts.

    Where the system cannot lock folders, none is known to be in use.

    Raises:
        OSError: it is gone, or cannot be read.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except BlockingIOError:
            free = False
        except OSError:
            free = True
        yield free
    finally:
        os.close(handle)
