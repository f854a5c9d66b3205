"""Worker processes: programs of their own, renewed, replaced, and the only ones that are ever ended."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import psutil
import pytest

from kwssearch.search.worker import WorkerError
from kwssearch.search.workers import JOBS_A_PROCESS, InProcess, WorkerDiedError, WorkerPool


@pytest.fixture
def pool(tmp_path):
    workers = WorkerPool(tmp_path / "workers.log", [{}, {}])
    yield workers
    workers.kill()


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_worker_that_dies_takes_only_its_own_job_along(pool) -> None:
    doomed, other = pool.submit(os._exit, 3), pool.submit(pow, 2, 10)
    with pytest.raises(WorkerDiedError, match="exit code 3"):
        doomed.result(30)
    assert other.result(30) == 1024
    assert [pool.submit(pow, 3, 2).result(30) for _ in range(4)] == [9] * 4


def test_a_process_is_replaced_after_some_jobs(pool) -> None:
    processes = [pool.submit(os.getpid).result(30) for _ in range(2 * JOBS_A_PROCESS + 4)]
    assert max(processes.count(process) for process in processes) == JOBS_A_PROCESS
    assert len(set(processes)) >= 3


def test_jobs_are_spread_over_the_workers(pool) -> None:
    futures = [pool.submit(slowly, os.getpid) for _ in range(2)]
    assert len({future.result(30) for future in futures}) == 2


def test_what_workers_print_goes_into_the_log(pool, tmp_path) -> None:
    pool.submit(os.system, "echo hello").result(30)
    assert "hello" in (tmp_path / "workers.log").read_text()


def test_workers_are_warm_before_their_first_job(pool, tmp_path) -> None:
    pool.warm_up(partial(os.chdir, tmp_path))
    found = [pool.submit(os.getcwd) for _ in range(2)]
    assert [future.result(30) for future in found] == [str(tmp_path)] * 2


def test_a_worker_that_dies_warming_up_is_replaced(pool) -> None:
    pool.warm_up(partial(os._exit, 1))
    assert pool.submit(pow, 2, 3).result(30) == 8


def test_a_worker_that_dies_idle_is_replaced(pool) -> None:
    idle = pool.submit(os.getpid).result(30)
    os.kill(idle, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(idle)] if psutil.pid_exists(idle) else [], timeout=10)
    others = [pool.submit(os.getpid).result(30) for _ in range(2)]
    assert idle not in others


def test_what_a_call_raises_comes_back(pool) -> None:
    with pytest.raises(ZeroDivisionError):
        pool.submit(divmod, 1, 0).result(30)
    with pytest.raises(WorkerError, match="Awkward: no luck"):
        pool.submit(raise_what_does_not_travel).result(30)


def slowly(function, *arguments):
    time.sleep(0.2)
    return function(*arguments)


def raise_what_does_not_travel() -> None:
    class Awkward(Exception):
        pass

    raise Awkward("no luck")


def test_each_worker_has_variables_of_its_own(tmp_path) -> None:
    pool = WorkerPool(tmp_path / "log", [{"COLOUR": "red"}, {"COLOUR": "blue"}])
    try:
        futures = [pool.submit(slowly, os.getenv, "COLOUR") for _ in range(2)]
        assert {future.result(30) for future in futures} == {"red", "blue"}
    finally:
        pool.kill()


def test_only_workers_are_ended(pool) -> None:
    """Whatever else the program has started goes on."""
    unrelated = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        own = [pool.submit(os.getpid).result(30) for _ in range(2)]
        began = time.monotonic()
        busy = pool.submit(time.sleep, 60)
        pool.kill()
        assert time.monotonic() - began < 10
        assert busy.done()
        assert not any(map(alive, own))
        assert unrelated.poll() is None
    finally:
        unrelated.kill()
        unrelated.wait()


def test_workers_end_with_their_parent(tmp_path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, pathlib, time\n"
        "from kwssearch.search.workers import WorkerPool\n"
        f"pool = WorkerPool(pathlib.Path({str(tmp_path / 'log')!r}), [{{}}])\n"
        "print(pool.submit(os.getpid).result(), flush=True)\n"
        "pool.submit(time.sleep, 60)\n"
        "time.sleep(0.5)\n"
        "os._exit(0)\n"
    )
    printed = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True).stdout
    deadline = time.monotonic() + 10
    while alive(int(printed)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_script_needs_no_guard(tmp_path) -> None:
    script = tmp_path / "no_guard.py"
    script.write_text(
        "import os, pathlib\n"
        "from kwssearch.search.workers import WorkerPool\n"
        "print('main', flush=True)\n"
        f"pool = WorkerPool(pathlib.Path({str(tmp_path / 'log')!r}), [{{}}])\n"
        "assert pool.submit(pow, 2, 3).result() == 8\n"
        "pool.kill()\n"
    )
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "main\n"


def test_in_this_process() -> None:
    executor = InProcess()
    assert executor.submit(pow, 2, 3).result() == 8
    assert isinstance(executor.submit(divmod, 1, 0).exception(), ZeroDivisionError)


def test_what_starts_the_workers_loads_no_tensorflow() -> None:
    code = "import sys, kwssearch.cli.commands, kwssearch.search.conduct; print('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_entries_of_the_path_that_are_no_texts_are_passed_over(pool, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, tmp_path])
    assert pool.submit(pow, 2, 3).result(30) == 8
