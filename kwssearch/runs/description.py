"""What run.json says of a run when it is begun."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

from kwssearch.data import NAMED, DataSet
from kwssearch.runs.lock import now
from kwssearch.runs.records import FORMAT
from kwssearch.space import SearchSpace
from kwssearch.system import environment


def describe(run: Path, space: SearchSpace, data: DataSet, oracle: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "run_id": uuid.uuid4().hex[:16],
        "created": now(),
        "oracle": oracle,
        "space": recorded_space(run, space),
        "data": {
            "source": recorded_source(run, data),
            "fingerprint": data.fingerprint,
            "words": list(data.words),
            "sampling_rate": data.sampling_rate,
            "splits": {split: len(clips) for split, clips in data.splits.items()},
        },
        "versions": environment.versions(),
        "environment": environment.describe(),
    }


def recorded_space(run: Path, space: SearchSpace) -> dict[str, Any]:
    """A space's tables, its folders as seen from the run's."""
    return space.with_folders(lambda folder: os.path.relpath(os.path.realpath(folder), run.resolve())).to_dict()


def recorded_source(run: Path, data: DataSet) -> str:
    """The data set's name, or its folder as seen from the run's, so that both can move together."""
    return data.source if data.source in NAMED else os.path.relpath(data.root.resolve(), run.resolve())
