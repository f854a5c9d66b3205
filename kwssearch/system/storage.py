"""Files that are whole or absent: written aside, flushed, then moved into place."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kwssearch.errors import UserError


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Replaces `path` by one move, so that a kill leaves the old content or the new one.

    Raises:
        UserError: the disk is full, or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise UserError(
            f"{path}: cannot be written ({error.strerror or error}); "
            "make room or give write permission, then run the same command again."
        ) from error


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Writes a record as JSON, one key per line."""
    write_bytes(path, dumps(record).encode())


def dumps(record: Mapping[str, Any]) -> str:
    """JSON that is easy to read and to compare: one top-level key per line."""
    lines = (f" {json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in record.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def read_json(path: Path) -> dict[str, Any]:
    """A record's content.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is truncated, damaged or not an object.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")
    return content
