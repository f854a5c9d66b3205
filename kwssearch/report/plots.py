"""Pictures of a run: what is drawn is computed first, then drawn with seaborn on figures without global state."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from kwssearch.analysis import Floats, non_dominated
from kwssearch.report.drawing import canvas, images, plain, settle, styled
from kwssearch.report.labels import place_labels
from kwssearch.report.scales import set_accuracy_scale, set_cost_scale
from kwssearch.space import ACCURACY, BASELINE, Objective
from kwssearch.system.surroundings import own_matplotlib

MARKERS = ("s", "^", "D", "v", "P", "X", "*", "<", ">")
FILLS = ("none", "full", "left", "bottom", "right", "top")
PANEL_INCHES = 4.6
LABEL_INCHES = 1.4  # of an axis, left of everything: the names of the front stand there
MOST_BARS = 30  # with more points only the front's intervals are drawn


class Look(NamedTuple):
    """How a strategy is drawn."""

    color: Any
    marker: str


def planes(objectives: Sequence[Objective]) -> dict[str, tuple[Objective, Objective]]:
    """Name -> what goes to the right and what goes up, for each two objectives; accuracy always goes up.

    Missed keywords go up over a cost, and to the right under accuracy.
    """
    ordered = sorted(objectives, key=lambda objective: (objective is not ACCURACY, objective.is_cost))
    return {f"{up.key}_{right.key}": (right, up) for up, right in itertools.combinations(ordered, 2)}


def plane_title(axes: tuple[Objective, Objective]) -> str:
    right, up = axes
    return f"{up.noun[:1].upper()}{up.noun[1:]} against {right.noun}"


@dataclass(frozen=True)
class Scatter:
    """Everything that a plot of two objectives shows.

    Attributes:
        points: shape (rows, 2).
        errors: 95 % interval of the second coordinate, shape (rows, 2): low, high; NaN where none is drawn.
        front: rows that are non-dominated in these two objectives, from left to right.
        overall: whether each row is on the front of all objectives.
    """

    title: str
    axes: tuple[Objective, Objective]
    rows: tuple[Mapping[str, Any], ...]
    points: Floats
    errors: Floats
    front: tuple[int, ...]
    overall: tuple[bool, ...]


def scatter(rows: Sequence[Mapping[str, Any]], axes: tuple[Objective, Objective], title: str = "") -> Scatter:
    """What to draw of the completed trials among `rows` (of `kwssearch.rows.trial_rows`)."""
    done = tuple(row for row in rows if row["status"] == "completed")
    points = np.array([[axis.factor * row[axis.name] for axis in axes] for row in done]).reshape(-1, 2)
    signs = np.array([axis.sign for axis in axes])
    best = np.flatnonzero(non_dominated(points * signs))
    front = tuple(int(i) for i in best[np.argsort(points[best, 0], kind="stable")])
    shown = [len(done) <= MOST_BARS or row["on_front"] for row in done]
    ends_of = [ends(row, axes[1]) if show else (np.nan, np.nan) for row, show in zip(done, shown, strict=True)]
    errors = np.array(ends_of, dtype=np.float64).reshape(-1, 2)
    return Scatter(
        title or plane_title(axes), axes, done, points, errors, front, tuple(bool(row["on_front"]) for row in done)
    )


def ends(row: Mapping[str, Any], axis: Objective) -> tuple[float, float]:
    """The interval that is drawn: of accuracy, or of missed keywords."""
    if axis.is_cost or row[f"{axis.name}_low"] is None:
        return np.nan, np.nan
    return axis.factor * row[f"{axis.name}_low"], axis.factor * row[f"{axis.name}_high"]


def strategy_looks(strategies: Sequence[str]) -> dict[str, Look]:
    """Strategy -> colour and shape, the baseline in black; the same in the whole report."""
    with own_matplotlib():
        import seaborn

    others = [name for name in strategies if name != BASELINE]
    colors = seaborn.color_palette("colorblind" if len(others) <= 9 else "husl", len(others))
    shapes = itertools.cycle(MARKERS)
    return {
        BASELINE: Look((0.1, 0.1, 0.1), "o"),
        **{name: Look(color, next(shapes)) for name, color in zip(others, colors, strict=True)},
    }


def feature_fills(features: Sequence[str]) -> dict[str, str]:
    return {name: FILLS[i % len(FILLS)] for i, name in enumerate(features)}


def draw_scatters(panels: Sequence[Scatter], looks: Mapping[str, Look], fills: Mapping[str, str]) -> dict[str, bytes]:
    """Suffix -> image of panels side by side: colour and shape by strategy, filling by features, fronts marked."""
    with styled():
        figure, row = canvas(3.4 + PANEL_INCHES * len(panels), 5.6, columns=len(panels))
        for axes, drawn in zip(row, panels, strict=True):
            draw_points(axes, drawn, looks, fills)
        for axes, drawn in zip(row[1:], panels[1:], strict=True):
            if drawn.axes[1] is panels[0].axes[1]:
                axes.set_ylabel("")
        add_legend(row[-1], panels, looks, fills)
        settle(figure)
        for axes, drawn in zip(row, panels, strict=True):
            label_front(axes, drawn)
        return images(figure)


def draw_points(axes: Any, drawn: Scatter, looks: Mapping[str, Look], fills: Mapping[str, str]) -> None:
    for index, (objective, name) in enumerate(zip(drawn.axes, "xy", strict=True)):
        set_scale(axes, name, drawn, index, objective)
    if len(drawn.front) > 1:
        axes.plot(*staircase(drawn).T, color="0.55", linewidth=1.1, zorder=1)
    kinds = [(row["strategy"], row["features"]) for row in drawn.rows]
    for strategy, feature in dict.fromkeys(kinds):
        chosen = [i for i, kind in enumerate(kinds) if kind == (strategy, feature)]
        look = looks[strategy]
        barred = [i for i in chosen if np.isfinite(drawn.errors[i]).all()]
        axes.vlines(
            drawn.points[barred, 0], *drawn.errors[barred].T, color=look.color, alpha=0.35, linewidth=1.3, zorder=2
        )
        axes.plot(*drawn.points[chosen].T, linestyle="", zorder=3, **marking(look, fills[feature]))
    ringed = np.flatnonzero(drawn.overall)
    axes.scatter(*drawn.points[ringed].T, **RING)
    axes.set_title(plain(drawn.title), loc="left", fontsize="medium")


RING = {"marker": "o", "s": 150, "facecolor": "none", "edgecolor": "black", "linewidth": 1.2, "zorder": 4}


def marking(look: Look, fill: str) -> dict[str, Any]:
    """How a point is drawn: half of it, or all but its edge, stays white where its features say so."""
    return {
        "marker": look.marker, "fillstyle": fill, "markersize": 6.5, "markerfacecolor": look.color,
        "markerfacecoloralt": "white", "markeredgecolor": look.color, "markeredgewidth": 1.0,
    }  # fmt: skip


def set_scale(axes: Any, name: str, drawn: Scatter, index: int, objective: Objective) -> None:
    getattr(axes, f"set_{name}label")(f"{objective.label}, {objective.unit}")
    values = drawn.points[:, index]
    if objective.is_cost:
        set_cost_scale(axes, name, values, labels=LABEL_INCHES / PANEL_INCHES if name == "x" else 0.0)
    elif objective is ACCURACY:
        set_accuracy_scale(axes, name, np.concatenate([values, drawn.errors[np.isfinite(drawn.errors)]]))


def label_front(axes: Any, drawn: Scatter) -> None:
    """Names the models of the front, then, where there is room, what is best in these two alone."""
    ringed = sorted((i for i, on in enumerate(drawn.overall) if on), key=lambda i: float(drawn.points[i, 0]))
    named = [*ringed, *(i for i in drawn.front if not drawn.overall[i])]
    bars = [
        [(x, low), (x, high)]
        for (x, _), (low, high) in zip(drawn.points, drawn.errors, strict=True)
        if np.isfinite([low, high]).all()
    ]
    lines = [staircase(drawn), *map(np.array, bars)]
    texts = [drawn.rows[i]["short_name"] for i in named]
    place_labels(axes, drawn.points[named], texts, drawn.points, lines)


def staircase(drawn: Scatter) -> Floats:
    """Corners of the line between what is reached and what is not, from left to right; shape (corners, 2)."""
    points = drawn.points[list(drawn.front)]
    turns = np.column_stack([points[1:, 0], points[:-1, 1]])
    return np.insert(points, np.arange(1, len(points)), turns, axis=0)


def add_legend(axes: Any, panels: Sequence[Scatter], looks: Mapping[str, Look], fills: Mapping[str, str]) -> None:
    """Beside the plot: strategies, features, and what rings and lines mean, as far as they are drawn."""
    from matplotlib.lines import Line2D

    rows = [row for drawn in panels for row in drawn.rows]
    strategies, features = (dict.fromkeys(row[key] for row in rows) for key in ("strategy", "features"))
    handles = [Line2D([], [], linestyle="", label=plain(s), **marking(looks[s], "full")) for s in strategies]
    if len(features) > 1:
        grey = Look("0.45", "o")
        handles += [Line2D([], [], linestyle="", label=plain(f), **marking(grey, fills[f])) for f in features]
    if any(any(drawn.overall) for drawn in panels):
        ring: dict[str, Any] = {"marker": "o", "markersize": 11, "markerfacecolor": "none", "markeredgecolor": "black"}
        handles.append(Line2D([], [], linestyle="", label="front of all objectives,\nnoise left out", **ring))
    if any(len(drawn.front) > 1 for drawn in panels):
        handles.append(Line2D([], [], color="0.55", linewidth=1.1, label="front of these two alone,\nas measured"))
    if any(np.isfinite(drawn.errors).any() for drawn in panels):
        some = any(np.isnan(drawn.errors).any() for drawn in panels if not drawn.axes[1].is_cost)
        name = "95 % interval of the front" if some else "95 % interval"
        handles.append(Line2D([], [], color="0.45", alpha=0.5, linewidth=1.3, label=name))
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize="small")
