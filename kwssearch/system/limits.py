"""How much of the machine this process may use: its cores and memory, and those of its container."""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

WORKER_BYTES = 1.5e9  # what a worker of the reference runs takes with its features (docs/cluster.md)
PARENT_BYTES = 1.0e9  # what the process that runs the search takes besides
CGROUPS = Path("/sys/fs/cgroup")


def allowed_cores(root: Path = CGROUPS) -> tuple[int, str]:
    """How many cores, and what decided: the machine, the process's affinity, or a container's quota."""
    machine = os.cpu_count() or 1
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else machine
    quota = cpu_quota(root)
    cores = min(affinity, machine if quota is None else max(1, math.floor(quota)))
    if quota is not None and cores < affinity:
        return cores, f"the container has a quota of {quota:.3g} cores"
    return cores, "the process is kept on them" if affinity < machine else "the machine has them"


def cpu_quota(root: Path = CGROUPS) -> float | None:
    """Cores that a container may use (cgroup v2, then v1); None if nothing limits it."""
    quotas = []
    for folder in own_groups(root):
        with contextlib.suppress(OSError, ValueError):
            share, period = (folder / "cpu.max").read_text().split()
            quotas.append(float(share) / float(period))
    for folder in own_groups(root, "cpu"):
        with contextlib.suppress(OSError, ValueError):
            allowed = float((folder / "cpu.cfs_quota_us").read_text())
            if allowed > 0:
                quotas.append(allowed / float((folder / "cpu.cfs_period_us").read_text()))
    return min(quotas, default=None)


def free_bytes(root: Path = CGROUPS, meminfo: Path = Path("/proc/meminfo")) -> float | None:
    """Memory that is free on the machine, or in the container if that is less; None if it is not known."""
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        found.append(1024 * float(lines["MemAvailable"].split()[0]))
    kinds = (("", "memory.max", "memory.current"), ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes"))
    for controller, limit, usage in kinds:
        for folder in own_groups(root, controller):
            with contextlib.suppress(OSError, ValueError):
                allowed = float((folder / limit).read_text())
                if allowed < 2**60:  # what version 1 says when nothing is limited
                    found.append(allowed - float((folder / usage).read_text()) + reclaimable(folder))
    return min(found, default=None)


def reclaimable(group: Path) -> float:
    """Bytes of files that the system keeps in memory only as long as nobody needs it."""
    with contextlib.suppress(OSError, ValueError):
        counts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return float(counts.get("total_inactive_file", counts.get("inactive_file", 0)))
    return 0.0


def own_groups(root: Path, controller: str = "") -> list[Path]:
    """Folders of this process's control group and those above it, of one controller in version 1."""
    top = root / controller if controller else root
    path = ""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, own = line.split(":", 2)
            if controller in controllers.split(","):
                path = own.strip("/")
    here = top / path
    return [folder for folder in (here, *here.parents) if folder == top or top in folder.parents]


def fitting_workers(free: float | None) -> int | None:
    """How many workers fit into so much memory, at least one; None if it is not known."""
    return None if free is None else max(1, int((free - PARENT_BYTES) // WORKER_BYTES))


def memory_kills(root: Path = CGROUPS, vmstat: Path = Path("/proc/vmstat")) -> int:
    """How many processes the system has killed for lack of memory, so that a new one can be noticed."""
    total = 0
    with contextlib.suppress(OSError, ValueError):
        total += sum(int(line.split()[1]) for line in vmstat.read_text().splitlines() if line.startswith("oom_kill "))
    for folder in own_groups(root)[:1]:
        with contextlib.suppress(OSError, ValueError):
            lines = (folder / "memory.events").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
    return total
