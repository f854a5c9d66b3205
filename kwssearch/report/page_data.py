"""What the interactive page works with: figures, their texts and the rule of `pick`, in columns over the trials."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any

import numpy as np

from kwssearch.analysis import Floats, by_word, non_dominated, preferences
from kwssearch.analysis.picked import reason_phrase
from kwssearch.analysis.picking import order_of
from kwssearch.errors import printable
from kwssearch.report.page_tables import cost_cell
from kwssearch.report.page_worlds import HEARD, figure_name, packed_worlds
from kwssearch.report.spending import spending
from kwssearch.report.stops import devices, is_finite, stops
from kwssearch.report.tables import interval_cell, status_cell
from kwssearch.runs import Run, Trial
from kwssearch.space import (
    ACCURACY,
    FLASH,
    LATENCY,
    MEMORY,
    MISSES,
    RAM,
    Objective,
    all_axes,
    milliseconds,
    objectives_named,
    percents,
)

Row = Mapping[str, Any]
VALIDATION = "validation_accuracy"
JUDGED = (ACCURACY, MEMORY, FLASH, RAM, LATENCY)
DIGITS = 4  # of a figure in a learning curve


def page_data(run: Run, rows: Sequence[Row]) -> dict[str, Any]:
    """JSON-ready, the same for the same run.

    Args:
        rows: of all trials of the run, as `trial_rows` makes them.
    """
    axes = axes_of(run, rows)
    figures = {
        axis["name"]: [row[axis["name"]] if is_finite(row[axis["name"]]) else None for row in rows] for axis in axes
    }
    qualities = (ACCURACY, MISSES) if run.heard_alike else (ACCURACY,)
    deciding = {each.name: deciding_figures(run, each) for each in qualities}
    if run.heard_alike:
        figures[HEARD] = deciding[MISSES.name]
    by = "test" if run.on_validation is None else "validation"
    return {
        "folder": quote(str(run.folder)),
        "target": None if run.target is None else quote(run.target),
        "words": [printable(word) for word in run.words],
        "decides": by,
        "axes": axes,
        "figures": figures,
        "deciding": deciding[ACCURACY.name],
        "shown": {axis["name"]: [shown(row, axis["name"]) for row in rows] for axis in axes},
        "intervals": {ACCURACY.name: list(map(interval_cell, rows)), LATENCY.name: list(map(rounds_cell, rows))},
        "ends": [[row["accuracy_low"], row["accuracy_high"]] for row in rows],
        "fronts": {f"{x['name']} {y['name']}": front_of(figures, x, y) for x, y in itertools.permutations(axes, 2)},
        "trials": [trial_entry(trial, row) for trial, row in zip(run.trials, rows, strict=True)],
        "colors": colors(run),
        "cost": [[printable(spent.strategy), spent.hours] for spent in spending(run)],
        "limits": stops(run, deciding),
        "devices": devices(),
        "prefer": {key: preference(key, run, by) for key in preferences(run)},
        "worlds": packed_worlds(run),
        "details": [details(run, trial) if trial.executions else None for trial in run.trials],
    }


def preference(key: str, run: Run, by: str) -> dict[str, Any]:
    """What decides, first to last, and what is said of it; `#` stands for how many are as good."""
    order = order_of(key, run)
    deciders = [{"name": figure_name(o.name), "sign": o.sign, "cost": o.is_cost, "same": o.resolution} for o in order]
    return {"order": deciders, "alone": reason_phrase(order, by, 1), "alike": reason_phrase(order, by, "#")}


def deciding_figures(run: Run, objective: Objective) -> list[float | None]:
    """By which `pick` chooses; None of a trial that is not completed."""
    judged = {trial.trial_id: trial.figure(objective.name) for trial in (run.on_validation or run).completed}
    return [judged.get(trial.trial_id) for trial in run.trials]


def axes_of(run: Run, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What can be drawn against what: all that is judged or limited, as far as it is recorded."""
    known = [o for o in dict.fromkeys((*JUDGED, *run.objectives)) if any(row[o.name] is not None for row in rows)]
    found = [
        {
            "name": o.name,
            "label": o.label,
            "noun": o.noun,
            "unit": o.unit,
            "factor": o.factor,
            "cost": o is not ACCURACY,
        }
        for o in known
    ]
    if any(row[VALIDATION] is not None for row in rows):
        accuracy = next(axis for axis in found if axis["name"] == ACCURACY.name)
        own = {
            "name": VALIDATION,
            "label": "accuracy on the validation split",
            "noun": "validation accuracy",
            "short": "validation",
        }
        found.insert(1, {**accuracy, **own})
    return found


