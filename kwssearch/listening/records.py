"""RUN/streams.json and RUN/listen.json: what was listened to, and how models did."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kwssearch.errors import UserError
from kwssearch.runs.records import LISTEN_RECORD, STREAMS_RECORD
from kwssearch.space import StreamSettings
from kwssearch.system.storage import dumps, read_json, write_json

FORMAT = 1


def read(path: Path) -> dict[str, Any]:
    """A record; an empty one where there is none.

    Raises:
        UserError: it is damaged, or another version made it.
    """
    try:
        record = read_json(path)
        if record.get("format") != FORMAT:
            raise ValueError(f"has format {str(record.get('format'))[:40]!r}, expected {FORMAT}")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"{path}: cannot be read ({' '.join(str(error).split())[:120]}); remove it and listen again."
        ) from error
    return record


def keep_stream(run: Path, name: str, description: Mapping[str, Any], sha256: str) -> None:
    """Writes down what a stream was.

    Args:
        name: names the stream's recipe.
        sha256: of its samples.

    Raises:
        UserError: a stream of this recipe sounded otherwise before, so that figures cannot be compared.
    """
    path = run / STREAMS_RECORD
    streams = read(path).get("streams", {})
    before = streams.get(name)
    if before and before.get("sha256") != sha256:
        raise UserError(
            f"{path}: the {description['split']} stream has other samples than when it was recorded: its recordings "
            "changed, or this machine or its espeak-ng, NumPy or SciPy are others; restore them, or remove "
            f"{STREAMS_RECORD} and {LISTEN_RECORD} and listen to all models again."
        )
    if not before:
        kept = {**streams, name: {**description, "sha256": sha256}}
        write_json(path, {"format": FORMAT, "streams": kept})


def recorded_settings(settings: StreamSettings) -> dict[str, Any]:
    """JSON-ready; of folders their names alone."""
    return {**asdict(settings.placeless), "snr_db": list(settings.snr_db)}


def keep_scores(
    run: Path, settings: StreamSettings, streams: Mapping[str, str], trials: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Writes down how models did, beside those that listened to the same streams in the same way before."""
    path = run / LISTEN_RECORD
    head = {"format": FORMAT, "settings": recorded_settings(settings), "streams": dict(streams)}
    before = read(path)
    alike = all(before.get(key) == value for key, value in head.items())
    now = {trial["trial_id"]: trial for trial in trials}
    earlier = before["trials"] if alike else []
    record = {**head, "trials": [*trials, *(trial for trial in earlier if trial["trial_id"] not in now)]}
    write_json(path, record)
    return as_read(record)


def as_read(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as it is read back: lists instead of tuples."""
    read_back: dict[str, Any] = json.loads(dumps(record))
    return read_back
