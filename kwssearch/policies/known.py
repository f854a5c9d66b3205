"""What is known of a space's points before any of them is trained, as arrays in the order of its trials."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.space import SearchSpace, all_axes

Floats = npt.NDArray[np.float64]

FEATURE_SCALES: Mapping[str, Callable[[float], float]] = {
    "sampling_rate": math.log2, "frame_length_ms": math.log2, "overlap": float, "mel_bins": math.log2,
    "coefficients": math.log2, "lower_hz": lambda hz: math.log2(hz + 100), "upper_hz": math.log2,
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """Figures that need no training.

    Attributes:
        costs: what a device pays, as far as it is judged; shape (points, objectives), smaller is better.
        work: of a training, in any unit; shape (points,).
        clips: on which an accuracy is measured.
        seconds: of each training of the space, once; empty where they are not known.
    """

    costs: Floats
    work: Floats
    clips: int
    seconds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Encoding:
    """Points as a model of accuracy sees them.

    Attributes:
        x: a column for each number that varies, from -1 to 1, and for each level of a choice but one, -1, 0 or 1;
            shape (points, columns).
        is_number: shape (columns,).
        choices: of each point, the levels of its choices.
        numbers: of each point, the values of its numbers.
    """

    x: Floats
    is_number: npt.NDArray[np.bool_]
    choices: tuple[tuple[Any, ...], ...]
    numbers: tuple[tuple[float, ...], ...]


def encoded(space: SearchSpace) -> Encoding:
    """A space's points; front ends by what they compute."""
    numbers: list[list[float]] = []
    choices: list[list[Any]] = []
    for values, scale in varying(space):
        if scale is None:
            choices.append(values)
        else:
            numbers.append([scale(value) for value in values])
    columns = [*(scaled(each) for each in numbers), *(column for each in choices for column in sum_coded(each))]
    x = np.stack(columns, axis=1) if columns else np.zeros((len(space.trials), 0))
    is_number = np.arange(x.shape[1]) < len(numbers)
    rows = range(len(space.trials))
    return Encoding(x, is_number, tuple(tuple(c[i] for c in choices) for i in rows),
                    tuple(tuple(n[i] for n in numbers) for i in rows))  # fmt: skip


def varying(space: SearchSpace) -> list[tuple[list[Any], Callable[[Any], float] | None]]:
    """What varies: its value at each point, and its scale; None for a choice."""
    found: list[tuple[list[Any], Callable[[Any], float] | None]] = []
    for axis in all_axes():
        if axis.name == "features":
            settings = [space.features[trial.values["features"]] for trial in space.trials]
            found.append(([setting.kind for setting in settings], None))
            found += [([getattr(s, key) for s in settings], scale) for key, scale in FEATURE_SCALES.items()]
        else:
            found.append(([trial.values[axis.name] for trial in space.trials], axis.scale))
    return [(values, scale) for values, scale in found if None not in values and len(set(values)) > 1]


def scaled(values: npt.ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    return np.asarray(2 * (array - array.min()) / np.ptp(array) - 1)


def sum_coded(values: Sequence[Any]) -> list[Floats]:
    """A column for each level but the first, which is -1 in all of them."""
    first, *others = dict.fromkeys(values)
    return [np.array([-1.0 if v == first else float(v == level) for v in values]) for level in others]
