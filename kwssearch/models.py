"""The lab's architectures, layer by layer, and what they cost on paper."""

from collections.abc import Callable
from typing import Any

from kwssearch.backend import keras

layers = keras.layers
Shape = tuple[int, int, int]


def cnn(input_shape: Shape, classes: int, width_multiplier: float) -> keras.Model:
    """Three 3x3 convolutions of 128 filters, from (frames, bands, 1) to class probabilities.

    Machine Learning for IoT, Lab 3; width multiplier as in MobileNets (Howard et al., 2017).
    """
    filters = scaled(128, width_multiplier)
    inputs = layers.Input(input_shape, name="features")
    x = layers.Conv2D(filters, 3, strides=2, padding="valid", use_bias=False, name="conv_1")(inputs)
    x = layers.BatchNormalization(name="norm_1")(x)
    x = layers.ReLU(name="relu_1")(x)
    for i in (2, 3):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv_{i}")(x)
        x = layers.BatchNormalization(name=f"norm_{i}")(x)
        x = layers.ReLU(name=f"relu_{i}")(x)
    return keras.Model(inputs, head(x, classes), name="cnn")


def ds_cnn(input_shape: Shape, classes: int, width_multiplier: float) -> keras.Model:
    """A 3x3 convolution and two depthwise-separable ones of 256 filters.

    Machine Learning for IoT, Lab 4, Table I; after Zhang et al., 2017 (Hello Edge).
    """
    filters = scaled(256, width_multiplier)
    inputs = layers.Input(input_shape, name="features")
    x = layers.Conv2D(filters, 3, strides=2, padding="valid", use_bias=False, name="conv_1")(inputs)
    x = layers.BatchNormalization(name="norm_1")(x)
    x = layers.ReLU(name="relu_1")(x)
    for i in (2, 3):
        x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"depthwise_{i}")(x)
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"pointwise_{i}")(x)
        x = layers.BatchNormalization(name=f"norm_{i}")(x)
        x = layers.ReLU(name=f"relu_{i}")(x)
    return keras.Model(inputs, head(x, classes), name="ds_cnn")


MODELS: dict[str, Callable[[Shape, int, float], keras.Model]] = {"cnn": cnn, "ds_cnn": ds_cnn}


def head(x: Any, classes: int) -> Any:
    """Global average pooling and a float32 softmax over the words."""
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(classes, name="dense")(x)
    return layers.Softmax(dtype="float32", name="softmax")(x)


def scaled(filters: int, width_multiplier: float) -> int:
    return max(1, round(filters * width_multiplier))


def macs(model: keras.Model) -> int:
    """Multiply-accumulates of one inference, in convolutions and dense layers."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense):
            kernel = layer.weights[0].shape.num_elements()
            positions = 1
            for size in layer.output_shape[1:-1]:
                positions *= size
            total += kernel * positions
    return total
