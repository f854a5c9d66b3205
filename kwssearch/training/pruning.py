"""Magnitude pruning: wrappers around layers, and how to take them off again."""

from __future__ import annotations

from collections.abc import Iterator

from kwssearch.backend import keras, tf, tfmot
from kwssearch.models.architectures import PRUNABLE, is_turned
from kwssearch.space import Pruning, Schedule


def prune(model: keras.Model, final_sparsity: float, pruning: Pruning, steps: int) -> keras.Model:
    """The model with its convolutions and dense layers wrapped for magnitude pruning.

    Zhu and Gupta, 2017 (To prune, or not to prune): cubic PolynomialDecay from the initial to
    the final sparsity. Depthwise kernels and batch normalisation stay dense, as in tfmot.

    Args:
        steps: optimizer steps of the whole training.
    """
    schedule = Schedule.over(steps, pruning)
    decay = tfmot.sparsity.keras.PolynomialDecay(
        initial_sparsity=min(pruning.initial_sparsity, final_sparsity),
        final_sparsity=final_sparsity,
        begin_step=schedule.begin,
        end_step=schedule.end,
        frequency=schedule.frequency,
    )

    def wrap(layer: keras.layers.Layer) -> keras.layers.Layer:
        if type(layer) in PRUNABLE:
            return tfmot.sparsity.keras.prune_low_magnitude(layer, pruning_schedule=decay)
        return layer

    wrapped = keras.models.clone_model(model, clone_function=wrap)
    copy_weights(model, wrapped)
    for layer in pruned_layers(wrapped):
        keep_full_precision(layer)
    return wrapped


def keep_full_precision(wrapper: keras.layers.Layer) -> None:
    """Makes masks multiply the float32 weights, not the rounded values that mixed precision reads.

    tfmot writes `weight * mask` back within the layer's call, where Keras reads float32 variables
    as bfloat16: every weight would be rounded to 8 bits at every step.
    """
    uncast = [tuple(getattr(v, "_variable", v) for v in group) for group in wrapper.pruning_vars]
    wrapper.pruning_obj._pruning_vars = uncast


def pruned_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The wrappers that tfmot put around layers."""
    return [layer for layer in model.layers if hasattr(layer, "pruning_step")]


def kept_at_first(model: keras.Model) -> list[int]:
    """Weights that each pruned layer keeps at the first update of its mask, rounded as tfmot rounds."""
    found = []
    for layer in pruned_layers(model):
        sparsity = layer.pruning_schedule(layer.pruning_schedule.begin_step)[1]
        for weight, _, _ in layer.pruning_vars:
            found.append(max(1, int(tf.math.round(tf.cast(tf.size(weight), tf.float32) * (1 - sparsity)))))
    return found


def inner_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Every layer, taken out of its pruning wrapper where it has one."""
    for layer in model.layers:
        yield layer.layer if hasattr(layer, "pruning_step") else layer


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copies values between models of the same layers, wrapped or not, in any precision, turned or not.

    A model trained in mixed precision does not convert, so its weights go to a twin in float32.
    """
    turn = is_turned(source) != is_turned(target)
    layers = ([layer for layer in inner_layers(model) if layer.weights] for model in (source, target))
    for ours, theirs in zip(*layers, strict=True):
        weights = ours.get_weights()
        theirs.set_weights([w.swapaxes(0, 1) if turn and w.ndim == 4 else w for w in weights])
