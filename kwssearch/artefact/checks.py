"""Whether a quantised file is what was asked for, and still answers as its float32 twin does.

A twin is the float32 file of the same weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.artefact.classifier import Array, predict
from kwssearch.artefact.contents import Artefact, Kinds, Types, scales, tensor_name
from kwssearch.errors import counted

LEAST_AGREEMENT = 0.90
FLOATS = (Types.FLOAT16, Types.FLOAT32, Types.FLOAT64)
# What layers of Keras become and both LiteRT and TensorFlow Lite Micro compute with integers.
KNOWN_OPERATORS = (
    "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED",
    "MEAN", "SUM", "REDUCE_MAX", "AVERAGE_POOL_2D", "MAX_POOL_2D",
    "SOFTMAX", "LOGISTIC", "TANH", "RELU", "RELU6", "LEAKY_RELU", "PRELU", "ELU", "HARD_SWISH",
    "ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "QUANTIZE",
    "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "SHAPE", "PACK", "CONCATENATION", "SPLIT", "SPLIT_V",
    "STRIDED_SLICE", "SLICE", "GATHER", "PAD", "PADV2", "MIRROR_PAD", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND",
    "RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR",
)  # fmt: skip


class FaultyFileError(Exception):
    """A quantised file that is not what was asked for, in one sentence: what was found, expected, and the remedy."""


def check_int8(content: bytes, twin: bytes) -> None:
    """Whether a file computes with integers alone and holds the weights of its float32 twin.

    Operators with weights are matched by their order. Kernels and biases may be off by the rounding alone, half
    a scale (`beyond`); what is zero in the twin must be zero, so that the sparsity is at least the twin's.

    Args:
        content: an int8 file, from `compression.convert`.
        twin: the float32 file of the same weights.

    Raises:
        FaultyFileError: the first fault found.
    """
    file, float_file = Artefact(content), Artefact(twin)
    check_types(file)
    check_operators(file)
    if [shape(file, op) for op in file.weighted] != [shape(float_file, op) for op in float_file.weighted]:
        raise FaultyFileError(
            f"the int8 file has {described(file)}, its float32 twin {described(float_file)}, expected the same; "
            "convert both from one model"
        )
    for operator, float_operator in zip(file.weighted, float_file.weighted, strict=True):
        check_kernel(file, operator, float_file.values(float_file.constant(float_operator.inputs[1])))
        check_bias(file, operator, bias(float_file, float_operator)[0])


def check_types(file: Artefact) -> None:
    """Raises: FaultyFileError: an end is not int8, or some tensor between is float."""
    graph = file.graph
    taken, given = (type_name(graph.tensors[ends[0]]) for ends in (graph.inputs, graph.outputs))
    if (taken, given) != ("INT8", "INT8"):
        raise FaultyFileError(
            f"the file takes {taken} and gives {given}, expected INT8 and INT8; convert with quantization 'int8' and "
            "at least one clip to calibrate with"
        )
    floats = [tensor for tensor in graph.tensors if tensor.type in FLOATS]
    if floats:
        raise FaultyFileError(
            f"the int8 file holds {counted(len(floats), 'float tensor')}, the first {tensor_name(floats[0])!r} of "
            f"{type_name(floats[0])}, expected none; use layers that compute with integers, or quantization 'dynamic'"
        )


def check_operators(file: Artefact) -> None:
    """Raises: FaultyFileError: an operator is custom, or none that microcontrollers are sure to have for int8."""
    strange = sorted({operator_name(file.kind(op)) for op in file.graph.operators} - set(KNOWN_OPERATORS))
    if strange:
        raise FaultyFileError(
            f"the int8 file needs {', '.join(strange)}, expected only operators such as CONV_2D, FULLY_CONNECTED and "
            "ADD, which devices compute with integers; use other layers, or quantization 'dynamic'"
        )


def check_kernel(file: Artefact, operator: Any, wanted: Array) -> None:
    """Raises: FaultyFileError: a zero point is not 0, a zero became another value, or a value is not the twin's."""
    tensor = file.constant(operator.inputs[1])
    name, found = tensor_name(tensor), file.values(tensor)
    if np.any(tensor.quantization.zeroPoint):
        raise FaultyFileError(
            f"the kernel {name!r} has zero points other than 0, expected 0 alone, which devices assume; convert again"
        )
    grown = int(np.sum((found != 0) & (wanted == 0)))
    if grown:
        raise FaultyFileError(
            f"in the kernel {name!r} {counted(grown, 'zero')} of the float32 twin became other values, expected none: "
            "pruned weights stay pruned; convert both from one model"
        )
    worst = beyond(found, wanted, scales(tensor))
    if worst > 0:
        raise FaultyFileError(
            f"a value of the kernel {name!r} is off by {worst:.3g} more than rounding explains, expected at most "
            "half a scale; convert both from one model"
        )


