"""Where fetched and spoken data sets and computed features are kept between runs."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock

from kwssearch.errors import UserError
from kwssearch.system import whole
from kwssearch.system.locks import held_while, hold

VARIABLE = "KWSSEARCH_CACHE"
ANOTHER = f"name another cache folder with the environment variable {VARIABLE}"
UNFINISHED = "unfinished-"
SECONDS_KEPT = 24 * 3600
PRIVATE_SECONDS_KEPT = 7 * 24 * 3600
REFUSALS = (errno.EACCES, errno.EPERM, errno.EROFS)


class DataError(UserError):
    """A data set that cannot be had, or that would make a run's figures wrong."""


class UnwritableError(DataError):
    """The cache may not be written."""


def cache_folder() -> Path:
    """The user's cache of kwssearch, or what KWSSEARCH_CACHE names; everything in it can be made again.

    Raises:
        DataError: there is no place for one, since the user has no home.
    """
    named = os.environ.get(VARIABLE)
    with contextlib.suppress(RuntimeError):
        if named:
            return Path(named).expanduser()
        folder = Path(platformdirs.user_cache_dir("kwssearch"))
        if not str(folder).startswith("~"):
            return folder
    missing = (
        f"{named}: there is no such home folder" if named else f"user {os.geteuid()} has no home folder to keep it"
    )
    raise DataError(f"the cache has no place ({missing}); name one with the environment variable {VARIABLE}.")


def cache_notes() -> tuple[str, ...]:
    """A sentence if the cache is read-only, to be shown once, before a search begins.

    Raises:
        DataError: it has no place, or cannot be read.
    """
    folder = cache_folder()
    for place in (folder / "features", folder, *folder.absolute().parents):
        with reading(folder):
            try:
                place.stat()
            except (FileNotFoundError, NotADirectoryError):
                continue
        if place == folder and not place.is_dir():
            raise DataError(f"{folder}: is a file, expected the cache folder; {ANOTHER}.")
        if place.is_relative_to(folder) and not may(place, os.R_OK | os.X_OK):
            raise unreadable(place)
        if not may(place, os.W_OK | os.X_OK):
            return (
                f"{folder}: the cache cannot be written; what it holds is used, and new features are kept in "
                f"{private_place()} for {PRIVATE_SECONDS_KEPT // 86400} days; to keep all, {ANOTHER}.",
            )
        break
    return ()


def may(place: Path, what: int) -> bool:
    return os.access(place, what, effective_ids=os.access in os.supports_effective_ids)


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise unreadable(folder) from error


def unreadable(place: Path) -> DataError:
    return DataError(f"{place}: cannot be read (Permission denied); give read permission in the cache, or {ANOTHER}.")


def kept(target: Path, make: Callable[[Path], None], about: str = "") -> Path:
    """The folder `target` of the cache: as it was made, or made again if it is not whole.

    Made by only one of a host's processes, and safe from `clear` until this one ends.

    Args:
        make: fills an empty folder.
        about: what is in it, in a few words.

    Raises:
        UnwritableError: it would have to be made, and there is no permission.
        DataError: it cannot be read or made.
    """
    if not found(target):
        with one_at_a_time(target):
            if not found(target):
                if os.path.lexists(target):
                    print(f"{target}: is not what was kept there; it is made again.", file=sys.stderr)
                with made_whole(target, about) as working:
                    make(working)
                hold(target)
    return target


def found(target: Path) -> bool:
    """Whether it is there and whole; it is held before it is checked, so that it cannot be removed in between."""
    with reading(target):
        hold(target)
        there = whole.is_whole(target)
    if there:
        touch(target)
    return there


def touch(folder: Path) -> None:
    """Marks it as used now, if this user is allowed to."""
    with contextlib.suppress(OSError):
        os.utime(folder)


@contextlib.contextmanager
def made_whole(target: Path, about: str = "") -> Iterator[Path]:
    """An empty folder to fill, which is sealed and becomes `target` when the block ends without an error.

    Raises:
        DataError: the cache cannot be written.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        forget_older(target.parent.glob(f"{UNFINISHED}*"), SECONDS_KEPT)
        working = unfinished(target)
        working.mkdir()  # not from tempfile, whose folders nobody else can read
        try:
            with held_while(working):
                yield working
                whole.seal(working, target.name, about)
                move(working, target)
        finally:
            shutil.rmtree(working, ignore_errors=True)


@contextlib.contextmanager
def one_at_a_time(target: Path) -> Iterator[None]:
    """Lets only one process of a host at a time make `target`.

    Raises:
        DataError: the cache cannot be written.
    """
    place = target.with_name(target.name + ".lock")
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place)
        lock.acquire()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            place.unlink()
        lock.release()


@contextlib.contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turns what the system refuses there into an error of one sentence."""
    try:
        yield
    except OSError as error:
        kind = UnwritableError if error.errno in REFUSALS else DataError
        raise kind(
            f"{target}: cannot be made ({error.strerror or error}); make room or give write permission there, "
            f"or {ANOTHER}."
        ) from error


def move(working: Path, target: Path) -> None:
    """Replaces what is at `target`; if others added files to it, it is set aside."""
    old = unfinished(target)
    with contextlib.suppress(FileNotFoundError):
        if added := whole.strangers(target):
            old = target.with_name(f"{target.name}.set-aside-{uuid.uuid4().hex[:8]}")
            print(f"{target}: held other files ({added[0]!r}); they are now in {old}.", file=sys.stderr)
        os.replace(target, old)
    try:
        os.replace(working, target)
    except OSError:  # another process was quicker
        if not target.is_dir():
            raise
    whole.flush_folder(target.parent)
    if old.name.startswith(UNFINISHED):
        remove(old)


def unfinished(target: Path) -> Path:
    return target.with_name(f"{UNFINISHED}{uuid.uuid4().hex}")


def remove(path: Path) -> None:
    """Removes a folder with everything in it, a file, or only a link."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)


def forget_older(folders: Iterable[Path], seconds: float) -> None:
    """Removes those that have not changed for `seconds`, such as what killed processes left half made."""
    for folder in folders:
        with contextlib.suppress(OSError):  # another process was quicker
            if time.time() - folder.stat().st_mtime > seconds:
                remove(folder)


def private_place() -> Path:
    return Path(tempfile.gettempdir()) / f"kwssearch-{os.geteuid()}"


def private_folder() -> Path:
    """A temporary folder that only this user can enter, for users who may not write to the cache.

    Raises:
        DataError: somebody else has made it, or it cannot be made.
    """
    folder = private_place()
    with writing(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
    if not is_private(folder):
        raise DataError(f"{folder}: is not this user's alone; remove it, or {ANOTHER}.")
    forget_older(folder.glob("features/*"), PRIVATE_SECONDS_KEPT)
    return folder


def is_private(folder: Path) -> bool:
    """Whether it is a folder that belongs to this user and that nobody else can enter."""
    with contextlib.suppress(OSError):
        state = folder.lstat()
        return stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid() and not state.st_mode & 0o077
    return False


def remember(path: Path, record: Mapping[str, Any]) -> None:
    """Keeps a small record; if the cache cannot be written, it has to be made again the next time."""
    with contextlib.suppress(UserError):
        whole.write_record(path, record)


def recall(path: Path) -> dict[str, Any] | None:
    """What was remembered there; None if nothing was, or if it is damaged."""
    record = whole.read_record(path)
    if record is not None:
        touch(path.parent)
    return record
