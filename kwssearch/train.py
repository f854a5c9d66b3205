"""The training loop: one compiled call an epoch, saved after each, resumed exactly."""

from __future__ import annotations

import io
import math
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kwssearch.backend import keras, tf
from kwssearch.compress import inner_layers, pruned_layers

Arrays = dict[str, npt.NDArray[np.generic]]


class DivergedError(Exception):
    """The loss left the finite numbers; no further epoch can bring it back."""


def steps_an_epoch(clips: int, batch_size: int) -> int:
    return math.ceil(clips / batch_size)


class Trainer:
    """Trains a compiled model on features held in memory.

    `fit` would give the same weights, at the price of a Python call and a data pipeline a batch;
    here shuffling, batching and pruning run inside the graph (docs/performance.md).

    Args:
        model: compiled with an optimizer and a loss; may have pruning wrappers.
        features: shape (clips, frames, bands, 1), float32.
        labels: shape (clips,), class indices.
        seed: of the shuffling; epoch e is always shuffled alike.
    """

    def __init__(
        self,
        model: keras.Model,
        features: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int64],
        batch_size: int,
        seed: int,
    ) -> None:
        self.model = model
        self.features = tf.constant(features)
        self.labels = tf.constant(labels)
        self.batch_size = batch_size
        self.seed = seed
        self.epochs_done = 0
        self.history: list[dict[str, float]] = []
        model.optimizer.build(model.trainable_variables)
        self._compiled = tf.function(self._epoch, reduce_retracing=True)

    def run(
        self,
        epochs: int,
        checkpoint: Path | None = None,
        on_epoch: Callable[[int, dict[str, float]], None] = lambda epoch, logs: None,
    ) -> None:
        """Trains up to that many epochs in all, saving each to `checkpoint`.

        Raises:
            DivergedError: the loss is NaN or infinite.
        """
        self._align_pruning_step()
        while self.epochs_done < epochs:
            order = np.random.default_rng([self.seed, self.epochs_done]).permutation(len(self.labels))
            loss, accuracy = self._compiled(tf.constant(order, tf.int32))
            logs = {"loss": float(loss), "accuracy": float(accuracy)}
            if not math.isfinite(logs["loss"]):
                raise DivergedError(f"the loss became {logs['loss']} in epoch {self.epochs_done + 1}")
            self.history.append(logs)
            self.epochs_done += 1
            if checkpoint is not None:
                save(checkpoint, self.state())
            on_epoch(self.epochs_done, logs)

    def _epoch(self, order: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        clips = tf.shape(order)[0]
        loss_sum, correct = tf.constant(0.0), tf.constant(0)
        for start in tf.range(0, clips, self.batch_size):
            batch = order[start : start + self.batch_size]
            loss, hits = self._step(tf.gather(self.features, batch), tf.gather(self.labels, batch))
            loss_sum += loss * tf.cast(tf.shape(batch)[0], tf.float32)
            correct += hits
        for layer in pruned_layers(self.model):
            layer.pruning_obj.weight_mask_op()
        total = tf.cast(clips, tf.float32)
        return loss_sum / total, tf.cast(correct, tf.float32) / total

    def _step(self, features: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            probabilities = self.model(features, training=True)
            loss = self.model.loss(labels, probabilities)
        self.model.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        predicted = tf.argmax(probabilities, axis=-1, output_type=self.labels.dtype)
        return loss, tf.reduce_sum(tf.cast(predicted == labels, tf.int32))

    def _align_pruning_step(self) -> None:
        """What tfmot's UpdatePruningStep does before a batch; the wrappers then count by themselves."""
        for layer in pruned_layers(self.model):
            layer.pruning_step.assign(self.model.optimizer.iterations)

    def state(self) -> Arrays:
        """All that the next epoch depends on, under names that pruned and dense models share."""
        arrays: Arrays = {"epochs_done": np.array(self.epochs_done)}
        for key in ("loss", "accuracy"):
            arrays[f"history/{key}"] = np.array([logs[key] for logs in self.history])
        for name, variable in self._variables().items():
            arrays[name] = keras.backend.get_value(variable)
        return arrays

    def restore(self, arrays: Arrays) -> None:
        """Goes on from a state, also a dense model's: what pruning adds then starts afresh."""
        for name, variable in self._variables().items():
            if name in arrays:
                variable.assign(arrays[name])
            elif not name.startswith("pruning/"):
                raise KeyError(f"the checkpoint has no {name}")
        self.epochs_done = int(arrays["epochs_done"])
        losses, accuracies = arrays["history/loss"], arrays["history/accuracy"]
        self.history = [{"loss": float(x), "accuracy": float(y)} for x, y in zip(losses, accuracies, strict=True)]

    def _variables(self) -> dict[str, tf.Variable]:
        named = {}
        for layer in inner_layers(self.model):
            for i, variable in enumerate(layer.weights):
                named[f"layer/{layer.name}/{i}"] = variable
        for i, variable in enumerate(self.model.optimizer.variables):
            named[f"optimizer/{i}"] = variable
        for wrapper in pruned_layers(self.model):
            for i, (_, mask, threshold) in enumerate(wrapper.pruning_vars):
                named[f"pruning/{wrapper.name}/{i}/mask"] = mask
                named[f"pruning/{wrapper.name}/{i}/threshold"] = threshold
        return named


def save(path: Path, arrays: Arrays) -> None:
    """Replaces a checkpoint by one move, so that a kill leaves the old one or the new one."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(buffer.getbuffer())
    os.replace(temporary, path)


def load(path: Path) -> Arrays | None:
    """A checkpoint's arrays, or None where there is none or it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None
