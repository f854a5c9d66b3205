"""Architectures as a user would write them, as the text of a file: right ones and wrong ones."""

TC_RESNET = '''
from tf_keras import Model, layers


def tc_resnet(input_shape, classes, width_multiplier):
    """Temporal convolutions with a residual connection, after Choi et al., 2019 (TC-ResNet)."""
    frames, bands, _ = input_shape
    filters = max(1, round(16 * width_multiplier))
    inputs = layers.Input(input_shape, name="features")
    x = layers.Reshape((frames, 1, bands), name="bands_as_channels")(inputs)
    x = layers.Conv2D(filters, (3, 1), use_bias=False, padding="same", name="conv_1")(x)
    y = layers.Conv2D(filters, (9, 1), use_bias=False, padding="same", name="conv_2")(x)
    y = layers.BatchNormalization(name="norm_2")(y)
    x = layers.Add(name="residual")([x, layers.ReLU(name="relu_2")(y)])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(classes, name="dense")(x)
    return Model(inputs, layers.Softmax(dtype="float32", name="softmax")(x), name="tc_resnet")


def perceptron(input_shape, classes, width_multiplier):
    """No convolution at all."""
    inputs = layers.Input(input_shape, name="features")
    x = layers.Flatten(name="flatten")(inputs)
    x = layers.Dense(max(1, round(32 * width_multiplier)), activation="relu", name="hidden")(x)
    x = layers.Dense(classes, name="dense")(x)
    return Model(inputs, layers.Softmax(dtype="float32", name="softmax")(x), name="perceptron")
'''

WRONG = """
import keras
from tf_keras import Model, Sequential, layers


def ended(x, classes):
    x = layers.Flatten(name="flatten")(x)
    return layers.Softmax(dtype="float32", name="softmax")(layers.Dense(classes, name="dense")(x))


def raises(input_shape, classes, width_multiplier):
    return layers.Conv2D(8, 300, name="conv")(layers.Input(input_shape))


def no_model(input_shape, classes, width_multiplier):
    return None


def keras_3(input_shape, classes, width_multiplier):
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, keras.layers.Dense(classes)(keras.layers.Flatten()(inputs)))


def wrong_classes(input_shape, classes, width_multiplier):
    inputs = layers.Input(input_shape, name="features")
    return Model(inputs, ended(inputs, classes + 1))


def wrong_input(input_shape, classes, width_multiplier):
    inputs = layers.Input((10, 10, 1), name="features")
    return Model(inputs, ended(inputs, classes))


def unnamed(input_shape, classes, width_multiplier):
    inputs = layers.Input(input_shape, name="features")
    return Model(inputs, ended(layers.Conv2D(4, 3)(inputs), classes))


def nested(input_shape, classes, width_multiplier):
    inputs = layers.Input(input_shape, name="features")
    inner = Sequential([layers.Conv2D(4, 3, name="conv")], name="inner")
    return Model(inputs, ended(inner(inputs), classes))


def separable(input_shape, classes, width_multiplier):
    inputs = layers.Input(input_shape, name="features")
    return Model(inputs, ended(layers.SeparableConv2D(4, 3, name="separable")(inputs), classes))


def regularised(input_shape, classes, width_multiplier):
    inputs = layers.Input(input_shape, name="features")
    return Model(inputs, ended(layers.Conv2D(4, 3, kernel_regularizer="l2", name="conv")(inputs), classes))


def other_axis(input_shape, classes, width_multiplier):
    inputs = layers.Input(input_shape, name="features")
    return Model(inputs, ended(layers.BatchNormalization(axis=1, name="norm")(inputs), classes))


def nothing_to_prune(input_shape, classes, width_multiplier):
    inputs = layers.Input(input_shape, name="features")
    x = layers.DepthwiseConv2D(3, depth_multiplier=classes, name="depthwise")(inputs)
    return Model(inputs, layers.Softmax(dtype="float32", name="softmax")(layers.GlobalAveragePooling2D(name="pool")(x)))
"""

SPACE = """
[recipe]
epochs = 2
batch_size = 8
deterministic = true

[features.mfcc]
kind = "mfcc"
coefficients = 10

[baseline]
architecture = "{architecture}"
width_multiplier = 0.5

[[strategy]]
name = "pruning"
final_sparsity = 0.5
"""
