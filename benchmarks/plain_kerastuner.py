"""The yardstick: the lab's trials as a good KerasTuner user writes them, with none of kwssearch's code.

tf.signal features in a cached tf.data pipeline, float32, `fit`, strip, convert, zip, 100 timed
invocations, one trial after another. Features, models and recipe are the lab's (see the README).
"""

from __future__ import annotations

import argparse
import io
import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras
from ai_edge_litert.interpreter import Interpreter

import keras_tuner  # isort: skip
from keras_tuner.engine.base_tuner import BaseTuner  # isort: skip

RATE, FRAME, STEP, BANDS, COEFFICIENTS = 16000, 640, 320, 40, 10
BATCH = 20
MEL = tf.signal.linear_to_mel_weight_matrix(BANDS, FRAME // 2 + 1, RATE, 20, 4000)
layers = keras.layers


def spectrogram(audio: tf.Tensor) -> tf.Tensor:
    """Log-mel features, shape (frames, bands), of one second of audio."""
    magnitude = tf.abs(tf.signal.stft(audio, FRAME, STEP, FRAME))
    return tf.math.log(tf.matmul(magnitude, MEL) + 1e-6)


def log_mel(audio: tf.Tensor) -> tf.Tensor:
    return spectrogram(audio)[..., tf.newaxis]


def mfcc(audio: tf.Tensor) -> tf.Tensor:
    return tf.signal.mfccs_from_log_mel_spectrograms(spectrogram(audio))[..., :COEFFICIENTS, tf.newaxis]


FEATURES = {"log_mel": log_mel, "mfcc": mfcc}
SHAPES = {"log_mel": (49, BANDS, 1), "mfcc": (49, COEFFICIENTS, 1)}


def read(path: tf.Tensor) -> tf.Tensor:
    audio, _ = tf.audio.decode_wav(tf.io.read_file(path), desired_channels=1, desired_samples=RATE)
    return tf.squeeze(audio, -1)


def splits(root: Path) -> tuple[list[str], dict[str, list[str]]]:
    """Words, and the clips of each split in order of their relative paths."""
    words = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith(("_", ".")))
    lists = {
        s: set((root / f"{n}_list.txt").read_text().split()) for s, n in [("val", "validation"), ("test", "testing")]
    }
    clips = sorted(f"{word}/{path.name}" for word in words for path in (root / word).glob("*.wav"))
    found: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for clip in clips:
        found[next((s for s, names in lists.items() if clip in names), "train")].append(clip)
    return words, found


def pipeline(root: Path, words: list[str], clips: list[str], features: str, seed: int | None) -> tf.data.Dataset:
    paths = tf.constant([str(root / clip) for clip in clips])
    labels = tf.constant([words.index(clip.split("/")[0]) for clip in clips])
    data = tf.data.Dataset.from_tensor_slices((paths, labels))
    data = data.map(lambda p, y: (FEATURES[features](read(p)), y), num_parallel_calls=tf.data.AUTOTUNE).cache()
    if seed is not None:
        data = data.shuffle(len(clips), seed=seed)
    return data.batch(BATCH).prefetch(tf.data.AUTOTUNE)


def build(hp: keras_tuner.HyperParameters, classes: int) -> keras.Model:
    architecture, width = hp.get("architecture"), hp.get("width_multiplier")
    filters = round((128 if architecture == "cnn" else 256) * width)
    model = keras.Sequential([layers.Input(SHAPES[hp.get("features")])])
    model.add(layers.Conv2D(filters, 3, strides=2, padding="valid", use_bias=False))
    model.add(layers.BatchNormalization())
    model.add(layers.ReLU())
    for _ in range(2):
        if architecture == "cnn":
            model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
        else:
            model.add(layers.DepthwiseConv2D(3, padding="same", use_bias=False))
            model.add(layers.Conv2D(filters, 1, use_bias=False))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(classes))
    model.add(layers.Softmax())
    return model


