"""Batch statistics that match the weights at the end of training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kwssearch.backend import keras, tf
from kwssearch.features import Epoch
from kwssearch.training.pruning import inner_layers

CLIPS = 2048
BATCH = 128


def settle(model: keras.Model, features: npt.NDArray[np.float32] | Epoch, seed: int) -> None:
    """Sets batch normalisation to the statistics of the training clips under the current weights.

    The moving averages of a short training still remember its first steps: with momentum 0.99, 100 steps leave more
    than a third of where they began. Estimated over up to 2,048 clips ("precise batch norm"; Wu and Johnson, 2021,
    Rethinking "Batch" in BatchNorm, section 3).

    Args:
        model: trained; may have pruning wrappers.
        features: shape (clips, frames, bands, 1), as trained on; a memory map will do.
        seed: for the choice of clips.
    """
    layers = [layer for layer in inner_layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    if not layers:
        return
    before = keras.Model(model.inputs, [layer.get_input_at(len(layer.inbound_nodes) - 1) for layer in layers])

    @tf.function(reduce_retracing=True)
    def moments(clips: tf.Tensor) -> list[tf.Tensor]:
        return [channel_sums(values) for values in tf.nest.flatten(before(clips, training=True))]

    chosen = np.sort(np.random.default_rng([seed, CLIPS]).permutation(len(features))[:CLIPS])
    sums = [np.zeros((3, layer.moving_mean.shape[0])) for layer in layers]
    for first in range(0, len(chosen), BATCH):
        clips = tf.constant(features[chosen[first : first + BATCH]])
        for total, found in zip(sums, moments(clips), strict=True):
            total += found.numpy()
    for layer, (count, linear, square) in zip(layers, sums, strict=True):
        mean = linear / count
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(np.maximum(square / count - mean**2, 0))


def channel_sums(values: tf.Tensor) -> tf.Tensor:
    """How many values a channel has, their sum and that of their squares; shape (3, channels), float64."""
    axes = tuple(range(len(values.shape) - 1))
    moments = tf.nn.moments(tf.cast(values, tf.float32), axes)
    mean, variance = (tf.cast(moment, tf.float64) for moment in moments)
    count = tf.cast(tf.size(values), tf.float64) / tf.cast(tf.shape(values)[-1], tf.float64)
    return count * tf.stack([tf.ones_like(mean), mean, variance + mean**2])
