"""The command line, in this process or in one of its own, and what tests do to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import psutil
from click.testing import CliRunner

from kwssearch.cli.commands import main
from kwssearch.search.trainers import Trainers

chosen = Trainers.chosen


def environment(cache: Path) -> dict[str, str]:
    return {**os.environ, "KWSSEARCH_CACHE": str(cache)}


def command(*arguments: object) -> list[str]:
    """Searches end with a short timing."""
    short = ["--timing-budget", "0"] if arguments[0] in ("run", "resume") else []
    return [sys.executable, "-m", "kwssearch", *map(str, arguments), *short]


def kwssearch(*arguments: object, cache: Path) -> subprocess.CompletedProcess[str]:
    """Runs to its end in this process, which has loaded TensorFlow already, and trains there unless workers are named.

    To start workers is most of what a toy search takes.
    """
    line = command(*arguments)
    with mock.patch.dict(os.environ, environment(cache)), mock.patch.object(Trainers, "chosen", chosen_here):
        ended = CliRunner().invoke(main, line[3:])
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return subprocess.CompletedProcess(line, ended.exit_code, ended.stdout, ended.stderr)


def chosen_here(workers: int | None, scheduler: str | None, gpus: bool) -> Trainers:
    """As `Trainers.chosen`, but this process trains where no number of workers is named."""
    return chosen(workers or 0, scheduler, gpus)


def apart(*arguments: object, cache: Path) -> subprocess.CompletedProcess[str]:
    """Runs to its end in a process of its own."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, env=environment(cache), timeout=240, check=False
    )


def start(*arguments: object, cache: Path, **options: object) -> subprocess.Popen[str]:
    """In a process group of its own, as a shell would start it."""
    return subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(cache),
        start_new_session=True,
        **options,
    )


def kill_group(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def wait_for(happened: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes that compute."""
    children = psutil.Process(process.pid).children()
    return [child for child in children if "kwssearch.search.worker" in " ".join(child.cmdline())]


def artefacts(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in sorted(run.rglob("model.tflite"))}
