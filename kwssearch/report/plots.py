"""Pictures of a run: what is drawn is computed first, then drawn with seaborn on figures without global state."""

from __future__ import annotations

import io
import itertools
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from kwssearch.analysis.effects import Effect
from kwssearch.analysis.interval import Floats
from kwssearch.analysis.pareto import non_dominated
from kwssearch.report.labels import place_labels
from kwssearch.space import Objective, short_name

DPI = 140
WIDE = 2.5  # a range of this factor or more is drawn on a logarithmic scale
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def planes(objectives: Sequence[Objective]) -> dict[str, tuple[Objective, Objective]]:
    """Name -> what goes to the right and what goes up, for each two objectives; accuracy always goes up."""
    ordered = sorted(objectives, key=lambda objective: objective.is_cost)
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
    errors = np.array([ends(row, axes[1]) for row in done], dtype=np.float64).reshape(-1, 2)
    return Scatter(
        title or plane_title(axes), axes, done, points, errors, front, tuple(bool(row["on_front"]) for row in done)
    )


def ends(row: Mapping[str, Any], axis: Objective) -> tuple[float, float]:
    """The interval that is drawn: of accuracy."""
    if axis.is_cost or row["accuracy_low"] is None:
        return np.nan, np.nan
    return axis.factor * row["accuracy_low"], axis.factor * row["accuracy_high"]


def palette(strategies: Sequence[str]) -> dict[str, Any]:
    """Strategy -> colour, the baseline in black; one for the whole report."""
    import seaborn

    others = [name for name in strategies if name != "baseline"]
    name = "colorblind" if len(others) <= 9 else "husl"
    return {"baseline": (0.1, 0.1, 0.1), **dict(zip(others, seaborn.color_palette(name, len(others)), strict=True))}


def markers(features: Sequence[str]) -> dict[str, str]:
    return {name: MARKERS[i % len(MARKERS)] for i, name in enumerate(features)}


def draw_scatters(panels: Sequence[Scatter], colors: Mapping[str, Any], shapes: Mapping[str, str]) -> dict[str, bytes]:
    """Suffix -> image of panels side by side: colour by strategy, marker by features, the front as a step line."""
    with styled():
        figure, row = canvas(3.4 + 4.2 * len(panels), 4.9, columns=len(panels))
        for axes, drawn in zip(row, panels, strict=True):
            draw_points(axes, drawn, colors, shapes)
        for axes, drawn in zip(row[1:], panels[1:], strict=True):
            if drawn.axes[1] is panels[0].axes[1]:
                axes.set_ylabel("")
        add_legend(row[-1], panels[-1], colors, shapes)
        settle(figure)
        for axes, drawn in zip(row, panels, strict=True):
            named = sorted({*drawn.front, *np.flatnonzero(drawn.overall)})
            texts = [short_name(drawn.rows[i]) for i in named]
            place_labels(axes, drawn.points[named], texts, drawn.points, staircase(drawn))
        return images(figure)


def draw_points(axes: Any, drawn: Scatter, colors: Mapping[str, Any], shapes: Mapping[str, str]) -> None:
    for index, (axis, name) in enumerate(zip(drawn.axes, "xy", strict=True)):
        set_scale(axes, name, drawn.points[:, index], axis)
    axes.plot(*staircase(drawn).T, color="0.45", linewidth=1.2, zorder=1)
    kinds = groups(drawn)
    for kind in dict.fromkeys(kinds):
        strategy, feature, overall = kind
        chosen = [i for i, other in enumerate(kinds) if other == kind]
        (x, y), color = drawn.points[chosen].T, colors[strategy]
        axes.vlines(x, *drawn.errors[chosen].T, color=color, alpha=0.28, linewidth=1.3, zorder=2)
        edge = {"edgecolor": "black", "linewidth": 1.1} if overall else {"edgecolor": "white", "linewidth": 0.6}
        size, order = (62, 4) if overall else (38, 3)
        axes.scatter(x, y, marker=shapes[feature], s=size, zorder=order, facecolor=color, **edge)
    axes.set_title(plain(drawn.title), loc="left", fontsize="medium")


def set_scale(axes: Any, name: str, values: Floats, axis: Objective) -> None:
    getattr(axes, f"set_{name}label")(f"{axis.label}, {axis.unit}")
    if axis.is_cost:
        set_log_where_wide(axes, name, values)


