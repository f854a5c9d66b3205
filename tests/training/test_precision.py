"""Float32 or bfloat16, by a short measurement that is remembered."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kwssearch import backend
from kwssearch.backend import keras
from kwssearch.models.architectures import cnn
from kwssearch.space import load_space
from kwssearch.space.settings import PRECISIONS
from kwssearch.training import precision


@pytest.fixture
def model() -> keras.Model:
    return cnn((20, 10, 1), 3, 0.1)


def measured(monkeypatch: pytest.MonkeyPatch, seconds: dict[str, float]) -> list[str]:
    """Pretends that a convolution takes so long; tells what was measured."""
    asked: list[str] = []

    def pretend(policy: str, *rest: object) -> float:
        asked.append(policy)
        return seconds[policy]

    monkeypatch.setattr(precision, "convolution_seconds", pretend)
    return asked


@pytest.mark.parametrize(
    "float32, bfloat16, chosen",
    [(2.0, 1.0, "mixed_bfloat16"), (1.0, 2.0, "float32"), (1.04, 1.0, "float32"), (1.06, 1.0, "mixed_bfloat16")],
)
def test_auto_takes_bfloat16_where_it_is_worthwhile(monkeypatch, tmp_path, model, float32, bfloat16, chosen) -> None:
    asked = measured(monkeypatch, {"float32": float32, "mixed_bfloat16": bfloat16})
    assert precision.choose(PRECISIONS, model, 20, tmp_path) == chosen
    assert sorted(asked) == ["float32", "mixed_bfloat16"]
    assert precision.choose(PRECISIONS, model, 20, tmp_path) == chosen
    assert len(asked) == 2, "the choice is remembered"


def test_another_batch_size_or_device_is_measured_again(monkeypatch, tmp_path, model) -> None:
    asked = measured(monkeypatch, {"float32": 2.0, "mixed_bfloat16": 1.0})
    precision.choose(PRECISIONS, model, 20, tmp_path)
    precision.choose(PRECISIONS, model, 21, tmp_path)
    monkeypatch.setattr(precision, "device", lambda: "A graphics processor")
    precision.choose(PRECISIONS, model, 20, tmp_path)
    assert len(asked) == 6


@pytest.mark.parametrize("damage", ["", "{", "{}", "[]", '{"policy": "float32"}'])
def test_a_damaged_memory_is_measured_again(monkeypatch, tmp_path, model, damage: str) -> None:
    measured(monkeypatch, {"float32": 2.0, "mixed_bfloat16": 1.0})
    precision.choose(PRECISIONS, model, 20, tmp_path)
    (path,) = tmp_path.rglob("*.json")
    path.write_text(damage)
    assert precision.choose(PRECISIONS, model, 20, tmp_path) == "mixed_bfloat16"
    assert json.loads(path.read_text())["policy"] == "mixed_bfloat16"


def test_a_deterministic_recipe_measures_nothing(monkeypatch, tmp_path, model) -> None:
    asked = measured(monkeypatch, {})
    recipe = replace(load_space("lab4").recipe, deterministic=True)
    assert precision.choose(recipe.precisions, model, 20, tmp_path) == "float32"
    declared = replace(recipe, precision="mixed_bfloat16")
    assert precision.choose(declared.precisions, model, 20, tmp_path) == "mixed_bfloat16"
    assert asked == []


def test_a_model_without_convolutions_gets_float32(tmp_path: Path) -> None:
    inputs = keras.layers.Input((20, 10, 1))
    dense = keras.layers.Dense(3)(keras.layers.Flatten()(inputs))
    assert precision.choose(PRECISIONS, keras.Model(inputs, dense), 20, tmp_path) == "float32"


def test_a_cache_that_cannot_be_written_costs_the_memory_only(monkeypatch, tmp_path, model) -> None:
    measured(monkeypatch, {"float32": 2.0, "mixed_bfloat16": 1.0})
    (tmp_path / "precision").write_text("a file in the way")
    assert precision.choose(PRECISIONS, model, 20, tmp_path) == "mixed_bfloat16"


def test_the_measurement_measures(model) -> None:
    layer = precision.largest_convolution(model)
    assert layer is not None and layer.name == "conv_2"
    shape, kernel = [4, *layer.input_shape[1:]], list(layer.kernel.shape)
    for policy in PRECISIONS:
        assert 0 < precision.convolution_seconds(policy, shape, kernel, layer) < 5


@pytest.mark.parametrize("policy", PRECISIONS)
def test_a_models_precision_is_that_of_its_layers(policy: str) -> None:
    with backend.precision(policy):
        assert precision.precision_of(cnn((20, 10, 1), 3, 0.1)) == policy