def check_bias(file: Artefact, operator: Any, wanted: Array) -> None:
    """Raises: FaultyFileError: a bias is not the twin's, rounded to int32."""
    found, scale = bias(file, operator)
    worst = beyond(found, wanted, scale)
    if worst > 0:
        raise FaultyFileError(
            f"a bias beside the kernel {tensor_name(file.constant(operator.inputs[1]))!r} is off by {worst:.3g} more "
            "than rounding explains, expected at most half a scale; convert both from one model"
        )


def bias(file: Artefact, operator: Any) -> tuple[Array, npt.NDArray[np.float64]]:
    """What an operator adds to its channels, and the scales of that; 0 and 0 where it adds nothing."""
    index = operator.inputs[2] if len(operator.inputs) > 2 else -1
    tensor = file.graph.tensors[index]
    if index < 0:
        return np.zeros(1, np.float32), np.zeros(1)
    return file.values(tensor), scales(tensor) if tensor.type == Types.INT32 else np.zeros(1)


def beyond(found: Array, wanted: Array, scale: npt.NDArray[np.float64]) -> float:
    """By how much a value is further from what it should be than rounding explains; 0 or less where none is.

    Rounding to the nearest step costs half a scale. The converter rounds in float32, which costs up to
    2^-24 of the value more: that is many scales where pruning has emptied a channel, whose scale is then
    tiny and whose bias an int32 of up to 10^8 (2^-22 leaves room for several such roundings).
    """
    allowed = 0.501 * scale + 2.0**-22 * np.abs(wanted.astype(np.float64))
    return float(np.max(np.abs(found.astype(np.float64) - wanted) - allowed))


def agreement(twin_probabilities: Array, probabilities: Array, labels: npt.NDArray[Any]) -> dict[str, Any]:
    """How a file's answers differ from those of its float32 twin on the same clips.

    The likeliest class counts as the answer. Int8 answers have steps of 1/256 and so may tie; then the first
    class of those counts. A model at the level of chance is not judged, since noise decides on its answers: one for
    which always giving the most frequent class would lie within, or above, the 95 % interval of the twin's
    accuracy (Wilson, 1927).

    Args:
        twin_probabilities, probabilities: shape (clips, classes).
        labels: the right classes, shape (clips,).

    Returns:
        twin_agreement: share of clips with the same answer;
        twin_lost, twin_gained: clips that only the twin, only the file gets right;
        twin_difference: the file's accuracy less the twin's.

    Raises:
        FaultyFileError: the answers agree on less than 90 % of the clips.
    """
    wanted, found = twin_probabilities.argmax(axis=1), probabilities.argmax(axis=1)
    same, clips = int(np.sum(wanted == found)), len(labels)
    if same < LEAST_AGREEMENT * clips and not is_chance(wanted == labels, labels):
        raise FaultyFileError(
            f"the quantised file gives {same:,} of {counted(clips, 'clip')} ({100 * same / clips:.1f} %) the answer "
            f"of its float32 twin, expected at least {100 * LEAST_AGREEMENT:.0f} %; give each channel a scale "
            "of its own with per_channel = true, prune less, or use quantization 'float16'"
        )
    lost = int(np.sum((wanted == labels) & (found != labels)))
    gained = int(np.sum((wanted != labels) & (found == labels)))
    return {
        "twin_agreement": same / clips,
        "twin_lost": lost,
        "twin_gained": gained,
        "twin_difference": (gained - lost) / clips,
    }


def is_chance(right: npt.NDArray[np.bool_], labels: npt.NDArray[Any]) -> bool:
    """Whether answers cannot be told from always giving the most frequent class."""
    from scipy.stats import binomtest

    low = binomtest(int(np.sum(right)), len(labels)).proportion_ci(method="wilson").low
    return bool(low <= np.bincount(labels).max() / len(labels))


def reference_agreement(path: Path, features: Array, answers: npt.NDArray[Any]) -> float:
    """Share of clips to which LiteRT's reference kernels, and so a device's, give the same answer as XNNPACK's.

    Args:
        features: shape (clips, frames, bands, 1); 50 are plenty, since the reference takes up to 4 ms for each.
        answers: what XNNPACK gave: probabilities, shape (clips, classes), or labels, shape (clips,).
    """
    labels = answers if answers.ndim == 1 else answers.argmax(axis=1)
    return float(np.mean(predict(path, features, reference=True).argmax(axis=1) == labels))


def shape(file: Artefact, operator: Any) -> tuple[str, tuple[int, ...]]:
    """An operator's kind and the shape of its kernel."""
    kernel = file.constant(operator.inputs[1])
    return operator_name(file.kind(operator)), tuple(int(size) for size in kernel.shape)


def described(file: Artefact) -> str:
    """Kinds and kernel shapes in words."""
    shapes = (shape(file, operator) for operator in file.weighted)
    return ", ".join(f"{kind} of {'x'.join(map(str, sizes))}" for kind, sizes in shapes) or "no weights"


def operator_name(kind: int) -> str:
    return name_of(Kinds, kind)


def type_name(tensor: Any) -> str:
    return name_of(Types, tensor.type)


def name_of(numbered: type, number: int) -> str:
    """What the schema calls a number."""
    return next(name for name, value in vars(numbered).items() if value == number and not name.startswith("_"))
