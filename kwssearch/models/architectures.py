"""All architectures by name, the lab's layer by layer, and what they cost on paper."""

from collections.abc import Callable

from kwssearch.backend import keras
from kwssearch.models.field import bc_resnet, mlperf_ds_cnn
from kwssearch.models.parts import GlobalAveragePooling2D, Shape, head, scaled

layers = keras.layers
TURN = "turn"  # the layer at the beginning of a model on its side
Builder = Callable[[Shape, int, float], keras.Model]


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


MODELS: dict[str, Builder] = {
    "cnn": cnn,
    "ds_cnn": ds_cnn,
    "mlperf_ds_cnn": mlperf_ds_cnn,
    "bc_resnet": bc_resnet,
}

# What pruning wraps, and what it leaves dense.
PRUNABLE = (layers.Conv1D, layers.Conv2D, layers.Dense)
DENSE = (layers.DepthwiseConv2D, layers.BatchNormalization, layers.LayerNormalization, layers.PReLU)


# Layers that give the same answers when frames and bands are swapped, in their kernels too.
SYMMETRIC = (
    layers.InputLayer, layers.Conv2D, layers.DepthwiseConv2D, layers.BatchNormalization, layers.ReLU,
    GlobalAveragePooling2D, layers.GlobalAveragePooling2D, layers.Dense, layers.Softmax,
)  # fmt: skip


def training_form(plain: keras.Model, builder: Builder, classes: int, width_multiplier: float) -> keras.Model:
    """`plain`, rebuilt, on its side where that trains faster: the same inputs and answers, kernels transposed.

    oneDNN's gradient of a kernel runs along the innermost spatial axis, and features have more frames
    than bands (docs/performance.md). A model that would not be the same on its side stays as it is.
    """
    frames, bands, channels = plain.input_shape[1:]
    if bands >= frames or not is_symmetric(plain):
        return builder((frames, bands, channels), classes, width_multiplier)
    turned = builder((bands, frames, channels), classes, width_multiplier)
    if [weight.shape for weight in turned.weights] != [weight.shape for weight in plain.weights]:
        return builder((frames, bands, channels), classes, width_multiplier)
    inputs = layers.Input((frames, bands, channels), name="features")
    outputs = turned.call(layers.Permute((2, 1, 3), name=TURN)(inputs))
    return keras.Model(inputs, outputs, name=plain.name)


def is_symmetric(model: keras.Model) -> bool:
    """Whether frames and bands are treated alike."""

    def alike(layer: keras.layers.Layer) -> bool:
        pairs = (getattr(layer, name, (1, 1)) for name in ("kernel_size", "strides", "dilation_rate"))
        return type(layer) in SYMMETRIC and all(first == second for first, second in pairs)

    return all(alike(layer) for layer in model.layers)


def is_turned(model: keras.Model) -> bool:
    return any(layer.name == TURN for layer in model.layers)


def macs(model: keras.Model) -> int:
    """Multiply-accumulates of one inference, in convolutions and dense layers."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv1D | layers.Conv2D | layers.DepthwiseConv2D | layers.Dense):
            kernel = layer.weights[0].shape.num_elements()
            positions = 1
            for size in layer.output_shape[1:-1]:
                positions *= size
            total += kernel * positions
    return total
