"""Reads a .tflite file back: what is in it, byte by byte, and how its weights are spread."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

PRUNABLE = (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.FULLY_CONNECTED)
WEIGHTED = (*PRUNABLE, schema.BuiltinOperator.DEPTHWISE_CONV_2D)


@dataclass(frozen=True)
class Weights:
    """The kernel of one operator."""

    name: str
    prunable: bool
    values: npt.NDArray[np.float32]

    @property
    def sparsity(self) -> float:
        return float(np.mean(self.values == 0))


class Artefact:
    """A float32 .tflite with one subgraph, parsed from its flatbuffer.

    Args:
        content: the file's bytes.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.model = schema.Model.GetRootAs(content, 0)
        self.graph = self.model.Subgraphs(0)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def tensor_bytes(self) -> dict[str, int]:
        """Name -> bytes of every constant in the file."""
        tensors = [self.graph.Tensors(i) for i in range(self.graph.TensorsLength())]
        sizes = [(tensor_name(t), self.buffer(t).size) for t in tensors]
        return {name: size for name, size in sizes if size}

    @cached_property
    def weights(self) -> tuple[Weights, ...]:
        """Kernels of the convolutions and dense layers, in the file's order."""
        found = []
        for i in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(i)
            kind = self.model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()
            if kind in WEIGHTED:
                tensor = self.graph.Tensors(operator.Inputs(1))
                values = self.buffer(tensor).view(np.float32)
                found.append(Weights(tensor_name(tensor), kind in PRUNABLE, values))
        return tuple(found)

    def sparsity(self, prunable_only: bool) -> float:
        """Share of zeros over all kernels, or over those that pruning may touch."""
        chosen = [w for w in self.weights if w.prunable or not prunable_only]
        return sum(int(np.sum(w.values == 0)) for w in chosen) / sum(w.values.size for w in chosen)

    def buffer(self, tensor: Any) -> npt.NDArray[np.uint8]:
        data = self.model.Buffers(tensor.Buffer()).DataAsNumpy()
        return data if isinstance(data, np.ndarray) else np.empty(0, np.uint8)


def tensor_name(tensor: Any) -> str:
    return str(tensor.Name().decode())
