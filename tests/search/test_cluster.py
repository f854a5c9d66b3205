"""A search on a real Dask scheduler and workers, each in a process of its own, on loopback."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import distributed.utils
import pytest
from support import own_models, shell
from support.shell import artefacts, start, wait_for

from kwssearch import runs
from kwssearch.errors import UserError
from kwssearch.search.cluster import connect
from kwssearch.testing import tiny


def dask(*arguments: str, cache: Path, log: Path) -> subprocess.Popen[bytes]:
    output = log.open("wb")
    command = [sys.executable, "-m", "dask", *arguments]
    return subprocess.Popen(command, stdout=output, stderr=output, env=shell.environment(cache))


@pytest.fixture
def scheduler_process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    log = tmp_path / "scheduler.log"
    process = dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", cache=tmp_path, log=log)
    wait_for(lambda: re.search(r"tcp://127\.0\.0\.1:\d+", log.read_text()))
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def scheduler(tmp_path: Path, scheduler_process: subprocess.Popen[bytes]) -> str:
    return re.search(r"tcp://127\.0\.0\.1:\d+", (tmp_path / "scheduler.log").read_text()).group()


@pytest.fixture
def worker_of(tmp_path: Path, scheduler: str) -> Iterator:
    """Starts workers with a cache of their own, as on another host."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(threads: int = 1) -> subprocess.Popen[bytes]:
        log = tmp_path / f"worker{len(started)}.log"
        options = ["--nthreads", str(threads), "--no-nanny", "--no-dashboard"]
        started.append(dask("worker", scheduler, *options, cache=tmp_path / f"host{len(started)}", log=log))
        wait_for(lambda: "Registered to" in log.read_text())
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def search_that_loses(
    victim: subprocess.Popen[bytes], space: Path, words: Path, run: Path, scheduler: str, cache: Path
) -> tuple[int, str]:
    """Exit code and messages of a search whose victim is killed while the first worker trains."""
    process = start("run", space, "--data", words, "--out", run, "--scheduler", scheduler, cache=cache)
    wait_for(lambda: list((run.parent / "host0").rglob("progress.json")))
    victim.kill()
    _, told = process.communicate(timeout=200)
    return process.returncode, told


@pytest.mark.damage
def test_a_search_loses_a_worker_in_mid_trial_and_ends_complete(
    tmp_path, words, cache, finished, scheduler, worker_of
) -> None:
    victim = worker_of()
    worker_of()
    run = tmp_path / "run"
    code, told = search_that_loses(victim, tiny.write_space(tmp_path / "tiny.toml"), words, run, scheduler, cache)
    assert code == 0, told
    assert [trial.status for trial in runs.load(run).trials] == ["completed"] * 4
    assert artefacts(run) == artefacts(finished)
    assert all(trial.latency is not None for trial in runs.load(run).trials)
    assert not list(run.rglob("checkpoint.npz"))


@pytest.mark.long
def test_an_architecture_of_ones_own_travels_to_the_workers_and_is_quantised_there(
    tmp_path, words, cache, scheduler, worker_of
) -> None:
    worker_of()
    (tmp_path / "here").mkdir()
    space = tmp_path / "here" / "own.toml"
    (space.parent / "my_models.py").write_text(own_models.TC_RESNET)
    declared = own_models.SPACE.format(architecture="my_models:tc_resnet")
    space.write_text(declared + '\n[[strategy]]\nname = "int8"\nquantization = "int8"\n')
    run = tmp_path / "run"
    process = start("run", space, "--data", words, "--out", run, "--scheduler", scheduler, cache=cache)
    _, told = process.communicate(timeout=200)
    assert process.returncode == 0, told
    assert [trial.status for trial in runs.load(run).trials] == ["completed"] * 3
    assert (run / "trial_1" / "weights.npz").exists()
    (quantised,) = (trial for trial in runs.load(run).trials if trial.values["quantization"] == "int8")
    assert quantised.executions[0]["origin"] == {"trial_id": "0", "execution": 0}
    assert (run / f"trial_{quantised.trial_id}" / "model.tflite").exists()
    assert not (run / f"trial_{quantised.trial_id}" / "weights.npz").exists()


@pytest.mark.damage
def test_a_scheduler_that_dies_is_told_and_the_search_goes_on_without_it(
    tmp_path, words, cache, scheduler_process, scheduler, worker_of
) -> None:
    worker_of()
    run = tmp_path / "run"
    space = tiny.write_space(tmp_path / "tiny.toml", epochs=60)
    code, told = search_that_loses(scheduler_process, space, words, run, scheduler, cache)
    assert code == 1, told
    assert "Traceback" not in told
    assert "start it again, then resume" in told
    assert not runs.load(run).trials[-1].failures
    resumed = shell.kwssearch("resume", run, cache=cache)
    assert resumed.returncode == 0, resumed.stderr
    assert [trial.status for trial in runs.load(run).trials] == ["completed"] * 4


@pytest.mark.damage
def test_workers_with_other_clips_are_refused(tmp_path, words, cache, scheduler, worker_of) -> None:
    worker_of()
    space = tiny.write_space(tmp_path / "tiny.toml")
    own = tiny.write_data(tmp_path / "own")
    process = start("run", space, "--data", own, "--out", tmp_path / "run", "--scheduler", scheduler, cache=cache)
    wait_for(lambda: (tmp_path / "run" / "run.json").exists())
    next((own / "no").iterdir()).write_bytes(next((own / "yes").iterdir()).read_bytes())
    _, told = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "is not the data set that this search uses" in told


def test_workers_of_several_threads_are_refused(scheduler, worker_of) -> None:
    worker_of(threads=2)
    with pytest.raises(UserError, match=r"has 2 threads, expected 1; start it with 'dask worker"), connect(scheduler):
        pass


def test_an_empty_address_is_refused() -> None:
    with pytest.raises(UserError, match="no Dask scheduler answers at ''"), connect(""):
        pass


def test_what_is_left_of_a_client_does_not_hold_up_the_next_one(monkeypatch) -> None:
    monkeypatch.setattr("kwssearch.search.cluster.SECONDS_TO_CONNECT", 1)
    start_loop = distributed.utils.asyncio_run

    def collected_there(*arguments: Any, **options: Any) -> Any:
        gc.collect()
        return start_loop(*arguments, **options)

    def connected_in_vain(address: str) -> None:
        with pytest.raises(UserError) as caught, connect(address):
            pass
        circle: list[Any] = [caught.value]
        circle.append(circle)  # what only a collection frees

    gc.disable()
    try:
        connected_in_vain("")
        connected_in_vain("tcp://127.0.0.1:9")
        monkeypatch.setattr(distributed.utils, "asyncio_run", collected_there)
        began = time.monotonic()
        connected_in_vain("tcp://127.0.0.1:9")
    finally:
        gc.enable()
    assert time.monotonic() - began < 8  # it would be 10 s


def test_nobody_answers(monkeypatch) -> None:
    monkeypatch.setattr("kwssearch.search.cluster.SECONDS_TO_CONNECT", 1)
    began = time.monotonic()
    with (
        pytest.raises(UserError, match=r"no Dask scheduler answers at 'tcp://127.0.0.1:9'"),
        connect("tcp://127.0.0.1:9"),
    ):
        pass
    assert time.monotonic() - began < 30
