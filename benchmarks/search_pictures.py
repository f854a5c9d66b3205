"""Draws the pictures of docs/search.md: python benchmarks/search_pictures.py RUN REPLAY.json...

One is of replays, one of what a search of the recorded grid expects of the points that it does not train.
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
BLUE, ORANGE, GREY = "#0173b2", "#de8f05", "0.55"
SIDES = {"front": BLUE, "cheapest first": ORANGE, "clairvoyant": GREY}
MOST_COST, LEAST_MEMBERS = 25, 85  # %


def draw_replay(axes: Any, record: dict[str, Any]) -> None:
    """Members found over training spent, of policies at several settings or cuts."""
    rows = sorted((row for row in record["rows"] if row["world"] == WORLD), key=lambda row: row["cost"])
    for name, colour in SIDES.items():
        own = [row for row in rows if row["policy"].startswith(name) and "probe" not in row["policy"]]
        shown = [(100 * row["cost"], 100 * row["members"]) for row in own]
        label = "knows the surface" if name == "clairvoyant" else name
        axes.plot(*zip(*shown, strict=True), "o-", color=colour, markersize=4, label=label)
    axes.set_xlim(0, MOST_COST)
    axes.set_ylim(LEAST_MEMBERS, 100.5)
    axes.set_title(record["run"], fontsize="medium")
    axes.set_xlabel("training, % of the whole grid's")


def draw_surrogate(axes: Any, table: Table) -> None:
    """What is expected of each point that was not trained, with its 90 % interval, over what was measured."""
    world = make_world(table, "record", 0)
    policy = Front(table.space, table.known(0), 0)
    order = simulate(table, world, policy, 1).order
    seen = [Seen(table.values[i], {"accuracy": float(world.decide[i])}) for i in order]
    mean, low, high = policy.outlook(seen, ()).accuracy
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


def keep(figure: Any, name: str) -> None:
    settle(figure)
    (FOLDER / f"{name}.png").write_bytes(images(figure)["png"])


def main(run: Path, replays: Sequence[Path]) -> None:
    records: dict[str, dict[str, Any]] = {}
    for path in replays:
        record = json.loads(path.read_text())
        records.setdefault(record["run"], {**record, "rows": []})["rows"].extend(record["rows"])
    with styled():
        figure, panels = canvas(7.2, 3.6, len(records))
        for axes, record in zip(panels, records.values(), strict=True):
            draw_replay(axes, record)
        panels[0].set_ylabel("members of the front that were found, %")
        panels[-1].legend(fontsize="small", loc="lower right")
        keep(figure, "replay")
        figure, (axes,) = canvas(5.4, 4.2)
        draw_surrogate(axes, Table(load(run)))
        keep(figure, "surrogate")


if __name__ == "__main__":
    main(Path(sys.argv[1]), list(map(Path, sys.argv[2:])))
