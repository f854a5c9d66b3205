"""The training loop: many steps per compiled call, saved after each epoch, resumed exactly."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kwssearch.backend import keras, tf
from kwssearch.system.whole import read_sealed, write_sealed
from kwssearch.training.clips import TrainingClips, heard_in
from kwssearch.training.pruning import inner_layers, pruned_layers

Arrays = dict[str, npt.NDArray[np.generic]]
Split = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]
STEPS_A_CALL = 64
CLIPS_A_CALL = 128
SCORES = ("loss", "accuracy", "val_loss", "val_accuracy")


class DivergedError(Exception):
    """The loss is no longer finite; no further epoch can bring it back."""


def steps_an_epoch(clips: int, batch_size: int) -> int:
    return math.ceil(clips / batch_size)


class Trainer:
    """Trains a compiled model on features that stay on disk.

    `fit` gives the same weights, at the price of a data pipeline and a Python call per batch; here
    batching and pruning run inside the graph, 64 steps per call (docs/performance.md).

    Args:
        model: compiled with an optimizer and a loss; may have pruning wrappers.
        features: shape (clips, frames, bands, 1), float32; a memory map will do. Or such clips as are altered anew
            in each epoch.
        labels: shape (clips,), class indices.
        seed: for the shuffling; epoch e is always shuffled in the same way.
        validation: features and labels that are scored after each epoch.
        epochs_before: of the training that this one goes on from; its clips are shuffled on.

    Attributes:
        history: the logs of each epoch, under the names of `SCORES`, and its seconds of training.
        seconds: of training on the wall clock, and `cpu_seconds` of this process's, both without validation, which
            takes `validation_seconds`.
    """

    def __init__(
        self,
        model: keras.Model,
        features: TrainingClips,
        labels: npt.NDArray[np.int64],
        batch_size: int,
        seed: int,
        validation: Split | None = None,
        epochs_before: int = 0,
    ) -> None:
        self.model = model
        self.epochs_before = epochs_before
        self.features = features
        self.labels = labels
        self.batch_size = batch_size
        self.seed = seed
        self.steps_done = 0
        self.validation = validation
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self.validation_seconds = 0.0
        self.history: list[dict[str, float]] = []
        self._sums = np.zeros(2)
        model.optimizer.build(model.trainable_variables)
        self._compiled = tf.function(self._steps, reduce_retracing=True)
        self._scored = tf.function(self._score, reduce_retracing=True)

    @property
    def steps_an_epoch(self) -> int:
        return steps_an_epoch(len(self.labels), self.batch_size)

    def run(
        self,
        steps: int,
        checkpoint: Path | None = None,
        on_epoch: Callable[[list[dict[str, float]]], None] = lambda history: None,
    ) -> None:
        """Trains until `steps` steps are done in all, saving every finished epoch to `checkpoint`.

        Args:
            on_epoch: called with the logs of all epochs so far, the latest last.

        Raises:
            DivergedError: the loss is NaN or infinite.
        """
        self._align_pruning_step()
        while self.steps_done < steps:
            epoch, within = divmod(self.steps_done, self.steps_an_epoch)
            order = np.random.default_rng([self.seed, self.epochs_before + epoch]).permutation(len(self.labels))
            stop = min(self.steps_an_epoch, within + steps - self.steps_done)
            started, started_cpu = time.perf_counter(), time.process_time()
            self._heard = heard_in(self.features, self.epochs_before + epoch)
            for first in range(within, stop, STEPS_A_CALL):
                self._advance(order[first * self.batch_size : min(stop, first + STEPS_A_CALL) * self.batch_size])
            self.steps_done += stop - within
            self.seconds += time.perf_counter() - started
            self.cpu_seconds += time.process_time() - started_cpu
            if stop == self.steps_an_epoch:
                self._end_epoch()
                if checkpoint is not None:
                    save_state(checkpoint, self.state())
                on_epoch(self.history)

    def _advance(self, clips: npt.NDArray[np.int64]) -> None:
        features, labels = tf.constant(self._heard[clips]), tf.constant(self.labels[clips])
        self._sums = self._compiled(features, labels, tf.constant(self._sums)).numpy()
        if not math.isfinite(self._sums[0]):
            raise DivergedError(f"the loss is no longer finite in epoch {len(self.history) + 1}")

    def _end_epoch(self) -> None:
        for layer in pruned_layers(self.model):
            layer.pruning_obj.weight_mask_op()
        seconds = self.seconds - sum(logs["seconds"] for logs in self.history)
        self.history.append(named([*self._sums / len(self.labels), *self._validated()], seconds))
        self._sums = np.zeros(2)

    def _validated(self) -> npt.NDArray[np.float64]:
        """Loss and accuracy on the validation clips, of the model as it stands."""
        if self.validation is None or not len(self.validation[1]):
            return np.full(2, np.nan)
        features, labels = self.validation
        sums, started = np.zeros(2), time.perf_counter()
        for first in range(0, len(labels), CLIPS_A_CALL):
            some = slice(first, first + CLIPS_A_CALL)
            sums += self._scored(tf.constant(features[some]), tf.constant(labels[some])).numpy()
        self.validation_seconds += time.perf_counter() - started
        return sums / len(labels)

    def _score(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        probabilities = self.model(features, training=False)
        return self._counted(self.model.loss(labels, probabilities), probabilities, labels)

    def _steps(self, features: tf.Tensor, labels: tf.Tensor, sums: tf.Tensor) -> tf.Tensor:
        """Adds each batch's (sum of losses, correct predictions) to the epoch's."""
        for start in tf.range(0, tf.shape(labels)[0], self.batch_size):
            batch = labels[start : start + self.batch_size]
            sums += self._step(features[start : start + self.batch_size], batch)
        return sums

    def _step(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            probabilities = self.model(features, training=True)
            loss = self.model.loss(labels, probabilities)
        gradients = zip(tape.gradient(loss, variables), variables, strict=True)
        # Aggregating over replicas, of which there is one, would keep every traced graph alive.
        self.model.optimizer.apply_gradients(gradients, skip_gradients_aggregation=True)
        return self._counted(loss, probabilities, labels)

    def _counted(self, loss: tf.Tensor, probabilities: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """A batch's sum of losses, and its correct predictions."""
        correct = tf.math.count_nonzero(tf.argmax(probabilities, axis=-1) == labels)
        clips = tf.cast(tf.size(labels), tf.float64)
        return tf.stack([tf.cast(loss, tf.float64) * clips, tf.cast(correct, tf.float64)])

    def _align_pruning_step(self) -> None:
        """Does what tfmot's UpdatePruningStep does before a batch; the wrappers then count by themselves."""
        for layer in pruned_layers(self.model):
            layer.pruning_step.assign(self.model.optimizer.iterations)

    def state(self) -> Arrays:
        """Everything that the next step depends on, under names that pruned and dense models share."""
        arrays: Arrays = {
            "steps_done": np.array(self.steps_done),
            "seconds": np.array([self.seconds, self.cpu_seconds, self.validation_seconds]),
            "epoch_seconds": np.array([logs["seconds"] for logs in self.history]),
            "sums": self._sums,
            "history": np.array([[logs.get(name, np.nan) for name in SCORES] for logs in self.history]).reshape(-1, 4),
        }
        for name, variable in self._variables().items():
            arrays[name] = keras.backend.get_value(variable)
        return arrays

    def restore(self, arrays: Arrays) -> None:
        """Continues from a state, which may be a dense model's: what pruning adds then starts afresh.

        Raises:
            KeyError: the state is another model's.
            ValueError: it has another shape.
        """
        for name, variable in self._variables().items():
            if name in arrays:
                variable.assign(arrays[name])
            elif not name.startswith("pruning/"):
                raise KeyError(f"the checkpoint has no {name}")
        self.steps_done = int(arrays["steps_done"])
        self.seconds, self.cpu_seconds, self.validation_seconds = map(float, arrays["seconds"])
        seconds = map(float, arrays["epoch_seconds"])
        self._sums = np.array(arrays["sums"], dtype=np.float64)
        self.history = [named(*logs) for logs in zip(arrays["history"], seconds, strict=True)]

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


def named(scores: Iterable[float], seconds: float) -> dict[str, float]:
    """An epoch's logs by name, without those of an empty split."""
    known = {name: float(value) for name, value in zip(SCORES, scores, strict=True) if not np.isnan(value)}
    return {**known, "seconds": seconds}


def save_state(path: Path, arrays: Arrays) -> None:
    """Replaces a checkpoint by one move, so that a kill leaves the old one or the new one."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_sealed(path, buffer.getbuffer())


def load_state(path: Path) -> Arrays | None:
    """A checkpoint's arrays, or None if there is none, it is damaged or it is another training's."""
    content = read_sealed(path)
    if content is None:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return dict(file) if "epoch_seconds" in file else None
