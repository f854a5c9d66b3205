"""How much memory tensors need that do not all live at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from ai_edge_litert.schema_py_generated import TensorType as Types

ALIGNMENT = 16
ELEMENT_BYTES = {
    Types.BOOL: 1, Types.INT8: 1, Types.UINT8: 1,
    Types.FLOAT16: 2, Types.INT16: 2, Types.UINT16: 2,
    Types.FLOAT32: 4, Types.INT32: 4, Types.UINT32: 4,
    Types.FLOAT64: 8, Types.INT64: 8, Types.UINT64: 8, Types.COMPLEX64: 8,
}  # fmt: skip


class Lifetime(NamedTuple):
    """Bytes of a tensor, and the first and last operator, counted from 1, at which they are needed."""

    size: int
    first: int
    last: int


def rounded_size(tensor: Any) -> int:
    """Bytes of a flatbuffer's tensor, rounded up to 16; 0 for handles such as resources and strings."""
    elements = int(np.prod(tensor.shape)) if tensor.shape is not None else 1
    return -(-elements * ELEMENT_BYTES.get(tensor.type, 0) // ALIGNMENT) * ALIGNMENT


def planned_bytes(lifetimes: Sequence[Lifetime]) -> int:
    """Bytes that a greedy plan needs: the largest first, each at the lowest offset that is free while it lives.

    TensorFlow Lite Micro's `GreedyMemoryPlanner`; of equal sizes the last in the sequence comes first
    (Pisarchyk and Lee, 2020, Efficient memory management for deep neural net inference).
    """
    placed: list[tuple[int, int, Lifetime]] = []
    for lifetime in sorted(reversed(lifetimes), key=lambda each: -each.size):
        offset = 0
        for start, end, other in sorted(placed):
            if other.first <= lifetime.last and lifetime.first <= other.last:
                if start - offset >= lifetime.size:
                    break
                offset = max(offset, end)
        placed.append((offset, offset + lifetime.size, lifetime))
    return max((end for _, end, _ in placed), default=0)
