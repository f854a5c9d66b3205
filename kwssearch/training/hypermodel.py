"""The build and fit hooks: hyperparameters -> pruned model -> three objectives of a file on disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch import backend
from kwssearch.artefact import MODEL_FILE, ZIP_FILE
from kwssearch.artefact import classifier as measure
from kwssearch.artefact.contents import Artefact
from kwssearch.backend import keras, keras_tuner
from kwssearch.compression import convert, zipped
from kwssearch.data.dataset import DataSet
from kwssearch.features.front_end import FrontEnd, cached_features
from kwssearch.models.architectures import MODELS, macs, training_form
from kwssearch.space.search_space import SearchSpace
from kwssearch.system.cache import cache_folder
from kwssearch.system.storage import write_bytes
from kwssearch.training import pruning as compress
from kwssearch.training import trainer as train
from kwssearch.training.precision import choose

SPARSITY_TOLERANCE = 0.005
CHECKPOINT_FILE = "checkpoint.npz"
PARITY_CLIPS = 200
PARITY_TOLERANCE = 1e-3
LATENCY_CLIPS = 100
METRICS = ("accuracy", "memory_bytes", "latency_ms")


class TrialError(Exception):
    """A trial whose artefact is not what was asked for; the search goes on without it."""


class KwsHyperModel(keras_tuner.HyperModel):
    """Builds and fits the points of a search space on a data set.

    Args:
        space: what may vary, and the recipe.
        data: the words to spot.
        cache: where features are kept; the user's cache by default.
    """

    def __init__(self, space: SearchSpace, data: DataSet, cache: Path | None = None) -> None:
        super().__init__(name=space.name, tunable=False)
        self.space = space
        self.data = data
        self.cache = cache or cache_folder()

    @property
    def steps(self) -> int:
        """Optimizer steps of a whole training."""
        recipe = self.space.recipe
        return recipe.epochs * train.steps_an_epoch(len(self.data.splits["train"]), recipe.batch_size)

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """The compiled model in its training form, convolutions and dense layers wrapped where the point is sparse."""
        recipe = self.space.recipe
        plain = self.plain_model(hp)
        form = self.training_form(hp, plain)
        policy = choose(recipe.precision, recipe.deterministic, form, recipe.batch_size, self.cache)
        with backend.precision(policy):
            model = self.training_form(hp, plain)
            compress.copy_weights(plain, model)
            if hp.get("final_sparsity") > 0:
                model = compress.prune(model, hp.get("final_sparsity"), self.space.pruning, self.steps)
        first, last = recipe.learning_rate
        model.compile(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.PolynomialDecay(first, self.steps, last)),
            loss=keras.losses.SparseCategoricalCrossentropy(),
            metrics=["accuracy"],
        )
        return model

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: keras.Model,
        folder: Path | str = ".",
        seed: int | None = None,
        prefix: Path | None = None,
        on_epoch: Callable[[list[dict[str, float]]], None] = lambda history: None,
    ) -> dict[str, float]:
        """Trains, strips, converts, zips, and scores the files it leaves in `folder`.

        Args:
            model: from `build`.
            folder: for model.tflite, its zip, and a checkpoint while training.
            seed: of the shuffling; the recipe's by default.
            prefix: file of a state shared by points that differ in final sparsity only; made where missing,
                with another one beside it that only the sparse ones share.
            on_epoch: called with the logs of all epochs so far.

        Returns:
            accuracy (0 to 1), memory_bytes (zipped), latency_ms.

        Raises:
            TrialError: the file misses the declared sparsity or differs from the trained model.
            DivergedError: the loss is NaN or infinite.
        """
        record = self.evaluate(hp, model, Path(folder), seed, prefix, on_epoch)
        return {key: record[key] for key in METRICS}

    def evaluate(
        self,
        hp: keras_tuner.HyperParameters,
        model: keras.Model,
        folder: Path,
        seed: int | None = None,
        prefix: Path | None = None,
        on_epoch: Callable[[list[dict[str, float]]], None] = lambda history: None,
    ) -> dict[str, Any]:
        """As `fit`, but returns all that a trial's record holds."""
        started = time.perf_counter()
        folder.mkdir(parents=True, exist_ok=True)
        front_end = self.front_end(hp)
        features = self.features(front_end)
        trainer = train.Trainer(
            model,
            features["train"],
            self.data.labels("train"),
            self.space.recipe.batch_size,
            self.space.recipe.seed if seed is None else seed,
        )
        self.train(trainer, folder / CHECKPOINT_FILE, prefix, on_epoch)
        plain = self.plain_model(hp)
        compress.copy_weights(model, plain)
        artefact = Artefact(convert(plain))
        write_bytes(folder / MODEL_FILE, artefact.content)
        write_bytes(folder / ZIP_FILE, zipped(artefact.content))
        probabilities = measure.predict(folder / MODEL_FILE, features["test"])
        return {
            **self.score(probabilities),
            **described(artefact, hp.get("final_sparsity")),
            **parity(plain, features["test"][:PARITY_CLIPS], probabilities[:PARITY_CLIPS]),
            "memory_bytes": (folder / ZIP_FILE).stat().st_size,
            **measure.latency(front_end, folder / MODEL_FILE, self.clips(LATENCY_CLIPS)),
            "parameters": plain.count_params(),
            "macs": macs(plain),
            "input_shape": list(front_end.setting.shape),
            "precision": model.layers[1].dtype_policy.name,
            "epochs": len(trainer.history),
            "history": [{key: round(value, 6) for key, value in logs.items()} for logs in trainer.history],
            "train_seconds": round(trainer.seconds, 3),
            "seconds": round(time.perf_counter() - started, 3),
        }

    def train(
        self,
        trainer: train.Trainer,
        checkpoint: Path,
        prefix: Path | None,
        on_epoch: Callable[[list[dict[str, float]]], None],
    ) -> None:
        """Goes on from the checkpoint, else from the last beginning that is there, else from the start."""
        beginnings = [] if prefix is None else self.shared_beginnings(trainer.model, prefix)
        states = (train.load(path) for path in (checkpoint, *reversed([path for path, _ in beginnings])))
        state = next((state for state in states if state is not None), None)
        if state is not None:
            trainer.restore(state)
        for path, steps in beginnings:
            if trainer.steps_done < steps:
                trainer.run(steps, checkpoint, on_epoch)
                train.save(path, trainer.state())
        trainer.run(self.steps, checkpoint, on_epoch)

    def shared_beginnings(self, model: keras.Model, prefix: Path) -> list[tuple[Path, int]]:
        """Where states that other points have too are kept, and how many steps lead to them.

        Points that differ in final sparsity only are one training until pruning begins; those that are
        sparse, and whose first masks keep as many weights, until their second masks.
        """
        schedule = compress.Schedule.over(self.steps, self.space.pruning)
        kept = "_".join(map(str, compress.kept_at_first(model)))
        found = [(prefix, schedule.begin - 1)]
        if kept:
            found.append((prefix.with_stem(f"{prefix.stem}_kept_{kept}"), schedule.begin + schedule.frequency - 1))
        return found

    def plain_model(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """The architecture alone, in the precision that is set, not compiled."""
        builder, shape = MODELS[hp.get("architecture")], self.space.features[hp.get("features")].shape
        return builder(shape, len(self.data.words), hp.get("width_multiplier"))

    def training_form(self, hp: keras_tuner.HyperParameters, plain: keras.Model) -> keras.Model:
        """The same in the precision that is set, on its side where that trains faster."""
        return training_form(plain, MODELS[hp.get("architecture")], len(self.data.words), hp.get("width_multiplier"))

    def front_end(self, hp: keras_tuner.HyperParameters) -> FrontEnd:
        return FrontEnd(self.space.features[hp.get("features")], self.data.sampling_rate)

    def features(self, front_end: FrontEnd) -> dict[str, Any]:
        """Split -> features, memory-mapped, computed where they are not yet in the cache."""
        splits = {name: len(clips) for name, clips in self.data.splits.items()}
        return cached_features(self.cache / "features", self.data.fingerprint, front_end, splits, self.data.audio)

    def clips(self, count: int) -> list[Any]:
        """The first test clips, read from disk."""
        return [self.data.audio("test", i) for i in range(min(count, len(self.data.splits["test"])))]

    def score(self, probabilities: measure.Array) -> dict[str, Any]:
        """Accuracy on the test split, and every prediction."""
        predictions = probabilities.argmax(axis=1)
        correct = int(np.sum(predictions == self.data.labels("test")))
        return {
            "accuracy": correct / len(predictions),
            "predictions": predictions.tolist(),
        }


def described(artefact: Artefact, final_sparsity: float) -> dict[str, Any]:
    """Sizes and sparsities as they are in the file.

    Raises:
        TrialError: the prunable weights miss the declared sparsity by more than half a point.
    """
    reached = artefact.sparsity(prunable_only=True)
    if abs(reached - final_sparsity) > SPARSITY_TOLERANCE and final_sparsity > 0:
        raise TrialError(
            f"the exported file has a sparsity of {reached:.4f} over its prunable weights, "
            f"expected {final_sparsity} within {SPARSITY_TOLERANCE}; train longer or widen the pruning schedule"
        )
    return {
        "tflite_bytes": len(artefact.content),
        "achieved_sparsity": reached,
        "overall_sparsity": artefact.sparsity(prunable_only=False),
        "sparsity_by_layer": {weights.name: round(weights.sparsity, 5) for weights in artefact.weights},
        "tensor_bytes": artefact.tensor_bytes,
        "sha256": artefact.sha256,
    }


def parity(plain: keras.Model, features: Any, found: measure.Array) -> dict[str, Any]:
    """How far the file's answers, `found`, are from the trained model's on the same clips.

    Raises:
        TrialError: a probability differs by more than 0.001; labels then agree unless the two best
            are nearer than twice that.
    """
    wanted = plain(np.asarray(features), training=False).numpy()
    difference = float(np.max(np.abs(wanted - found)))
    agreement = float(np.mean(wanted.argmax(axis=1) == found.argmax(axis=1)))
    if not difference <= PARITY_TOLERANCE:
        raise TrialError(
            f"the exported file's probabilities differ by {difference:.2g} from the trained model's, "
            f"expected at most {PARITY_TOLERANCE}; the conversion is not faithful"
        )
    return {"keras_difference": difference, "keras_agreement": agreement}
