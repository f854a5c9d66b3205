"""Resident memory of the process that runs trials, after each of 30 tiny ones.

With `--one-process` the same process runs all of them, which shows what TensorFlow keeps of each;
without it they run as a search runs them, in a pool that replaces its process now and then.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from datetime import date
from pathlib import Path

from kwssearch.data.dataset import load_data
from kwssearch.search import job as execution
from kwssearch.search import workers as pool
from kwssearch.space.declaration import load_space
from kwssearch.system import environment
from kwssearch.testing import tiny

TRIALS = 30


def resident_megabytes(status: str) -> float:
    """From what /proc/self/status says."""
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def measure(one_process: bool, trials: int) -> list[float]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["KWSSEARCH_CACHE"] = str(folder / "cache")
        words = tiny.write_data(folder / "words")
        space = load_space(tiny.write_space(folder / "tiny.toml", deterministic=False))
        fingerprint = load_data(words).fingerprint
        pool.JOBS_A_PROCESS = 2 * trials + 1 if one_process else 2 * pool.JOBS_A_PROCESS
        # A job and a look at its process are two calls.
        with pool.WorkerPool(folder / "workers.log", [{}]) as workers:
            weights = []
            for number in range(trials):
                planned = space.trials[number % len(space.trials)]
                target = folder / f"trial_{number}"
                job = execution.Job(space, str(words), fingerprint, "memory", planned, 0, target, None, True)
                outcome = workers.submit(execution.run, job).result()
                assert isinstance(outcome, execution.Outcome), outcome
                status = workers.submit(Path.read_text, Path("/proc/self/status")).result()
                weights.append(resident_megabytes(status))
                print(f"trial {number + 1:3}: {weights[-1]:7.1f} MB", flush=True)
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one-process", action="store_true")
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    arguments = parser.parse_args()
    weights = measure(arguments.one_process, arguments.trials)
    first, last, most = weights[0], weights[-1], max(weights)
    print(f"After trial 1: {first:.0f} MB, after trial {len(weights)}: {last:.0f} MB, most: {most:.0f} MB.")
    record = {"megabytes": weights, "one_process": arguments.one_process, "environment": environment.describe()}
    arguments.out.mkdir(parents=True, exist_ok=True)
    name = "memory-one-process" if arguments.one_process else "memory"
    (arguments.out / f"{date.today()}-{name}.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
