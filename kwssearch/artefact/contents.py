"""Reads a .tflite file back: what is in it, byte by byte, and how its weights are spread."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from kwssearch.artefact.memory import Lifetime, planned_bytes, rounded_size

Kinds = schema.BuiltinOperator
Types = schema.TensorType
PRUNABLE = (Kinds.CONV_2D, Kinds.FULLY_CONNECTED)
WEIGHTED = (*PRUNABLE, Kinds.DEPTHWISE_CONV_2D)
STORED: dict[int, np.dtype[Any]] = {
    Types.FLOAT32: np.dtype(np.float32),
    Types.FLOAT16: np.dtype(np.float16),
    Types.INT8: np.dtype(np.int8),
    Types.INT16: np.dtype(np.int16),
    Types.INT32: np.dtype(np.int32),
    Types.INT64: np.dtype(np.int64),
}
STEPPED = (Types.INT8, Types.UINT8, Types.INT16)


@dataclass(frozen=True)
class Weights:
    """The kernel of one operator, as the real numbers that it stands for."""

    name: str
    prunable: bool
    values: npt.NDArray[np.float32]

    @property
    def sparsity(self) -> float:
        return float(np.mean(self.values == 0))


class Artefact:
    """A .tflite, parsed from its flatbuffer: float32, or quantised in any of the ways of `compression.convert`.

    Of a file with several subgraphs, only the first is looked at.

    Args:
        content: the file's bytes.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        self.graph = self.model.subgraphs[0]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def tensor_bytes(self) -> dict[str, int]:
        """Name -> bytes of every constant in the file."""
        sizes = [(tensor_name(tensor), self.buffer(tensor).size) for tensor in self.graph.tensors]
        return {name: size for name, size in sizes if size}

    @cached_property
    def weighted(self) -> tuple[Any, ...]:
        """Convolutions and dense layers with constant kernels, as operators of the flatbuffer, in the file's order."""
        return tuple(
            operator
            for operator in self.graph.operators
            if self.kind(operator) in WEIGHTED and self.buffer(self.constant(operator.inputs[1])).size
        )

    @cached_property
    def weights(self) -> tuple[Weights, ...]:
        """Kernels of the convolutions and dense layers, in the file's order, each in its tensor's shape."""
        kernels = [(self.kind(operator), self.constant(operator.inputs[1])) for operator in self.weighted]
        return tuple(Weights(tensor_name(t), kind in PRUNABLE, self.values(t)) for kind, t in kernels)

    def sparsity(self, prunable_only: bool) -> float:
        """Share of zeros over all kernels, or over those that pruning may touch."""
        chosen = [w for w in self.weights if w.prunable or not prunable_only]
        return sum(int(np.sum(w.values == 0)) for w in chosen) / sum(w.values.size for w in chosen)

    @cached_property
    def activation_bytes(self) -> int:
        """Memory for whatever lives only while the model runs, when every tensor reuses what it can.

        It equals the head of TensorFlow Lite Micro's arena. Kernels that a DEQUANTIZE writes out at the start
        are not in it: they are weights.
        """
        tensors, operators = self.graph.tensors, self.graph.operators
        first = {int(index): 0 for index in self.graph.inputs}
        last = {int(index): len(operators) for index in self.graph.outputs}
        for step, operator in enumerate(operators, 1):
            if not self.unfolds(operator):
                first |= {int(index): step for index in operator.outputs}
            last |= {int(i): max(step, last.get(int(i), 0)) for i in (*operator.inputs, *operator.outputs)}
        return planned_bytes(
            [Lifetime(rounded_size(tensors[i]), first[i], last.get(i, first[i])) for i in sorted(first)]
        )

    @property
    def input_quantization(self) -> tuple[float, int] | None:
        """Scale and zero point of the input; None where it is float."""
        return quantization(self.graph.tensors[self.graph.inputs[0]])

    @property
    def output_quantization(self) -> tuple[float, int] | None:
        """Scale and zero point of the output; None where it is float."""
        return quantization(self.graph.tensors[self.graph.outputs[0]])

    def kind(self, operator: Any) -> int:
        """Which of TensorFlow Lite's built-in operators it is."""
        return int(self.model.operatorCodes[operator.opcodeIndex].builtinCode)

    def unfolds(self, operator: Any) -> bool:
        """Whether it only writes out a constant of the file in float32."""
        if self.kind(operator) != Kinds.DEQUANTIZE:
            return False
        return self.buffer(self.graph.tensors[operator.inputs[0]]).size > 0

    def constant(self, index: int) -> Any:
        """A tensor, or the constant behind it where a DEQUANTIZE writes one out."""
        maker = self._unfolding.get(index)
        return self.graph.tensors[index if maker is None else maker.inputs[0]]

    @cached_property
    def _unfolding(self) -> dict[int, Any]:
        return {int(operator.outputs[0]): operator for operator in self.graph.operators if self.unfolds(operator)}

    def values(self, tensor: Any) -> npt.NDArray[np.float32]:
        """A constant as real numbers, in the tensor's shape."""
        values: npt.NDArray[Any] = self.buffer(tensor).view(STORED[tensor.type]).reshape(tensor.shape)
        if tensor.quantization is not None and tensor.quantization.scale is not None:
            values = (values - along(tensor, tensor.quantization.zeroPoint)) * scales(tensor)
        return values.astype(np.float32, copy=False)

    def buffer(self, tensor: Any) -> npt.NDArray[np.uint8]:
        data = self.model.buffers[tensor.buffer].data
        return np.empty(0, np.uint8) if data is None else np.asarray(data, np.uint8)


def scales(tensor: Any) -> npt.NDArray[np.float64]:
    """A constant's scales in a shape that broadcasts against its values: one, or one a channel."""
    return along(tensor, tensor.quantization.scale).astype(np.float64)


def along(tensor: Any, figures: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """One figure a channel, laid along the tensor's channels; a single one as it is."""
    shape = [1] * len(tensor.shape)
    if len(figures) > 1:
        shape[tensor.quantization.quantizedDimension] = len(figures)
    return np.asarray(figures).reshape(shape)


def quantization(tensor: Any) -> tuple[float, int] | None:
    """Scale and zero point of a tensor with one of each, None of another."""
    if tensor.type not in STEPPED:
        return None
    return float(tensor.quantization.scale[0]), int(tensor.quantization.zeroPoint[0])


def tensor_name(tensor: Any) -> str:
    return str(tensor.name.decode())
