"""Ranges of values, of which a search draws, and points drawn from products that are too large to list."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kwssearch.errors import SpaceError
from kwssearch.space.schema import Field, Table, choice, integer, is_number

STEPS = 20
DIGITS = 4
RANGE = {
    "from": Field("a number", is_number),
    "to": Field("a number above 'from'", is_number),
    "steps": integer(2, 1000, "a whole number from 2 to 1000", STEPS),
    "scale": choice(("linear", "log"), "linear"),
}


@dataclass(frozen=True)
class Range:
    """Values from `low` to `high`, `steps` of them, evenly spaced or by equal factors ('log')."""

    low: float
    high: float
    steps: int
    scale: str

    @property
    def values(self) -> tuple[float, ...]:
        """In rising order, rounded to four significant digits."""
        shares = [i / (self.steps - 1) for i in range(self.steps)]
        if self.scale == "log":
            found = [self.low * (self.high / self.low) ** share for share in shares]
        else:
            found = [self.low + (self.high - self.low) * share for share in shares]
        return tuple(dict.fromkeys(float(f"{value:.{DIGITS}g}") for value in found))

    def to_dict(self) -> dict[str, Any]:
        return {"from": self.low, "to": self.high, "steps": self.steps, "scale": self.scale}


def read_range(place: str, content: Mapping[str, Any]) -> Range:
    """Reads { from = 0.1, to = 1.0, steps = 20, scale = "log" }.

    Raises:
        SpaceError: a key is missing or wrong, or the ends do not fit.
    """
    table = Table(place, content)
    values = table.read(RANGE)
    for key in ("from", "to"):
        if values[key] is None:
            raise table.missing(key, RANGE[key].expected)
    low, high = float(values["from"]), float(values["to"])
    if not (low < high and math.isfinite(low) and math.isfinite(high)):
        raise table.fault("to", values["to"], f"a number above from ({values['from']})")
    if values["scale"] == "log" and low <= 0:
        raise table.fault("from", values["from"], "a number above 0, since the scale is 'log'")
    return Range(low, high, values["steps"], values["scale"])


def drawn(axes: Sequence[Sequence[Any]], most: int) -> Iterator[tuple[Any, ...]]:
    """Points of a product, spread evenly over it: at most so many, all of a smaller one.

    The additive recurrence of Roberts ("The unreasonable effectiveness of quasirandom sequences", 2018), whose step in
    each dimension is a power of the inverse of the root of x^(d+1) = x + 1. It is computed here, since the numbers of
    trials in a run's records must not change with a library's generator.
    """
    if math.prod(map(len, axes)) <= most:
        yield from itertools.product(*axes)
        return
    varying = [i for i, values in enumerate(axes) if len(values) > 1]
    root = 2.0
    for _ in range(60):
        root = (1 + root) ** (1 / (len(varying) + 1))
    found: set[tuple[Any, ...]] = set()
    for number in itertools.count(1):
        point = [values[0] for values in axes]
        for dimension, axis in enumerate(varying, 1):
            share = (0.5 + number * root**-dimension) % 1
            point[axis] = axes[axis][int(share * len(axes[axis]))]
        if (key := tuple(point)) not in found:
            found.add(key)
            yield key
        if len(found) == most:
            return


def refuse_grid(name: str, strategies: Mapping[str, Sequence[str]]) -> None:
    """Refuses to train every point of a space that declares ranges.

    Args:
        strategies: name -> its axes that are ranges.

    Raises:
        SpaceError: there is such a strategy.
    """
    for strategy, axes in strategies.items():
        if axes:
            raise SpaceError(
                f"{name}: strategy {strategy!r} has a range of {' and of '.join(axes)}, which a grid cannot train "
                "whole; search it by 'front' or 'random', or list the values instead."
            )
