"""Places text beside points so that nothing covers anything."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from kwssearch.analysis import Floats

DISTANCES = (11.0, 16.0, 24.0, 34.0, 46.0, 60.0, 76.0, 94.0, 114.0)  # pixels at 100 dpi, from the point to the text
DIRECTIONS = ((1, 0), (-1, 0), (1, 1), (-1, 1), (0, 1), (1, -1), (-1, -1), (0, -1), (2, 1), (-2, 1), (2, -1), (-2, -1))
MARKER = 9.0  # half of a ringed marker
NEAR = 12.0  # a text that is no farther needs no line to its point

Box = tuple[float, float, float, float]


def place_labels(axes: Any, points: Floats, texts: Sequence[str], obstacles: Floats, lines: Sequence[Floats]) -> None:
    """Annotates `points`, shape (n, 2) in data units, of a figure that is laid out.

    Each text takes the first of the places around its point that is inside the axes and covers no text, no marker of
    `obstacles`, shape (m, 2) in data units, and no line through the corners of one of `lines`, shapes (k, 2). The line
    to its point crosses no text and no marker either, and no other line where there is such a place. A text without
    a place is left out.
    """
    if not len(points):
        return
    scale = axes.figure.dpi / 100
    frame = axes.get_window_extent()
    bounds = (frame.x0 + 2, frame.y0 + 2, frame.x1 - 2, frame.y1 - 2)
    markers = [box_around(spot, MARKER * scale) for spot in axes.transData.transform(obstacles)]
    strokes = [
        box_around(spot, 1.5 * scale)
        for line in lines
        if len(line) > 1
        for spot in along(axes.transData.transform(line), 3 * scale)
    ]
    texts_placed: list[Box] = []
    for point, text in zip(points, texts, strict=True):
        label = axes.annotate(text, point, xytext=(0, 0), textcoords="offset pixels", **STYLE)
        extent = label.get_window_extent()
        size = (extent.width + 2 * scale, extent.height + 2 * scale)
        spot = axes.transData.transform(point)
        solid = [*markers, *texts_placed]
        taken = [*solid, *strokes]
        found = free_place(spot, size, taken, bounds, scale, taken) or free_place(
            spot, size, taken, bounds, scale, solid
        )
        if found is None:
            label.remove()
            continue
        label.set_position((found[0] + scale - spot[0], found[1] + scale - spot[1]))
        texts_placed.append((found[0], found[1], found[0] + size[0], found[1] + size[1]))
        start, end = connection(spot, texts_placed[-1], scale)
        if np.hypot(*(end - start)) > (NEAR - MARKER) * scale:
            ends = axes.transData.inverted().transform([start, end])
            axes.plot(*ends.T, scalex=False, scaley=False, **CONNECTOR)
            strokes += [box_around(spot, scale) for spot in along(np.array([start, end]), 3 * scale)]


STYLE = {"fontsize": "x-small", "color": "0.2", "zorder": 5, "annotation_clip": False}
CONNECTOR = {"color": "0.4", "linewidth": 0.7, "linestyle": (0, (1, 1.5)), "zorder": 2.5}


def along(corners: Floats, step: float) -> Floats:
    """Spots on the line through `corners`, about `step` apart; shape (spots, 2)."""
    pieces = [
        np.linspace(start, end, 2 + int(np.hypot(*(end - start)) / step)) for start, end in itertools.pairwise(corners)
    ]
    return np.concatenate([corners[:1], *pieces])


def box_around(spot: Floats, half: float) -> Box:
    return float(spot[0] - half), float(spot[1] - half), float(spot[0] + half), float(spot[1] + half)


def connection(spot: Floats, box: Box, scale: float) -> tuple[Floats, Floats]:
    """From the edge of a point's marker to the nearest spot of a text's box."""
    nearest = np.array([np.clip(spot[0], box[0], box[2]), np.clip(spot[1], box[1], box[3])])
    away = nearest - spot
    length = max(float(np.hypot(*away)), 1e-9)
    return np.asarray(spot + away * min(1.0, MARKER * scale / length)), nearest


def free_place(
    spot: Floats,
    size: tuple[float, float],
    taken: Sequence[Box],
    frame: Box,
    scale: float,
    uncrossed: Sequence[Box] = (),
) -> tuple[float, float] | None:
    """Lower left corner, in pixels, of the nearest free box of `size` around `spot`, or None.

    The way from the spot to the box crosses none of `uncrossed`, but for what touches the spot's own marker.
    """
    boxes, others = (np.array(found, dtype=np.float64).reshape(-1, 4) for found in (taken, uncrossed))
    around = others[~overlaps(others, box_around(spot, MARKER * scale))]
    width, height = size
    for distance in DISTANCES:
        for right, up in DIRECTIONS:
            length = np.hypot(right, up)
            x = spot[0] + right / length * distance * scale + (np.sign(right) - 1) * width / 2
            y = spot[1] + up / length * distance * scale + (np.sign(up) - 1) * height / 2
            box = (x, y, x + width, y + height)
            inside = frame[0] <= x and frame[1] <= y and box[2] <= frame[2] and box[3] <= frame[3]
            if inside and not overlaps(boxes, box).any() and clear_way(spot, box, around, scale):
                return float(x), float(y)
    return None


def overlaps(boxes: Floats, box: Box) -> Any:
    return (box[2] >= boxes[:, 0]) & (box[0] <= boxes[:, 2]) & (box[3] >= boxes[:, 1]) & (box[1] <= boxes[:, 3])


def clear_way(spot: Floats, box: Box, boxes: Floats, scale: float) -> bool:
    start, end = connection(spot, box, scale)
    return not any(overlaps(boxes, box_around(step, 0.5)).any() for step in along(np.array([start, end]), 4 * scale))
