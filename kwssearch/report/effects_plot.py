"""Each level's change by every objective, as a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kwssearch.analysis import Effect, Floats
from kwssearch.report.drawing import canvas, images, plain, settle, styled
from kwssearch.report.plots import Look
from kwssearch.report.scales import set_change_scale, set_cost_scale
from kwssearch.space import Objective


def draw_effects(effects: Sequence[Effect], looks: Mapping[str, Look]) -> dict[str, bytes]:
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
            draw_changes(axes, objective, effects, heights, looks)
        names = [plain(f"{e.strategy}: {e.level}" if e.level else f"{e.strategy}, mean") for e in effects]
        panels[0].set_yticks(heights, [n if len(n) <= 48 else n[:47] + "…" for n in names])
        settle(figure)
        return images(figure)


def draw_changes(
    axes: Any, objective: Objective, effects: Sequence[Effect], heights: Floats, looks: Mapping[str, Look]
) -> None:
    """One panel: the changes of one objective."""
    axes.axvline(1 if objective.is_cost else 0, color="0.6", linewidth=1)
    unit = f"{objective.noun}, times the baseline's" if objective.is_cost else f"change in {objective.noun}, points"
    axes.set_xlabel(unit, fontsize="small")
    axes.tick_params(labelsize="small")
    changes = [effect.change(objective).scaled(1 if objective.is_cost else 100) for effect in effects]
    for y, effect, interval in zip(heights, effects, changes, strict=True):
        look = looks[effect.strategy]
        if effect.known(objective):
            axes.plot([interval.low, interval.high], [y, y], color=look.color, linewidth=2, alpha=0.5)
        axes.plot(interval.value, y, marker=look.marker, color=look.color, markersize=5 if effect.level else 8)
    axes.set_ylim(-0.7, len(effects) - 0.3)
    axes.margins(x=0.1)
    if objective.is_cost:
        set_cost_scale(axes, "x", np.array([1, *(change.value for change in changes)]), narrow=True)
    else:
        set_change_scale(axes, np.array(changes))
