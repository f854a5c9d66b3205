"""A search space and its trials."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from kwssearch.errors import counted
from kwssearch.space.architectures import ArchitectureSource
from kwssearch.space.augmentations import Augmentation
from kwssearch.space.axes import PLAIN, Stage, all_axes, axis_names, full_name, recipe_axes, short_name
from kwssearch.space.data_settings import DEFAULTS, DataSettings
from kwssearch.space.front_settings import FRONT_DEFAULTS, FrontSettings
from kwssearch.space.limits import NO_LIMITS, Limits
from kwssearch.space.objectives import DEFAULT_OBJECTIVES
from kwssearch.space.ranges import Range, drawn, refuse_grid
from kwssearch.space.settings import Clustering, FeatureSetting, Pruning, Quantization, Recipe
from kwssearch.space.stream_settings import STREAM_DEFAULTS, StreamSettings

BASELINE = "baseline"
CANDIDATES = 2000
PLACED = ("augmentations", "data_settings")  # what holds folders, which may move
FREE = ("objectives", "limits", "search", "max_trials", "stream", "front")  # keys on which no result depends
POST_TRAINING = Quantization()
CLUSTERING = Clustering()


@dataclass(frozen=True)
class PlannedTrial:
    """One point of the space and the strategy that first declares it.

    Attributes:
        usual: what its name leaves out: the recipe's numbers.
    """

    trial_id: str
    strategy: str
    values: Mapping[str, Any]
    usual: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The point in a few words, such as 'log_mel cnn α 0.5 sparsity 0.9'."""
        return full_name(self.values, self.usual)

    @property
    def short_name(self) -> str:
        """The point without its features, such as 'CNN α0.5 s0.9'."""
        return short_name(self.values, self.usual)

    @property
    def row(self) -> dict[str, Any]:
        """What a table says of the point: who it is, and its value on each axis."""
        names = {"name": self.name, "short_name": self.short_name}
        return {"trial_id": self.trial_id, "strategy": self.strategy, **names, **self.values}


@dataclass(frozen=True)
class Strategy:
    """A grid: the axes that differ from the baseline, each with its values.

    Attributes:
        ranges: the axes among them that are declared as ranges; the points are then drawn.
    """

    name: str
    axes: Mapping[str, tuple[Any, ...]]
    ranges: Mapping[str, Range] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        listed = {axis: list(values) for axis, values in self.axes.items()}
        return {"name": self.name, **listed, **{axis: found.to_dict() for axis, found in self.ranges.items()}}


