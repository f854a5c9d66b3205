"""Points whose files cannot keep a space's limits, by forecast: they are not trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kwssearch.compression import MEMORY_ERROR, Forecast, forecasts
from kwssearch.errors import SpaceError, counted
from kwssearch.runs import Run, RunFolder, Trial, left_out_record
from kwssearch.space import Device, Limits, Miss, PlannedTrial, SearchSpace, Stage, point_key

FORESEEN = ("max_memory", "max_flash", "max_ram")
Point = tuple[Any, ...]


@dataclass(frozen=True)
class Unfit:
    """Why a point is not trained."""

    forecast: Forecast
    misses: tuple[Miss, ...]

    @property
    def excess(self) -> float:
        return sum(miss.excess for miss in self.misses)

    @property
    def reason(self) -> str:
        return "; ".join(map(str, self.misses))

    def record(self, planned: PlannedTrial) -> dict[str, Any]:
        return left_out_record(planned, self.misses, asdict(self.forecast))


def foreseen_misses(limits: Limits, forecast: Forecast, quantization: str) -> tuple[Miss, ...]:
    """The limits that a file cannot keep; a zipped size counts if it is beyond by more than a forecast may be off."""
    slack = {"memory_bytes": 1 + MEMORY_ERROR[quantization]}
    found = limits.misses(asdict(forecast))
    return tuple(miss for miss in found if miss.value > miss.limit * slack.get(miss.objective.name, 1))


def unfit_points(
    space: SearchSpace, classes: int, waiting: Callable[[int], None] = lambda files: None
) -> dict[Point, Unfit]:
    """Key of a point -> why it is not trained. Nothing is foreseen of accuracy and latency.

    Args:
        waiting: called with the number of files that have to be made for it, each in about a second.

    Raises:
        SpaceError: no point of the space keeps the limits.
    """
    if not any(name in FORESEEN for name in space.limits.to_dict()):
        return {}
    known = forecasts(space, classes, waiting)
    unfit = {}
    for trial in space.trials:
        forecast = known[trial.trial_id]
        if misses := foreseen_misses(space.limits, forecast, trial.values["quantization"]):
            unfit[key_of(trial.values)] = Unfit(forecast, misses)
    if len(unfit) == len(space.trials):
        raise none_fits(space, unfit)
    return unfit


def fit_rows(
    space: SearchSpace,
    classes: int,
    rows: Sequence[Mapping[str, Any]],
    device: Device | None = None,
    waiting: Callable[[int], None] = lambda files: None,
) -> list[dict[str, Any]]:
    """Rows of `models.space_rows` with what the file of each trial will weigh, and whether that keeps the limits.

    `fits` says so, `misses` which limits it cannot keep; `estimated_ms` is the lowest and the highest time of an int8
    model on the device, by its multiply-accumulates and without the front end, else None.
    """
    known = forecasts(space, classes, waiting)
    found = []
    for row in rows:
        forecast = known[str(row["trial_id"])]
        misses = foreseen_misses(space.limits, forecast, str(row["quantization"]))
        seconds = device.seconds(row["macs"]) if device and row["quantization"] == "int8" else None
        estimate = None if seconds is None else [1000 * end for end in seconds]
        told = {"fits": not misses, "misses": [miss.objective.name for miss in misses], "estimated_ms": estimate}
        found.append({**row, **asdict(forecast), **told})
    return found


def fit_sentences(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What to know about such rows."""
    if not any("fits" in row for row in rows):
        return []
    kinds = {row["quantization"] for row in rows}
    off = ", ".join(f"{error:.0%} in {kind!r}" for kind, error in MEMORY_ERROR.items() if kind in kinds)
    found = [
        f"{sum(row['fits'] for row in rows)} of {counted(len(rows), 'trial')} can keep the limits; memory is a "
        f"forecast, off by up to {off}."
    ]
    if any(row["estimated_ms"] for row in rows):
        found.append("Times are estimated from multiply-accumulates, of int8 models alone and without the front end.")
    return found


def forecasting_sentence(files: int) -> str:
    """What is waited for when forecasts have to be made."""
    return (
        f"Making {counted(files, 'file')} of untrained models to see what they weigh, about a second each; next time "
        "this is remembered ..."
    )


def key_of(values: Mapping[str, Any]) -> Point:
    return point_key(values, Stage.FILE)


def none_fits(space: SearchSpace, unfit: Mapping[Point, Unfit]) -> SpaceError:
    nearest = min(space.trials, key=lambda trial: unfit[key_of(trial.values)].excess)
    return SpaceError(
        f"{space.name}: none of its {len(space.trials)} points keeps the limits; the nearest is trial "
        f"{nearest.trial_id} ({nearest.name}), forecast with {unfit[key_of(nearest.values)].reason}; "
        "loosen the limits or add smaller models."
    )


def settle_left_out(folder: RunFolder, run: Run, unfit: Mapping[Point, Unfit], proposed_by: str) -> Run:
    """Records which trials of a run are left out, and takes back those that keep the limits now; the run after it."""
    changed = False
    for trial in run.trials:
        why = unfit.get(key_of(trial.values))
        if why is None and trial.left_out:
            folder.take_back(trial)
            folder.forget_end()  # so that the search goes on
        elif why is not None and is_news(trial, why):
            folder.leave_out(trial.planned, proposed_by, why.record(trial.planned))
        else:
            continue
        changed = True
    return folder.load() if changed else run


def is_news(trial: Trial, why: Unfit) -> bool:
    """Whether a trial was not trained, and does not say yet why it will not be."""
    return not trial.executions and not trial.failures and trial.reason != why.reason
