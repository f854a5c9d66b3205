"""Worker processes of this machine behind the standard Executor interface."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

JOBS_A_PROCESS = 8


class WorkerPool(Executor):
    """Spawned processes, each in a pool of its own, so that one that dies takes only its job along.

    A process is replaced after eight jobs, so that whatever a library keeps of each does not add up.

    Args:
        workers: how many.
        log: file that receives what the workers print.
    """

    def __init__(self, workers: int, log: Path) -> None:
        self._log = log
        self._slots = [self._new_slot() for _ in range(workers)]
        self._served = [0] * workers
        self._jobs: dict[Future[Any], int] = {}

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Runs a picklable call in the worker that has the least to do; to be called by one thread only."""
        self._jobs = {future: slot for future, slot in self._jobs.items() if not future.done()}
        load = [list(self._jobs.values()).count(slot) for slot in range(len(self._slots))]
        slot = load.index(min(load))
        if self._served[slot] >= JOBS_A_PROCESS and not load[slot]:
            self._slots[slot].shutdown(wait=False)
            self._renew(slot)
        future = self._begin(slot, fn, *args, **kwargs)
        self._served[slot] += 1
        return future

    def warm_up(self, fn: Callable[[], Any]) -> None:
        """Starts every worker with a call of `fn`, such as one that imports what jobs will need."""
        for slot in range(len(self._slots)):
            self._begin(slot, fn)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for slot in self._slots:
            slot.shutdown(wait, cancel_futures=cancel_futures)

    def _begin(self, slot: int, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        try:
            future = self._slots[slot].submit(fn, *args, **kwargs)
        except BrokenProcessPool:  # its process died
            self._renew(slot)
            future = self._slots[slot].submit(fn, *args, **kwargs)
        self._jobs[future] = slot
        return future

    def _renew(self, slot: int) -> None:
        self._slots[slot], self._served[slot] = self._new_slot(), 0

    def _new_slot(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn"), initializer=begin_worker, initargs=(str(self._log),)
        )


def begin_worker(log: str) -> None:
    """Leaves Ctrl-C to the parent, ends with the parent, and prints into the log."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=end_with_parent, daemon=True).start()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)


def end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def end_workers() -> None:
    """Kills every worker at once; what they checkpointed stays."""
    for child in multiprocessing.active_children():
        child.kill()
    for child in multiprocessing.active_children():
        child.join()
