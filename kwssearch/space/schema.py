"""Checks a TOML table against its declared fields, key by key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kwssearch.errors import SpaceError, did_you_mean


@dataclass(frozen=True)
class Field:
    """What a key may hold; `accepts` decides, `expected` says it in words, `known` are the names among the values."""

    expected: str
    accepts: Callable[[Any], bool]
    default: Any = None
    known: tuple[str, ...] = ()


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def number(low: float, high: float, expected: str, default: Any = None) -> Field:
    """A number in [low, high]; NaN is in no such interval."""
    return Field(expected, lambda v: is_number(v) and low <= v <= high, default)


def integer(low: int, high: int, expected: str, default: Any = None) -> Field:
    return Field(expected, lambda v: is_integer(v) and low <= v <= high, default)


def choice(values: tuple[str, ...], default: Any = None) -> Field:
    expected = "one of " + ", ".join(repr(value) for value in values)
    return Field(expected, lambda v: isinstance(v, str) and v in values, default, values)


def boolean(default: bool) -> Field:
    return Field("true or false", lambda v: isinstance(v, bool), default)


def text(default: str | None = None, empty: bool = False) -> Field:
    expected = "a text of printable characters" + ("" if empty else ", not empty")
    return Field(expected, lambda v: isinstance(v, str) and v.isprintable() and (empty or bool(v.strip())), default)


class Table:
    """One TOML table and its place, which every fault names."""

    def __init__(self, place: str, content: Any) -> None:
        if not isinstance(content, Mapping):
            raise SpaceError(f"{place}: got {show(content)}, expected a table of keys and values.")
        self.place = place
        self.content = content

    def fault(self, key: str, value: Any, expected: str, hint: str = "") -> SpaceError:
        return SpaceError(f"{self.place}: {key}: got {show(value)}, expected {expected}.{hint}")

    def missing(self, key: str, expected: str) -> SpaceError:
        return SpaceError(f"{self.place}: {key}: is missing, expected {expected}.")

    def only(self, known: Mapping[str, Any] | tuple[str, ...]) -> None:
        """Refuses a key that is not known.

        Raises:
            SpaceError: names the key and the nearest known one.
        """
        for key in self.content:
            if key not in known:
                raise SpaceError(
                    f"{self.place}: unknown key {key!r}, expected one of {', '.join(known)}.{meant(key, known)}"
                )

    def read(self, fields: Mapping[str, Field]) -> dict[str, Any]:
        """All fields' values, declared or default.

        Raises:
            SpaceError: an unknown key, or a value that its field does not accept.
        """
        self.only(fields)
        for key, field in fields.items():
            if key in self.content:
                self.check(key, self.content[key], field)
        return {key: self.content.get(key, field.default) for key, field in fields.items()}

    def axis(self, key: str, field: Field) -> tuple[Any, ...]:
        """One value or a list of values, as a tuple without repetitions."""
        value = self.content[key]
        values = value if isinstance(value, list) else [value]
        if not values:
            raise self.fault(key, value, f"at least one value, each {field.expected}")
        for entry in values:
            self.check(key, entry, field)
        repeated = [entry for i, entry in enumerate(values) if entry in values[:i]]
        if repeated:
            raise self.fault(key, value, f"each value once, but {show(repeated[0])} is repeated")
        return tuple(values)

    def check(self, key: str, value: Any, field: Field) -> None:
        if not field.accepts(value):
            raise self.fault(key, value, field.expected, did_you_mean(value, field.known))


# What other tools call a key.
ELSEWHERE = {
    "frame_step_ms": "overlap", "frame_step": "overlap", "hop_length": "overlap", "stride_ms": "overlap",
    "frame_length": "frame_length_ms", "window_size_ms": "frame_length_ms", "n_fft": "frame_length_ms",
    "n_mels": "mel_bins", "num_mel_bins": "mel_bins", "num_mel_filters": "mel_bins",
    "n_mfcc": "coefficients", "num_coefficients": "coefficients", "num_mfccs": "coefficients",
    "sample_rate": "sampling_rate", "sr": "sampling_rate", "downsampling_rate": "sampling_rate",
    "fmin": "lower_hz", "lower_frequency": "lower_hz", "fmax": "upper_hz", "upper_frequency": "upper_hz",
    "alpha": "width_multiplier", "width": "width_multiplier", "sparsity": "final_sparsity", "model": "architecture",
    "lr": "learning_rate", "initial_learning_rate": "learning_rate", "executions": "executions_per_trial",
    "dataset": "data", "strategies": "strategy", "classes": "words",
}  # fmt: skip


def meant(key: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    """A closing question with the key that is spelt similarly, or that means the same in other tools."""
    other = ELSEWHERE.get(key, "")
    return f" Did you mean {other!r}?" if other in known else did_you_mean(key, known)


def show(value: Any) -> str:
    """A value as a message shows it: short, on one line, without control characters."""
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
