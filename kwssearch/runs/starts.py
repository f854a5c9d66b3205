"""Dense trainings that sparse ones start from, kept with a run until no trial needs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kwssearch.runs.records import RESULT_RECORD, SHARED, read_or_warn
from kwssearch.system.storage import write_bytes, write_json

PREFIX = "dense_"


def start_folder(run: Path, name: str) -> Path:
    """Where a dense training of a name is."""
    return run / SHARED / f"{PREFIX}{name}"


def keep_start(folder: Path, record: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Keeps a dense training that has ended; its record last, which says that the others are whole."""
    for name, content in files.items():
        write_bytes(folder / name, content)
    write_json(folder / RESULT_RECORD, record)


def kept_starts(run: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Folder and record of every dense training that is kept."""
    for path in sorted((run / SHARED).glob(f"{PREFIX}*/{RESULT_RECORD}")):
        record = read_or_warn(path, [])
        if record is not None and record.get("training"):
            yield path.parent, record
