"""Figures without global state, the same every time, and what stands on them as text."""

from __future__ import annotations

import io
import warnings
from contextlib import ExitStack
from typing import Any

from kwssearch.system.surroundings import own_matplotlib

DPI = 140


def styled() -> ExitStack:
    """Seaborn's theme and settings that make files the same every time, undone at the end."""
    with own_matplotlib():
        import matplotlib
        import seaborn

    stack = ExitStack()
    stack.enter_context(matplotlib.rc_context({"svg.hashsalt": "kwssearch", "axes.formatter.useoffset": False}))
    stack.enter_context(seaborn.axes_style("whitegrid", {"grid.color": "0.92", "axes.edgecolor": "0.7"}))
    stack.enter_context(seaborn.plotting_context("notebook", font_scale=0.85))
    stack.enter_context(warnings.catch_warnings())
    warnings.filterwarnings("ignore", message="Glyph .* missing from")
    return stack


def canvas(width: float, height: float, columns: int = 1, rows: int = 1, sharey: bool = True) -> tuple[Any, Any]:
    """A figure, in inches, and its axes, row by row."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, sharey=sharey, squeeze=False).ravel()


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