def pruned(model: keras.Model, sparsity: float, steps: int) -> keras.Model:
    begin, end = int(0.2 * steps), int(0.8 * steps)
    every = max(1, min(100, (end - begin) // 20))
    end -= (end - begin) % every  # the last update must fall on `end`
    schedule = tfmot.sparsity.keras.PolynomialDecay(0.2, sparsity, begin, end, frequency=every)

    def wrap(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, layers.Conv2D | layers.Dense) and not isinstance(layer, layers.DepthwiseConv2D):
            return tfmot.sparsity.keras.prune_low_magnitude(layer, pruning_schedule=schedule)
        return layer

    return keras.models.clone_model(model, clone_function=wrap)


class Points(keras_tuner.Oracle):
    """Proposes the given points, one after the other."""

    def __init__(self, points: list[dict[str, Any]]) -> None:
        hp = keras_tuner.HyperParameters()
        for key in points[0]:
            hp.Choice(key, list(dict.fromkeys(point[key] for point in points)))
        super().__init__(keras_tuner.Objective("accuracy", "max"), max_trials=len(points), hyperparameters=hp)
        self.points = points

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        return {"status": "RUNNING", "values": self.points[int(trial_id)]}


class Tuner(BaseTuner):
    """Trains, strips, converts, zips and scores a trial."""

    def __init__(self, oracle: Points, root: Path, epochs: int, seed: int, out: Path) -> None:
        super().__init__(oracle, directory=str(out), project_name="tuner", overwrite=True)
        self.root, self.epochs, self.seed, self.out = root, epochs, seed, out
        self.words, self.clips = splits(root)
        self.results: list[dict[str, Any]] = []

    def run_trial(self, trial: keras_tuner.engine.trial.Trial) -> dict[str, float]:
        began = time.perf_counter()
        hp = trial.hyperparameters
        keras.utils.set_random_seed(self.seed)
        data = {
            split: pipeline(self.root, self.words, clips, hp.get("features"), self.seed if split == "train" else None)
            for split, clips in self.clips.items()
        }
        steps = self.epochs * len(data["train"])
        model, callbacks = build(hp, len(self.words)), []
        if hp.get("final_sparsity"):
            model = pruned(model, hp.get("final_sparsity"), steps)
            callbacks = [tfmot.sparsity.keras.UpdatePruningStep()]
        rate = keras.optimizers.schedules.PolynomialDecay(0.01, steps, 1e-5)
        model.compile(keras.optimizers.Adam(rate), keras.losses.SparseCategoricalCrossentropy(), ["accuracy"])
        training = time.perf_counter()
        model.fit(data["train"], epochs=self.epochs, callbacks=callbacks, verbose=0)
        trained = time.perf_counter()
        content = convert(model, self.out / "model.tflite")
        predictions = classify(content, data["test"])
        labels = [self.words.index(clip.split("/")[0]) for clip in self.clips["test"]]
        accuracy = float(np.mean(np.array(predictions) == labels))
        self.results.append(
            {
                **hp.values,
                "seed": self.seed,
                "accuracy": accuracy,
                "predictions": predictions,
                "memory_bytes": zip_size(content),
                "latency_ms": latency(content, hp.get("features"), self.root / self.clips["test"][0]),
                "train_seconds": trained - training,
                "seconds": time.perf_counter() - began,
            }
        )
        return {"accuracy": accuracy}


def convert(model: keras.Model, path: Path) -> bytes:
    converter = tf.lite.TFLiteConverter.from_keras_model(tfmot.sparsity.keras.strip_pruning(model))
    content = converter.convert()
    path.write_bytes(content)
    return bytes(content)


def interpreter_of(content: bytes) -> tuple[Interpreter, int, int]:
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    return interpreter, interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]


def classify(content: bytes, data: tf.data.Dataset) -> list[int]:
    interpreter, entry, exit_ = interpreter_of(content)
    found = []
    for features, _ in data.unbatch().batch(1).as_numpy_iterator():
        interpreter.set_tensor(entry, features)
        interpreter.invoke()
        found.append(int(interpreter.get_tensor(exit_).argmax()))
    return found


def zip_size(content: bytes) -> int:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.tflite", content)
    return len(buffer.getvalue())


def latency(content: bytes, features: str, clip: Path) -> float:
    """Median of 100 invocations, front end included, in ms."""
    interpreter, entry, _ = interpreter_of(content)
    audio = read(tf.constant(str(clip)))
    times = []
    for _ in range(110):
        began = time.perf_counter()
        interpreter.set_tensor(entry, FEATURES[features](audio)[tf.newaxis].numpy())
        interpreter.invoke()
        times.append(time.perf_counter() - began)
    return float(np.median(times[10:]) * 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--trials", type=Path, required=True, help="JSON list of points")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    oracle = Points(json.loads(arguments.trials.read_text()))
    oracle.verbose = 0
    tuner = Tuner(oracle, arguments.data, arguments.epochs, arguments.seed, arguments.out)
    tuner.search()
    (arguments.out / "results.json").write_text(json.dumps(tuner.results))


if __name__ == "__main__":
    main()
