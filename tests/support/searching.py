"""Searches at toy sizes, in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import kwssearch as kws
from kwssearch import runs
from kwssearch.runs import Run
from kwssearch.search import KwsTuner, conduct
from kwssearch.search.oracles import PolicyOracle
from kwssearch.space import SearchSpace
from kwssearch.training import KwsHyperModel


def searched(
    folder: Path, space: SearchSpace | Path, words: Path, oracle: PolicyOracle | None = None, **options: Any
) -> Run:
    """FOLDER/run after a search of a space on words, a grid by default; nobody times its models at the end."""
    model = KwsHyperModel(kws.load_space(space) if isinstance(space, Path) else space)
    where: dict[str, Any] = {"directory": folder, "project_name": "run"}
    tuner = kws.GridSearch(model, **where) if oracle is None else KwsTuner(oracle, model, **where)
    data = kws.load_data(words, model.space.data_settings)
    with mock.patch.object(conduct, "time_run"):
        tuner.search(data, workers=0, verbose=0, **options)
    return runs.load(folder / "run")
