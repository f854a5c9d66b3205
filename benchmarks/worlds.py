"""A recorded grid as a table, and worlds made of it: what else might have been measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from kwssearch.policies import Known, key_of
from kwssearch.policies.known import Encoding, encoded
from kwssearch.policies.surrogate import odds
from kwssearch.runs import Run
from kwssearch.space import SearchSpace, Stage, cost_objectives, point_key

Floats = npt.NDArray[np.float64]
SEED_SD = 0.08  # of log-odds between seeds, pooled over a recorded run of three
FIT_SD = 0.12
FORECAST_SD = 0.11  # of logarithms of seconds: nine of ten forecasts were within 17 %


@dataclass(frozen=True)
class World:
    """What would be measured.

    Attributes:
        decide: accuracies that a search sees; shape (points,).
        judged: those that it is judged by.
        failed: whether each point's training fails.
        truth: accuracies over all seeds and clips, where they are known.
    """

    decide: Floats
    judged: Floats
    failed: npt.NDArray[np.bool_]
    truth: Floats | None = None


class Table:
    """A recorded grid whose trials are all completed.

    Sparsity does not change a kernel's time, nor the front end a file's size: points that differ in these only share
    one figure, the median, so that noise makes no member of a front.

    Args:
        run: a grid; the first executions are taken. Where a converted file failed, the float32 files alone.
    """

    def __init__(self, run: Run) -> None:
        if any(not trial.executions and trial.values["quantization"] != "none" for trial in run.trials):
            run = without_variants(run)
        unfinished = [trial.trial_id for trial in run.trials if not trial.executions]
        if unfinished:
            raise SystemExit(f"{run.folder}: trials {', '.join(unfinished[:8])} are not done, expected a whole grid.")
        records = [trial.executions[0].record for trial in run.trials]
        self.space: SearchSpace = run.space
        self.encoding: Encoding = encoded(run.space)
        self.values: list[Mapping[str, Any]] = [trial.values for trial in run.trials]
        self.clips = len(run.labels)
        right = np.array([np.asarray(record["predictions"]) == run.labels for record in records], dtype=np.float64)
        self.right = per_speaker(right, run.speakers)
        self.of_speaker = np.bincount(run.speakers).astype(np.float64)
        self.accuracy = right.mean(axis=1)
        validation = [record.get("validation_accuracy") for record in records]
        self.validation = None if None in validation else np.array(validation, dtype=np.float64)
        self.histories = [record["history"] for record in records]
        self.macs = np.array([record["macs"] for record in records], dtype=np.float64)
        trainings = [point_key(values, Stage.ENDING) for values in self.values]
        self.training = np.array([trainings.index(each) for each in trainings])
        seconds = [record.get("train_cpu_seconds", record["train_seconds"]) for record in records]
        self.seconds = np.array(seconds, dtype=np.float64)
        costs = []
        for objective in cost_objectives(run.objectives):
            figures = [trial.figure(objective.name) for trial in run.trials]
            left_out = "final_sparsity" if objective.interval == "rounds" else "features"
            costs.append(self.shared(figures, left_out))
        self.costs = np.column_stack(costs)
        self.scales = [objective.limits for objective in cost_objectives(run.objectives)]

    @property
    def total(self) -> float:
        """Seconds of the whole grid, each training once."""
        return float(self.seconds[np.unique(self.training)].sum())

    def known(self, seed: int) -> Known:
        """What a search knows: costs as measured, and seconds of training with the errors of a forecast."""
        shapes = [(v["features"], v["architecture"], v["width_multiplier"]) for v in self.values]
        rng = np.random.default_rng([seed, 1])
        errors = {shape: float(np.exp(FORECAST_SD * rng.standard_normal())) for shape in dict.fromkeys(shapes)}
        seconds = self.shared(self.seconds.tolist(), "final_sparsity")
        return Known(self.costs, seconds * np.array([errors[shape] for shape in shapes]), self.clips)

    def shared(self, figures: Sequence[float], left_out: str) -> Floats:
        keys = [tuple(value for axis, value in values.items() if axis != left_out) for values in self.values]
        medians = {key: float(np.median([f for f, k in zip(figures, keys, strict=True) if k == key])) for key in keys}
        return np.array([medians[key] for key in keys])

    def coded(self, axis: str, value: Any) -> Floats:
        """1 where an axis has a value, else -1."""
        return np.array([1.0 if values[axis] == value else -1.0 for values in self.values])

    def surface(self) -> tuple[Floats, Floats]:
        """A smooth surface of log-odds through the record: its mean and covariance at the points."""
        x = self.encoding.x
        z = x / np.where(self.encoding.is_number, 0.8, 1.6)
        near = np.exp(-0.5 * ((z[:, None] - z) ** 2).sum(axis=2) / 2.2**2)
        y = odds(self.accuracy, self.clips)
        gain = np.linalg.solve(near + FIT_SD**2 * np.eye(len(z)), near).T
        return y.mean() + gain @ (y - y.mean()), near - gain @ near


def without_variants(run: Run) -> Run:
    """A run without the files that are converted from trainings of others, as its space would be without them."""
    kept = tuple(
        replace(strategy, axes={axis: values for axis, values in strategy.axes.items() if axis != "quantization"})
        for strategy in run.space.strategies
        if not strategy.axes or set(strategy.axes) - {"quantization"}
    )
    space = replace(run.space, strategies=kept)
    recorded = {key_of(trial.values): trial for trial in run.trials}
    trials = tuple(replace(recorded[key_of(planned.values)], planned=planned) for planned in space.trials)
    return replace(run, space=space, trials=trials)


def per_speaker(right: Floats, speakers: npt.NDArray[np.int64]) -> Floats:
    """Right answers of each speaker; shape (speakers, points)."""
    found = np.zeros((int(speakers.max()) + 1, len(right)))
    np.add.at(found, speakers, right.T)
    return found


def make_world(table: Table, kind: str, seed: int) -> World:
    """One world of a kind, of `KINDS`."""
    rng = np.random.default_rng([seed, sum(map(ord, kind))])
    nothing = np.zeros(len(table.values), dtype=bool)
    if kind == "record":
        decide = table.accuracy if table.validation is None else table.validation
        return World(decide, table.accuracy, nothing)
    if kind == "bootstrap":
        drawn = np.bincount(rng.integers(len(table.of_speaker), size=len(table.of_speaker)), minlength=len(table.right))
        accuracy = drawn @ table.right / (drawn @ table.of_speaker)
        return World(accuracy, accuracy, nothing)
    if kind == "halves":
        first = rng.permutation(len(table.of_speaker)) < len(table.of_speaker) / 2
        one, other = (table.right[half].sum(0) / table.of_speaker[half].sum() for half in (first, ~first))
        return World(one, other, nothing)
    level, failed, truth = made_up(table, kind, seed, rng)
    accuracy = np.round(expit(level) * table.clips) / table.clips
    return World(accuracy, accuracy, failed, truth)


def made_up(
    table: Table, kind: str, seed: int, rng: np.random.Generator
) -> tuple[Floats, npt.NDArray[np.bool_], Floats | None]:
    """Log-odds of a world that is not the record's, which points fail, and what is true."""
    points = len(table.values)
    mean, doubt = table.surface()
    noise = SEED_SD * rng.standard_normal(points)
    mfcc, ds_cnn = table.coded("features", "mfcc"), table.coded("architecture", "ds_cnn")
    width = np.array([values["width_multiplier"] for values in table.values])
    x = np.log2(width) + 1
    kept = -np.log2([1 - values["final_sparsity"] for values in table.values])
    s = 2 * kept / kept.max() - 1
    nothing = np.zeros(points, dtype=bool)
    if kind == "another seed":
        truth = mean + np.linalg.cholesky(doubt + 1e-6 * np.eye(points)) @ rng.standard_normal(points)
        return truth + noise, nothing, expit(truth)
    if kind == "corner fails":
        dull = (mfcc > 0) & (ds_cnn > 0) & (width <= 0.5)
        failed = (mfcc < 0) & (ds_cnn > 0) & (width >= 0.75)
        return np.where(dull, rng.normal(-1.9, 0.1, points), mean + noise), failed, None
    if kind == "all front":
        costs = np.log(table.costs)
        size = (costs / np.ptp(costs, axis=0)).sum(axis=1)
        return -1 + 4 * (size - size.min()) / np.ptp(size), nothing, None
    if kind == "no effect":
        twins = [{**values, "features": "mfcc"} for values in table.values]
        twin = mean[[table.values.index(values) for values in twins]]
        return (twin, 2.3 + 0.2 * mfcc + 0.1 * ds_cnn + 0.3 * x, 2.3)[seed % 3] + noise, nothing, None
    needle = np.arange(points) == rng.choice(np.argsort(-table.seconds)[: points // 2])
    level = {
        "noisy seeds": mean + 3 * noise,
        "middle best": 2
        + 0.25 * mfcc
        + 0.1 * ds_cnn
        - 1.2 * (x + rng.uniform(-0.3, 0.3)) ** 2
        - (s - rng.uniform(-0.2, 0.6)) ** 2
        + noise,
        "flip": mean + noise + np.where(mfcc < 0, -0.45 * ds_cnn, 0.25 * ds_cnn),
        "hidden corner": mean + noise + 0.75 * ((mfcc < 0) & (width == 1)),
        "needle": np.where(needle, mean.max() + 0.4, mean + noise),
        "pure chance": rng.normal(2.2, 0.5, points),
    }[kind]
    return level, nothing, None
