"""Forecasts for spaces of many shapes: files of some of the points, and curves through them for the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WIDTHS, SPARSITIES, SHAPES = 5, 5, 4  # of each kind of file, so many are made


class Described(NamedTuple):
    """What the size of a file follows.

    Attributes:
        kind: architecture, quantisation, clusters; each has curves of its own.
        pixels: of its input.
    """

    kind: tuple[str, str, int]
    shape: tuple[int, int, int]
    width: float
    sparsity: float
    parameters: int

    @property
    def pixels(self) -> int:
        return self.shape[0] * self.shape[1]


def sample(points: Sequence[Described]) -> list[int]:
    """Which points to make files of: widths by sparsities of one input shape, and widths of some others."""
    chosen: dict[int, None] = {}
    for kind in dict.fromkeys(point.kind for point in points):
        own = [i for i, point in enumerate(points) if point.kind == kind]
        shapes = spread({points[i].shape: points[i].pixels for i in own}, SHAPES)
        most = max(shapes, key=lambda shape: sum(points[i].shape == shape for i in own))
        for shape in shapes:
            here = [i for i in own if points[i].shape == shape]
            widths = spread({points[i].width: points[i].width for i in here}, WIDTHS)
            sparsities = spread({points[i].sparsity: points[i].sparsity for i in here}, SPARSITIES)
            for width in widths:
                of_width = [i for i in here if points[i].width == width]
                for sparsity in sparsities if shape == most else sparsities[:1]:
                    chosen[min(of_width, key=lambda i: abs(points[i].sparsity - sparsity))] = None
    return list(chosen)


def spread(values: Mapping[Any, float], most: int) -> list[Any]:
    """So many keys, from the one of the smallest value to the one of the largest."""
    rising = sorted(values, key=lambda key: values[key])
    places = np.linspace(0, len(rising) - 1, min(most, len(rising)))
    return [rising[int(place)] for place in np.round(places)]


def fitted(
    points: Sequence[Described], made: Mapping[int, float], terms: Callable[[Described], Iterable[float]]
) -> Floats:
    """A figure of every point: as it was found, else by least squares of relative errors within its kind.

    Args:
        made: index of a point -> the figure of its file.
        terms: what the figure is a sum of.
    """
    found = np.zeros(len(points))
    for kind in {point.kind for point in points}:
        rows = [i for i in made if points[i].kind == kind]
        basis = np.array([list(terms(points[i])) for i in rows])
        figures = np.array([made[i] for i in rows])
        weights = np.linalg.lstsq(basis / figures[:, None], np.ones(len(rows)))[0]
        for i, point in enumerate(points):
            if point.kind == kind:
                found[i] = made.get(i, float(np.array(list(terms(point))) @ weights))
    return found


def zipped_terms(point: Described) -> tuple[float, ...]:
    """Kernels grow with the parameters, biases with the width; zeros cost the entropy of where they are."""
    kept = 1 - point.sparsity
    entropy = -sum(share * np.log2(share) for share in (kept, point.sparsity) if share > 0)
    return 1.0, point.width, point.parameters, point.parameters * kept, point.parameters * entropy, point.width * kept


def flash_terms(point: Described) -> tuple[float, ...]:
    return 1.0, point.width, point.parameters


def ram_terms(point: Described) -> tuple[float, ...]:
    """Activations are as many as the input's pixels and the channels."""
    return 1.0, point.width, point.pixels, point.pixels * point.width
