"""Searches at toy sizes, in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kwssearch as kws
from kwssearch import runs
from kwssearch.runs import Run
from kwssearch.training import KwsHyperModel


def searched(folder: Path, space: Path, words: Path, **options: Any) -> Run:
    """FOLDER/run after a search of a space on words."""
    tuner = kws.GridSearch(KwsHyperModel(kws.load_space(space)), directory=folder, project_name="run")
    tuner.search(kws.load_data(words), workers=0, timing_budget=0, verbose=0, **options)
    return runs.load(folder / "run")
