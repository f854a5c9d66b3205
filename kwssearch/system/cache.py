"""Where fetched and spoken data sets and computed features are kept between runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import platformdirs
from filelock import FileLock

from kwssearch.errors import UserError

VARIABLE = "KWSSEARCH_CACHE"
UNFINISHED = "unfinished-"
SECONDS_KEPT = 24 * 3600


class DataError(UserError):
    """A data set that cannot be had, or that would make a run's figures wrong."""


def cache_folder() -> Path:
    """The user's cache of kwssearch, or what KWSSEARCH_CACHE names; all in it can be made again."""
    return Path(os.environ.get(VARIABLE) or platformdirs.user_cache_dir("kwssearch"))


@contextlib.contextmanager
def made_whole(target: Path) -> Iterator[Path]:
    """An empty folder to fill, which becomes `target` by one move when the block ends well.

    Where another process was quicker, its folder stays.

    Raises:
        DataError: the cache cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        forget_older(target.parent.glob(f"{UNFINISHED}*"), SECONDS_KEPT)
        working = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=target.parent))
        try:
            yield working
            move(working, target)
        finally:
            shutil.rmtree(working, ignore_errors=True)
    except OSError as error:
        raise DataError(
            f"{target}: cannot be made ({error.strerror or error}); make room or give write permission there, "
            f"or name another cache folder with the environment variable {VARIABLE}."
        ) from error


def forget_older(folders: Iterable[Path], seconds: float) -> None:
    """Removes those that have not changed for so long, such as what killed processes left half made."""
    for folder in folders:
        with contextlib.suppress(OSError):  # another process was quicker
            if time.time() - folder.stat().st_mtime > seconds:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def one_at_a_time(target: Path) -> Iterator[None]:
    """Lets the processes of a host make `target` one after the other.

    Raises:
        DataError: the cache cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target.with_name(target.name + ".lock"))
        lock.acquire()
    except OSError as error:
        raise DataError(
            f"{target.parent}: cannot be written ({error.strerror or error}); give write permission there, "
            f"or name another cache folder with the environment variable {VARIABLE}."
        ) from error
    try:
        yield
    finally:
        lock.release()


def move(working: Path, target: Path) -> None:
    try:
        os.replace(working, target)
    except OSError:
        if not target.is_dir():
            raise
