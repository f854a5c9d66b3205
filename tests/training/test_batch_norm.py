"""Batch statistics after the last step are those of the training clips, in every form a model trains in."""

from __future__ import annotations

import numpy as np
import pytest

from kwssearch import backend
from kwssearch.backend import keras, tf
from kwssearch.models.architectures import cnn, ds_cnn, training_form
from kwssearch.space import Pruning
from kwssearch.training import batch_norm
from kwssearch.training.batch_norm import settle
from kwssearch.training.pruning import copy_weights, prune, pruned_layers

SHAPE = (20, 10, 1)
CLIPS = (3 + 2 * np.random.default_rng(0).standard_normal((96, *SHAPE))).astype(np.float32)


def statistics(model: keras.Model) -> list[np.ndarray]:
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    return [values.numpy() for layer in layers for values in (layer.moving_mean, layer.moving_variance)]


def wanted(model: keras.Model) -> list[np.ndarray]:
    """Mean and variance of what comes into each normalisation when all clips are one batch."""
    found = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            values = tf.cast(keras.Model(model.inputs, layer.input)(CLIPS, training=True), tf.float64).numpy()
            found += [values.mean(axis=(0, 1, 2)), values.var(axis=(0, 1, 2))]
    return found


@pytest.mark.parametrize("builder", [cnn, ds_cnn])
def test_they_are_those_of_the_training_clips(builder) -> None:
    backend.start_anew(1)
    model = builder(SHAPE, 3, 0.1)
    expected = wanted(model)
    settle(model, CLIPS, seed=0)
    for ours, theirs in zip(statistics(model), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def test_pruned_turned_and_half_precise_models_settle_alike() -> None:
    backend.start_anew(1)
    plain = cnn(SHAPE, 3, 0.1)
    settle(plain, CLIPS, seed=0)
    for policy, tolerance in (("float32", 1e-3), ("mixed_bfloat16", 5e-2)):
        with backend.precision(policy):
            turned = training_form(plain, cnn, 3, 0.1)
            copy_weights(plain, turned)
            wrapped = prune(turned, 0.5, Pruning(0.2, 0.2, 0.8), 100)
        for layer in pruned_layers(wrapped):
            layer.pruning_step.assign(100)  # as after the training
        settle(wrapped, CLIPS, seed=0)
        twin = cnn(SHAPE, 3, 0.1)
        copy_weights(wrapped, twin)
        for ours, theirs in zip(statistics(twin), statistics(plain), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def test_the_same_seed_gives_the_same_statistics(monkeypatch) -> None:
    monkeypatch.setattr(batch_norm, "CLIPS", 40)
    backend.start_anew(1)
    model = cnn(SHAPE, 3, 0.1)
    found = []
    for seed in (5, 5, 6):
        settle(model, CLIPS, seed)
        found.append(np.concatenate(statistics(model)))
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_a_model_without_them_stays_as_it_is() -> None:
    inputs = keras.layers.Input(SHAPE)
    settle(keras.Model(inputs, keras.layers.Flatten()(inputs)), CLIPS, seed=0)


def test_a_short_training_is_not_forgotten_by_its_file(tmp_path, words) -> None:
    """Few steps leave moving averages far behind: the exported model was at chance where the trained one was not."""
    from kwssearch.data import load_data
    from kwssearch.space import load_space
    from kwssearch.testing import tiny
    from kwssearch.training import KwsHyperModel, hyperparameters

    declared = tiny.write_space(tmp_path / "tiny.toml", epochs=6).read_text()
    (tmp_path / "tiny.toml").write_text(declared.replace("= 0.05", "= 0.25"))
    space = load_space(tmp_path / "tiny.toml")
    hypermodel = KwsHyperModel(space, load_data(words), cache=tmp_path / "cache")
    for trial in (*space.trials[:2], space.trials[3]):
        backend.start_anew(42)
        hp = hyperparameters(space, trial.values)
        record = hypermodel.evaluate(hp, hypermodel.build(hp), tmp_path / trial.trial_id, 42)
        assert record["training_accuracy"] >= record["history"][-1]["accuracy"] - 0.1
