"""Architectures as the tables of their papers have them, and what they cost on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kwssearch.models.cost import Cost, costs, space_rows
from kwssearch.models.resolving import resolve

if TYPE_CHECKING:
    from kwssearch.models.architectures import Builder, is_turned, macs, training_form

__all__ = ["Builder", "Cost", "costs", "is_turned", "macs", "resolve", "space_rows", "training_form"]


def __getattr__(name: str) -> Any:
    """What needs TensorFlow loads it on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kwssearch.models import architectures

    return getattr(architectures, name)
