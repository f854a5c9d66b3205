"""Search keyword-spotting models for small devices: accuracy, memory and latency at once.

The names of `__all__` are what programs use; each loads what it needs on first use, so that importing the package
loads neither TensorFlow nor pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kwssearch.data import load_data
    from kwssearch.errors import UserError
    from kwssearch.report.recorded_run import RecordedRun, load_run
    from kwssearch.search.tuner import FrontSearch, GridSearch, RandomSearch
    from kwssearch.space import architecture, load_space
    from kwssearch.training import KwsHyperModel

__version__ = "0.1.0"
__all__ = [
    "FrontSearch", "GridSearch", "KwsHyperModel", "RandomSearch", "RecordedRun", "UserError", "architecture",
    "load_data", "load_run", "load_space",
]  # fmt: skip
_ROOMS = {
    "FrontSearch": "kwssearch.search.tuner",
    "GridSearch": "kwssearch.search.tuner",
    "KwsHyperModel": "kwssearch.training",
    "RandomSearch": "kwssearch.search.tuner",
    "RecordedRun": "kwssearch.report.recorded_run",
    "UserError": "kwssearch.errors",
    "architecture": "kwssearch.space",
    "load_data": "kwssearch.data",
    "load_run": "kwssearch.report.recorded_run",
    "load_space": "kwssearch.space",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOMS])
