"""One writer at a time in a run's folder, and one sentence for what the system refuses there."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from kwssearch.errors import UserError
from kwssearch.runs.records import RUN_RECORD
from kwssearch.space.schema import show
from kwssearch.system.storage import read_json, write_json

LOCK = "lock"
HOLDER = "holder.json"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextlib.contextmanager
def told_of(folder: Path) -> Iterator[None]:
    """Turns what the system refuses there into an error of one sentence."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be written ({error.strerror or error}); give write permission or name another folder.",
            about="folder",
        ) from error


@contextlib.contextmanager
def held(folder: Path, ours: tuple[str, ...]) -> Iterator[None]:
    """Keeps other writers out; the system releases a dead process's lock by itself.

    A folder that was made for a search that never began is removed again at the end.

    Args:
        ours: names that a folder may hold before a run has begun in it.

    Raises:
        UserError: another process holds the run, or the folder holds other things or cannot be written.
    """
    with told_of(folder):
        in_the_way = folder.exists() and not folder.is_dir()
    if in_the_way:
        raise UserError(
            f"{folder}: is a file, expected a new or empty folder or a run; name another one.", about="folder"
        )
    with told_of(folder):
        made = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        refuse_strangers(folder, ours)
        lock = acquired(folder)
    try:
        write_json(folder / HOLDER, {"pid": os.getpid(), "host": socket.gethostname(), "since": now()})
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / HOLDER).unlink()
        if made and not (folder / RUN_RECORD).exists():
            forget(folder, ours)
        lock.release()


def acquired(folder: Path) -> FileLock:
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UserError(
            f"{folder}: {holder(folder)} is running this search; wait for it, stop it, or name another folder.",
            about="folder",
        ) from error
    return lock


def is_held(folder: Path) -> bool:
    """Whether a process searches or measures there now; what another host holds counts as long as it says so."""
    try:
        record = read_json(folder / HOLDER)
        if record["host"] != socket.gethostname():
            return True
        os.kill(int(record["pid"]), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return False
    return True


def holder(folder: Path) -> str:
    try:
        record = read_json(folder / HOLDER)
        return f"process {int(record['pid'])} on host {str(record['host'])[:80]!r}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def refuse_strangers(folder: Path, ours: tuple[str, ...]) -> None:
    """Refuses a folder that is not a run and holds other files."""
    if (folder / RUN_RECORD).exists():
        return
    others = [path.name for path in folder.iterdir() if path.name not in ours and not path.name.startswith(".")]
    if others:
        raise UserError(
            f"{folder}: holds other files ({show(others[0])}), expected a new or empty folder or a run; "
            "name another folder.",
            about="folder",
        )


def forget(folder: Path, ours: tuple[str, ...]) -> None:
    with contextlib.suppress(OSError):
        for name in ours:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
