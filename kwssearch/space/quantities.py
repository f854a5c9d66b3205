"""Sizes, times and shares: written with no more digits than are meaningful, and read as people write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from kwssearch.errors import UserError
from kwssearch.space.schema import show

BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
MILLISECONDS = {
    "": Fraction(1), "ms": Fraction(1), "us": Fraction(1, 1000), "µs": Fraction(1, 1000), "μs": Fraction(1, 1000),
    "ns": Fraction(1, 10**6), "s": Fraction(1000),
}  # fmt: skip
SHARES = {"": Fraction(1), "%": Fraction(1, 100)}


class QuantityError(UserError):
    """A limit that cannot be read."""

    exit_code = 2


def percents(share: float) -> str:
    return f"{100 * share:.1f} %"


def kilobytes(size: float) -> str:
    return f"{size / 1000:,.0f} kB" if size >= 99_950 else f"{size / 1000:#.3g} kB"


def milliseconds(time: float) -> str:
    return f"{time:.2f} ms" if time >= 0.0995 else f"{time:.2g} ms"


def parse_share(text: str, name: str = "accuracy") -> float:
    """'0.9' or '90%' as a share; `name` is what it stands for.

    Raises:
        QuantityError: not a share from 0 to 1.
    """
    value = parse_quantity(text, SHARES)
    if value is None or not 0 <= value <= 1:
        raise QuantityError(
            f"{name}: got {show(text)}, expected a share from 0 to 1 or a percentage, such as 0.9 or 90%."
        )
    return value


def parse_bytes(text: str, name: str = "memory") -> float:
    """'100kB' (1000), '1 MiB' (1,048,576) or plain bytes, as bytes; `name` is what it stands for.

    Raises:
        QuantityError: not an amount of memory.
    """
    value = parse_quantity(text, BYTES)
    if value is None or value < 0:
        raise QuantityError(f"{name}: got {show(text)}, expected a number with B, kB, MB, KiB or MiB, such as 100kB.")
    return value


def parse_milliseconds(text: str, name: str = "latency") -> float:
    """'2ms', '500us', '0.1 s' or plain milliseconds, as milliseconds; `name` is what it stands for.

    Raises:
        QuantityError: not a time.
    """
    value = parse_quantity(text, MILLISECONDS)
    if value is None or value < 0:
        raise QuantityError(f"{name}: got {show(text)}, expected a number with us, ms or s, such as 2ms.")
    return value


def parse_quantity(text: str, units: Mapping[str, Fraction | int]) -> float | None:
    """A finite number and a known unit multiplied, rounded once: 95% is the same number as 0.95. Else None."""
    match = re.fullmatch(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?)\s*(\D*?)\s*", text, re.IGNORECASE | re.ASCII)
    if match is None or match[2].lower() not in units:
        return None
    try:
        return float(Fraction(match[1]) * units[match[2].lower()])
    except OverflowError:
        return None
