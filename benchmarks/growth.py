"""Time against size: reading commands by recorded trials, feature caching by clips."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

from kwssearch.system import environment
from kwssearch.testing import recorded as synthetic_run
from kwssearch.testing import words as speech_folder

COMMANDS = ("trials", "front", "answers", "report")
REPEATS = 3
CACHING = """
import resource, sys, time
from pathlib import Path
from kwssearch.data.dataset import load_data
from kwssearch.space.declaration import load_space
from kwssearch.features import FrontEnd, cached_features
began = time.perf_counter()
data = load_data(sys.argv[1])
loaded = time.perf_counter()
front_end = FrontEnd(load_space("lab4").features["log_mel"], data.sampling_rate)
splits = {name: len(clips) for name, clips in data.splits.items()}
cached_features(Path(sys.argv[2]), data.fingerprint, front_end, splits, data.audio)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(loaded - began, time.perf_counter() - loaded, peak)
"""


def reading(trials: int, folder: Path) -> dict[str, float]:
    """Median seconds of each command on a run of about so many trials."""
    run = folder / f"run{trials}"
    synthetic_run.write(run, space=synthetic_run.large_space(trials))
    found = {}
    for command in COMMANDS:
        seconds = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-m", "kwssearch", command, str(run)], check=True, capture_output=True)
            seconds.append(time.perf_counter() - began)
        found[command] = float(np.median(seconds))
    return found


def caching(clips: int, folder: Path) -> dict[str, float]:
    """Seconds and peak memory of loading and caching so many clips; their bytes are hard links of few."""
    root = folder / f"words{clips}"
    words = [f"word{i}" for i in range(8)]
    made = speech_folder.write_word_folder(folder / f"made{clips}", words=words, clips=20, lists=False)
    for word in words:
        (root / word).mkdir(parents=True)
        sources = sorted((made / word).glob("*.wav"))
        for number in range(clips // len(words)):
            os.link(sources[number % len(sources)], root / word / f"speaker{number:06d}_nohash_0.wav")
    command = [sys.executable, "-c", CACHING, str(root), str(folder / f"cache{clips}")]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return dict(zip(("load_seconds", "cache_seconds", "peak_megabytes"), map(float, printed), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[8, 80, 800])
    parser.add_argument("--clips", type=int, nargs="+", default=[1000, 6000, 36000])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        commands = {}
        for trials in arguments.trials:
            commands[trials] = reading(trials, folder)
            print(f"{trials:6} trials:", *(f"{name} {s:.2f} s" for name, s in commands[trials].items()), flush=True)
        features = {}
        for clips in arguments.clips:
            features[clips] = caching(clips, folder)
            each = features[clips]
            print(
                f"{clips:6} clips: loaded in {each['load_seconds']:.1f} s, cached in {each['cache_seconds']:.1f} s "
                f"({1e3 * each['cache_seconds'] / clips:.2f} ms a clip), peak {each['peak_megabytes']:.0f} MB",
                flush=True,
            )
    record = {"commands": commands, "features": features, "environment": environment.describe()}
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / f"{date.today()}-growth.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
