"""Replays recorded grids under policies of search: python benchmarks/replay.py RUN... [--rivals] [--out DIR]

A policy sees bytes, latencies and forecast seconds of all points, and the accuracies of those that were trained; two
workers take a point whenever they are free. Each is judged against the whole grid of its world: the share of the
front's members that it trained, the ratio of hypervolumes, and the largest accuracy that it gives away at any limits.
Nothing is trained.
"""

from __future__ import annotations

import argparse
import heapq
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import moocore
import numpy as np
import numpy.typing as npt
from clairvoyant import Clairvoyant
from worlds import Table, World, make_world

from kwssearch.policies import Front, Grid, Point, Policy, Random, Seen, Signal, key_of
from kwssearch.policies.domination import Domination
from kwssearch.runs import load
from kwssearch.system import environment

Bools = npt.NDArray[np.bool_]
KINDS = {
    "record": 4, "bootstrap": 100, "halves": 100, "another seed": 100, "noisy seeds": 16, "middle best": 16, "flip": 16,
    "no effect": 15, "corner fails": 16, "pure chance": 16, "all front": 2, "hidden corner": 16, "needle": 16,
}  # fmt: skip
LIKELY = ("record", "bootstrap", "halves", "another seed")  # worlds for policies that are there for comparison
SMOOTH = ("bootstrap", "another seed")  # those whose surface can be known
EVERYWHERE = ("front", "front with a probe", "cheapest first, 15 %")
AFTER_LAB = "front, after lab4"
FIRST_SEED = 20_000  # settings were chosen on worlds with others
CONVERSION_SECONDS = 2.0
USEFUL = 0.85  # limits for which the grid has no better model are not looked at
NEAR = 0.003
VOLUMES = (0.9, 0.95, 0.99)


class Order:
    """Points in a fixed order."""

    name = "order"

    def __init__(self, table: Table, order: Sequence[int]) -> None:
        self.space = table.space
        self.points = [table.values[i] for i in order]

    def propose(self, seen: Sequence[Seen], pending: Sequence[Point]) -> Point | Signal:
        taken = {key_of(values) for values in (*(trial.values for trial in seen), *pending)}
        return next((values for values in self.points if key_of(values) not in taken), Signal.STOP)


class Searched(NamedTuple):
    """What a policy did.

    Attributes:
        order: points in the order of their ends.
        spent: seconds of training after each.
        clock: seconds that two workers took.
        deciding: seconds of a decision, on average.
    """

    order: list[int]
    spent: list[float]
    clock: float
    deciding: float


Make = Callable[[Table, World, int], Policy]


def policies(table: Table, rivals: bool) -> dict[str, tuple[Make, float]]:
    """Name -> how it is made from a table, a world and a seed, and the share of the grid's cost that it may spend."""
    if rivals:
        from rivals import Optuna

        return {
            "Optuna NSGA-II, 15 %": (lambda t, world, seed: Optuna(t, seed, "nsga2"), 0.15),
            "Optuna TPE, 15 %": (lambda t, world, seed: Optuna(t, seed, "tpe"), 0.15),
        }
    space = table.space
    macs = {planned.trial_id: float(w) for planned, w in zip(space.trials, table.macs, strict=True)}

    def front(**settings: Any) -> Make:
        return lambda t, world, seed: Front(space, t.known(seed), seed, **settings)

    def by_work(t: Table, seed: int) -> list[int]:
        return np.argsort(t.known(seed).work, kind="stable").tolist()

    return {
        "grid, declared": (lambda t, world, seed: Order(t, range(len(t.values))), 1),
        "grid": (lambda t, world, seed: Grid(space, macs), 1),
        "grid, longest first": (lambda t, world, seed: Order(t, by_work(t, seed)[::-1]), 1),
        "grid, cheapest first": (lambda t, world, seed: Order(t, by_work(t, seed)), 1),
        "cheapest first, 10 %": (lambda t, world, seed: Order(t, by_work(t, seed)), 0.10),
        "cheapest first, 15 %": (lambda t, world, seed: Order(t, by_work(t, seed)), 0.15),
        "random, 15 %": (lambda t, world, seed: Random(space, seed), 0.15),
        "front": (front(), 1),
        **{f"front, worth {worth}": (front(worth=worth), 1) for worth in (0.1, 0.45)},
        "front with a probe": (front(probe=True), 1),
        AFTER_LAB: (front(), 1),
        **{
            f"clairvoyant, worth {worth}": (lambda t, world, seed, worth=worth: Clairvoyant(t, world, seed, worth), 1)
            for worth in (0.1, 0.2, 0.45)
        },
    }


