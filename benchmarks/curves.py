"""What stopping trainings by their curves would save a search for the front: python benchmarks/curves.py RUN

A curve at some epoch, with sparsity and size, predicts how accurate its training will be on the validation clips: by
least squares over all other trainings of the run, which is more than a search knows. A training ends there if its
chance to beat what costs no more is below 5 %. What it would have taught the search is not taken away.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from replay import FIRST_SEED, simulate
from scipy.stats import norm
from worlds import Floats, Table, World, make_world

from kwssearch.policies import Front
from kwssearch.policies.domination import Domination
from kwssearch.policies.surrogate import odds
from kwssearch.runs import load

SEARCHES, HOPELESS = 20, 0.05


def predicted(table: Table, curves: Floats, end: Floats) -> tuple[Floats, float]:
    """What each training will reach by its curve, without that training's own end; and how far that is off."""
    kept = [-np.log2(1 - values["final_sparsity"]) for values in table.values]
    x = np.column_stack([np.ones(len(end)), curves, kept, np.log(table.costs[:, 0])])
    hat = x @ np.linalg.pinv(x)
    error = (end - hat @ end) / (1 - np.diag(hat))
    return end - error, float(error.std())


def stopped(table: Table, world: World, order: list[int], expected: Floats, doubt: float) -> list[int]:
    """Which of the trainings of a search would have ended at that epoch."""
    domination, hopeless = Domination(table.costs), []
    best: dict[int, float] = {}
    for point in order:
        beaten = [best[other] for other in domination.dominators(point) if other in best]
        if beaten and norm.sf(max(beaten), expected[point], doubt) < HOPELESS:
            hopeless.append(point)
        else:
            best[point] = float(odds(world.decide[point], table.clips))
    return hopeless


def main(path: Path) -> None:
    table = Table(load(path))
    world = make_world(table, "record", FIRST_SEED)
    members = Domination(table.costs).fronts(world.decide)[0]
    end = odds(world.decide, table.clips)
    epochs = len(table.histories[0])
    seeds = range(FIRST_SEED, FIRST_SEED + SEARCHES)
    orders = [simulate(table, world, Front(table.space, table.known(seed), seed), 1).order for seed in seeds]
    for epoch in (4, 8, 12, 16):
        at = odds([history[epoch - 1]["val_accuracy"] for history in table.histories], table.clips)
        expected, doubt = predicted(table, at, end)
        ended = [stopped(table, world, order, expected, doubt) for order in orders]
        saved = [
            (1 - epoch / epochs) * table.seconds[points].sum() / table.seconds[order].sum()
            for points, order in zip(ended, orders, strict=True)
        ]
        lost = [members[points].sum() / members.sum() for points in ended]
        print(
            f"epoch {epoch:2}: off by {doubt:.2f} in log-odds, {np.mean([len(points) for points in ended]):.1f} of "
            f"{np.mean([len(order) for order in orders]):.1f} trainings end there, {np.mean(saved):.1%} of the "
            f"search's training saved, {np.mean(lost):.1%} of the members lost"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
