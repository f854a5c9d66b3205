"""What the cache holds, and how it is freed: only what kwssearch made there, and nothing that is in use."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kwssearch.system.cache import UNFINISHED, cache_folder, is_private, private_place, reading, remove, unfinished
from kwssearch.system.locks import unused
from kwssearch.system.whole import sealed_in

KEY = re.compile(r"[0-9a-f]{16,64}")
DATA_SET = re.compile(r"mini_speech_commands|builtin-\d+(-\d+)?")
SECONDS_OF_A_TRAINING = 24 * 3600  # a training on a cluster writes to its folder after each epoch, without a lock
RECORDS = {"costs": "costs of models on paper", "precision": "choices of precision"}


@dataclass(frozen=True)
class Kept:
    """One thing that the cache holds.

    Attributes:
        kind: 'data set', 'features', 'training', 'costs', 'precision' or 'unfinished'.
        about: what is in it, in a few words.
        size: bytes of all its files.
        used: seconds since the epoch when it was last used.
        in_use: a process uses it now, or may do so.
    """

    path: Path
    kind: str
    about: str
    size: int
    used: float
    in_use: bool

    def to_dict(self) -> dict[str, Any]:
        used = datetime.fromtimestamp(self.used, UTC).isoformat(timespec="seconds")
        told = {"path": str(self.path), "kind": self.kind, "about": self.about}
        return {**told, "bytes": self.size, "last_used": used, "in_use": self.in_use}


def inventory() -> list[Kept]:
    """Everything that the cache holds, and the user's temporary cache if there is one.

    Raises:
        DataError: it has no place, or cannot be read.
    """
    places = [cache_folder(), *([private_place()] if is_private(private_place()) else [])]
    return [one for place in places for one in held_in(place)]


def held_in(cache: Path) -> Iterator[Kept]:
    for path in folders(cache):
        if path.name.startswith(UNFINISHED):
            yield described(path, "unfinished", "left by a process that ended early")
        elif path.name not in ("features", "jobs", *RECORDS) and (seal := whole_or_known(path)) is not None:
            yield described(path, "data set", seal or path.name)
    for path in folders(cache / "features"):
        if path.name.startswith(UNFINISHED):
            yield described(path, "unfinished", "left by a process that ended early")
        elif KEY.fullmatch(path.name):
            yield described(path, "features", whole_or_known(path) or "")
    for path in folders(cache / "jobs"):
        if KEY.fullmatch(path.name):
            yield described(path, "training", "what a cluster's worker keeps of a run")
    for name, about in RECORDS.items():
        if records := records_in(cache / name):
            states = [path.stat() for path in records]
            used = max((cache / name).stat().st_mtime, *(state.st_mtime for state in states))
            yield Kept(cache / name, name, f"{len(records):,} {about}", sum(s.st_size for s in states), used, False)


def folders(place: Path) -> list[Path]:
    """The folders in a place, sorted; links are left out, since they are not the cache's own."""
    with reading(place):
        try:
            return sorted(path for path in place.iterdir() if path.is_dir() and not path.is_symlink())
        except (FileNotFoundError, NotADirectoryError):
            return []


def records_in(folder: Path) -> list[Path]:
    with reading(folder):
        try:
            return sorted(path for path in folder.iterdir() if path.suffix == ".json" and KEY.fullmatch(path.stem))
        except (FileNotFoundError, NotADirectoryError):
            return []


def whole_or_known(path: Path) -> str | None:
    """What is in a folder that kwssearch made; None for other folders, which a cache folder may hold too."""
    with contextlib.suppress(PermissionError):
        if (seal := sealed_in(path)) is not None:
            return str(seal["about"])
    return "" if DATA_SET.fullmatch(path.name) else None


def described(path: Path, kind: str, about: str) -> Kept:
    states = list(states_in(path))
    used = path.stat().st_mtime
    if kind == "training":
        used = max((used, *(state.st_mtime for state in states)))
        in_use = time.time() - used < SECONDS_OF_A_TRAINING
    else:
        in_use = not free(path)
    return Kept(path, kind, about, sum(state.st_size for state in states), used, in_use)


def states_in(folder: Path) -> Iterator[os.stat_result]:
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                yield os.lstat(os.path.join(place, name))


def free(path: Path) -> bool:
    try:
        with unused(path) as nobody:
            return nobody
    except OSError:
        return True


@dataclass(frozen=True)
class Cleared:
    """What was freed, what is in use, and what another user made and this one may not remove."""

    freed: list[Kept]
    in_use: list[Kept]
    refused: list[Kept]


def clear(things: Iterable[Kept], older_than: float = 0) -> Cleared:
    """Removes what is not in use and was last used at least `older_than` seconds ago."""
    cleared = Cleared([], [], [])
    for thing in things:
        if time.time() - thing.used < older_than:
            continue
        try:
            taken = not thing.in_use and take(thing)
        except FileNotFoundError:
            continue
        except OSError:
            cleared.refused.append(thing)
            continue
        (cleared.freed if taken else cleared.in_use).append(thing)
    return cleared


def take(thing: Kept) -> bool:
    """Removes a thing unless somebody has begun to use it; returns whether it was removed.

    Raises:
        OSError: this user may not remove it.
    """
    if thing.kind in RECORDS:
        for path in records_in(thing.path):
            path.unlink(missing_ok=True)
        return True
    with unused(thing.path) as nobody:
        if nobody:
            aside = unfinished(thing.path)
            os.replace(thing.path, aside)
            remove(aside)
        return nobody
