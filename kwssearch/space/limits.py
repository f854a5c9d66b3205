"""What a model may cost at most, and how good it must be: a device's limits, or a user's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from kwssearch.space.objectives import ACCURACY, FLASH, LATENCY, MEMORY, MISSES, RAM, Objective
from kwssearch.space.quantities import QuantityError, parse_bytes, parse_milliseconds, parse_share
from kwssearch.space.schema import Field, is_number

Parse = Callable[[str, str], float]
Quantity = float | str | None

ROUNDING = 1e-9  # a share by which a mean over seeds may be off
SMALLEST = 1e-9  # a cost below it is taken for it where ratios are formed
SHARE_WEIGHT = 10  # a point of a share counts like a tenth of a cost

SIZE = "bytes, or a size such as '100kB'"
TIME = "milliseconds, or a time such as '2ms'"
SHARE = "a share, or a percentage such as '90%'"

ASKED: dict[str, tuple[Objective, Parse, str]] = {
    "min_accuracy": (ACCURACY, parse_share, SHARE),
    "max_misses": (MISSES, parse_share, SHARE),
    "max_memory": (MEMORY, parse_bytes, SIZE),
    "max_flash": (FLASH, parse_bytes, SIZE),
    "max_ram": (RAM, parse_bytes, SIZE),
    "max_latency": (LATENCY, parse_milliseconds, TIME),
}


def quantity(parse: Parse, expected: str, default: Quantity = None) -> Field:
    """A field of a table that holds a number, or a text with a unit."""

    def accepts(value: Any) -> bool:
        try:
            return (isinstance(value, str) or is_number(value)) and math.isfinite(parse(str(value), ""))
        except QuantityError:
            return False

    return Field(expected, accepts, default)


FIELDS = {name: quantity(parse, expected) for name, (_, parse, expected) in ASKED.items()}


class Miss(NamedTuple):
    """A figure that is beyond its limit."""

    objective: Objective
    limit: float
    value: float

    @property
    def excess(self) -> float:
        """How far beyond: the logarithm of a cost's ratio to its limit, or a share's distance on a like scale."""
        if self.objective.is_cost:
            return math.log(max(self.value, SMALLEST) / max(self.limit, SMALLEST))
        return SHARE_WEIGHT * self.objective.sign * (self.value - self.limit)

    def __str__(self) -> str:
        return f"{self.objective.noun} {self.objective.show(self.value)}, asked for {bound(self.objective, self.limit)}"


def bound(objective: Objective, limit: float) -> str:
    """A limit, such as 'at most 100 kB'."""
    return f"{'at most' if objective.sign > 0 else 'at least'} {objective.show(limit)}"


@dataclass(frozen=True)
class Limits:
    """What is asked of a model; None asks for nothing, and every end is still within.

    Attributes:
        min_accuracy: a share, of the test clips.
        max_memory: bytes of the zipped file.
        max_flash: bytes of the file.
        max_ram: bytes of activations that are needed at once.
        max_latency: ms, front end and model, where the run was measured.
        max_misses: a share, of the keywords in a stream, on average over rates of false accepts.
    """

    min_accuracy: float | None = None
    max_memory: float | None = None
    max_flash: float | None = None
    max_ram: float | None = None
    max_latency: float | None = None
    max_misses: float | None = None

    @classmethod
    def parsed(cls, **given: Quantity) -> Limits:
        """Numbers, or texts such as '90%', '100kB' and '2ms'.

        Raises:
            QuantityError: one of them cannot be read.
        """
        read = {name: None if value is None else ASKED[name][1](str(value), name) for name, value in given.items()}
        return cls(**read)

    def __bool__(self) -> bool:
        return bool(self.to_dict())

    def over(self, base: Limits) -> Limits:
        """These, and those of `base` where these ask for nothing."""
        return Limits(**{**base.to_dict(), **self.to_dict()})

    def to_dict(self) -> dict[str, float]:
        """JSON-ready; only what is asked for."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def by_objective(self) -> dict[Objective, float]:
        return {ASKED[name][0]: value for name, value in self.to_dict().items()}

    @property
    def sentences(self) -> list[str]:
        """Each limit, such as 'RAM at most 128 kB'."""
        return [f"{objective.noun} {bound(objective, limit)}" for objective, limit in self.by_objective.items()]

    def misses(self, figures: Mapping[str, float]) -> list[Miss]:
        """What is beyond a limit among the figures that are known, by the names of their objectives."""
        known = [(o, limit, figures[o.name]) for o, limit in self.by_objective.items() if o.name in figures]
        return [Miss(*each) for each in known if not within(*each)]


NO_LIMITS = Limits()


def within(objective: Objective, limit: float, value: float) -> bool:
    """Whether a figure keeps a limit, ends included."""
    return objective.sign * value <= objective.sign * limit or math.isclose(value, limit, rel_tol=ROUNDING)
