"""Worker processes of this machine behind the standard Executor interface.

They are started as separate programs: a worker never imports the caller's `__main__`, so that scripts need
no guard and notebooks work, and it has the environment that it is given.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from functools import partial
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from kwssearch.errors import counted
from kwssearch.system.limits import fitting_workers, free_bytes, memory_kills
from kwssearch.system.surroundings import worker_environment

JOBS_A_PROCESS = 8
START = "import sys; sys.path[:] = {path!r}; from kwssearch.search.worker import main; main({calls}, {lifeline})"


class WorkerDiedError(Exception):
    """The process ended in the middle of a call."""


def death(code: int | None, of_memory: bool) -> str:
    """How a process ended."""
    if code == -signal.SIGKILL and of_memory:
        fitting = fitting_workers(free_bytes()) or 1
        return f"killed by the system for lack of memory; {counted(fitting, 'worker')} would fit"
    return f"exit code {code}" if code is None or code >= 0 else f"signal {signal.Signals(-code).name}"


class Worker:
    """One process, started at its first call and replaced after eight, so that what libraries keep does not pile up.

    Args:
        log: file that receives what it prints.
        environment: its own environment variables.
    """

    def __init__(self, log: Path, environment: Mapping[str, str]) -> None:
        self._log = log
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._served = 0

    def call(self, request: bytes, counts: bool) -> Any:
        """The result of a pickled call.

        Args:
            counts: whether the call counts towards the replacement of the process.

        Raises:
            WorkerDiedError: the process died during the call.
        """
        if self._served >= JOBS_A_PROCESS or self._process is None or self._process.poll() is not None:
            self.end()
            self._start()
        self._served += counts
        kills = memory_kills()
        try:
            self._calls.send_bytes(request)
            went_well, result = pickle.loads(self._calls.recv_bytes())
        except (EOFError, ConnectionError, OSError) as error:
            code = self._process.wait() if self._process is not None else None
            raise WorkerDiedError(death(code, memory_kills() > kills)) from error
        if went_well:
            return result
        raise result

    def kill(self) -> None:
        """Ends the process, if there is one; a call that is under way then fails."""
        if (process := self._process) is not None:
            process.kill()

    def end(self) -> None:
        """Ends the process and closes its connections; only to be called between calls."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._calls.close()
            os.close(self._lifeline)
            self._process = None

    def _start(self) -> None:
        self._calls, theirs = Pipe()
        watched, self._lifeline = os.pipe()
        code = START.format(
            path=[entry for entry in sys.path if isinstance(entry, str)], calls=theirs.fileno(), lifeline=watched
        )
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**worker_environment(), **self._environment},
                pass_fds=(theirs.fileno(), watched),
            )
        theirs.close()
        os.close(watched)
        self._served = 0

    _calls: Connection
    _lifeline: int


class WorkerPool(Executor):
    """Runs calls in processes; one that dies takes only its own call with it.

    Args:
        log: file that receives what the workers print.
        environments: each worker's own environment variables; there are as many workers as entries.
    """

    def __init__(self, log: Path, environments: Sequence[Mapping[str, str]]) -> None:
        self._workers = [Worker(log, environment) for environment in environments]
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(len(self._workers), "worker")
        self._futures: set[Future[Any]] = set()
        self._closed = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Runs a picklable call in a worker that is free, as soon as one is."""
        return self._submit(partial(fn, *args, **kwargs), counts=True)

    def warm_up(self, fn: Callable[[], Any]) -> None:
        """Starts every worker with a call of `fn`, such as one that imports what jobs will need."""
        for _ in self._workers:
            self._submit(fn, counts=False)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)

    def kill(self) -> None:
        """Ends every worker at once, and no other process; their checkpoints stay."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        while self._futures:  # a thread may be starting a process just now
            for worker in self._workers:
                worker.kill()
            wait(self._futures, timeout=0.05)
        for worker in self._workers:
            worker.end()

    def _submit(self, call: Callable[[], Any], counts: bool) -> Future[Any]:
        future = self._threads.submit(self._call, pickle.dumps(call), counts)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        return future

    def _call(self, request: bytes, counts: bool) -> Any:
        worker = self._idle.get()
        try:
            if self._closed:
                raise WorkerDiedError("the pool was closed")
            return worker.call(request, counts)
        finally:
            self._idle.put(worker)


class InProcess(Executor):
    """Runs each call at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextlib.contextmanager
def local_pool(log: Path, environments: Sequence[Mapping[str, str]]) -> Iterator[WorkerPool]:
    """Workers that end when the block does, however it ends."""
    pool = WorkerPool(log, environments)
    try:
        yield pool
    finally:
        pool.kill()
