"""Places text beside points so that nothing covers anything."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from kwssearch.analysis.interval import Floats

DISTANCES = (8.0, 14.0, 22.0, 30.0)  # pixels at 100 dpi
DIRECTIONS = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))


def place_labels(axes: Any, points: Floats, texts: Sequence[str], obstacles: Floats, line: Floats) -> None:
    """Annotates `points`, shape (n, 2) in data units, of a figure that is laid out.

    Each text takes the first of the places around its point that is inside the axes and covers neither a
    text placed before it, nor an obstacle, shape (m, 2) in data units, nor the line through the corners `line`,
    shape (k, 2); a text without such a place is left out.
    """
    from matplotlib.patheffects import withStroke

    if not len(points):
        return
    figure = axes.figure
    scale = figure.dpi / 100
    frame = axes.get_window_extent()
    taken = [box_around(spot, 7 * scale) for spot in axes.transData.transform(obstacles)]
    taken += [box_around(spot, scale) for spot in along(axes.transData.transform(line), 8 * scale)]
    for point, text in zip(points, texts, strict=True):
        label = axes.annotate(
            text,
            point,
            xytext=(0, 0),
            textcoords="offset pixels",
            fontsize="x-small",
            color="0.25",
            path_effects=[withStroke(linewidth=2.5, foreground="white", alpha=0.8)],
            arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3},
            zorder=5,
        )
        extent = label.get_window_extent()
        size = (extent.width, extent.height)
        spot = axes.transData.transform(point)
        found = free_place(spot, size, taken, (frame.x0, frame.y0, frame.x1, frame.y1), scale)
        if found is None:
            label.remove()
            continue
        label.set_position((found[0] - spot[0], found[1] - spot[1]))
        taken.append((found[0] - 2, found[1] - 2, found[0] + size[0] + 2, found[1] + size[1] + 2))


Box = tuple[float, float, float, float]


def along(corners: Floats, step: float) -> Floats:
    """Spots on the line through `corners`, about `step` apart; shape (spots, 2)."""
    pieces = [
        np.linspace(start, end, 2 + int(np.hypot(*(end - start)) / step)) for start, end in itertools.pairwise(corners)
    ]
    return np.concatenate([corners[:1], *pieces])


def box_around(spot: Floats, half: float) -> Box:
    return float(spot[0] - half), float(spot[1] - half), float(spot[0] + half), float(spot[1] + half)


def free_place(
    spot: Floats, size: tuple[float, float], taken: Sequence[Box], frame: Box, scale: float
) -> tuple[float, float] | None:
    """Lower left corner, in pixels, of the nearest free box of `size` around `spot`, or None."""
    boxes = np.array(taken).reshape(-1, 4)
    width, height = size
    for distance in DISTANCES:
        for right, up in DIRECTIONS:
            x = spot[0] + right * distance * scale + (right - 1) * width / 2
            y = spot[1] + up * distance * scale + (up - 1) * height / 2
            inside = frame[0] <= x and frame[1] <= y and x + width <= frame[2] and y + height <= frame[3]
            clear = (x + width < boxes[:, 0]) | (x > boxes[:, 2]) | (y + height < boxes[:, 1]) | (y > boxes[:, 3])
            if inside and clear.all():
                return float(x), float(y)
    return None
