"""Files of sound, as their names tell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from kwssearch.errors import UserError

AUDIO = frozenset((
    ".wav", ".wave", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac", ".aif", ".aiff", ".aifc",
    ".au", ".snd", ".caf", ".wma", ".webm", ".amr", ".3gp", ".w64", ".rf64", ".sph", ".nist", ".voc", ".raw",
))  # fmt: skip


def sound_files(folder: Path) -> list[Path]:
    """Every sound below a folder, sorted; hidden ones are left out.

    Raises:
        UserError: there is no such folder, or no sound in it.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: is not a folder, expected one with recordings; name another one.")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO and path.is_file())
    kept = [path for path in paths if not any(name.startswith(".") for name in path.relative_to(folder).parts)]
    if not kept:
        raise UserError(f"{folder}: holds no recordings, expected WAVs or other sound; name another folder.")
    return kept


def content_digest(folder: Path, paths: Iterable[Path]) -> str:
    """16 hexadecimal digits of the SHA-256 of files' names, as seen from a folder, and contents."""
    each = (f"{path.relative_to(folder).as_posix()} {file_digest(path)}" for path in paths)
    return hashlib.sha256("\n".join(each).encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
