"""Draws the pictures of docs/search.md: python benchmarks/search_pictures.py RUN REPLAY.json RIVALS.json

One is of a replay, one of what a search of the recorded grid expects of the points that it does not train.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from replay import simulate
from worlds import Table, make_world

from kwssearch.policies import Front, Seen
from kwssearch.report.drawing import canvas, images, settle, styled
from kwssearch.runs import load

FOLDER = Path(__file__).parents[1] / "docs" / "method"
WORLD = "bootstrap"
BLUE, ORANGE, GREY = "#0173b2", "#de8f05", "0.6"


def draw_replay(axes: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Members found over training spent, of each policy that stops, or is stopped, before the whole grid."""
    shown = [row for row in rows if row["world"] == WORLD and row["cost"] < 0.9]
    for row in shown:
        own = row["policy"].startswith("front")
        axes.plot(100 * row["cost"], 100 * row["members"], "o", color=BLUE if own else GREY)
        axes.annotate(row["policy"], (100 * row["cost"], 100 * row["members"]), xytext=(5, -3),
                      textcoords="offset points", fontsize="small")  # fmt: skip
    axes.margins(x=0.3)
    axes.set_xlabel("training, % of the whole grid's")
    axes.set_ylabel("members of the front that were found, %")


def draw_surrogate(axes: Any, table: Table) -> None:
    """What is expected of each point that was not trained, with its 90 % interval, over what was measured."""
    world = make_world(table, "record", 0)
    policy = Front(table.space, table.known, 0)
    order = simulate(table, world, policy, 1).order
    seen = [Seen(table.values[i], {"accuracy": float(world.decide[i])}) for i in order]
    low, high = (policy.outlook(seen, ()).accuracy[i] for i in (1, 2))
    mean = policy.outlook(seen, ()).accuracy[0]
    skipped = np.setdiff1d(np.arange(len(mean)), order)
    measured = 100 * world.decide
    axes.vlines(measured[skipped], 100 * low[skipped], 100 * high[skipped], color=BLUE, alpha=0.35, linewidth=3)
    axes.plot(
        measured[skipped], 100 * mean[skipped], "o", color=BLUE, markersize=4, label="expected, with 90 % interval"
    )
    axes.plot(measured[order], measured[order], "D", color=ORANGE, markersize=5, label="trained")
    ends = [measured.min(), measured.max()]
    axes.plot(ends, ends, color="black", linewidth=1)
    axes.set_xlabel("measured, on the validation clips, %")
    axes.set_ylabel("what the search expects, %")
    axes.legend(fontsize="small")


def main(run: Path, replays: Sequence[Path]) -> None:
    rows = [row for path in replays for row in json.loads(path.read_text())["rows"]]
    with styled():
        for name, draw in (
            ("replay", lambda axes: draw_replay(axes, rows)),
            ("surrogate", lambda axes: draw_surrogate(axes, Table(load(run)))),
        ):
            figure, (axes,) = canvas(6.6, 4.2)
            draw(axes)
            settle(figure)
            (FOLDER / f"{name}.png").write_bytes(images(figure)["png"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), list(map(Path, sys.argv[2:])))
