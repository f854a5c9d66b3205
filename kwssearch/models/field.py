"""Architectures of the field, to hold the lab's against."""

from typing import Any

from kwssearch.backend import keras
from kwssearch.models.parts import Shape, head, scaled

layers = keras.layers
SUB_BANDS = 5
STAGES = (  # channels, blocks, whether bands are halved, dilation over time
    (8, 2, False, 1),
    (12, 2, True, 2),
    (16, 4, True, 4),
    (20, 4, False, 8),
)


def mlperf_ds_cnn(input_shape: Shape, classes: int, width_multiplier: float) -> keras.Model:
    """A 10x4 convolution and four depthwise-separable ones of 64 filters, with biases.

    MLPerf Tiny's keyword spotter (Banbury et al., 2021), itself the small DS-CNN of Zhang et al., 2017 (Hello Edge).
    For inputs of 49x10 and 12 classes, it has 24,908 parameters and 2,656,768 multiply-accumulates. Its dropout and
    weight decay, which a file does not show, are left out.
    """
    filters = scaled(64, width_multiplier)
    inputs = layers.Input(input_shape, name="features")
    x = layers.Conv2D(filters, (10, 4), strides=2, padding="same", name="conv_1")(inputs)
    x = layers.BatchNormalization(name="norm_1")(x)
    x = layers.ReLU(name="relu_1")(x)
    for i in range(2, 6):
        x = layers.DepthwiseConv2D(3, padding="same", name=f"depthwise_{i}")(x)
        x = layers.BatchNormalization(name=f"depthwise_norm_{i}")(x)
        x = layers.ReLU(name=f"depthwise_relu_{i}")(x)
        x = layers.Conv2D(filters, 1, name=f"pointwise_{i}")(x)
        x = layers.BatchNormalization(name=f"norm_{i}")(x)
        x = layers.ReLU(name=f"relu_{i}")(x)
    return keras.Model(inputs, head(x, classes), name="mlperf_ds_cnn")


def bc_resnet(input_shape: Shape, classes: int, width_multiplier: float) -> keras.Model:
    """Broadcasted residual network: bands are seen by depthwise convolutions, time by those over the mean of all bands.

    BC-ResNet-1 of Kim et al., 2021 (Broadcasted residual learning for efficient keyword spotting), Table 1. Its larger
    ones are wider, up to eight times; here the width multiplier makes narrower ones of it. Where five sub-bands do not
    divide the bands, batch normalisation is over all of them. Its dropout is left out.
    """
    inputs = layers.Input(input_shape, name="features")
    x = layers.Conv2D(
        scaled(16, width_multiplier), 5, strides=(1, 2), padding="same", use_bias=False, name="conv_1"
    )(inputs)  # fmt: skip
    x = layers.BatchNormalization(name="norm_1")(x)
    x = layers.ReLU(name="relu_1")(x)
    for stage, (channels, blocks, halved, dilation) in enumerate(STAGES, 1):
        for block in range(blocks):
            first = block == 0
            name = f"{stage}_{block + 1}"
            x = broadcasted(x, scaled(channels, width_multiplier), first, first and halved, dilation, name)
    x = layers.DepthwiseConv2D((5, x.shape[2]), padding="valid", use_bias=False, name="depthwise_end")(
        layers.ZeroPadding2D(((2, 2), (0, 0)), name="pad_end")(x)
    )
    x = layers.Conv2D(scaled(32, width_multiplier), 1, use_bias=False, name="pointwise_end")(x)
    x = layers.BatchNormalization(name="norm_end")(x)
    x = layers.ReLU(name="relu_end")(x)
    return keras.Model(inputs, head(x, classes), name="bc_resnet")


def broadcasted(x: Any, channels: int, transition: bool, halved: bool, dilation: int, name: str) -> Any:
    """x + f2(x) + f1(mean over bands of f2(x)), where f1 is broadcast to all bands (section 2.2 of the paper).

    Args:
        transition: the channels change, so that x itself is not added.
        halved: every other band is left out.
    """
    shortcut = x
    if transition:
        x = layers.Conv2D(channels, 1, use_bias=False, name=f"change_{name}")(x)
        x = layers.BatchNormalization(name=f"change_norm_{name}")(x)
        x = layers.ReLU(name=f"change_relu_{name}")(x)
    x = layers.DepthwiseConv2D((1, 3), padding="same", use_bias=False, name=f"bands_{name}")(x)
    if halved:  # TensorFlow's depthwise convolutions have equal strides only
        x = layers.AveragePooling2D((1, 1), strides=(1, 2), name=f"halve_{name}")(x)
    x = sub_spectral_norm(x, name)
    mean = layers.AveragePooling2D((1, x.shape[2]), name=f"mean_{name}")(x)
    y = layers.DepthwiseConv2D(
        (3, 1), padding="same", dilation_rate=(dilation, 1), use_bias=False, name=f"time_{name}"
    )(mean)  # fmt: skip
    y = layers.BatchNormalization(name=f"time_norm_{name}")(y)
    y = layers.Activation("swish", name=f"swish_{name}")(y)
    y = layers.Conv2D(channels, 1, use_bias=False, name=f"pointwise_{name}")(y)
    added = [x, y] if transition else [shortcut, x, y]
    x = layers.Add(name=f"add_{name}")(added)
    return layers.ReLU(name=f"relu_{name}")(x)


def sub_spectral_norm(x: Any, name: str) -> Any:
    """Batch normalisation of each fifth of the bands by itself (Chang et al., 2021, Subspectral normalization)."""
    _, frames, bands, channels = x.shape
    if bands % SUB_BANDS:
        return layers.BatchNormalization(name=f"bands_norm_{name}")(x)
    each = bands // SUB_BANDS
    x = layers.Reshape((frames, SUB_BANDS, each, channels), name=f"split_{name}")(x)
    x = layers.Permute((1, 3, 2, 4), name=f"sort_{name}")(x)
    x = layers.Reshape((frames, each, SUB_BANDS * channels), name=f"stack_{name}")(x)
    x = layers.BatchNormalization(name=f"bands_norm_{name}")(x)
    x = layers.Reshape((frames, each, SUB_BANDS, channels), name=f"unstack_{name}")(x)
    x = layers.Permute((1, 3, 2, 4), name=f"unsort_{name}")(x)
    return layers.Reshape((frames, bands, channels), name=f"join_{name}")(x)
