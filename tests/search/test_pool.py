import os
import signal
import subprocess
import sys
import time
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial

import pytest

from kwssearch.search.workers import JOBS_A_PROCESS, WorkerPool, end_workers


@pytest.fixture
def pool(tmp_path):
    workers = WorkerPool(2, tmp_path / "workers.log")
    yield workers
    workers.shutdown()
    end_workers()


def test_a_worker_that_dies_takes_only_its_own_job_along(pool) -> None:
    doomed, other = pool.submit(os._exit, 1), pool.submit(pow, 2, 10)
    assert isinstance(doomed.exception(30), BrokenProcessPool)
    assert other.result(30) == 1024
    assert [pool.submit(pow, 3, 2).result(30) for _ in range(4)] == [9] * 4


def test_a_process_is_replaced_after_some_jobs(pool) -> None:
    processes = [pool.submit(os.getpid).result(30) for _ in range(2 * JOBS_A_PROCESS + 4)]
    assert max(processes.count(process) for process in processes) == JOBS_A_PROCESS
    assert len(set(processes)) >= 3


def test_jobs_are_spread_over_the_workers(pool) -> None:
    futures = [pool.submit(os.getpid) for _ in range(2)]
    wait(futures, 30)
    assert len({future.result() for future in futures}) == 2


def test_what_workers_print_goes_into_the_log(pool, tmp_path) -> None:
    pool.submit(os.system, "echo hello").result(30)
    assert "hello" in (tmp_path / "workers.log").read_text()


def test_workers_are_warm_before_their_first_job(pool, tmp_path) -> None:
    pool.warm_up(partial(os.chdir, tmp_path))
    found = [pool.submit(os.getcwd) for _ in range(2)]
    assert [future.result(30) for future in found] == [str(tmp_path)] * 2


def test_a_worker_that_dies_warming_up_is_replaced(pool) -> None:
    pool.warm_up(partial(os._exit, 1))
    wait(list(pool._jobs), 30)
    assert pool.submit(pow, 2, 3).result(30) == 8


def test_a_worker_that_dies_idle_is_replaced(pool) -> None:
    idle = pool.submit(os.getpid).result(30)
    os.kill(idle, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while not any(slot._broken for slot in pool._slots):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    others = [pool.submit(os.getpid).result(30) for _ in range(2)]
    assert idle not in others


def test_what_starts_the_workers_loads_no_tensorflow() -> None:
    code = "import sys, kwssearch.cli.running, kwssearch.cli.progress; print('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
