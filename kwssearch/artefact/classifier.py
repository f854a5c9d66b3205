"""Scores a .tflite on disk: its predictions and its latency."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter
from threadpoolctl import threadpool_limits

Array = npt.NDArray[np.float32]
Samples = npt.NDArray[np.int16]


class Classifier:
    """A .tflite file ready to run.

    Args:
        path: a float32 model with one input and one output.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def run(self, features: Array) -> None:
        """Sets the input, shape (frames, bands, 1), and invokes."""
        self._interpreter.set_tensor(self._input, features[np.newaxis])
        self._interpreter.invoke()

    def probabilities(self, features: Array) -> Array:
        """Class probabilities, shape (classes,)."""
        self.run(features)
        output: Array = self._interpreter.get_tensor(self._output)[0]
        return output


def predict(path: Path, features: Array) -> Array:
    """Class probabilities, shape (clips, classes), of features, shape (clips, frames, bands, 1)."""
    classifier = Classifier(path)
    return np.stack([classifier.probabilities(clip) for clip in features])


def sample(
    front_end: Callable[[Samples], Array], classifier: Classifier, clips: Sequence[Samples]
) -> npt.NDArray[np.float64]:
    """Times the way from audio to an answer, clip by clip.

    Returns:
        Seconds, shape (clips, 3): front end, set input + invoke, both.
    """
    rows = []
    for clip in clips:
        start = time.perf_counter()
        features = front_end(clip)
        between = time.perf_counter()
        classifier.run(features)
        end = time.perf_counter()
        rows.append((between - start, end - between, end - start))
    return np.array(rows, dtype=np.float64)


def latency(front_end: Callable[[Samples], Array], path: Path, clips: Sequence[Samples]) -> dict[str, Any]:
    """Medians over the clips, in ms, on one thread, after a warm-up of a tenth of them."""
    with threadpool_limits(1):
        classifier = Classifier(path)
        sample(front_end, classifier, clips[: 1 + len(clips) // 10])
        feature, model, total = np.median(sample(front_end, classifier, clips), axis=0) * 1000
    return {
        "latency_ms": round(float(total), 5),
        "feature_latency_ms": round(float(feature), 5),
        "model_latency_ms": round(float(model), 5),
    }
