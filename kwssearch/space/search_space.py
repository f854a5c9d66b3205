"""A search space and its trials, and the same as KerasTuner's HyperParameters."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras_tuner

AXES = ("features", "architecture", "width_multiplier", "final_sparsity")
ARCHITECTURES = ("cnn", "ds_cnn")
BASELINE = "baseline"


@dataclass(frozen=True)
class FeatureSetting:
    """A front end: what `features.FrontEnd` computes from one second of audio."""

    name: str
    kind: str
    sampling_rate: int
    frame_length_ms: float
    overlap: float
    mel_bins: int
    lower_hz: float
    upper_hz: float
    coefficients: int | None = None

    @property
    def frame_length(self) -> int:
        """Samples a frame."""
        return round(self.sampling_rate * self.frame_length_ms / 1000)

    @property
    def frame_step(self) -> int:
        """Samples from one frame's start to the next one's."""
        return max(1, round(self.frame_length * (1 - self.overlap)))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(frames, bands or coefficients, 1) of one second of audio."""
        frames = 1 + (self.sampling_rate - self.frame_length) // self.frame_step
        return frames, self.coefficients or self.mel_bins, 1


@dataclass(frozen=True)
class Recipe:
    """How every trial is trained."""

    epochs: int
    batch_size: int
    learning_rate: tuple[float, float]
    seed: int
    executions_per_trial: int
    precision: str
    deterministic: bool


@dataclass(frozen=True)
class Pruning:
    """tfmot's PolynomialDecay; begin and end are shares of the training."""

    initial_sparsity: float
    begin: float
    end: float


@dataclass(frozen=True)
class PlannedTrial:
    """One point of the space and the strategy that first declares it."""

    trial_id: str
    strategy: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Strategy:
    """A grid: the axes that differ from the baseline, each with its values."""

    name: str
    axes: Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class SearchSpace:
    """A union of grids, one a strategy, the baseline first."""

    name: str
    description: str
    data: str
    recipe: Recipe
    pruning: Pruning
    features: Mapping[str, FeatureSetting]
    baseline: Mapping[str, tuple[Any, ...]]
    strategies: tuple[Strategy, ...]

    @cached_property
    def trials(self) -> tuple[PlannedTrial, ...]:
        """Every point once, in declared order; ids count from zero."""
        points: dict[tuple[Any, ...], str] = {}
        for strategy in self.strategies:
            for point in self.grid(strategy):
                points.setdefault(point, strategy.name)
        digits = len(str(len(points)))
        return tuple(
            PlannedTrial(f"{i:0{digits}d}", name, dict(zip(AXES, point, strict=True)))
            for i, (point, name) in enumerate(points.items())
        )

    @cached_property
    def by_id(self) -> Mapping[str, PlannedTrial]:
        return {trial.trial_id: trial for trial in self.trials}

    def grid(self, strategy: Strategy) -> itertools.product[tuple[Any, ...]]:
        axes = {**self.baseline, **strategy.axes}
        return itertools.product(*(axes[axis] for axis in AXES))

    def hyperparameters(self, values: Mapping[str, Any] | None = None) -> keras_tuner.HyperParameters:
        """All four axes, declared up front; set to `values`, or to the first trial's."""
        from kwssearch.backend import keras_tuner

        hp = keras_tuner.HyperParameters()
        for axis in AXES:
            known = list(dict.fromkeys(trial.values[axis] for trial in self.trials))
            hp.Choice(axis, known, default=self.trials[0].values[axis], ordered=False)
        hp.values.update(values or {})
        return hp

    def with_recipe(self, **changes: Any) -> SearchSpace:
        return replace(self, recipe=replace(self.recipe, **changes))

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready tables that `declaration.read_space` reads back."""
        features = {
            name: {k: v for k, v in asdict(setting).items() if k != "name" and v is not None}
            for name, setting in self.features.items()
        }
        return {
            "name": self.name,
            "description": self.description,
            "data": self.data,
            "recipe": {**asdict(self.recipe), "learning_rate": list(self.recipe.learning_rate)},
            "pruning": asdict(self.pruning),
            "features": features,
            "baseline": {axis: list(values) for axis, values in self.baseline.items()},
            "strategy": [
                {"name": s.name, **{axis: list(v) for axis, v in s.axes.items()}}
                for s in self.strategies
                if s.name != BASELINE
            ],
        }
