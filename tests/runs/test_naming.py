"""What a training's name depends on, and what it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kwssearch.runs import beginning_name, training_name
from kwssearch.space import SearchSpace, load_space, read_space
from kwssearch.space.axes import PLAIN
from kwssearch.space.settings import Quantization

SPACE = load_space("lab4-int8")
VALUES = SPACE.trials[0].values
VERSIONS = {"tensorflow": "2.21.0"}


def name(space: SearchSpace = SPACE, **changes: Any) -> str:
    seed, data = changes.pop("seed", 42), changes.pop("data", "f00")
    versions, precision = changes.pop("versions", VERSIONS), changes.pop("precision", "float32")
    return training_name(space, {**VALUES, **space.usual, **changes}, seed, data, versions, precision)


def with_end(end: float) -> SearchSpace:
    return replace(SPACE, prunings={PLAIN: replace(SPACE.prunings[PLAIN], end=end)})


@pytest.mark.parametrize(
    "changes",
    [
        {"features": "mfcc"}, {"architecture": "ds_cnn"}, {"width_multiplier": 0.5}, {"final_sparsity": 0.8},
        {"seed": 43}, {"data": "f01"}, {"versions": {"tensorflow": "2.20.0"}}, {"precision": "mixed_bfloat16"},
        {"space": SPACE.with_recipe(epochs=21)}, {"space": SPACE.with_recipe(learning_rate=(0.03, 1e-5))},
        {"epochs": 21}, {"batch_size": 10}, {"learning_rate": 0.03},
        {"space": SPACE.with_recipe(deterministic=True)},
    ],
)  # fmt: skip
def test_whatever_determines_the_weights_changes_the_name(changes: dict[str, Any]) -> None:
    assert name(**changes) != name()


@pytest.mark.parametrize(
    "changes",
    [
        {"quantization": "int8"},
        {"space": replace(SPACE, name="another", description="", quantization=Quantization(per_channel=True))},
        {"space": SPACE.with_recipe(executions_per_trial=3)},
        {"space": with_end(0.5)},
    ],
)
def test_nothing_else_does(changes: dict[str, Any]) -> None:
    assert name(**changes) == name()


def test_a_front_end_counts_by_what_it_computes() -> None:
    features = {**SPACE.features, "mine": replace(SPACE.features["log_mel"], name="mine")}
    assert name(replace(SPACE, features=features), features="mine") == name()


def test_a_schedule_counts_where_there_is_pruning() -> None:
    other = with_end(0.5)
    assert name(other, final_sparsity=0.8) != name(final_sparsity=0.8)


def test_trainings_of_several_sparsities_begin_as_one() -> None:
    beginnings = {
        beginning_name(SPACE, {**VALUES, "final_sparsity": sparsity}, 42, "f00", VERSIONS) for sparsity in (0.0, 0.9)
    }
    assert len(beginnings) == 1
    assert beginning_name(SPACE, {**VALUES, "width_multiplier": 0.5}, 42, "f00", VERSIONS) not in beginnings


TABLES = {key: table for key, table in SPACE.to_dict().items() if key != "baseline"}
FROM_DENSE = read_space({
    **TABLES, "pruning": {"lab": SPACE.prunings[PLAIN].to_dict(), "from_dense": {"start": "dense"}},
})  # fmt: skip


def test_a_pruning_counts_by_what_it_does_not_by_its_name() -> None:
    sparse = {**VALUES, "final_sparsity": 0.8}
    names = {
        pruning: training_name(FROM_DENSE, {**sparse, "pruning": pruning}, 42, "f00", VERSIONS, "float32")
        for pruning in FROM_DENSE.prunings
    }
    assert names["lab"] == name(final_sparsity=0.8) != names["from_dense"]


def test_a_dense_start_counts_all_that_determines_the_dense_model() -> None:
    sparse = {**VALUES, "final_sparsity": 0.8, "pruning": "from_dense"}
    longer = FROM_DENSE.with_recipe(epochs=21)
    assert longer.recipe_of(sparse) == replace(FROM_DENSE.recipe_of(sparse), epochs=8)
    points = [
        (FROM_DENSE, sparse),
        (longer, {**sparse, **longer.usual}),
        (FROM_DENSE, {**sparse, "learning_rate": 0.03}),
    ]
    names = {training_name(space, values, 42, "f00", VERSIONS, "float32") for space, values in points}
    assert len(names) == 3


def test_a_number_of_the_recipe_counts_the_same_by_an_axis() -> None:
    assert name(epochs=21) == name(SPACE.with_recipe(epochs=21))
    assert name(learning_rate=0.03) == name(SPACE.with_recipe(learning_rate=(0.03, 1e-5)))


def test_the_precision_of_a_dense_model_counts_where_it_is_another_one() -> None:
    clustered = {**VALUES, "clusters": 4}
    names = [training_name(SPACE, clustered, 42, "f00", VERSIONS, "float32", start) for start in
             (None, "float32", "mixed_bfloat16")]  # fmt: skip
    assert names[0] == names[1] != names[2]
