"""Graphics processors, found without loading the libraries that would use them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "CUDA_VISIBLE_DEVICES"
HIDDEN = {VARIABLE: "-1"}


def graphics_processors(
    environment: Mapping[str, str] = os.environ, drivers: Path = Path("/proc/driver/nvidia/gpus")
) -> tuple[str, ...]:
    """Names of those that this process may use: those in CUDA_VISIBLE_DEVICES, or all that the driver shows."""
    if VARIABLE in environment:
        named = [name.strip() for name in environment[VARIABLE].split(",")]
        stop = next((i for i, name in enumerate(named) if name in ("", "-1")), len(named))
        return tuple(named[:stop])
    try:
        return tuple(str(number) for number, _ in enumerate(drivers.iterdir()))
    except OSError:
        return ()


def alone_with(name: str) -> dict[str, str]:
    """Environment variables of a process that sees only this one, and takes its memory as it needs it."""
    return {VARIABLE: name, "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
