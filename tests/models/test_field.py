"""Architectures of the field, held against what is published of them."""

import numpy as np
import pytest

from kwssearch.artefact.micro import available, micro_figures
from kwssearch.backend import keras, start_anew
from kwssearch.compression import convert
from kwssearch.models.architectures import MODELS, is_turned, macs, training_form
from kwssearch.models.field import sub_spectral_norm

REFERENCE_BYTES = 53_936  # MLPerf Tiny's int8 file


def test_mlperf_tinys_model_has_its_parameters_and_multiply_accumulates() -> None:
    model = MODELS["mlperf_ds_cnn"]((49, 10, 1), 12, 1.0)
    block = (9 * 64 + 64) + 4 * 64 + (64 * 64 + 64) + 4 * 64
    assert model.count_params() == 10 * 4 * 64 + 64 + 4 * 64 + 4 * block + 64 * 12 + 12 == 24_908
    assert macs(model) == 25 * 5 * (40 * 64 + 4 * (9 * 64 + 64 * 64)) + 64 * 12 == 2_656_768


def test_mlperf_tinys_model_takes_no_more_flash_as_int8_than_its_reference() -> None:
    start_anew(0)
    model = MODELS["mlperf_ds_cnn"]((49, 10, 1), 12, 1.0)
    clips = np.random.default_rng(0).standard_normal((20, 49, 10, 1)).astype(np.float32)
    sizes = [len(convert(model, "int8", clips, per_channel)) for per_channel in (False, True)]
    assert 24_000 < sizes[0] < sizes[1] < REFERENCE_BYTES


def test_the_smallest_broadcasted_network_has_the_parameters_of_the_paper() -> None:
    """9.2 k for 40 bands and twelve classes, moving averages not counted."""
    model = MODELS["bc_resnet"]((98, 40, 1), 12, 1.0)
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == 9_232
    assert model.get_layer("relu_4_4").output_shape == (None, 98, 5, 20)
    assert model.get_layer("pointwise_end").output_shape == (None, 98, 1, 32)


@pytest.mark.parametrize("shape", [(49, 40, 1), (49, 10, 1), (20, 13, 1), (3, 3, 1)])
def test_it_takes_any_front_end_and_stays_upright(shape: tuple[int, int, int]) -> None:
    model = training_form(MODELS["bc_resnet"](shape, 4, 0.25), MODELS["bc_resnet"], 4, 0.25)
    assert not is_turned(model)
    assert model(np.zeros((2, *shape), np.float32)).shape == (2, 4)


def test_each_fifth_of_the_bands_is_normalised_by_itself() -> None:
    inputs = keras.layers.Input((4, 10, 3))
    model = keras.Model(inputs, sub_spectral_norm(inputs, "x"))
    x = np.random.default_rng(0).standard_normal((8, 4, 10, 3)).astype(np.float32) + np.arange(10)[:, np.newaxis]
    found = model(x, training=True).numpy()
    for fifth in range(5):
        part = x[:, :, 2 * fifth : 2 * fifth + 2]
        wanted = (part - part.mean((0, 1, 2))) / np.sqrt(part.var((0, 1, 2)) + 1e-3)
        np.testing.assert_allclose(found[:, :, 2 * fifth : 2 * fifth + 2], wanted, atol=1e-4)


@pytest.mark.skipif(not available(), reason="TensorFlow Lite Micro is not installed")
def test_dilated_convolutions_are_the_same_in_tensorflow_lite_micro() -> None:
    """Files for batches of any size had them as convolutions of several clips, of which it computed one."""
    start_anew(0)
    inputs = keras.layers.Input((12, 10, 1))
    x = keras.layers.DepthwiseConv2D((3, 1), padding="same", dilation_rate=(2, 1), use_bias=False)(inputs)
    outputs = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 1)(x))
    clips = np.random.default_rng(0).standard_normal((20, 12, 10, 1)).astype(np.float32)
    found = micro_figures(convert(keras.Model(inputs, outputs), "int8", clips), clips)
    assert found["accepted"] and found["differing_clips"] == 0
