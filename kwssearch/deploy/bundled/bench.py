"""Times the model where it is, on one core by default, and writes what it finds as JSON.

python bench.py --out bench.json
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PARTS = ("feature", "model", "total")
WARM_UP = 10


def measured(threads: int, rounds: int) -> dict[str, Any]:
    """Times in ms, one a round and sound: `total` from 16-bit samples to probabilities, and its two parts."""
    import numpy as np

    from kwssearch.artefact.classifier import Classifier, sample
    from kwssearch.deploy.bundled.check import parity
    from kwssearch.deploy.bundled.spotter import MODEL, Spotter, described

    spotter = Spotter(described(HERE), HERE / MODEL)
    classifier = Classifier(HERE / MODEL, threads)
    sounds = [vector.sound for vector in parity(HERE)]
    sample(spotter.front_end, classifier, sounds * WARM_UP)
    times = 1000 * np.concatenate([sample(spotter.front_end, classifier, sounds) for _ in range(rounds)])
    spread = {
        part: {
            "median": float(np.median(column)),
            "low": float(np.quantile(column, 0.05)),
            "high": float(np.quantile(column, 0.95)),
            "rounds": np.median(column.reshape(rounds, -1), axis=1).round(6).tolist(),
        }
        for part, column in zip(PARTS, times.T, strict=True)
    }
    return {"unit": "ms", **spread}


def machine() -> dict[str, Any]:
    return {
        "machine": platform.machine(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "ai-edge-litert": version("ai-edge-litert"),
    }


def processor() -> str:
    """What the system calls it; boards say so in the device tree, others in /proc/cpuinfo."""
    for path, mark in (("/proc/device-tree/model", ""), ("/proc/cpuinfo", "model name")):
        try:
            lines = Path(path).read_text(errors="replace").splitlines()
        except OSError:
            continue
        named = [text.split(":", 1)[-1].strip(" \t\0") for text in lines if text.startswith(mark)]
        if named:
            return named[0]
    return platform.processor()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="of LiteRT and NumPy")
    parser.add_argument("--rounds", type=int, default=100, help="each of ten sounds")
    parser.add_argument("--out", type=Path, help="a file; standard output by default")
    chosen = parser.parse_args(arguments)
    if min(chosen.threads, chosen.rounds) < 1:
        parser.error("--threads and --rounds: expected at least 1")
    os.environ.update(dict.fromkeys(POOLS, str(chosen.threads)))  # before NumPy is loaded
    found: dict[str, Any] = {
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "sha256": hashlib.sha256((HERE / "model.tflite").read_bytes()).hexdigest(),
        "threads": chosen.threads,
        "latency": measured(chosen.threads, chosen.rounds),
        "environment": machine(),
    }
    if chosen.out is None:
        print(json.dumps(found))
    else:
        chosen.out.write_text(json.dumps(found) + "\n", encoding="utf-8")
        times = {part: found["latency"][part]["median"] for part in PARTS}
        print(f"{times['total']:.3f} ms: front end {times['feature']:.3f} ms, model {times['model']:.3f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
