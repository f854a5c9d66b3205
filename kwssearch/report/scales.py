"""Axes on which the band that matters can be read."""

from __future__ import annotations

from typing import Any

import numpy as np

from kwssearch.analysis import Floats

NARROWEST = 1.25  # ends of a logarithmic axis are at least this factor apart, so that noise is not blown up
WIDE_ACCURACY = 15.0  # points: a wider range is drawn by the logarithm of the error
LEAST_ERROR = 0.5  # points, added to an error so that 100 % has a place
LINEAR_CHANGE = 2.0  # points: smaller changes are drawn in proportion
ACCURACY_TICKS = (10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 92, 94, 96, 98, 99, 100)
STEPS: tuple[tuple[float, ...], ...] = (
    (1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8),
    *(tuple(hundredths / 100 for hundredths in range(100, 1000, step)) for step in (50, 20, 10, 5)),
)  # fmt: skip
CHANGE_TICKS = (-80, -40, -20, -10, -5, -2, 0, 2, 5, 10, 20, 40, 80)


def set_cost_scale(axes: Any, name: str, values: Floats, narrow: bool = False, labels: float = 0.0) -> None:
    """Logarithmic, with ticks that read as plain numbers; always, so that a cost looks alike in all plots.

    Args:
        name: 'x' or 'y'.
        narrow: whether there is room for few ticks.
        labels: a share of the range that is kept free at the low end, where the front stands.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    low, high = (float(end) for end in np.log([values.min(), values.max()]))
    margin = max((np.log(NARROWEST) - (high - low)) / 2, 0.06 * (high - low))
    start, end = np.exp(low - margin - labels * (high - low)), np.exp(high + margin)
    getattr(axes, f"set_{name}scale")("log")
    getattr(axes, f"set_{name}lim")(start, end)
    side = getattr(axes, f"{name}axis")
    side.set_major_locator(FixedLocator(round_numbers(start, end, 4 if narrow else 8)))
    side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    side.set_minor_locator(NullLocator())
    side.set_minor_formatter(NullFormatter())


def round_numbers(start: float, end: float, most: int) -> list[float]:
    """As many numbers of few digits between two as there may be, about evenly spread on a logarithmic scale."""
    decades = range(int(np.floor(np.log10(start))), int(np.ceil(np.log10(end))) + 1)
    found = [float(f"{(start * end) ** 0.5:.2g}")]
    for steps in STEPS:
        numbers = [float(f"{step}e{decade}") for decade in decades for step in steps]
        inside = [number for number in numbers if start <= number <= end]
        if len(inside) > most:
            break
        found = inside if len(inside) > 1 else found
    return found


def set_accuracy_scale(axes: Any, name: str, values: Floats) -> None:
    """In percent; by the logarithm of the error where the range is wide, so that the best are not one smear."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if high - low <= WIDE_ACCURACY:
        return
    side = getattr(axes, f"{name}axis")
    getattr(axes, f"set_{name}scale")("function", functions=(stretched, accuracy_at))
    margin = 0.04 * (stretched(high) - stretched(low))
    start, end = accuracy_at(stretched(low) - margin), accuracy_at(stretched(high) + margin)
    getattr(axes, f"set_{name}lim")(start, min(end, 100 + LEAST_ERROR / 2))
    side.set_major_locator(FixedLocator([tick for tick in ACCURACY_TICKS if start <= tick <= end]))
    side.set_minor_locator(NullLocator())
    side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def stretched(accuracy: Any) -> Any:
    return -np.log(np.maximum(100 + LEAST_ERROR - np.asarray(accuracy, dtype=float), LEAST_ERROR / 100))


def accuracy_at(place: Any) -> Any:
    return 100 + LEAST_ERROR - np.exp(-np.asarray(place, dtype=float))


def set_change_scale(axes: Any, values: Floats) -> None:
    """Changes in points, left to right; large ones are drawn closer together, so that one does not flatten the rest."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = float(min(values.min(), 0)), float(max(values.max(), 0))
    if high - low <= 5 * LINEAR_CHANGE:
        return
    ends = np.arcsinh(np.array([low, high]) / LINEAR_CHANGE)
    start, end = LINEAR_CHANGE * np.sinh(ends + np.array([-0.05, 0.05]) * (ends[1] - ends[0]))
    axes.set_xscale("asinh", linear_width=LINEAR_CHANGE)
    axes.set_xlim(start, end)
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in CHANGE_TICKS if start <= tick <= end]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if value else "0"))
