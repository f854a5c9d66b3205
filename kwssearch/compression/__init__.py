"""From a trained model to the file that ships, and what that will weigh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kwssearch.compression.forecast import MEMORY_ERROR, Forecast, forecasts

if TYPE_CHECKING:
    from kwssearch.compression.converting import convert, zipped

__all__ = ["MEMORY_ERROR", "Forecast", "convert", "forecasts", "zipped"]


def __getattr__(name: str) -> Any:
    """What needs TensorFlow loads it on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kwssearch.compression import converting

    return getattr(converting, name)
