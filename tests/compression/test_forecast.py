"""Forecasts: exact where they say so, close where they do not, and computed once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kwssearch.artefact import Artefact
from kwssearch.backend import keras
from kwssearch.compression import Forecast, convert, forecasts, untrained
from kwssearch.errors import SpaceError
from kwssearch.models import resolve
from kwssearch.space import read_space

DECLARED = {
    "features": {"mfcc": {"kind": "mfcc", "coefficients": 10}},
    "baseline": {"width_multiplier": 0.1},
    "strategy": [
        {"name": "depthwise", "architecture": "ds_cnn", "final_sparsity": [0.0, 0.8]},
        {"name": "small files", "quantization": ["float16", "dynamic", "int8"]},
    ],
}
SPACE = read_space(DECLARED)
RNG = np.random.default_rng(7)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Points whose files were made, without making any."""
    asked: list[object] = []

    def pretend(space, classes, points):
        asked.extend(points)
        return [(point, Forecast(number, 2, 3)) for number, point in enumerate(points, 1)]

    monkeypatch.setattr(untrained, "untrained_files", pretend)
    return asked


def test_file_and_ram_are_exact_whatever_the_weights_and_sparse_zips_are_smaller() -> None:
    found = forecasts(SPACE, 8)
    for trial in SPACE.trials:
        model = resolve(trial.values["architecture"], {})((49, 10, 1), 8, 0.1)
        model.set_weights([RNG.uniform(0.1, 0.5, weight.shape) for weight in model.get_weights()])
        clips = 3 * RNG.standard_normal((2, 49, 10, 1), dtype=np.float32)
        artefact = Artefact(convert(model, trial.values["quantization"], clips))
        forecast = found[trial.trial_id]
        assert forecast.tflite_bytes == len(artefact.content), trial.values
        assert forecast.activation_bytes == artefact.activation_bytes, trial.values
    by_values = {(t.values["architecture"], t.values["final_sparsity"]): found[t.trial_id] for t in SPACE.trials[:3]}
    assert by_values["ds_cnn", 0.8].memory_bytes < 0.6 * by_values["ds_cnn", 0.0].memory_bytes


@pytest.mark.parametrize("kind, recorded", [
    ("none", 13_941), ("float16", 8_121), ("dynamic", 5_564), ("int8", 4_624),
])  # fmt: skip
def test_a_zip_is_near_that_of_a_trained_model(kind: str, recorded: int) -> None:
    """The recorded ones are CNNs of width 0.1 that were trained for eight epochs."""
    model = resolve("cnn", {})((49, 10, 1), 8, 0.1)
    rng = np.random.default_rng(0)
    untrained.fill(model, 0.0, rng)
    content = convert(model, kind, rng.standard_normal((2, 49, 10, 1), dtype=np.float32))
    assert len(untrained.zipped(content)) == pytest.approx(recorded, rel=0.03)


@pytest.mark.parametrize("sparsity, zeros", [(0.0, 0), (0.5, 36), (0.9, 65), (0.99, 71)])
def test_a_kernel_has_the_declared_share_of_zeros(sparsity: float, zeros: int) -> None:
    assert np.sum(untrained.kernel((3, 3, 4, 2), sparsity, RNG) == 0) == zeros
    assert untrained.kernel((1, 1), 0.99, RNG) != 0


def test_only_layers_that_pruning_reaches_are_masked() -> None:
    model = resolve("ds_cnn", {})((49, 10, 1), 8, 0.1)
    untrained.fill(model, 0.5, RNG)
    shares = {layer.name: np.mean(layer.get_weights()[0] == 0) for layer in model.layers if layer.weights}
    assert {name for name, share in shares.items() if share} == {"conv_1", "pointwise_2", "pointwise_3", "dense"}
    assert all(np.all(w != 0) for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)
               for w in layer.get_weights())  # fmt: skip


def test_a_forecast_is_made_once_for_all_points_that_share_it(made: list[object]) -> None:
    recipe = {**DECLARED, "objectives": ["accuracy", "tflite_bytes"], "recipe": {"epochs": 3}}
    said: list[int] = []
    first = forecasts(SPACE, 8, said.append)
    assert forecasts(read_space(recipe), 8, said.append) == first
    assert (len(made), said) == (6, [6])
    other = {**DECLARED, "quantization": {"per_channel": True}}
    for changed, classes in ((SPACE, 9), (read_space(other), 8)):
        forecasts(changed, classes)
    assert len(made) == 18


def test_one_file_stands_for_all_points_that_it_tells_of(made: list[object]) -> None:
    several = {f"mfcc_{bins}": {"kind": "mfcc", "coefficients": 10, "mel_bins": bins} for bins in (20, 40)}
    space = read_space(
        {
            **DECLARED,
            "features": {**several, "log_mel": {"kind": "log_mel"}},
            "strategy": [{"name": "pruning", "final_sparsity": [0.5, 0.8]}],
        }
    )
    found = forecasts(space, 8)
    assert len(space.trials) == 9
    assert len(made) == 4  # three sparsities, and the shape of log_mel
    assert {trial.values["features"] for trial in space.trials if found[trial.trial_id].tflite_bytes != 4} == set(
        several
    )


def test_without_a_place_for_a_cache_forecasts_are_made_each_time(
    made: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", "~nobody-of-this-name/cache")
    forecasts(SPACE, 8)
    forecasts(SPACE, 8)
    assert len(made) == 12


def test_a_builder_that_gives_no_model_is_refused_first(tmp_path: Path, made: list[object]) -> None:
    (tmp_path / "broken_models.py").write_text("def net(shape, classes, width):\n    return None\n")
    space = read_space({**DECLARED, "baseline": {"architecture": "broken_models:net"}}, folder=tmp_path)
    with pytest.raises(SpaceError, match="broken_models:net"):
        forecasts(space, 8)
    assert made == []
