"""What architectures have in common."""

from typing import Any

from kwssearch.backend import keras, tf

layers = keras.layers
Shape = tuple[int, int, int]


class GlobalAveragePooling2D(keras.layers.GlobalAveragePooling2D):
    """Keras's own, but in training its gradient is divided before it is spread over the positions, not after."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if not training:
            return super().call(inputs)
        _, rows, columns, _ = inputs.shape
        return tf.reduce_sum(inputs, (1, 2)) / (rows * columns)


def head(x: Any, classes: int) -> Any:
    """Global average pooling and a float32 softmax over the words."""
    x = GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(classes, name="dense")(x)
    return layers.Softmax(dtype="float32", name="softmax")(x)


def scaled(filters: int, width_multiplier: float) -> int:
    return max(1, round(filters * width_multiplier))
