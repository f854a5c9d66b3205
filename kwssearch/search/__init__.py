"""Oracles propose, workers train, one loop between them; the final timing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kwssearch.search.oracles import GridOracle, PolicyOracle
    from kwssearch.search.tuner import GridSearch, KwsTuner

__all__ = ["GridOracle", "GridSearch", "KwsTuner", "PolicyOracle"]
_MODULES = {
    "GridOracle": "oracles",
    "GridSearch": "tuner",
    "KwsTuner": "tuner",
    "PolicyOracle": "oracles",
}


def __getattr__(name: str) -> Any:
    """What needs TensorFlow loads it on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"kwssearch.search.{_MODULES[name]}"), name)