def shown(row: Row, name: str) -> str:
    """A figure with its unit; empty where it is not known."""
    if row[name] is None:
        return ""
    if name == VALIDATION:
        return percents(row[name])
    (objective,) = objectives_named([name])
    return cost_cell(row, objective)


def rounds_cell(row: Row) -> str:
    """Where nine of ten rounds of the timing lie; empty while provisional."""
    if row["latency_low"] is None:
        return ""
    low, high = (milliseconds(row[end]).removesuffix(" ms") for end in ("latency_low", "latency_high"))
    return f"rounds {low}–{high}"


def front_of(figures: Mapping[str, Sequence[float | None]], x: Row, y: Row) -> list[int]:
    """Places of the trials that are non-dominated in these two, by the first."""
    pairs = zip(figures[x["name"]], figures[y["name"]], strict=True)
    known = [i for i, pair in enumerate(pairs) if None not in pair]
    signs = np.array([1 if axis["cost"] else -1 for axis in (x, y)])
    points: Floats = np.array([[figures[axis["name"]][i] for axis in (x, y)] for i in known], dtype=np.float64)
    best = np.flatnonzero(non_dominated(points.reshape(-1, 2) * signs))
    return [known[int(i)] for i in sorted(best, key=lambda i: (points[i] * signs).tolist())]


def trial_entry(trial: Trial, row: Row) -> dict[str, Any]:
    """One trial in words, and what a search expects of it that did not train it."""
    share = row["front_share"]
    return {
        "id": trial.trial_id,
        "name": printable(trial.name),
        "short": printable(trial.planned.short_name),
        "strategy": printable(trial.strategy),
        "status": status_cell(row),
        "front": row["on_front"],
        "share": "" if share is None else f"{100 * share:.0f} %",
        "ties": row["tied_with"],
        "settings": {axis.heading: value_text(trial.values[axis.name]) for axis in all_axes()},
        "reason": "" if trial.reason is None else printable(trial.reason),
        "warnings": [printable(phrase) for phrase in row["warnings"]],
        "expected": expected_figures(trial.skipped) if trial.skipped else None,
    }


def expected_figures(expected: Mapping[str, Any]) -> dict[str, float]:
    """What a search expects of a trial that it did not train: how good it is, and what was known of its costs."""
    good = {each.name: expected[each.name] for each in (ACCURACY, MISSES) if each.name in expected}
    return {**good, **expected.get("costs", {})}


def value_text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else printable(value)


def colors(run: Run) -> list[dict[str, Any]]:
    """What points can be coloured by: the strategy, and each axis that varies."""
    found: list[dict[str, Any]] = [
        {
            "name": "strategy",
            "label": "strategy",
            "number": False,
            "values": [printable(trial.strategy) for trial in run.trials],
        }
    ]
    for axis in all_axes():
        values = [trial.values[axis.name] for trial in run.trials]
        if len(set(values)) > 1:
            number = all(isinstance(value, int | float) for value in values)
            told = values if number else [printable(value) for value in values]
            label = axis.heading if axis.heading != "α" else "width multiplier α"
            found.append({"name": axis.name, "label": label, "number": number, "values": told})
    return found


def details(run: Run, trial: Trial) -> dict[str, Any]:
    """Confusions (clips over all executions, word by word), curves and sparsity of a completed trial."""
    seeds = len(trial.executions)
    confusions = np.rint(by_word(run, trial).confusions * seeds).astype(int)
    return {
        "seeds": seeds,
        "confusions": confusions.ravel().tolist(),
        "curves": curves(trial),
        "sparsity": sparsity(trial),
    }


def curves(trial: Trial) -> dict[str, list[float]]:
    """Figure -> its mean over the executions after each epoch; what not all of them recorded is left out."""
    recorded = [execution.record.get("history") for execution in trial.executions]
    histories = [history if isinstance(history, list) else [] for history in recorded]
    epochs = min(map(len, histories))
    found = {}
    for key in ("accuracy", "val_accuracy", "loss", "val_loss"):
        try:
            values = np.array([[float(epoch[key]) for epoch in history[:epochs]] for history in histories])
        except (KeyError, TypeError, ValueError):
            continue
        if epochs and np.isfinite(values).all():
            found[key] = values.mean(axis=0).round(DIGITS).tolist()
    return found


def sparsity(trial: Trial) -> list[tuple[str, float]]:
    """Kernel and its share of zeros, in the file's order, of the first execution."""
    layers = trial.executions[0].record.get("sparsity_by_layer")
    if not isinstance(layers, Mapping):
        return []
    shares = ((name, share) for name, share in layers.items() if is_finite(share))
    return [(printable(name), round(float(share), DIGITS)) for name, share in shares]
