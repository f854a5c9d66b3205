"""A search small enough for tests: two made-up words, small models, two epochs."""

from __future__ import annotations

from pathlib import Path

from kwssearch.testing.words import write_word_folder

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
