import numpy as np
import pytest

from kwssearch.backend import keras, tf
from kwssearch.models.architectures import MODELS, GlobalAveragePooling2D, Shape, head, is_turned, macs, training_form
from kwssearch.training import pruning as compress

LAB = ("cnn", "ds_cnn")


@pytest.mark.parametrize(
    "name, width, parameters",
    [
        ("cnn", 1.0, 9 * 128 + 2 * 9 * 128 * 128 + 3 * 4 * 128 + 128 * 8 + 8),
        ("cnn", 0.25, 9 * 32 + 2 * 9 * 32 * 32 + 3 * 4 * 32 + 32 * 8 + 8),
        ("ds_cnn", 1.0, 9 * 256 + 2 * (9 * 256 + 256 * 256) + 3 * 4 * 256 + 256 * 8 + 8),
        ("ds_cnn", 0.5, 9 * 128 + 2 * (9 * 128 + 128 * 128) + 3 * 4 * 128 + 128 * 8 + 8),
    ],
)
def test_parameters_are_those_of_the_papers_table(name: str, width: float, parameters: int) -> None:
    assert MODELS[name]((49, 40, 1), 8, width).count_params() == parameters


@pytest.mark.parametrize("name", LAB)
def test_layers_read_like_the_table(name: str) -> None:
    model = MODELS[name]((49, 40, 1), 8, 1.0)
    assert model.get_layer("conv_1").output_shape == (None, 24, 19, 128 if name == "cnn" else 256)
    assert model.output_shape == (None, 8)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert not any(layer.use_bias for layer in convolutions)
    assert model.layers[-1].dtype == "float32"


def test_multiply_accumulates_by_hand() -> None:
    first = 24 * 19 * 9 * 128
    rest = 2 * 24 * 19 * 9 * 128 * 128
    assert macs(MODELS["cnn"]((49, 40, 1), 8, 1.0)) == first + rest + 128 * 8
    depthwise, pointwise = 24 * 4 * 9 * 64, 24 * 4 * 64 * 64
    expected = 24 * 4 * 9 * 64 + 2 * (depthwise + pointwise) + 64 * 8
    assert macs(MODELS["ds_cnn"]((49, 10, 1), 8, 0.25)) == expected


@pytest.mark.parametrize("name", LAB)
def test_a_model_on_its_side_gives_the_same_answers(name: str) -> None:
    shape = (24, 10, 1)
    keras.utils.set_random_seed(0)
    upright = MODELS[name](shape, 3, 0.1)
    turned = training_form(upright, MODELS[name], 3, 0.1)
    assert is_turned(turned)
    assert turned.input_shape == upright.input_shape
    features = np.random.default_rng(0).normal(size=(5, *shape)).astype(np.float32)
    before = upright(features).numpy()
    assert np.abs(turned(features).numpy() - before).max() > 1e-3
    compress.copy_weights(upright, turned)
    np.testing.assert_allclose(turned(features).numpy(), before, atol=1e-6)
    compress.copy_weights(turned, upright)
    np.testing.assert_allclose(upright(features).numpy(), before, atol=1e-6)


def flat_end(shape: Shape, classes: int, width_multiplier: float) -> keras.Model:
    inputs = keras.layers.Input(shape)
    x = keras.layers.Conv2D(4, 3)(inputs)
    return keras.Model(inputs, keras.layers.Dense(classes)(keras.layers.Flatten()(x)))


def long_kernel(shape: Shape, classes: int, width_multiplier: float) -> keras.Model:
    inputs = keras.layers.Input(shape)
    return keras.Model(inputs, head(keras.layers.Conv2D(4, (5, 3))(inputs), classes))


@pytest.mark.parametrize(
    "builder, shape", [(flat_end, (24, 10, 1)), (long_kernel, (24, 10, 1)), (MODELS["cnn"], (9, 9, 1))]
)
def test_a_model_that_would_differ_or_gain_nothing_stays_upright(builder, shape: Shape) -> None:
    assert not is_turned(training_form(builder(shape, 3, 0.1), builder, 3, 0.1))


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("bfloat16", 2**-7)])
def test_pooling_and_its_gradient_are_those_of_keras(dtype: str, tolerance: float) -> None:
    x = tf.cast(np.random.default_rng(0).uniform(0.5, 1.5, (2, 19, 24, 8)), dtype)
    found = []
    for layer in (GlobalAveragePooling2D(dtype=dtype), keras.layers.GlobalAveragePooling2D(dtype=dtype)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            pooled = layer(x, training=True) if isinstance(layer, GlobalAveragePooling2D) else layer(x)
        found.append([tf.cast(t, tf.float32).numpy() for t in (pooled, tape.gradient(pooled, x))])
    for ours, keras_own in zip(*found, strict=True):
        np.testing.assert_allclose(ours, keras_own, rtol=tolerance)


def test_pooling_divides_before_it_spreads() -> None:
    @tf.function
    def step(x: tf.Tensor) -> tf.Tensor:
        return tf.gradients(GlobalAveragePooling2D()(x, training=True), x)[0]

    graph = step.get_concrete_function(tf.TensorSpec((2, 5, 7, 3))).graph
    assert {tuple(op.outputs[0].shape) for op in graph.get_operations() if op.type == "RealDiv"} == {(2, 3)}
