"""The build and fit hooks: hyperparameters -> pruned model -> three objectives of a file on disk."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kwssearch import backend
from kwssearch.artefact import WEIGHTS_FILE
from kwssearch.backend import keras, keras_tuner
from kwssearch.data import DataSet
from kwssearch.errors import UserError, counted
from kwssearch.features import FrontEnd
from kwssearch.models import macs, resolve, training_form
from kwssearch.space import Schedule, SearchSpace
from kwssearch.system.cache import cache_folder
from kwssearch.training.batch_norm import settle
from kwssearch.training.clips import TrainingClips, augmented, cost_of, heard_in, split_features
from kwssearch.training.clustering import cluster, strip, values_by_layer
from kwssearch.training.exporting import Bench, export
from kwssearch.training.hyperparameters import declare, hyperparameters
from kwssearch.training.precision import choose, precision_of
from kwssearch.training.pruning import copy_weights, kept_at_first, prune
from kwssearch.training.trainer import Trainer, load_state, save_state
from kwssearch.training.weights import load_weights, save_weights

Values = Mapping[str, Any]
OnEpoch = Callable[[list[dict[str, float]]], None]
CHECKPOINT_FILE = "checkpoint.npz"
DENSE_FOLDER = "dense"
LATENCY_CLIPS = 100
TRAINED = (
    "parameters", "macs", "input_shape", "precision", "epochs", "history", "train_seconds", "train_cpu_seconds",
    "validation_seconds", "augment_epoch_seconds", "values_by_layer",
)  # fmt: skip


def nothing(history: list[dict[str, float]]) -> None:
    """Is called after each epoch and does nothing."""


class KwsHyperModel(keras_tuner.HyperModel):
    """Builds and fits the points of a search space on a data set.

    Args:
        space: what may vary, and the recipe.
        data: the words to spot; a tuner's `search` fills in what is missing here.
        cache: where features are kept; the user's cache by default.
    """

    def __init__(self, space: SearchSpace, data: DataSet | None = None, cache: Path | None = None) -> None:
        super().__init__(name=space.name)
        self.space = space
        self.data = data
        self.cache = cache or cache_folder()

    def __repr__(self) -> str:
        return f"KwsHyperModel({self.space.name!r}, {counted(len(self.space.trials), 'trial')}, data={self.data!r})"

    @property
    def clips(self) -> DataSet:
        """The data set.

        Raises:
            UserError: none has been given yet.
        """
        if self.data is None:
            raise UserError(
                "the hyper model has no data set yet; give it one, as in KwsHyperModel(space, load_data(...))."
            )
        return self.data

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """The compiled model in its training form, convolutions and dense layers wrapped where the point is sparse."""
        values = declare(self.space, hp)
        recipe, steps = self.space.recipe_of(values), self.steps(values)
        plain = self.plain_model(values)
        form = self.training_form(values, plain)
        policy = choose(recipe.precisions, form, recipe.batch_size, self.cache)
        with backend.precision(policy):
            model = self.training_form(values, plain)
            copy_weights(plain, model)
            if (pruning := self.space.pruning_of(values)) is not None:
                model = prune(model, values["final_sparsity"], pruning, steps)
        return self.compiled(values, model)

    def compiled(self, values: Values, model: keras.Model) -> keras.Model:
        """A model with the optimizer of its point's recipe."""
        recipe, steps = self.space.recipe_of(values), self.steps(values)
        first, last = recipe.learning_rate
        model.compile(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.PolynomialDecay(first, steps, last)),
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
        beginning: Path | None = None,
        on_epoch: OnEpoch = nothing,
    ) -> dict[str, float]:
        """Trains, strips, converts, zips, and scores the files it leaves in `folder`.

        Args:
            model: from `build`.
            folder: for model.tflite, its zip, the weights, and a checkpoint while training.
            seed: for the shuffling; the recipe's by default.
            beginning: file of a state shared by points that differ only in final sparsity; made if missing,
                together with another one that only the sparse points share.
            on_epoch: called with the logs of all epochs so far.

        Returns:
            the space's objectives, such as accuracy (0 to 1), memory_bytes (zipped) and latency_ms; what is heard in
            streams is found out by a search.

        Raises:
            TrialError: the file misses the declared sparsity or differs from the trained model.
            DivergedError: the loss is NaN or infinite.
        """
        record = self.evaluate(hp, model, Path(folder), seed, beginning, on_epoch)
        return {name: record[name] for name in self.space.objectives if name in record}

    def evaluate(
        self,
        hp: keras_tuner.HyperParameters,
        model: keras.Model,
        folder: Path,
        seed: int | None = None,
        beginning: Path | None = None,
        on_epoch: OnEpoch = nothing,
        start: bytes | None = None,
    ) -> dict[str, Any]:
        """As `fit`, but returns all that a trial's record holds.

        Args:
            start: content of the weights.npz that a point with a dense start begins from; trained here if missing.
        """
        started = time.perf_counter()
        values = declare(self.space, hp)
        own_seed = self.space.recipe_of(values).seed if seed is None else seed
        if (dense := self.space.dense_of(values)) is not None:
            weights = self.trained_weights(dense, folder / DENSE_FOLDER, own_seed) if start is None else start
            self.begin_with(values, model, weights)
        if values["clusters"]:  # centroids are those of the weights that it has by now
            model = self.compiled(values, cluster(model, values["clusters"]))
        plain, trained = self.trained(values, model, folder, own_seed, beginning, on_epoch)
        exported = self.export(values, plain, folder, own_seed)
        return {**exported, **trained, "seconds": round(time.perf_counter() - started, 3)}

    def variant(
        self, hp: keras_tuner.HyperParameters, weights: bytes, trained: Mapping[str, Any], folder: Path, seed: int
    ) -> dict[str, Any]:
        """As `evaluate`, of a point whose training has ended under another one: only its file is made.

        Args:
            weights: what that training left in weights.npz.
            trained: the record of it.
        """
        started = time.perf_counter()
        values = declare(self.space, hp)
        plain = self.plain_model(values)
        load_weights(io.BytesIO(weights), plain)
        exported = self.export(values, plain, folder, seed)
        kept = {key: trained[key] for key in TRAINED if key in trained}
        return {**exported, **kept, "seconds": round(time.perf_counter() - started, 3)}

    def trained_weights(self, values: Values, folder: Path, seed: int) -> bytes:
        """The content of the weights.npz of a point that is trained here for it."""
        self.trained(values, self.build(hyperparameters(self.space, values)), folder, seed, None, nothing)
        return (folder / WEIGHTS_FILE).read_bytes()

    def begin_with(self, values: Values, model: keras.Model, weights: bytes) -> None:
        """Sets a model that is to be trained to weights that were kept."""
        plain = self.plain_model(values)
        load_weights(io.BytesIO(weights), plain)
        copy_weights(plain, model)

    def trained(
        self,
        values: Values,
        model: keras.Model,
        folder: Path,
        seed: int,
        beginning: Path | None,
        on_epoch: OnEpoch,
    ) -> tuple[keras.Model, dict[str, Any]]:
        """The trained model without wrappers, whose weights are also left in `folder`; and `TRAINED` of it."""
        recipe = self.space.recipe_of(values)
        features = self.features(self.front_end(values))
        folder.mkdir(parents=True, exist_ok=True)
        validation = features["validation"], self.clips.labels("validation")
        dense = self.space.dense_of(values)
        before = 0 if dense is None else self.space.recipe_of(dense).epochs
        labels = self.clips.labels("train")
        clips = self.training_clips(values, features["train"], seed)
        trainer = Trainer(model, clips, labels, recipe.batch_size, seed, validation, before)
        beginnings = [] if beginning is None else self.shared_beginnings(values, model, beginning)
        self.train(trainer, self.steps(values), folder / CHECKPOINT_FILE, beginnings, on_epoch)
        finished = strip(model) if values["clusters"] else model
        settle(finished, heard_in(clips, before + recipe.epochs), seed)
        plain = self.plain_model(values)
        copy_weights(finished, plain)
        save_weights(folder / WEIGHTS_FILE, plain)
        history = [{key: round(value, 6) for key, value in logs.items()} for logs in trainer.history]
        return plain, {
            "parameters": plain.count_params(),
            "macs": macs(plain),
            "input_shape": list(plain.input_shape[1:]),
            "precision": precision_of(model),
            "epochs": len(history),
            "history": history,
            **({"values_by_layer": values_by_layer(finished)} if values["clusters"] else {}),
            "train_seconds": round(trainer.seconds, 3),
            "train_cpu_seconds": round(trainer.cpu_seconds, 3),
            "validation_seconds": round(trainer.validation_seconds, 3),
            **cost_of(clips),
        }

    def export(self, values: Values, plain: keras.Model, folder: Path, seed: int) -> dict[str, Any]:
        """The files of a trained model, and what is measured of them."""
        front_end = self.front_end(values)
        features = self.features(front_end)
        labels = {split: self.clips.labels(split) for split in features}
        digests = tuple(clip.digest for clip in self.clips.splits["train"])
        sounds = self.first_clips(LATENCY_CLIPS)
        bench = Bench(features, labels, len(self.clips.keywords), digests, front_end, sounds, seed)
        folder.mkdir(parents=True, exist_ok=True)
        return export(plain, values, self.space.quantization, bench, folder)

    def train(
        self,
        trainer: Trainer,
        steps: int,
        checkpoint: Path,
        beginnings: Sequence[tuple[Path, int]],
        on_epoch: OnEpoch,
    ) -> None:
        """Continues from the checkpoint, else from the latest beginning that exists, else starts afresh."""
        states = (load_state(path) for path in (checkpoint, *reversed([path for path, _ in beginnings])))
        state = next((state for state in states if state is not None), None)
        if state is not None:
            trainer.restore(state)
        for path, until in beginnings:
            if trainer.steps_done < until:
                trainer.run(until, checkpoint, on_epoch)
                save_state(path, trainer.state())
        trainer.run(steps, checkpoint, on_epoch)

    def shared_beginnings(self, values: Values, model: keras.Model, beginning: Path) -> list[tuple[Path, int]]:
        """Where the states that other points share are kept, and after how many steps each is reached.

        Points that differ only in final sparsity share one training until pruning begins. Sparse ones whose
        first masks keep the same number of weights share it until their second masks.
        """
        pruning = self.space.shared_pruning(values)
        if pruning is None:
            return []
        schedule = Schedule.over(self.steps(values), pruning)
        kept = "_".join(map(str, kept_at_first(model)))
        found = [(beginning, schedule.begin - 1)]
        if kept:
            found.append(
                (beginning.with_stem(f"{beginning.stem}_kept_{kept}"), schedule.begin + schedule.frequency - 1)
            )
        return found

    def steps(self, values: Values) -> int:
        """Optimizer steps of a whole training."""
        return self.space.recipe_of(values).steps(len(self.clips.splits["train"]))

    def plain_model(self, values: Values) -> keras.Model:
        """The architecture alone, in the precision that is set, not compiled."""
        return plain_model(self.space, values, len(self.clips.words))

    def training_form(self, values: Values, plain: keras.Model) -> keras.Model:
        """The same in the precision that is set, on its side where that trains faster."""
        builder = resolve(values["architecture"], self.space.architectures)
        return training_form(plain, builder, len(self.clips.words), values["width_multiplier"])

    def front_end(self, values: Values) -> FrontEnd:
        return FrontEnd(self.space.features[values["features"]], self.clips.sampling_rate)

    def features(self, front_end: FrontEnd) -> dict[str, Any]:
        """Split -> features, memory-mapped, computed if they are not yet in the cache."""
        return split_features(self.clips, front_end, self.cache)

    def training_clips(self, values: Values, recorded: Any, seed: int) -> TrainingClips:
        """What a point is trained on: the training split's features, or what its augmentation makes of them."""
        altered = self.space.augmentation_of(values)
        return recorded if altered is None else augmented(self.clips, self.front_end(values), altered, self.cache, seed)

    def first_clips(self, count: int) -> list[Any]:
        """The first test clips, read from disk."""
        return [self.clips.audio("test", i) for i in range(min(count, len(self.clips.splits["test"])))]


def plain_model(space: SearchSpace, values: Values, classes: int) -> keras.Model:
    """The architecture of a point by itself, without trained weights."""
    builder = resolve(values["architecture"], space.architectures)
    return builder(space.features[values["features"]].shape, classes, values["width_multiplier"])
