"""How a job fails, and what is at fault."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from kwssearch.errors import UserError
from kwssearch.system.cache import cache_folder


@dataclass(frozen=True)
class Failure:
    """A job that ended with an exception, kept as text: not every exception can be sent between processes.

    Attributes:
        fatal: the surroundings are at fault, so that every job would fail in the same way.
        final: a second try would end in the same way.
    """

    reason: str
    traceback: str
    fatal: bool = False
    final: bool = False


def failure_of(error: Exception, text: str) -> Failure:
    """What is at fault for an exception: the surroundings (disk, data, home, libraries) or the trial itself."""
    text = without_places(text)
    shown = " ".join(str(error).split())[:300]
    if isinstance(error, UserError):
        return Failure(str(error), text, fatal=True)
    if isinstance(error, OSError):
        place = error.filename or cache_folder_or_none() or "a file"
        return Failure(
            f"{place}: the system refuses it ({error.strerror or shown}); make room, give permission, or name another "
            "cache folder with the environment variable KWSSEARCH_CACHE.",
            text,
            fatal=True,
        )
    if isinstance(error, ImportError):
        return Failure(f"a library cannot be loaded ({shown}); reinstall kwssearch.", text, fatal=True)
    if isinstance(error, MemoryError):
        return Failure("the machine has too little memory for this trial", text)
    final = type(error).__name__ in ("TrialError", "DivergedError", "FaultyFileError")
    return Failure(f"{type(error).__name__}: {shown}", text, final=final)


def without_places(text: str) -> str:
    """A traceback that names files as they are imported, not where somebody's machine has them."""
    own = str(Path(__file__).parents[2])
    for folder in sorted(filter(None, {*sys.path, own}), key=len, reverse=True):
        text = text.replace(f'"{folder}{os.sep}', '"')
    return text


def cache_folder_or_none() -> Path | None:
    try:
        return cache_folder()
    except UserError:
        return None
