"""Scores a .tflite: its predictions and its latency.

This file needs nothing but NumPy and LiteRT: an exported bundle holds a copy of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType

Array = npt.NDArray[np.float32]
Samples = npt.NDArray[np.int16]
Steps = npt.NDArray[np.int8]


class Quantiser:
    """Real numbers as the nearest steps of an int8 tensor; what is beyond its range becomes its ends.

    It is a part of the latency, so it works in flat arrays of one size and type, for which NumPy takes the least time.

    Args:
        shape: of the tensor, with its leading 1.
    """

    def __init__(self, shape: Sequence[int], scale: float, zero_point: int) -> None:
        limits, size = np.iinfo(np.int8), int(np.prod(shape))
        self._scale, self._low, self._high, self._zero_point = (
            np.full(size, figure, np.float32)
            for figure in (scale, limits.min - zero_point, limits.max - zero_point, zero_point)
        )
        self._reals = np.empty(size, np.float32)
        self._steps = np.empty(shape, np.int8)
        self._flat_steps = self._steps.reshape(-1)

    def __call__(self, features: Array) -> Steps:
        """The steps of as many numbers as the tensor has, in its shape; the next call overwrites them."""
        reals = self._reals
        np.divide(features.ravel(), self._scale, out=reals)
        np.rint(reals, out=reals)
        np.maximum(reals, self._low, out=reals)
        np.minimum(reals, self._high, out=reals)
        np.add(reals, self._zero_point, out=reals)
        self._flat_steps[...] = reals
        return self._steps


class Classifier:
    """A .tflite ready to run. It takes features and gives probabilities in float32, whatever is inside.

    Args:
        file: a model with one input and one output, float32 or int8: its path, or its bytes.
        reference: compute with LiteRT's reference kernels, which agree with a microcontroller's (TensorFlow Lite
            Micro) but are tens of times slower than XNNPACK's.
    """

    def __init__(self, file: Path | bytes, threads: int = 1, reference: bool = False) -> None:
        self._interpreter = Interpreter(
            **({"model_content": file} if isinstance(file, bytes) else {"model_path": str(file)}),
            num_threads=threads,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO,
        )
        self._interpreter.allocate_tensors()
        taken, given = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()[0]
        self._input, self._output = taken["index"], given["index"]
        self._quantise = Quantiser(taken["shape"], *taken["quantization"]) if taken["dtype"] == np.int8 else None
        self._steps = given["quantization"] if given["dtype"] == np.int8 else None

    def as_input(self, features: Array) -> npt.NDArray[Any]:
        """What the file takes for features of shape (frames, bands, 1): they with a leading 1, or their int8 steps.

        Steps stay valid until the next call.
        """
        return features[np.newaxis] if self._quantise is None else self._quantise(features)

    def run(self, features: Array) -> None:
        """Sets the input, float32 of shape (frames, bands, 1), quantised if the file wants it so, and invokes."""
        self._interpreter.set_tensor(self._input, self.as_input(features))
        self._interpreter.invoke()

    def answers(self, features: Array) -> npt.NDArray[Any]:
        """The output as the file gives it, shape (classes,): int8 steps, or float32 as in `probabilities`."""
        self.run(features)
        output: npt.NDArray[Any] = self._interpreter.get_tensor(self._output)[0]
        return output

    def probabilities(self, features: Array) -> Array:
        """Class probabilities, shape (classes,)."""
        answers = self.answers(features)
        if self._steps is None:
            return answers
        scale, zero_point = self._steps
        return (answers.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)


def predict(path: Path, features: Array, reference: bool = False) -> Array:
    """Class probabilities, shape (clips, classes), of features, shape (clips, frames, bands, 1)."""
    classifier = Classifier(path, reference=reference)
    return np.stack([classifier.probabilities(clip) for clip in features])


def sample(
    front_end: Callable[[Samples], Array], classifier: Classifier, clips: Sequence[Samples]
) -> npt.NDArray[np.float64]:
    """Times the way from audio to an answer, clip by clip.

    Returns:
        Seconds, shape (clips, 3): front end, set input (quantised where the file wants it so) + invoke, both.
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
