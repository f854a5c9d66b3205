"""Trials as table rows, ready for JSON and CSV; None where a figure is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kwssearch.analysis import (
    Interval,
    Worlds,
    accuracy_interval,
    by_word,
    distance,
    fits,
    front,
    front_share,
    miss_sentence,
    ties,
    trial_cautions,
)
from kwssearch.errors import did_you_mean
from kwssearch.runs import Run, Trial
from kwssearch.space import BASELINE, MISSES, NO_LIMITS, Limits, Objective, QuantityError, axis_names, cost_objectives

MEANS = (
    "accuracy", "word_accuracy", "memory_bytes", "tflite_bytes", "activation_bytes", "achieved_sparsity", "parameters",
    "macs", "validation_accuracy", "twin_agreement", "twin_difference", "reference_agreement",
)  # fmt: skip
LATENCIES = ("latency_ms", "feature_latency_ms", "model_latency_ms")


def columns(objectives: Sequence[Objective] = ()) -> tuple[str, ...]:
    """Keys of a row, in order; those of objectives that are not among them stand at the end."""
    known = (
        "trial_id", "strategy", "name", "short_name", *axis_names(), "status", "accuracy", "accuracy_low",
        "accuracy_high", "accuracy_spread", "word_accuracy", "balanced_accuracy", "executions", "memory_bytes",
        "tflite_bytes",
        "activation_bytes", "arena_bytes", "micro", "validation_accuracy", "twin_agreement", "twin_difference",
        "reference_agreement", *LATENCIES,
        "latency_low", "latency_high", "latency_provisional", "latency_ratio", "latency_ratio_low",
        "latency_ratio_high", "achieved_sparsity", "parameters", "macs", "precision", "on_front",
        "front_share", "tied_with", "warnings", "reason",
    )  # fmt: skip
    others = [objective for objective in objectives if objective.name not in known]
    ends = [f"{each.name}_{end}" for each in others if each is MISSES for end in ("low", "high")]
    return (*known, *(objective.name for objective in others), *ends)


def trial_rows(
    run: Run, trials: Sequence[Trial] | None = None, worlds: Worlds | None = None, exact: bool = False
) -> list[dict[str, Any]]:
    """A row with the keys of `columns` for each of `trials` (default: every planned one), in their order.

    `on_front` (of the plain front where it shall be `exact`), `front_share` and `tied_with` are among `trials`.
    Accuracies are shares, latencies ms; `latency_low` and `latency_high` are the 5th and 95th percentile over
    rounds, the ratio is to the baseline with the same features, the other lows and highs are ends of 95 % intervals.
    """
    chosen = run.trials if trials is None else trials
    worlds = worlds or Worlds(run)
    shares = front_share(worlds, chosen)
    alike = ties(worlds, chosen)
    return [
        {
            **dict.fromkeys(columns(run.objectives)),
            **trial.planned.row,
            "status": trial.status,
            "executions": len(trial.executions),
            "warnings": [],
            **(figures(worlds, trial) if trial.executions else {}),
            "on_front": on_front,
            "front_share": shares.get(trial.trial_id),
            "tied_with": alike.get(trial.trial_id, []),
            "reason": trial.reason,
        }
        for trial, on_front in zip(chosen, front(worlds, chosen, exact), strict=True)
    ]


def figures(worlds: Worlds, trial: Trial) -> dict[str, Any]:
    """What was measured of a completed trial."""
    low, high = accuracy_interval(worlds, trial)
    accuracies = [execution["accuracy"] for execution in trial.executions]
    names = dict.fromkeys((*MEANS, *(objective.name for objective in worlds.run.objectives)))
    return {
        **{name: whole(trial.figure(name)) for name in names if trial.known(name)},
        "accuracy": trial.accuracy,
        "accuracy_low": low,
        "accuracy_high": high,
        "accuracy_spread": float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else None,
        "balanced_accuracy": by_word(worlds.run, trial).balanced_accuracy,
        **(miss_figures(worlds, trial) if MISSES in worlds.run.objectives else {}),
        **micro_figures(trial.executions[0].record),
        **{name: trial.figure(name) for name in LATENCIES},
        **latency_figures(worlds, trial),
        "precision": trial.executions[0].record.get("precision"),
        "warnings": trial_cautions(worlds, trial),
    }


def miss_figures(worlds: Worlds, trial: Trial) -> dict[str, Any]:
    """The ends of the interval of the keywords that it misses."""
    name = MISSES.name
    found = Interval.of(trial.figure(name), worlds.drawn[name][:, worlds.place[trial.trial_id]])
    return {f"{name}_low": found.low, f"{name}_high": found.high}


def micro_figures(record: Mapping[str, Any]) -> dict[str, Any]:
    """Whether TensorFlow Lite Micro takes the file, and the arena it needs there; None where that was not tried."""
    found = record.get("micro", {})
    taken = {None: None, True: "yes", False: "no"}[found.get("accepted")]
    return {"micro": taken, "arena_bytes": found.get("arena_bytes")}


def whole(mean: float) -> float:
    """A mean of counts stays a whole number where it is one."""
    return int(mean) if mean == int(mean) else mean


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
    limits: Limits = NO_LIMITS,
    strategy: str | None = None,
    confident: float | None = None,
    worlds: Worlds | None = None,
    exact: bool = False,
) -> list[dict[str, Any]]:
    """Rows of the front of what keeps limits, smallest memory first.

    Args:
        strategy: only its trials and the baseline's.
        confident: keep what is on the front in at least this share of bootstrap worlds.
        exact: the plain front, with those that stand on it by less than can be measured.

    Raises:
        QuantityError: no such strategy, or `confident` is not a share.
    """
    if confident is not None and not 0 <= confident <= 1:
        raise QuantityError(f"confident: got {confident}, expected a share from 0 to 1, such as 0.9.")
    within = [trial for trial in of_strategy(run, strategy) if fits(trial, limits)]
    rows = [row for row in trial_rows(run, within, worlds, exact) if row["on_front"]]
    kept = [row for row in rows if confident is None or row["front_share"] >= confident]
    return by_costs(kept, run.objectives)


def nearest_misses(run: Run, limits: Limits, strategy: str | None = None, count: int = 3) -> list[str]:
    """A sentence for each of the completed trials that come nearest to limits that none fits."""
    missing = [trial for trial in of_strategy(run, strategy) if trial.executions and not fits(trial, limits)]
    ranked = sorted(missing, key=lambda trial: distance(trial, limits))
    return [miss_sentence(trial, limits) for trial in ranked[:count]]


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


def trial_details(run: Run, trial_id: str, worlds: Worlds | None = None) -> dict[str, Any]:
    """A trial's row, `name`, and what it makes of each word (see `ByWord.to_dict`; empty before it is completed).

    Args:
        trial_id: as it is listed, or without leading zeros.

    Raises:
        QuantityError: no such trial.
    """
    trial = run.trial(trial_id)
    row = next(row for row in trial_rows(run, worlds=worlds) if row["trial_id"] == trial.trial_id)
    words = by_word(run, trial).to_dict() if trial.executions else {"words": [], "mistakes": []}
    return {**row, "name": trial.name, **words}
