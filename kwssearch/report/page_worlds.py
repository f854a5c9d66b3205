"""The bootstrap worlds in which the page picks again, packed."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from kwssearch.analysis import Floats, Worlds
from kwssearch.runs import Run
from kwssearch.space import ACCURACY, MISSES
from kwssearch.space.limits import ASKED

DECIDING, HEARD = "deciding", "deciding_misses"  # what the page calls the accuracies and the misses that decide
MOST = 200_000  # figures of one objective, so that the page stays small and quick
STEPS = 65_535


def figure_name(objective: str) -> str:
    return {ACCURACY.name: DECIDING, MISSES.name: HEARD}.get(objective, objective)


def packed_worlds(run: Run) -> dict[str, Any]:
    """The worlds of `pick`; of many trials the first ones only.

    `figures` are of the completed trials; one that is the same in all worlds is left out.
    """
    own = Worlds(run.on_validation or run)
    count = max(1, min(own.worlds, MOST // len(own.trials)))
    limited = [MISSES.name, *(objective.name for objective, _, _ in ASKED.values())]
    drawn = {figure_name(name): own.drawn[name][:count] for name in limited if name in own.drawn}
    varied = {name: packed(each) for name, each in drawn.items() if np.ptp(each, axis=0).any()}
    return {"count": count, "figures": varied}


def packed(figures: Floats) -> dict[str, Any]:
    """Each column's least and largest, and 16-bit steps between them, world by world, little-endian in base64."""
    low, high = figures.min(axis=0).astype(np.float64), figures.max(axis=0).astype(np.float64)
    steps = np.rint((figures - low) / np.where(high > low, high - low, 1) * STEPS).astype("<u2")
    return {"low": low.tolist(), "high": high.tolist(), "steps": base64.b64encode(steps.tobytes()).decode()}
