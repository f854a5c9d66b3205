"""Cores and memory by the machine, the process and its container."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kwssearch.search import trainers
from kwssearch.search.trainers import as_many_as_fit
from kwssearch.system import limits
from kwssearch.system.limits import allowed_cores, cpu_quota, fitting_workers, free_bytes, memory_kills


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    "files, quota",
    [
        ({}, None),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.max": "150000 100000"}, 1.5),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 0.5),
        ({"cpu.max": "nonsense"}, None),
    ],
)
def test_quotas_of_both_versions(tmp_path: Path, files: dict[str, str], quota: float | None) -> None:
    assert cpu_quota(write(tmp_path, files)) == quota


def test_the_quota_decides_where_it_is_least(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(6)))
    assert allowed_cores(tmp_path) == (6, "the process is kept on them")
    assert allowed_cores(write(tmp_path, {"cpu.max": "250000 100000"})) == (2, "the container has a quota of 2.5 cores")
    assert allowed_cores(write(tmp_path, {"cpu.max": "20000 100000"}))[0] == 1


@pytest.mark.parametrize(
    "files, free",
    [
        ({}, 8e9),
        ({"memory.max": "max"}, 8e9),
        ({"memory.max": "3000000000", "memory.current": "500000000"}, 2.5e9),
        ({"memory/memory.limit_in_bytes": "9223372036854771712", "memory/memory.usage_in_bytes": "5"}, 8e9),
        ({"memory/memory.limit_in_bytes": "2000000000", "memory/memory.usage_in_bytes": "0"}, 2e9),
    ],
)
def test_free_memory_is_the_least_of_machine_and_container(tmp_path: Path, files: dict[str, str], free: float) -> None:
    meminfo = write(tmp_path, {"meminfo": "MemTotal: 9000000 kB\nMemAvailable: 7812500 kB\n"}) / "meminfo"
    assert free_bytes(write(tmp_path / "groups", files), meminfo) == pytest.approx(free)


def test_what_nothing_tells_is_not_known(tmp_path: Path) -> None:
    assert free_bytes(tmp_path, tmp_path / "nowhere") is None
    assert fitting_workers(None) is None


@pytest.mark.parametrize("free, workers", [(1e8, 1), (2.4e9, 1), (4.1e9, 2), (24e9, 15)])
def test_workers_that_fit_beside_the_parent(free: float, workers: int) -> None:
    assert fitting_workers(free) == workers


def test_kills_are_counted(tmp_path: Path) -> None:
    vmstat = write(tmp_path, {"vmstat": "oom_kill 3\npgfault 7\n"}) / "vmstat"
    assert memory_kills(tmp_path, vmstat) == 3
    assert memory_kills(write(tmp_path, {"memory.events": "oom 1\noom_kill 2\n"}), vmstat) == 5
    assert memory_kills(tmp_path / "none", tmp_path / "none") == 0


def test_the_plan_says_what_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainers, "allowed_cores", lambda: (8, "the machine has them"))
    monkeypatch.setattr(trainers, "free_bytes", lambda: 4.1e9)
    assert as_many_as_fit() == (2, "4.1 GB of memory are free, and a worker takes 1.5 GB")
    monkeypatch.setattr(trainers, "free_bytes", lambda: 64e9)
    assert as_many_as_fit() == (8, "")
    monkeypatch.setattr(trainers, "allowed_cores", lambda: (1, "the container has a quota of 1.5 cores"))
    assert as_many_as_fit() == (1, "the container has a quota of 1.5 cores")


def test_a_worker_that_was_killed_for_memory_is_named_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kwssearch.search import workers

    assert workers.death(-9, of_memory=False) == "signal SIGKILL"
    monkeypatch.setattr(workers, "free_bytes", lambda: 2.6e9)
    assert workers.death(-9, of_memory=True) == "killed by the system for lack of memory; 1 worker would fit"
    assert limits.WORKER_BYTES == 1.5e9


def test_files_that_the_system_keeps_in_memory_are_free(tmp_path: Path) -> None:
    files = {
        "memory.max": "3000000000",
        "memory.current": "2500000000",
        "memory.stat": "anon 5\ninactive_file 2000000000\n",
    }
    assert free_bytes(write(tmp_path, files), tmp_path / "nowhere") == pytest.approx(2.5e9)
