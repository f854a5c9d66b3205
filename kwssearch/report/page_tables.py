"""The page's tables: the front, all trials, words, and how the run was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kwssearch.analysis import by_word, forecast_errors
from kwssearch.errors import counted
from kwssearch.report.markdown import table
from kwssearch.report.rows import by_costs
from kwssearch.report.tables import interval_cell, status_cell
from kwssearch.runs import SKIPPED, Run, Trial
from kwssearch.space import FLASH, MISSES, RAM, Objective, cost_objectives, milliseconds, quality_objectives

Row = Mapping[str, Any]


def front_table(rows: Sequence[Row], objectives: Sequence[Objective]) -> list[str]:
    """The front's rows, cheapest first, with how sure each place is."""
    kept = by_costs((dict(row) for row in rows if row["on_front"]), objectives)
    timed = any(objective.interval == "rounds" for objective in objectives)
    head = [
        *figure_head(objectives),
        *(["latency, 5th to 95th percentile"] if timed else []),
        "front in worlds",
        "ties with",
    ]
    return table(head, [[*figure_cells(row, objectives), *doubt_cells(row, timed)] for row in kept])


def trial_table(rows: Sequence[Row], objectives: Sequence[Objective]) -> list[str]:
    """Every trial in declared order."""
    tried = any(row["micro"] for row in rows)
    head = [*figure_head(objectives), *(["runs in TFLM"] if tried else []), "on the front"]
    cells = [[*figure_cells(row, objectives), *([row["micro"] or ""] if tried else [])] for row in rows]
    return table(head, [[*own, "yes" if row["on_front"] else ""] for own, row in zip(cells, rows, strict=True)])


def skipped_table(run: Run) -> list[str]:
    """What a search expects of the trials that it did not train, the likeliest to be missed first."""
    quality = quality_objectives(run.objectives)[0]
    skipped = [(trial, trial.skipped) for trial in run.trials if trial.status == SKIPPED and trial.skipped]
    rows = [
        (
            trial.trial_id,
            trial.name,
            f"{100 * told[quality.name]:.1f} ({100 * told['low']:.1f} to {100 * told['high']:.1f})",
            f"{100 * told['chance']:.0f} %",
            told["dominated_by"] or "",
        )
        for trial, told in sorted(skipped, key=lambda each: -each[1]["chance"])
    ]
    return table(("trial", "model", f"expected {quality.noun}, % (90 % interval)", "chance", "costs no more"), rows)


def figure_head(objectives: Sequence[Objective]) -> list[str]:
    nouns = [cost.noun for cost in shown_costs(objectives)]
    return ["trial", "strategy", "model", "accuracy, %", "95 % interval", *nouns]


def shown_costs(objectives: Sequence[Objective]) -> list[Objective]:
    """All that are judged beside accuracy, and what a device pays for the file itself."""
    heard = [each for each in objectives if each is MISSES]
    return list(dict.fromkeys((*heard, *cost_objectives(objectives), FLASH, RAM)))


def figure_cells(row: Row, objectives: Sequence[Objective]) -> list[object]:
    start = [row["trial_id"], row["strategy"], row["name"]]
    costs = shown_costs(objectives)
    if row["accuracy"] is None:
        return [*start, status_cell(row), "", *[""] * len(costs)]
    interval = f"{100 * row['accuracy_low']:.1f} to {100 * row['accuracy_high']:.1f}"
    return [*start, f"{100 * row['accuracy']:.1f}", interval, *(cost_cell(row, cost) for cost in costs)]


def cost_cell(row: Row, cost: Objective) -> str:
    if row[cost.name] is None:
        return ""
    mark = "~" if cost.interval == "rounds" and row["latency_provisional"] else ""
    interval = f" ({interval_cell(row, cost)})" if cost is MISSES else ""
    return mark + cost.show(row[cost.name]) + interval


def doubt_cells(row: Row, timed: bool) -> list[str]:
    spread = "provisional"
    if not row["latency_provisional"]:
        spread = f"{milliseconds(row['latency_low'])} to {milliseconds(row['latency_high'])}"
    return [*([spread] if timed else []), f"{100 * row['front_share']:.0f} %", " ".join(row["tied_with"])]


def word_table(run: Run, trials: Sequence[Trial]) -> list[str]:
    """A trial a column: the share of each word's test clips that it recognises, and of its answers that are right."""
    found = [by_word(run, trial) for trial in trials]
    head = ["word", "test clips", *(trial.trial_id for trial in trials)]
    rows = []
    for i, word in enumerate(run.words):
        cells = [f"{shown(words.recall[i])} / {shown(words.precision[i])}" for words in found]
        rows.append([word, f"{found[0].clips[i]:,.0f}", *cells])
    rows.append(["balanced accuracy", "", *(shown(words.balanced_accuracy) for words in found)])
    return table(head, rows)


def shown(share: float) -> str:
    return f"{100 * share:.0f}" if share == share else "-"


def compared(run: Run) -> str:
    """A page's heading."""
    where = f" on {run.target}" if run.target else ""
    return f"{run.space.name}: {counted(len(run.completed), 'model')} compared{where}"


def making_rows(run: Run) -> list[tuple[str, str]]:
    """What run.json tells of data, recipe, machine and versions; what it lacks is left out."""
    record, recipe = run.record, run.space.recipe
    data, machine = as_table(record.get("data")), as_table(record.get("environment"))
    splits = [f"{name} {size:,}" for name, size in as_table(data.get("splits")).items() if isinstance(size, int)]
    latency = as_table(run.latency_record)
    found = {
        "begun": record.get("created"),
        "data set": data.get("source"),
        "fingerprint": str(data.get("fingerprint", ""))[:16],
        "words": ", ".join(run.words),
        "clips": ", ".join(splits),
        "sampling rate, Hz": data.get("sampling_rate"),
        "features": ", ".join(f"{s.name} ({s.kind}, {s.shape[0]} x {s.shape[1]})" for s in run.space.features.values()),
        "recipe": f"{recipe.epochs} epochs, batches of {recipe.batch_size}, Adam, learning rate from "
        f"{recipe.learning_rate[0]:g} to {recipe.learning_rate[1]:g}, seed {recipe.seed}, "
        f"{counted(recipe.executions_per_trial, 'execution')} a trial, precision {recipe.precision}",
        "trials": f"{len(run.completed)} of {len(run.trials)} completed",
        "limits": "; ".join(run.space.limits.sentences),
        "latency": f"{latency['rounds']} rounds, {counted(latency.get('threads', 1), 'thread')}, "
        f"{'noisy' if latency.get('noisy') else 'quiet'} machine"
        if "rounds" in latency
        else "provisional",
        "latencies of": run.target,
        "timed on": named(as_table(latency.get("environment"))) if run.target else None,
        "errors of forecasts, in the median": ", ".join(map(str, forecast_errors(run))),
        "machine": named(machine),
        "versions": named(as_table(record.get("versions"))),
    }
    return [(name, str(value)) for name, value in found.items() if value]


def as_table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def named(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items() if value not in (None, ""))