@dataclass(frozen=True)
class SearchSpace:
    """A union of grids, one per strategy, the baseline first.

    Attributes:
        objectives: names of what trials are judged by; results do not depend on them.
        architectures: where builders that are not shipped are, by the names that the axis uses.
        augmentations: how training clips may be altered, by the names that the axis uses.
        data_settings: which clips of the data set are used, and how.
        limits: points that cannot keep them are not trained; results do not depend on them.
        search: what proposes trials: 'grid', 'front' or 'random'.
        max_trials: at most so many are trained.
        candidates: how many points are drawn from a strategy with ranges.
        front: how much a search for the front trains.
        stream: how its models are scored on streams; results of trainings do not depend on it.
        before: what a run was begun with, if it has grown since; its trials keep their ids.
    """

    name: str
    description: str
    data: str
    recipe: Recipe
    prunings: Mapping[str, Pruning]
    features: Mapping[str, FeatureSetting]
    baseline: Mapping[str, tuple[Any, ...]]
    strategies: tuple[Strategy, ...]
    objectives: tuple[str, ...] = DEFAULT_OBJECTIVES
    architectures: Mapping[str, ArchitectureSource] = field(default_factory=dict)
    augmentations: Mapping[str, Augmentation] = field(default_factory=dict)
    data_settings: DataSettings = DEFAULTS
    quantization: Quantization = POST_TRAINING
    clustering: Clustering = CLUSTERING
    limits: Limits = NO_LIMITS
    search: str = "grid"
    max_trials: int | None = None
    candidates: int = CANDIDATES
    stream: StreamSettings = STREAM_DEFAULTS
    front: FrontSettings = FRONT_DEFAULTS
    before: SearchSpace | None = None

    def __repr__(self) -> str:
        return f"SearchSpace({self.name!r}, {counted(len(self.trials), 'trial')})"

    @cached_property
    def trials(self) -> tuple[PlannedTrial, ...]:
        """Every point once, in declared order, those of a run before it grew first; ids count from zero."""
        earlier = () if self.before is None else self.before.trials
        points = {tuple(trial.values[axis] for axis in axis_names()): trial.strategy for trial in earlier}
        for strategy in self.strategies:
            for point in self.grid(strategy):
                points.setdefault(point, strategy.name)
        digits = len(earlier[0].trial_id) if earlier else len(str(len(points)))
        return tuple(
            self.planned(f"{i:0{digits}d}", name, dict(zip(axis_names(), point, strict=True)))
            for i, (point, name) in enumerate(points.items())
        )

    def planned(self, trial_id: str, strategy: str, values: Mapping[str, Any]) -> PlannedTrial:
        return PlannedTrial(trial_id, strategy, values, self.usual)

    @cached_property
    def usual(self) -> Mapping[str, Any]:
        """The recipe's numbers that axes vary."""
        return {axis.name: self.baseline[axis.name][0] for axis in recipe_axes()}

    @cached_property
    def by_id(self) -> Mapping[str, PlannedTrial]:
        return {trial.trial_id: trial for trial in self.trials}

    def strategy_of(self, values: Any) -> str | None:
        """The strategy that first declares a point; None if none does, so that it is not a point of the space.

        A point that was not drawn from ranges, but could have been, is one of the space too.
        """
        if self.has_ranges and (listed := next((t.strategy for t in self.trials if t.values == values), None)):
            return listed
        for strategy in self.strategies:
            axes = {**self.baseline, **strategy.axes}
            alike = isinstance(values, Mapping) and values.keys() == axes.keys()
            if alike and values == self.normal(values) and self.declares(axes, values):
                return strategy.name
        return None

    def declares(self, axes: Mapping[str, Sequence[Any]], values: Mapping[str, Any]) -> bool:
        """Whether a point is in a product, or stands for points of it that are the same."""
        return all(values[axis.name] in axes[axis.name] for axis in all_axes() if axis.applies(values))

    def grid(self, strategy: Strategy) -> Iterator[tuple[Any, ...]]:
        """The points of a strategy; where it has ranges, all files of the trainings that are drawn."""
        for point in self.product(strategy):
            yield tuple(self.normal(dict(zip(axis_names(), point, strict=True))).values())

    def product(self, strategy: Strategy) -> Iterator[tuple[Any, ...]]:
        axes = {**self.baseline, **strategy.axes}
        if not strategy.ranges:
            return itertools.product(*(axes[axis] for axis in axis_names()))
        trained, files = (
            [axis.name for axis in all_axes() if (axis.stage == Stage.FILE) is of] for of in (False, True)
        )
        each = math.prod(len(axes[axis]) for axis in files)
        trainings = drawn([axes[axis] for axis in trained], max(1, self.candidates // each))
        variants = list(itertools.product(*(axes[axis] for axis in files)))
        found = (
            dict(zip((*trained, *files), (*training, *variant), strict=True))
            for training in trainings
            for variant in variants
        )
        return (tuple(point[axis] for axis in axis_names()) for point in found)

    @property
    def has_ranges(self) -> bool:
        return any(strategy.ranges for strategy in self.strategies)

    def check_listed(self) -> None:
        """Raises: SpaceError: it has ranges, so that a grid cannot search it."""
        refuse_grid(self.name, {strategy.name: tuple(strategy.ranges) for strategy in self.strategies})

    def recipe_of(self, values: Mapping[str, Any]) -> Recipe:
        """How a point is trained: the recipe, except where an axis or a dense start replaces it."""
        varied: dict[str, Any] = {}
        pruning = self.pruning_of(values)
        if pruning is not None and pruning.from_dense:
            varied |= {"epochs": pruning.epochs, "learning_rate": pruning.learning_rate}
        if values["clusters"]:
            own = self.clustering
            varied |= {"epochs": own.epochs, "learning_rate": own.learning_rate, "precision": "float32"}
        return replace(self.recipe.varied({axis.name: values[axis.name] for axis in recipe_axes()}), **varied)

    def pruning_of(self, values: Mapping[str, Any]) -> Pruning | None:
        """How a point is pruned; None for a dense one."""
        return self.prunings[values["pruning"]] if values["final_sparsity"] > 0 else None

    def augmentation_of(self, values: Mapping[str, Any]) -> Augmentation | None:
        """How a point's training clips are altered; None where they stay as they are."""
        return self.augmentations.get(values["augmentation"])

    def shared_pruning(self, values: Mapping[str, Any]) -> Pruning | None:
        """The pruning by whose beginning a point shares its training with sparse twins; None if there is none."""
        return self.pruning_of(values) or next((p for p in self.prunings.values() if not p.from_dense), None)

    def dense_of(self, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """The point whose trained weights a point starts from; None if it starts from scratch."""
        pruning = self.pruning_of(values)
        if not values["clusters"] and (pruning is None or not pruning.from_dense):
            return None
        return self.normal({**values, "final_sparsity": 0.0, "clusters": 0, "quantization": "none"})

    def normal(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A point in which an axis that makes no difference has the baseline's value."""
        return {
            axis.name: values[axis.name] if axis.applies(values) else self.baseline[axis.name][0] for axis in all_axes()
        }

    def with_data_settings(self, settings: DataSettings) -> SearchSpace:
        """The same space for other clips; its front ends follow the window."""
        features = {name: replace(f, window_s=settings.window_s) for name, f in self.features.items()}
        return replace(self, data_settings=settings, features=features)

    def with_folders(self, place: Callable[[str], str]) -> SearchSpace:
        """The same space with the folders of its settings named otherwise; its data set is told apart from them."""
        return replace(
            self,
            augmentations={name: own.with_folder(place) for name, own in self.augmentations.items()},
            data_settings=self.data_settings.with_folders(place),
            stream=self.stream.with_folders(place),
        )

    def with_limits(self, limits: Limits) -> SearchSpace:
        return replace(self, limits=limits)

    def with_max_trials(self, most: int | None) -> SearchSpace:
        """The same space with another budget, if one is given."""
        return self if most is None else replace(self, max_trials=most)

    def with_executions_of(self, other: SearchSpace) -> SearchSpace:
        recipe = other.recipe
        return self.with_recipe(executions_per_trial=recipe.executions_per_trial, repeated=recipe.repeated)

    def with_recipe(self, **changes: Any) -> SearchSpace:
        """The same space with another recipe, whose numbers its baseline has."""
        recipe = replace(self.recipe, **changes)
        numbers = {axis.name: (recipe.number(axis.name),) for axis in recipe_axes() if axis.name in changes}
        return replace(self, recipe=recipe, baseline={**self.baseline, **numbers})

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready tables that `declaration.read_space` reads back."""
        features = {
            name: {k: v for k, v in asdict(setting).items() if k not in ("name", "window_s") and v is not None}
            for name, setting in self.features.items()
        }
        numbers = {axis.name: self.recipe.number(axis.name) for axis in recipe_axes()}
        return {
            "name": self.name,
            "description": self.description,
            "data": self.data,
            **self.data_settings.to_dict(),
            "objectives": list(self.objectives),
            "search": self.search,
            **({"max_trials": self.max_trials} if self.max_trials else {}),
            **({"candidates": self.candidates} if self.has_ranges else {}),
            **({"limits": self.limits.to_dict()} if self.limits else {}),
            "recipe": recipe_table(self.recipe),
            "pruning": pruning_tables(self.prunings),
            "quantization": asdict(self.quantization),
            **({"clustering": self.clustering.to_dict()} if self.clustering != CLUSTERING else {}),
            **(
                {"augmentation": altered}
                if (altered := {n: a.to_dict() for n, a in self.augmentations.items()})
                else {}
            ),
            "features": features,
            **({"stream": stream} if (stream := self.stream.to_dict()) else {}),
            **({"front": front} if (front := self.front.to_dict()) else {}),
            "baseline": {axis: list(v) for axis, v in self.baseline.items() if v != (numbers.get(axis),)},
            "strategy": [strategy.to_dict() for strategy in self.strategies if strategy.name != BASELINE],
            **({"architectures": own} if (own := {n: asdict(s) for n, s in self.architectures.items()}) else {}),
        }


def pruning_tables(prunings: Mapping[str, Pruning]) -> dict[str, Any]:
    """One table where a space has one pruning without a name, else one for each name."""
    tables = {name: pruning.to_dict() for name, pruning in prunings.items()}
    return tables[PLAIN] if set(tables) == {PLAIN} else tables


def recipe_table(recipe: Recipe) -> dict[str, Any]:
    table = {key: value for key, value in asdict(recipe).items() if key != "repeated"}
    return {**table, "learning_rate": list(recipe.learning_rate), "executions_per_trial": recipe.executions}
