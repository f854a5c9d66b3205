"""The non-dominated trials, how sure their place is, and the volume they dominate (by moocore)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import moocore
import numpy as np
import numpy.typing as npt

from kwssearch.analysis.worlds import Floats, Interval, Worlds
from kwssearch.errors import UserError
from kwssearch.runs.run import OBJECTIVES, Objective, Trial
from kwssearch.space.schema import show

TIE_TOLERANCE = 0.01  # memories and latencies nearer than this share are alike for any device
PERHAPS_TIED = 0.05  # logarithmic distance beyond which no interval needs to be looked at

MEMORY_RANGE = (1e3, 1e7)  # bytes
LATENCY_RANGE = (0.01, 100.0)  # ms
REFERENCE = (1.0, 1.0, 1.0)
REFERENCE_NOTE = (
    "Share of the unit cube that the front dominates, reference point (1, 1, 1). The axes are the error rate "
    "(1 - accuracy); memory on a logarithmic scale from 1 kB (0) to 10 MB (1); and latency on a logarithmic "
    "scale from 0.01 ms (0) to 100 ms (1). They are the same for every run."
)

BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
MILLISECONDS = {"": 1.0, "ms": 1.0, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ns": 1e-6, "s": 1e3}
SHARES = {"": 1.0, "%": 0.01}


class QuantityError(UserError):
    """A limit on the command line that cannot be read."""

    exit_code = 2


def losses(trials: Sequence[Trial], objectives: Sequence[Objective] = OBJECTIVES) -> Floats:
    """Objective values, shape (trials, objectives); lower is better."""
    rows = [[o.sign * getattr(trial, o.name) for o in objectives] for trial in trials]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(objectives))


def non_dominated(points: Floats) -> npt.NDArray[np.bool_]:
    """Shape (points,), of losses, shape (points, objectives); equal points are all kept."""
    if not len(points):
        return np.zeros(0, dtype=bool)
    return np.asarray(moocore.is_nondominated(points, keep_weakly=True))


def front(trials: Sequence[Trial], objectives: Sequence[Objective] = OBJECTIVES) -> list[bool]:
    """Whether each trial is non-dominated among `trials`; one without a completed execution never is."""
    completed = [trial for trial in trials if trial.executions]
    kept = iter(non_dominated(losses(completed, objectives)).tolist())
    return [bool(trial.executions) and next(kept) for trial in trials]


def front_share(worlds: Worlds, trials: Sequence[Trial] | None = None, limit: int = 1000) -> dict[str, float]:
    """Trial id -> share of bootstrap worlds in which it is non-dominated among `trials` (default: all completed)."""
    chosen = [worlds.place[t.trial_id] for t in (worlds.trials if trials is None else trials) if t.executions]
    if not chosen:
        return {}
    points = np.stack([-worlds.accuracy, worlds.memory, worlds.latency], axis=2)[:limit, chosen].astype(np.float64)
    share = np.mean([non_dominated(world) for world in points], axis=0)
    return {worlds.trials[i].trial_id: float(s) for i, s in zip(chosen, share, strict=True)}


def ties(worlds: Worlds, trials: Sequence[Trial]) -> dict[str, list[str]]:
    """Trial id -> the others of `trials` that no objective tells from it.

    Two trials tie when the interval of their paired accuracy difference includes zero, and the intervals of
    their memory ratio and latency ratio come within `TIE_TOLERANCE` of one.
    """
    completed = [trial for trial in trials if trial.executions]
    found: dict[str, list[str]] = {trial.trial_id: [] for trial in completed}
    memory, latency = (np.log(np.maximum(c, 1e-9)) for c in losses(completed, OBJECTIVES[1:]).T)
    apart = np.maximum(abs(memory[:, None] - memory), abs(latency[:, None] - latency))
    for i, j in np.argwhere(np.triu(apart < PERHAPS_TIED, 1)):
        if tied(worlds, completed[i], completed[j]):
            found[completed[i].trial_id].append(completed[j].trial_id)
            found[completed[j].trial_id].append(completed[i].trial_id)
    return found


def tied(worlds: Worlds, first: Trial, second: Trial) -> bool:
    if not worlds.estimate(worlds.difference(first, second)).includes(0):
        return False
    i, j = worlds.place[first.trial_id], worlds.place[second.trial_id]
    for drawn in (worlds.memory[:, i] / worlds.memory[:, j], worlds.latency_ratio(first, second)[1]):
        ratio = Interval.of(1.0, drawn)
        if ratio.low > 1 + TIE_TOLERANCE or ratio.high < 1 / (1 + TIE_TOLERANCE):
            return False
    return True


def hypervolume(trials: Sequence[Trial]) -> float:
    """Volume that the completed trials dominate, 0 to 1, as `REFERENCE_NOTE` says; beyond a range counts as its end."""
    completed = [trial for trial in trials if trial.executions]
    if not completed:
        return 0.0
    accuracy, memory, latency = losses(completed).T
    scaled = np.column_stack([1 + accuracy, on_scale(memory, MEMORY_RANGE), on_scale(latency, LATENCY_RANGE)])
    return float(moocore.hypervolume(scaled, ref=REFERENCE))


def on_scale(values: Floats, limits: tuple[float, float]) -> Floats:
    """Logarithmic place of values between two limits, clipped to [0, 1]."""
    low, high = np.log(limits)
    return np.asarray(np.clip((np.log(np.maximum(values, limits[0])) - low) / (high - low), 0, 1))


def fits(
    trial: Trial,
    min_accuracy: float | None = None,
    max_memory: float | None = None,
    max_latency: float | None = None,
) -> bool:
    """Whether a completed trial's figures are within a device's limits, ends included; None allows all.

    Args:
        min_accuracy: 0 to 1.
        max_memory: bytes, zipped.
        max_latency: ms.
    """
    return bool(trial.executions) and (
        (min_accuracy is None or trial.accuracy >= min_accuracy)
        and (max_memory is None or trial.memory_bytes <= max_memory)
        and (max_latency is None or trial.latency_ms <= max_latency)
    )


def parse_share(text: str, name: str = "accuracy") -> float:
    """'0.9' or '90%' as a share; `name` is what it is given for.

    Raises:
        QuantityError: not a share from 0 to 1.
    """
    value = parse_quantity(text, SHARES)
    if value is None or not 0 <= value <= 1:
        raise QuantityError(f"{name}: got {show(text)}, expected a share from 0 to 1 or percents, as 0.9 or 90%.")
    return value


def parse_bytes(text: str) -> float:
    """'100kB' (1000), '1 MiB' (1,048,576) or plain bytes, as bytes.

    Raises:
        QuantityError: not an amount of memory.
    """
    value = parse_quantity(text, BYTES)
    if value is None or value < 0:
        raise QuantityError(f"memory: got {show(text)}, expected a number with B, kB, MB, KiB or MiB, as 100kB.")
    return value


def parse_milliseconds(text: str) -> float:
    """'2ms', '500us', '0.1 s' or plain milliseconds, as milliseconds.

    Raises:
        QuantityError: not a time.
    """
    value = parse_quantity(text, MILLISECONDS)
    if value is None or value < 0:
        raise QuantityError(f"latency: got {show(text)}, expected a number with us, ms or s, as 2ms.")
    return value


def parse_quantity(text: str, units: dict[str, float] | dict[str, int]) -> float | None:
    """A finite number and a known unit multiplied, else None."""
    match = re.fullmatch(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?)\s*(\D*?)\s*", text, re.IGNORECASE | re.ASCII)
    if match is None or match[2].lower() not in units:
        return None
    value = float(match[1]) * units[match[2].lower()]
    return value if math.isfinite(value) else None
