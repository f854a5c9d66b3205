"""Where the sliders of the page can stand: limits in round figures, as the command line takes them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from kwssearch.errors import printable
from kwssearch.report.page_worlds import figure_name
from kwssearch.runs import Run
from kwssearch.space import Objective
from kwssearch.space.devices import shipped_devices
from kwssearch.space.limits import ASKED
from kwssearch.space.schema import is_number

Figures = Sequence[float | None]
UNITS = {"%": 100.0, "kB": 1e-3, "ms": 1.0}
DIGITS = 3


def stops(run: Run, deciding: Mapping[str, Figures]) -> list[dict[str, Any]]:
    """A slider for each limit that some trial has a figure for.

    `stops` ascend; each has its value (None asks for nothing), its text, and what the command line is given. Every
    figure of a trial is kept by the stop that is made of it, and by no stricter one of another round figure. `start` is
    the place of the run's own limit, else the loosest. A run's own limit cannot be taken back by `pick`, only
    loosened, so there is no stop for nothing beside it.

    Args:
        deciding: how good each trial is, by the names of the objectives, where that is not the figure that it has.
    """
    found = []
    for name, (objective, _, _) in ASKED.items():
        figures = [figure for figure in column(run, objective, deciding) if is_finite(figure)]
        if not figures:
            continue
        own = run.space.limits.to_dict().get(name)
        asked = [d["limits"][name] for d in devices() if name in d["limits"] and d["limits"][name] < max(figures)]
        made = {stop[0]: stop for stop in [round_stop(name, figure) for figure in figures]}
        exact = {value: exact_stop(objective, value) for value in (*asked, *([] if own is None else [own]))}
        ordered: list[tuple[float | None, str, str]] = [stop for _, stop in sorted({**made, **exact}.items())]
        if own is None:
            ordered.insert(len(ordered) if objective.sign > 0 else 0, (None, "any", ""))
        values = [value for value, _, _ in ordered]
        found.append(
            {
                "name": name,
                "figure": figure_name(objective.name),
                "noun": objective.noun,
                "sign": objective.sign,
                "stops": ordered,
                "start": values.index(own),
            }
        )
    return found


def is_finite(figure: Any) -> TypeGuard[float]:
    """Whether it is a number that a page can show; damaged records hold others."""
    return is_number(figure) and math.isfinite(figure)


def column(run: Run, objective: Objective, deciding: Mapping[str, Figures]) -> Figures:
    """The figure that a limit is held against, of each trial."""
    if not objective.is_cost:
        return deciding.get(objective.name, ())
    return [t.figure(objective.name) if t.executions and t.known(objective.name) else None for t in run.trials]


def round_stop(name: str, figure: float) -> tuple[float, str, str]:
    """The nearest limit of few digits that a figure keeps."""
    objective, parse, _ = ASKED[name]
    scaled = figure * UNITS[objective.unit]
    step = 0.1 if objective.unit == "%" else 10.0 ** (math.floor(math.log10(scaled)) - DIGITS + 1) if scaled else 1.0
    steps = math.ceil(scaled / step - 1e-9) if objective.sign > 0 else math.floor(scaled / step + 1e-9)
    number = f"{steps * step:.10g}"
    return (
        parse(f"{number}{objective.unit}", name),
        f"{float(number):,.10g} {objective.unit}",
        f"{number}{objective.unit}",
    )


def exact_stop(objective: Objective, value: float) -> tuple[float, str, str]:
    return value, objective.show(value), f"{value * UNITS[objective.unit]:.12g}{objective.unit}"


def devices() -> list[dict[str, Any]]:
    """The shipped ones; a user's own are theirs, and pages are alike everywhere."""
    return [
        {"name": device.name, "title": printable(device.title), "limits": device.limits.to_dict()}
        for device in shipped_devices().values()
    ]
