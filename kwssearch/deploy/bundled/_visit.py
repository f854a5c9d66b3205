"""Times bundles where it runs, in a temporary folder that is removed however it ends.

It needs the standard library alone and is no part of a bundle: `kwssearch.deploy.visit` sends it. Standard input is a
line of JSON (`names`, `passes`, `rounds`, `threads`, `bytes`), then so many bytes of a tar; when standard input ends
before the work does, the line was dropped, and so is the work. Each line of standard output that counts is `MARK` and
an object of JSON. Its syntax is that of old versions, so that one can say that it is too old.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
from typing import Any

MARK = "kwssearch:"
OLDEST = (3, 11)
PACKAGES = {"numpy": "numpy", "ai_edge_litert": "ai-edge-litert"}
ENDINGS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def tell(**found: Any) -> None:
    print(MARK + json.dumps(found), flush=True)


def governor() -> str | None:
    try:
        with open("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return None


def deaf() -> None:
    """What would interrupt the way out no longer does."""
    for name in ENDINGS:
        signal.signal(name, signal.SIG_IGN)


def end(*_: Any) -> None:
    """Leaves through every `finally`."""
    deaf()
    raise SystemExit(1)


def end_with_input() -> None:
    """Nothing more is to come: input that ends, or goes on, is the other side's end."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def bench(folder: str, plan: dict[str, Any]) -> None:
    """Every bundle in each pass, in an order that is shuffled for each."""
    for number in range(plan["passes"]):
        for name in random.Random(number).sample(plan["names"], len(plan["names"])):
            options = ["--rounds", str(plan["rounds"]), "--threads", str(plan["threads"])]
            ended = subprocess.run(
                [sys.executable, os.path.join(folder, name, "bench.py"), *options],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
            if ended.returncode:
                lines = ended.stderr.decode(errors="replace").split("\n")
                told = next((line for line in reversed(lines) if line.strip()), f"exit code {ended.returncode}")
                tell(fault=told.strip()[:200], name=name)
                raise SystemExit(1)
            tell(name=name, found=json.loads(ended.stdout))


def main() -> None:
    for name in ENDINGS:
        signal.signal(name, end)
    plan = json.loads(sys.stdin.buffer.readline())
    missing = [shown for name, shown in PACKAGES.items() if importlib.util.find_spec(name) is None]
    tell(python=platform.python_version(), old=sys.version_info < OLDEST, missing=missing, governor=governor())
    if missing or sys.version_info < OLDEST:
        return
    sent = sys.stdin.buffer.read(plan["bytes"])
    if len(sent) < plan["bytes"]:
        return
    threading.Thread(target=end_with_input, daemon=True).start()
    folder = tempfile.mkdtemp(prefix="kwssearch-")
    try:
        try:
            with tarfile.open(fileobj=io.BytesIO(sent)) as tar:
                tar.extractall(folder)
            bench(folder, plan)
        finally:
            deaf()
    except (OSError, ValueError) as error:
        tell(fault=f"{type(error).__name__}: {error}", name=None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
