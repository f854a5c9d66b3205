"""A worker process: takes pickled calls from the connection that it inherits and sends back their results."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
import traceback
from multiprocessing.connection import Connection


class WorkerError(Exception):
    """A call's exception that cannot be pickled; its text is sent instead."""


def main(calls: int, lifeline: int) -> None:
    """Answers calls until the other side hangs up or dies; leaves Ctrl-C to the parent.

    Args:
        calls, lifeline: numbers of inherited file descriptors.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, args=(lifeline,), daemon=True).start()
    with contextlib.suppress(EOFError, ConnectionError), Connection(calls) as connection:
        while True:
            connection.send_bytes(answer(connection.recv_bytes()))


def answer(request: bytes) -> bytes:
    """Whether a call went well, and its result or exception, pickled."""
    try:
        return pickle.dumps((True, pickle.loads(request)()))
    except Exception as error:
        traceback.print_exc()
        try:
            content = pickle.dumps((False, error))
            pickle.loads(content)
        except Exception:
            content = pickle.dumps((False, WorkerError(f"{type(error).__name__}: {error}")))
        return content


def end_with_parent(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(1)
