"""Where a figure comes from: the machine, and the versions of what computed it."""

from __future__ import annotations

import os
import platform
import socket
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from kwssearch import __version__
from kwssearch.system import surroundings

RESULTS_VERSION = 4
ALTERING = ("tensorflow", "tf_keras", "tensorflow-model-optimization", "ai-edge-litert", "numpy")


def versions() -> dict[str, str]:
    """What can alter a result: versions, kwssearch's own results version, and variables that change the arithmetic."""
    own = {"kwssearch results": str(RESULTS_VERSION)}
    return {**own, **{name: installed(name) for name in ALTERING}, **surroundings.recorded()}


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


@lru_cache(maxsize=1)
def describe() -> dict[str, str | int]:
    """Host, processor, cores, system and Python, as recorded beside results."""
    return {
        "host": socket.gethostname(),
        "cpu": cpu_model(),
        "cores": available_cores(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "kwssearch": __version__,
    }


def cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def governor() -> str | None:
    """The frequency governor of the first core, where the system shows it."""
    try:
        return Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").read_text().strip()
    except OSError:
        return None
