"""What a training's name depends on, and what it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kwssearch.runs import beginning_name, training_name
from kwssearch.space import SearchSpace, load_space
from kwssearch.space.settings import Quantization

SPACE = load_space("lab4-int8")
VALUES = SPACE.trials[0].values
VERSIONS = {"tensorflow": "2.21.0"}


def name(space: SearchSpace = SPACE, **changes: Any) -> str:
    seed, data = changes.pop("seed", 42), changes.pop("data", "f00")
    versions, precision = changes.pop("versions", VERSIONS), changes.pop("precision", "float32")
    return training_name(space, {**VALUES, **changes}, seed, data, versions, precision)


@pytest.mark.parametrize(
    "changes",
    [
        {"features": "mfcc"}, {"architecture": "ds_cnn"}, {"width_multiplier": 0.5}, {"final_sparsity": 0.8},
        {"seed": 43}, {"data": "f01"}, {"versions": {"tensorflow": "2.20.0"}}, {"precision": "mixed_bfloat16"},
        {"space": SPACE.with_recipe(epochs=21)}, {"space": SPACE.with_recipe(learning_rate=(0.03, 1e-5))},
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
        {"space": replace(SPACE, pruning=replace(SPACE.pruning, end=0.5))},
    ],
)
def test_nothing_else_does(changes: dict[str, Any]) -> None:
    assert name(**changes) == name()


def test_a_front_end_counts_by_what_it_computes() -> None:
    features = {**SPACE.features, "mine": replace(SPACE.features["log_mel"], name="mine")}
    assert name(replace(SPACE, features=features), features="mine") == name()


def test_a_schedule_counts_where_there_is_pruning() -> None:
    other = replace(SPACE, pruning=replace(SPACE.pruning, end=0.5))
    assert name(other, final_sparsity=0.8) != name(final_sparsity=0.8)


def test_trainings_of_several_sparsities_begin_as_one() -> None:
    beginnings = {
        beginning_name(SPACE, {**VALUES, "final_sparsity": sparsity}, 42, "f00", VERSIONS) for sparsity in (0.0, 0.9)
    }
    assert len(beginnings) == 1
    assert beginning_name(SPACE, {**VALUES, "width_multiplier": 0.5}, 42, "f00", VERSIONS) not in beginnings
