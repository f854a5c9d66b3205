import pytest

from kwssearch.backend import keras
from kwssearch.models import MODELS, macs


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


@pytest.mark.parametrize("name", MODELS)
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