def simulate(
    table: Table, world: World, policy: Policy, budget: float, workers: int = 2, before: Sequence[int] = ()
) -> Searched:
    """Trains nothing: a worker that is free takes what the policy proposes, until it stops or the budget is spent.

    A point whose training another one had costs its conversion only.

    Args:
        before: points that an earlier run has trained, taken over for nothing.
    """
    index = {key_of(values): i for i, values in enumerate(table.values)}
    order = list(before)
    seen = [ended(table, world, point) for point in order]
    pending: list[Point] = []
    running: list[tuple[float, int]] = []
    spent = [0.0] * len(order)
    trained = {int(table.training[point]) for point in order}
    clock = total = deciding = 0.0
    asked, stopped = 0, False
    while True:
        while len(running) < workers and not stopped:
            began = time.process_time()
            following = policy.propose(seen, pending)
            deciding, asked = deciding + time.process_time() - began, asked + 1
            if isinstance(following, Signal):
                stopped = following is Signal.STOP
                break
            point = index[key_of(following)]
            known = table.training[point] in trained
            seconds = CONVERSION_SECONDS if known else float(table.seconds[point])
            stopped = not known and total + seconds > budget * table.total + 1e-6
            if stopped:
                break
            trained.add(int(table.training[point]))
            total += 0.0 if known else seconds
            pending.append(following)
            heapq.heappush(running, (clock + seconds, point))
        if not running:
            return Searched(order, spent, clock, deciding / max(1, asked))
        clock, point = heapq.heappop(running)
        pending = [values for values in pending if index[key_of(values)] != point]
        seen.append(ended(table, world, point))
        order.append(point)
        spent.append(total)


def ended(table: Table, world: World, point: int) -> Seen:
    return Seen(table.values[point], None if world.failed[point] else {"accuracy": float(world.decide[point])})


def of_the_lab(table: Table) -> list[int]:
    """The points of a grid that `lab4` has too: baselines, and those that change one thing."""
    plain = {"architecture": "cnn", "width_multiplier": 1.0, "final_sparsity": 0.0, "quantization": "none"}
    return [i for i, values in enumerate(table.values) if sum(values[axis] != plain[axis] for axis in plain) <= 1]


def judge(table: Table, world: World, searched: Searched) -> dict[str, float]:
    """Shares and points, against the world's whole grid."""
    accuracy = np.where(world.failed, 0.0, world.judged)
    domination = Domination(table.costs)
    members = domination.fronts(accuracy)[0] & ~world.failed
    got = np.zeros(len(accuracy), dtype=bool)
    whole = hypervolume(table, accuracy, ~world.failed)
    reached = dict.fromkeys(VOLUMES, np.nan)
    for point, spent in zip(searched.order, searched.spent, strict=True):
        got[point] = True
        volume = hypervolume(table, accuracy, got & ~world.failed) / whole
        reached.update({v: spent / table.total for v in VOLUMES if np.isnan(reached[v]) and volume >= v})
    allowed = budgets(table)
    best = np.where(allowed, accuracy, -1).max(axis=1)
    own = np.where(allowed & got, accuracy, 1 / 8).max(axis=1)
    useful = best >= USEFUL
    no_dearer = np.all(table.costs[None] <= table.costs[:, None], axis=2)
    beside = np.where(no_dearer & got, accuracy, 0).max(axis=1)
    row = {
        "cost": (searched.spent[-1] if searched.spent else 0.0) / table.total,
        "trained": float(got.sum()),
        "members": float(got[members].mean()),
        "near": float(np.mean(beside[members] >= accuracy[members] - NEAR)),
        "hypervolume": hypervolume(table, accuracy, got & ~world.failed) / whole,
        "loss": 100 * float((best - own)[useful].max(initial=0)),
        "hours": searched.clock / 3600,
        "deciding": searched.deciding,
        **{f"to {100 * v:.0f} %": cost for v, cost in reached.items()},
    }
    if world.truth is not None:
        picks = [
            world.truth[np.where(allowed & kept, accuracy, -1).argmax(axis=1)][useful] for kept in (~world.failed, got)
        ]
        ideal = np.where(allowed, world.truth, -1).max(axis=1)[useful]
        row["true loss of the grid"], row["true loss"] = (100 * float((ideal - pick).mean()) for pick in picks)
    return row


