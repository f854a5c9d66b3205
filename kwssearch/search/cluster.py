"""Workers on many machines: a Dask cluster behind the standard Executor interface."""

from __future__ import annotations

import contextlib
import gc
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor

from kwssearch.errors import UserError

SECONDS_TO_CONNECT = 20
LOGGERS = ("distributed", "distributed.client", "tornado.application", "asyncio")


@contextlib.contextmanager
def connect(address: str) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """An executor on the cluster, and how many jobs its workers can hold at present.

    Raises:
        UserError: Dask is not installed, nobody answers, or workers run several jobs in one process.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise UserError(
            "scheduler: needs Dask, which is not installed; install kwssearch with its extra 'dask'.", about="scheduler"
        ) from error
    for name in LOGGERS:  # one sentence replaces their many lines about a lost scheduler
        logging.getLogger(name).setLevel(logging.CRITICAL)
    gc.collect()  # an earlier client that is collected in the new one's thread waits for a lock that this thread holds
    try:
        client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"scheduler: no Dask scheduler answers at {address!r} ({' '.join(str(error).split())[:120]}); "
            "start one with 'dask scheduler' and give its address, such as tcp://host:8786.",
            about="scheduler",
        ) from error
    with client:
        for worker, threads in client.nthreads().items():
            if threads != 1:
                raise UserError(
                    f"scheduler: worker {worker} has {threads} threads, expected 1; start it with "
                    f"'dask worker {address} --nworkers {threads} --nthreads 1'."
                )

        def capacity() -> int:
            try:
                return max(1, len(client.nthreads()))
            except (OSError, RuntimeError, AttributeError) as error:  # the last two come from a client that gave up
                raise UserError(
                    f"scheduler: the Dask scheduler at {address!r} stopped answering ({type(error).__name__}); "
                    "what is done is saved: start it again, then resume."
                ) from error

        yield client.get_executor(pure=False), capacity
