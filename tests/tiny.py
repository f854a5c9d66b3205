"""A search small enough for tests: two made-up words, small models, two epochs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from speech_folder import write_word_folder

TOML = """
description = "small enough for tests"

[recipe]
epochs = {epochs}
batch_size = 8
precision = "{precision}"
deterministic = {deterministic}
executions_per_trial = {executions}

[features.mfcc]
kind = "mfcc"
coefficients = 10

[baseline]
width_multiplier = 0.05

[[strategy]]
name = "DS-CNN"
architecture = "ds_cnn"

[[strategy]]
name = "pruning"
final_sparsity = [0.5, 0.8]
"""


def write_space(path: Path, epochs: int = 2, deterministic: bool = True, executions: int = 1) -> Path:
    precision = "float32"
    declared = TOML.format(
        epochs=epochs, precision=precision, deterministic=str(deterministic).lower(), executions=executions
    )
    path.write_text(declared)
    return path


def write_data(root: Path) -> Path:
    write_word_folder(root, clips=40)
    return root


def environment(cache: Path) -> dict[str, str]:
    return {**os.environ, "KWSSEARCH_CACHE": str(cache)}


def kwssearch(*arguments: object, cache: Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "kwssearch", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment(cache),
        cwd=cwd,
        timeout=240,
        check=False,
    )
