"""Whole or not: what is kept has its digests beside or inside it, and they are compared before it is used.

A digest covers the name of what it seals too, so that a whole file in another one's place does not pass.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kwssearch.errors import UserError
from kwssearch.system.storage import read_json, write_bytes, write_json

SEAL = ".whole.json"
DIGEST = "sha256"
DIGEST_BYTES = 32
State = tuple[tuple[str, int, int, int, int], ...]

_seen: dict[Path, tuple[State, dict[str, Any]]] = {}


def seal(folder: Path, name: str, about: str = "") -> None:
    """Flushes a folder's files to disk and writes their digests beside them.

    Args:
        name: the name that the folder will have.
        about: what is in it, in a few words.
    """
    files = sorted(state_of(folder))
    for path, *_ in files:
        with open(folder / path, "rb") as file:
            os.fsync(file.fileno())
    digests = {path: file_digest(folder / path) for path, *_ in files}
    record = {"about": about, "files": digests}
    try:
        write_json(folder / SEAL, with_digest(Path(name, SEAL), record))
    except UserError as error:
        raise error.__cause__ or error from None
    flush_folder(folder)


def flush_folder(folder: Path) -> None:
    """Flushes the names in a folder to the disk, if the system can do that."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(handle)


def is_whole(folder: Path) -> bool:
    """Whether a folder holds just what was sealed; contents are compared once per process and again after a change.

    Raises:
        PermissionError: it cannot be read.
    """
    try:
        record = sealed_in(folder)
        before = state_of(folder)
        if record is None or {name for name, *_ in before} != record["files"].keys():
            return False
        if _seen.get(folder) != (before, record):
            _seen.pop(folder, None)
            if any(file_digest(folder / name) != digest for name, digest in record["files"].items()):
                return False
            _seen[folder] = before, record
        return True
    except PermissionError:
        raise
    except OSError:
        return False


def sealed_in(folder: Path) -> dict[str, Any] | None:
    """What was recorded about a folder: what is in it, a digest for each file; None if nothing was.

    Raises:
        PermissionError: it cannot be read.
    """
    try:
        return undamaged(folder / SEAL)
    except PermissionError:
        raise
    except (OSError, ValueError, RecursionError):
        return None


def strangers(folder: Path) -> list[str]:
    """Files that were not there when the folder was sealed; none if it never was."""
    try:
        record = sealed_in(folder)
        return [] if record is None else [name for name, *_ in state_of(folder) if name not in record["files"]]
    except OSError:
        return []


def state_of(folder: Path) -> State:
    """Name, inode, size and times of each file, without hidden ones, which systems leave behind."""

    def told(error: OSError) -> None:
        raise error

    found = []
    for place, inner, names in os.walk(folder, onerror=told):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                path = os.path.join(place, name)
                state = os.stat(path)
                found.append(
                    (
                        os.path.relpath(path, folder),
                        state.st_ino,
                        state.st_size,
                        state.st_mtime_ns,
                        state.st_ctime_ns,
                    )
                )
    return tuple(found)


def file_digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, DIGEST).hexdigest()


def write_sealed(path: Path, content: bytes | memoryview) -> None:
    """Writes content followed by its digest.

    Raises:
        UserError: the disk is full, or the folder cannot be written.
    """
    write_bytes(path, b"".join((content, digest_for(path, content))))


def read_sealed(path: Path) -> memoryview | None:
    """What `write_sealed` wrote there; None if there is nothing, or something else."""
    try:
        everything = memoryview(path.read_bytes())
    except OSError:
        return None
    content = everything[:-DIGEST_BYTES]
    return content if everything[-DIGEST_BYTES:] == digest_for(path, content) else None


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Writes a record as JSON with its digest inside.

    Raises:
        UserError: the disk is full, or the folder cannot be written.
    """
    write_json(path, with_digest(path, record))


def read_record(path: Path) -> dict[str, Any] | None:
    """What `write_record` wrote there; None if there is nothing, or something else."""
    try:
        return undamaged(path)
    except (OSError, ValueError, RecursionError):
        return None


def undamaged(path: Path) -> dict[str, Any] | None:
    record = read_json(path)
    digest = record.pop(DIGEST, None)
    return record if with_digest(path, record)[DIGEST] == digest else None


def with_digest(path: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    return {**record, DIGEST: digest_for(path, json.dumps(record, sort_keys=True).encode()).hex()}


def digest_for(path: Path, content: bytes | memoryview) -> bytes:
    """Digest of content and of the last two parts of the path where it belongs."""
    digest = hashlib.new(DIGEST, "/".join(path.absolute().parts[-2:]).encode(errors="surrogateescape") + b"\0")
    digest.update(content)
    return digest.digest()