def set_log_where_wide(axes: Any, name: str, values: Floats) -> None:
    """A logarithmic scale where the range is wide, with ticks that read as plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = values.min(), values.max()
    side = getattr(axes, f"{name}axis")
    if low > 0 and high / low >= WIDE:
        getattr(axes, f"set_{name}scale")("log")
        narrow, middle = (1, 1.5, 2, 3, 5, 7), (1, 2, 5)
        side.set_major_locator(LogLocator(subs=narrow if high / low < 8 else middle if high / low < 100 else (1,)))
        side.set_minor_formatter(NullFormatter())
    side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def groups(drawn: Scatter) -> list[tuple[str, str, bool]]:
    """What decides how each row is drawn: strategy, features, and whether it is on the front of all objectives."""
    return [(row["strategy"], row["features"], on) for row, on in zip(drawn.rows, drawn.overall, strict=True)]


def staircase(drawn: Scatter) -> Floats:
    """Corners of the line between what is reached and what is not, from left to right; shape (corners, 2)."""
    points = drawn.points[list(drawn.front)]
    turns = np.column_stack([points[1:, 0], points[:-1, 1]])
    return np.insert(points, np.arange(1, len(points)), turns, axis=0)


def add_legend(axes: Any, drawn: Scatter, colors: Mapping[str, Any], shapes: Mapping[str, str]) -> None:
    """Beside the plot: strategies, features, and what the edges and the line mean."""
    from matplotlib.lines import Line2D

    def dot(label: str, marker: str, color: Any, edge: str = "white") -> Any:
        return Line2D([], [], linestyle="", marker=marker, color=color, markeredgecolor=edge, markersize=7, label=label)

    strategies = dict.fromkeys(row["strategy"] for row in drawn.rows)
    features = dict.fromkeys(row["features"] for row in drawn.rows)
    handles = [dot(plain(name), "o", colors[name]) for name in strategies]
    handles += [dot(plain(name), shapes[name], "0.55") for name in features]
    handles.append(dot("front of all three", "o", "0.9", "black"))
    handles.append(Line2D([], [], color="0.45", linewidth=1.2, label="front of these two"))
    if np.isfinite(drawn.errors).any():
        handles.append(Line2D([], [], color="0.45", alpha=0.4, linewidth=1.3, label="95 % interval"))
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize="small")


def draw_effects(effects: Sequence[Effect], colors: Mapping[str, Any]) -> dict[str, bytes]:
    """Suffix -> image: each level's change by every objective, with 95 % intervals.

    A strategy of one level is drawn once.
    """
    levels = Counter(effect.strategy for effect in effects if effect.level)
    effects = [effect for effect in effects if effect.level is None or levels[effect.strategy] > 1]
    objectives = effects[0].worlds.run.objectives
    heights = np.arange(len(effects), dtype=np.float64)[::-1]
    with styled():
        figure, panels = canvas(3.2 * len(objectives), 1.3 + 0.24 * len(effects), columns=len(objectives))
        for axes, objective in zip(panels, objectives, strict=True):
            draw_changes(axes, objective, effects, heights, colors)
        names = [plain(f"{e.strategy}: {e.level}" if e.level else f"{e.strategy}, mean") for e in effects]
        panels[0].set_yticks(heights, [n if len(n) <= 48 else n[:47] + "…" for n in names])
        settle(figure)
        return images(figure)


def draw_changes(
    axes: Any, objective: Objective, effects: Sequence[Effect], heights: Floats, colors: Mapping[str, Any]
) -> None:
    """One panel: the changes of one objective."""
    axes.axvline(1 if objective.is_cost else 0, color="0.6", linewidth=1)
    unit = f"{objective.noun}, times the baseline's" if objective.is_cost else "change in accuracy, points"
    axes.set_xlabel(unit, fontsize="small")
    axes.tick_params(labelsize="small")
    changes = [effect.change(objective).scaled(1 if objective.is_cost else 100) for effect in effects]
    for y, effect, interval in zip(heights, effects, changes, strict=True):
        color, marker = colors[effect.strategy], "o" if effect.level else "D"
        if effect.known(objective):
            axes.plot([interval.low, interval.high], [y, y], color=color, linewidth=2, alpha=0.5)
        axes.plot(interval.value, y, marker=marker, color=color, markersize=5 if effect.level else 7)
    axes.set_ylim(-0.7, len(effects) - 0.3)
    axes.margins(x=0.1)
    if objective.is_cost:
        set_log_where_wide(axes, "x", np.array([1, *(change.value for change in changes)]))


def styled() -> ExitStack:
    """Seaborn's theme and settings that make files the same every time, undone at the end."""
    import matplotlib
    import seaborn

    stack = ExitStack()
    stack.enter_context(matplotlib.rc_context({"svg.hashsalt": "kwssearch", "axes.formatter.useoffset": False}))
    stack.enter_context(seaborn.axes_style("whitegrid", {"grid.color": "0.92", "axes.edgecolor": "0.7"}))
    stack.enter_context(seaborn.plotting_context("notebook", font_scale=0.85))
    stack.enter_context(warnings.catch_warnings())
    warnings.filterwarnings("ignore", message="Glyph .* missing from")
    return stack


def canvas(width: float, height: float, columns: int = 1) -> tuple[Any, Any]:
    """A figure, in inches, and its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, columns, sharey=True, squeeze=False)[0]


def settle(figure: Any) -> None:
    """Lays the figure out once and for all, so that saving does not do it again."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def images(figure: Any) -> dict[str, bytes]:
    """The figure as PNG and SVG, without a date."""
    found = {}
    for suffix, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix, dpi=DPI, metadata=metadata)
        found[suffix] = buffer.getvalue()
    return found


def plain(text: str) -> str:
    """A user's text as matplotlib shows it literally: no mathematics, one line, never hidden from a legend."""
    line = "".join(c if c.isprintable() else " " for c in text).replace("$", r"\$")
    return f" {line}" if line.startswith("_") else line
