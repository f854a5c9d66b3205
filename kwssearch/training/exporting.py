"""What a trained model becomes: a file, checked for what it is, and what is measured of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.artefact import (
    MODEL_FILE,
    ZIP_FILE,
    Array,
    Artefact,
    agreement,
    check_int8,
    latency,
    micro,
    predict,
    reference_agreement,
)
from kwssearch.backend import keras
from kwssearch.compression import convert, zipped
from kwssearch.space import Quantization
from kwssearch.system.storage import write_bytes

Labels = npt.NDArray[np.int64]
TWIN_FILE = ".twin.tflite.tmp"
SPARSITY_TOLERANCE = 0.005
TRAINING_CLIPS = 200
PARITY_CLIPS = 200
REFERENCE_CLIPS = 50
PARITY_TOLERANCE = 1e-3
MICRO_CLIPS = 50
KERNELS = "xnnpack"  # what LiteRT runs a file with unless it is told otherwise


class TrialError(Exception):
    """A trial whose artefact is not what was asked for; the search goes on without it."""


@dataclass(frozen=True)
class Bench:
    """What a file is held against.

    Attributes:
        features: split -> features, shape (clips, frames, bands, 1).
        labels: split -> class indices, shape (clips,).
        keywords: how many classes are words; what comes after them is other sound.
        digests: of the training clips.
        front_end, sounds: for the latency.
        seed: of what is chosen at random.
    """

    features: Mapping[str, Array]
    labels: Mapping[str, Labels]
    keywords: int
    digests: tuple[str, ...]
    front_end: Callable[[npt.NDArray[np.int16]], Array]
    sounds: list[npt.NDArray[np.int16]]
    seed: int


def export(
    plain: keras.Model, values: Mapping[str, Any], settings: Quantization, bench: Bench, folder: Path
) -> dict[str, Any]:
    """Leaves a trained model's file and its zip in a folder.

    The float32 file is made and checked in any case: a quantised one is held against it.

    Returns:
        what a trial's record says of the file.

    Raises:
        TrialError: the float32 file misses the declared sparsity or differs from the trained model.
        FaultyFileError: the quantised file is not what it should be.
    """
    kind = values["quantization"]
    model, twin = folder / MODEL_FILE, folder / (MODEL_FILE if kind == "none" else TWIN_FILE)
    test = bench.features["test"]
    write_bytes(twin, convert(plain))
    artefact = Artefact(twin.read_bytes())
    check_sparsity(artefact, values["final_sparsity"])
    check_clusters(artefact, values["clusters"])
    answers = predict(twin, test)
    checks = parity(plain, test[:PARITY_CLIPS], answers[:PARITY_CLIPS])
    if kind != "none":
        per_channel = settings.per_channel or bool(values["clusters"])
        content, more = quantised(plain, kind, replace(settings, per_channel=per_channel), bench)
        if kind == "int8":
            check_int8(content, artefact.content)
        write_bytes(model, content)
        twin_answers, answers = answers, predict(model, test)
        checks |= more | agreement(twin_answers, answers, bench.labels["test"])
        if kind == "int8":
            checks["reference_agreement"] = reference_agreement(
                model, test[:REFERENCE_CLIPS], answers[:REFERENCE_CLIPS]
            )
        twin.unlink()
        artefact = Artefact(content)
    write_bytes(folder / ZIP_FILE, zipped(artefact.content))
    if micro.available():
        checks["micro"] = micro.micro_figures(artefact.content, test[: MICRO_CLIPS if kind == "int8" else 1])
    return {
        **score(answers, bench.labels["test"], bench.keywords),
        **validated(model, bench),
        "training_accuracy": training_accuracy(model, bench),
        "kernels": KERNELS,
        **described(artefact),
        **checks,
        "memory_bytes": (folder / ZIP_FILE).stat().st_size,
        **latency(bench.front_end, model, bench.sounds),
    }


def quantised(plain: keras.Model, kind: str, settings: Quantization, bench: Bench) -> tuple[bytes, dict[str, Any]]:
    """A file whose weights, or weights and activations, are quantised; and how its scales came about."""
    if kind != "int8":
        return convert(plain, kind), {}
    chosen = calibration_clips(len(bench.digests), settings.clips, bench.seed)
    content = convert(plain, kind, bench.features["train"][chosen], settings.per_channel)
    artefact = Artefact(content)
    return content, {
        "calibration": [bench.digests[i] for i in chosen],
        "input_quantization": artefact.input_quantization,
        "output_quantization": artefact.output_quantization,
    }


def calibration_clips(clips: int, count: int, seed: int) -> npt.NDArray[np.int64]:
    """Indices of `count` random clips of the training split, in order."""
    return np.sort(np.random.default_rng([seed, count]).permutation(clips)[:count])


def score(probabilities: Array, labels: Labels, keywords: int) -> dict[str, Any]:
    """Accuracy over all clips of a split, over those of words alone if there are others, and every prediction."""
    predictions, said = probabilities.argmax(axis=1), labels < keywords
    of_words = {"word_accuracy": float(np.mean(predictions[said] == labels[said]))}
    return {
        "accuracy": float(np.mean(predictions == labels)),
        **(of_words if keywords < probabilities.shape[1] else {}),
        "predictions": predictions.tolist(),
    }


def validated(model: Path, bench: Bench) -> dict[str, Any]:
    """Every prediction on the validation split, which is what a search may decide by; nothing if it is empty."""
    features, labels = bench.features["validation"], bench.labels["validation"]
    if not len(labels):
        return {}
    found = score(predict(model, features), labels, bench.keywords)
    return {f"validation_{key}": value for key, value in found.items()}


def training_accuracy(model: Path, bench: Bench) -> float:
    """The file's own accuracy on up to 200 training clips: if far from the last epoch's, something was lost."""
    labels = bench.labels["train"]
    chosen = np.sort(np.random.default_rng(bench.seed).permutation(len(labels))[:TRAINING_CLIPS])
    return float(np.mean(predict(model, bench.features["train"][chosen]).argmax(axis=1) == labels[chosen]))


def check_sparsity(artefact: Artefact, final_sparsity: float) -> None:
    """Raises: TrialError: the prunable weights miss the declared sparsity by more than half a point."""
    reached = artefact.sparsity(prunable_only=True)
    if abs(reached - final_sparsity) > SPARSITY_TOLERANCE and final_sparsity > 0:
        raise TrialError(
            f"the exported file has a sparsity of {reached:.4f} over its prunable weights, "
            f"expected {final_sparsity} within {SPARSITY_TOLERANCE}; train longer or widen the pruning schedule"
        )


def check_clusters(artefact: Artefact, clusters: int) -> None:
    """Holds a file to the number of values that a layer was to have.

    Batch normalisation multiplies each output channel of a convolution by a factor of its own when it is folded, so
    that a kernel of n values has n for each channel.

    Raises:
        TrialError: a channel has more.
    """
    if not clusters:
        return
    for weights in artefact.weights:
        found = max(len(np.unique(channel)) for channel in weights.values)
        if weights.prunable and found > clusters:
            raise TrialError(f"kernel {weights.name} has a channel of {found} values, expected at most {clusters}")


def described(artefact: Artefact) -> dict[str, Any]:
    """Sizes and sparsities as they are in the file."""
    return {
        "tflite_bytes": len(artefact.content),
        "activation_bytes": artefact.activation_bytes,
        "achieved_sparsity": artefact.sparsity(prunable_only=True),
        "overall_sparsity": artefact.sparsity(prunable_only=False),
        "sparsity_by_layer": {weights.name: round(weights.sparsity, 5) for weights in artefact.weights},
        "tensor_bytes": artefact.tensor_bytes,
        "sha256": artefact.sha256,
    }


def parity(plain: keras.Model, features: Any, found: Array) -> dict[str, Any]:
    """How far the float32 file's answers, `found`, are from the trained model's on the same clips.

    Raises:
        TrialError: a probability differs by more than 0.001; labels then agree unless the two best
            are nearer than twice that.
    """
    wanted = plain(np.asarray(features), training=False).numpy()
    difference = float(np.max(np.abs(wanted - found)))
    agreeing = float(np.mean(wanted.argmax(axis=1) == found.argmax(axis=1)))
    if not difference <= PARITY_TOLERANCE:
        raise TrialError(
            f"the exported file's probabilities differ by {difference:.2g} from the trained model's, "
            f"expected at most {PARITY_TOLERANCE}; the conversion is not faithful"
        )
    return {"keras_difference": difference, "keras_agreement": agreeing}
