"""Models to take away: of a run, as int8, and of any front end."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch.data import load_data
from kwssearch.deploy.shipped import Shipped, find_model
from kwssearch.features import FrontEnd
from kwssearch.runs import load
from kwssearch.space import FeatureSetting
from kwssearch.testing.words import wav


def as_int8(run: Path, words: Path, trial_id: str = "0") -> Shipped:
    """The model of a float32 trial, as if the search had quantised it."""
    from kwssearch.compression import convert
    from kwssearch.training import load_weights, plain_model

    shipped = find_model(load(run), trial_id)
    values = {**shipped.trial.values, "quantization": "int8"}
    model = plain_model(shipped.run.space, values, len(shipped.run.words))
    load_weights(run / f"trial_{shipped.trial.trial_id}" / "weights.npz", model)
    data = load_data(words)
    front_end = FrontEnd(shipped.front_end, data.sampling_rate)
    clips = np.stack([front_end(data.audio("train", i)) for i in range(0, len(data.splits["train"]), 2)])
    trial = replace(shipped.trial, planned=replace(shipped.trial.planned, values=values))
    return replace(shipped, trial=trial, content=convert(model, "int8", clips))


def with_front_end(shipped: Shipped, **changes: Any) -> Shipped:
    """The same with another front end, which its model was not made for."""
    setting: FeatureSetting = replace(shipped.front_end, **changes)
    space = replace(shipped.run.space, features={**shipped.run.space.features, setting.name: setting})
    return replace(shipped, run=replace(shipped.run, space=space))


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def write_wavs(folder: Path, sounds: Sequence[np.ndarray], rate: int) -> list[Path]:
    """16-bit samples as WAVs, in their order."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number:02d}.wav" for number in range(len(sounds))]
    for path, sound in zip(paths, sounds, strict=True):
        path.write_bytes(wav(sound / 32767, rate))
    return paths


def lines_of(command: Sequence[object], name: str) -> Iterator[np.ndarray]:
    """The numbers of each line of a program's output that begins with a name."""
    ended = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    for line in ended.stdout.splitlines():
        if line.startswith(f"{name} "):
            yield np.array(line.split()[1:], np.float64)