def budgets(table: Table) -> Bools:
    """What each pair of limits allows; shape (limits, points)."""
    costs = table.costs
    limits = np.stack(np.meshgrid(*(np.unique(column) for column in costs.T), indexing="ij"), axis=-1)
    allowed = np.all(costs[None] <= limits.reshape(-1, 1, costs.shape[1]), axis=2)
    return np.unique(allowed[allowed.any(axis=1)], axis=0)


def hypervolume(table: Table, accuracy: npt.NDArray[np.float64], kept: Bools) -> float:
    """On the scale that reports use: error rate, and logarithms of costs between their objectives' ends."""
    axes = [1 - accuracy]
    for costs, limits in zip(table.costs.T, table.scales, strict=True):
        if limits is not None:
            low, high = np.log(limits[0]), np.log(limits[1])
            axes.append(np.clip((np.log(costs) - low) / (high - low), 0, 1))
    points = np.column_stack(axes)[kept]
    return float(moocore.hypervolume(points, ref=np.ones(len(axes)))) if len(points) else 0.0


def summary(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Means over worlds, with the tails that matter."""
    table = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    means = {key: float(np.nanmean(values)) for key, values in table.items() if np.isfinite(values).any()}
    return {
        **means,
        "worlds": len(rows),
        "cost, 90th percentile": float(np.quantile(table["cost"], 0.9)),
        "members, worst tenth": float(np.quantile(table["members"], 0.1)),
        "hypervolume, worst": float(table["hypervolume"].min()),
    }


def replayed(table: Table, most: int, rivals: bool, only: str | None = None) -> Iterator[dict[str, Any]]:
    """A row for each policy and kind of world."""
    for name, (make, budget) in policies(table, rivals).items():
        if only not in (None, name):
            continue
        before = of_the_lab(table) if name == AFTER_LAB else ()
        for kind, count in KINDS.items():
            if kind not in (SMOOTH if name.startswith("clairvoyant") else KINDS if name in EVERYWHERE else LIKELY):
                continue
            rows = []
            for seed in range(FIRST_SEED, FIRST_SEED + min(count, most)):
                world = make_world(table, kind, seed)
                searched = simulate(table, world, make(table, world, seed), budget, before=before)
                rows.append(judge(table, world, searched))
            row = {"policy": name, "world": kind, **{k: round(v, 5) for k, v in summary(rows).items()}}
            print(line(row), flush=True)
            yield row


def line(row: Mapping[str, Any]) -> str:
    return (
        f"{row['policy']:24} {row['world']:14} cost {row['cost']:6.1%} ({row['cost, 90th percentile']:.1%}) "
        f"members {row['members']:6.1%} ({row['members, worst tenth']:.0%}) near {row['near']:6.1%} "
        f"hypervolume {row['hypervolume']:7.2%} ({row['hypervolume, worst']:.1%}) loss {row['loss']:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--worlds", type=int, default=100, help="of each kind, at most")
    parser.add_argument("--rivals", action="store_true", help="Optuna's samplers instead, which take long")
    parser.add_argument("--only", metavar="POLICY", help="this one; other rows of the JSON file stay")
    parser.add_argument("--out", type=Path, help="folder for a JSON file a run")
    given = parser.parse_args()
    for path in given.runs:
        table = Table(load(path))
        print(f"{path.name}: {len(table.values)} points, {table.total:,.0f} s of training in all")
        name = f"replay-{path.name}{'-rivals' if given.rivals else ''}.json"
        record: dict[str, Any] = {"run": path.name, "environment": environment.describe(), "rows": []}
        if given.only and given.out is not None:
            before = json.loads((given.out / name).read_text())["rows"]
            record["rows"] = [row for row in before if row["policy"] != given.only]
        for row in replayed(table, given.worlds, given.rivals, given.only):
            record["rows"].append(row)
            if given.out is not None:
                (given.out / name).write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
