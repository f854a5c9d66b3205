"""Trials as table rows, ready for JSON and CSV; None where a figure is not known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kwssearch.analysis.binomial import wilson
from kwssearch.analysis.pareto import fits, front, front_share, ties
from kwssearch.analysis.worlds import Interval, Worlds
from kwssearch.errors import did_you_mean
from kwssearch.runs import Execution, Run, Trial
from kwssearch.space import BASELINE, Objective, QuantityError, axis_names, cost_objectives, objectives_named

MEANS = ("accuracy", "memory_bytes", "tflite_bytes", "achieved_sparsity", "parameters", "epochs", "macs")
LATENCIES = ("latency_ms", "feature_latency_ms", "model_latency_ms")
LIMITED = {"min_accuracy": "accuracy", "max_memory": "memory_bytes", "max_latency": "latency_ms"}


def columns(objectives: Sequence[Objective] = ()) -> tuple[str, ...]:
    """Keys of a row, in order; those of objectives that are not among them stand at the end."""
    known = (
        "trial_id", "strategy", *axis_names(), "status", "accuracy", "accuracy_low", "accuracy_high",
        "accuracy_spread", "executions", "memory_bytes", "tflite_bytes", *LATENCIES, "latency_low", "latency_high",
        "latency_provisional", "latency_ratio", "latency_ratio_low", "latency_ratio_high", "achieved_sparsity",
        "parameters", "macs", "epochs", "precision", "on_front", "front_share", "tied_with", "reason",
    )  # fmt: skip
    return (*known, *(objective.name for objective in objectives if objective.name not in known))


def trial_rows(run: Run, trials: Sequence[Trial] | None = None, worlds: Worlds | None = None) -> list[dict[str, Any]]:
    """A row with the keys of `columns` for each of `trials` (default: every planned one), in their order.

    `on_front`, `front_share` and `tied_with` are among `trials`. Accuracies are shares, latencies ms;
    `latency_low` and `latency_high` are the 5th and 95th percentile over rounds, the ratio is to the baseline
    with the same features, the other lows and highs are ends of 95 % intervals.
    """
    chosen = run.trials if trials is None else trials
    worlds = worlds or Worlds(run)
    shares = front_share(worlds, chosen)
    alike = ties(worlds, chosen)
    return [
        {
            **dict.fromkeys(columns(run.objectives)),
            "trial_id": trial.trial_id,
            "strategy": trial.strategy,
            **trial.values,
            "status": trial.status,
            "executions": len(trial.executions),
            **(figures(worlds, trial) if trial.executions else {}),
            "on_front": on_front,
            "front_share": shares.get(trial.trial_id),
            "tied_with": alike.get(trial.trial_id, []),
            "reason": trial.failures[0].record.get("reason") if trial.failures else None,
        }
        for trial, on_front in zip(chosen, front(chosen, run.objectives), strict=True)
    ]


def figures(worlds: Worlds, trial: Trial) -> dict[str, Any]:
    """What was measured of a completed trial."""
    low, high = accuracy_interval(worlds, trial)
    accuracies = [execution["accuracy"] for execution in trial.executions]
    names = dict.fromkeys((*MEANS, *(objective.name for objective in worlds.run.objectives)))
    return {
        **{name: whole(trial.figure(name)) for name in names},
        "accuracy": trial.accuracy,
        "accuracy_low": low,
        "accuracy_high": high,
        "accuracy_spread": float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else None,
        **{name: trial.figure(name) for name in LATENCIES},
        **latency_figures(worlds, trial),
        "precision": trial.executions[0].record.get("precision"),
    }


def whole(mean: float) -> float:
    """A mean of counts stays a whole number where it is one."""
    return int(mean) if mean == int(mean) else mean


def accuracy_interval(worlds: Worlds, trial: Trial) -> tuple[float, float]:
    """Wilson's for one execution, the bootstrap's over speakers and seeds for several."""
    if len(trial.executions) == 1:
        return recorded_interval(trial.executions[0]) or wilson(*correct_clips(worlds, trial.executions[0]))
    interval = worlds.estimate(worlds.weights(trial))
    return interval.low, interval.high


def recorded_interval(execution: Execution) -> tuple[float, float] | None:
    """The interval that was computed when the execution was scored, so that tables need no scipy."""
    match execution.record.get("accuracy_interval"):
        case [int() | float() as low, int() | float() as high]:
            return float(low), float(high)
    return None


def correct_clips(worlds: Worlds, execution: Execution) -> tuple[int, int]:
    labels = worlds.run.labels
    return int(np.sum(execution.predictions == labels)), len(labels)


def latency_figures(worlds: Worlds, trial: Trial) -> dict[str, Any]:
    """Spread over rounds, and the ratio to the baseline where both were measured in the same rounds."""
    if trial.latency is None:
        return {"latency_provisional": True}
    low, high = np.quantile(trial.latency.total, [0.05, 0.95]).tolist()
    found = {"latency_provisional": False, "latency_low": low, "latency_high": high}
    baseline = worlds.run.baseline_of(trial)
    if baseline is not None and baseline.latency is not None:
        ratio = Interval.of(*worlds.latency_ratio(trial, baseline))
        found |= {"latency_ratio": ratio.value, "latency_ratio_low": ratio.low, "latency_ratio_high": ratio.high}
    return found


def front_rows(
    run: Run,
    min_accuracy: float | None = None,
    max_memory: float | None = None,
    max_latency: float | None = None,
    strategy: str | None = None,
    confident: float | None = None,
    worlds: Worlds | None = None,
) -> list[dict[str, Any]]:
    """Rows of the front of what fits, smallest memory first.

    Args:
        min_accuracy: 0 to 1.
        max_memory: bytes, zipped.
        max_latency: ms.
        strategy: only its trials and the baseline's.
        confident: keep what is on the front in at least this share of bootstrap worlds.

    Raises:
        QuantityError: no such strategy, or `confident` is no share.
    """
    if confident is not None and not 0 <= confident <= 1:
        raise QuantityError(f"confident: got {confident}, expected a share from 0 to 1, such as 0.9.")
    asked = {"min_accuracy": min_accuracy, "max_memory": max_memory, "max_latency": max_latency}
    limits = {LIMITED[name]: limit for name, limit in asked.items() if limit is not None}
    by_objective = dict(zip(objectives_named(tuple(limits)), limits.values(), strict=True))
    within = [trial for trial in of_strategy(run, strategy) if fits(trial, by_objective)]
    rows = [row for row in trial_rows(run, within, worlds) if row["on_front"]]
    kept = [row for row in rows if confident is None or row["front_share"] >= confident]
    return by_costs(kept, run.objectives)


def by_costs(rows: Iterable[dict[str, Any]], objectives: Sequence[Objective]) -> list[dict[str, Any]]:
    """Cheapest first, by the first cost, then by the next."""
    return sorted(rows, key=lambda row: [cost.sign * row[cost.name] for cost in cost_objectives(objectives)])


def of_strategy(run: Run, strategy: str | None) -> list[Trial]:
    """A strategy's trials with the baseline's; all of them for None.

    Raises:
        QuantityError: no such strategy.
    """
    known = [declared.name for declared in run.space.strategies]
    if strategy is not None and strategy not in known:
        raise QuantityError(
            f"strategy: got {strategy!r}, expected one of {', '.join(map(repr, known))}.{did_you_mean(strategy, known)}"
        )
    return [trial for trial in run.trials if strategy in (None, trial.strategy) or trial.strategy == BASELINE]
