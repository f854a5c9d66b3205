"""Folders in use: users of a folder share the system's lock on it, and removing it needs an exclusive lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

_held: dict[Path, int] = {}


def hold(folder: Path) -> None:
    """Marks a folder as used until this process ends, if there is such a folder and the system can lock it."""
    handle = shared(folder)
    if handle is None:
        return
    before, _held[folder] = _held.get(folder), handle
    if before is not None:
        os.close(before)


@contextlib.contextmanager
def held_while(folder: Path) -> Iterator[None]:
    """Marks a folder as used by this process while the block lasts."""
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
    """Whether no process uses a folder; while the block lasts, none can begin to use it.

    Where the system cannot lock folders, no folder counts as in use.

    Raises:
        OSError: the folder is gone, or cannot be read.
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
