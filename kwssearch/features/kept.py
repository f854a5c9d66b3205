"""Features that are computed once for each data set and front end, and kept."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.errors import counted
from kwssearch.features.front_end import VERSION, Array
from kwssearch.features.scipy_front_end import FrontEnd
from kwssearch.sources.noise import level
from kwssearch.space import FeatureSetting
from kwssearch.system.cache import UnwritableError, kept, private_folder

LEVELS = "levels.npy"


def cache_key(fingerprint: str, setting: FeatureSetting) -> str:
    """Names the features of one data set under one setting, whatever the setting is called."""
    figures = {k: v for k, v in asdict(setting).items() if k != "name"}
    text = json.dumps([VERSION, fingerprint, figures], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def cached_features(
    folder: Path,
    fingerprint: str,
    front_end: FrontEnd,
    splits: Mapping[str, int],
    audio: Callable[[str, int], npt.NDArray[Any]],
) -> dict[str, Array]:
    """The features of every split, shape (clips, frames, bands, 1), read-only and memory-mapped.

    Computed once per data set and setting, clip by clip, then shared by every process that asks; computed again if
    what is kept is not whole. If the cache cannot be written, they are kept in a temporary folder of the user's.

    Args:
        folder: the cache; its content may be deleted at any time.
        fingerprint: the data set's.
        splits: name -> number of clips.
        audio: (split, index) -> samples of one clip.
    """
    setting = front_end.setting
    key = cache_key(fingerprint, setting)
    make = functools.partial(write_splits, splits=splits, front_end=front_end, audio=audio)
    about = f"{setting.name}, {' × '.join(map(str, setting.shape[:2]))}, {counted(sum(splits.values()), 'clip')}"
    target = kept_somewhere(folder, key, make, about)
    return {split: np.load(target / f"{split}.npy", mmap_mode="r") for split in splits}


def cached_levels(
    folder: Path, fingerprint: str, clips: int, rate: int, audio: Callable[[str, int], npt.NDArray[Any]]
) -> npt.NDArray[np.float64]:
    """The root mean square of the loudest 300 ms of each training clip, of full scale; shape (clips,).

    Args:
        clips: how many the training split has.
        rate: samples a second.
    """
    key = hashlib.sha256(json.dumps([LEVELS, fingerprint]).encode()).hexdigest()[:32]

    def make(place: Path) -> None:
        np.save(place / LEVELS, [level(audio("train", index) / 32768, rate) for index in range(clips)])

    return np.asarray(np.load(kept_somewhere(folder, key, make, f"levels, {counted(clips, 'clip')}") / LEVELS))


def kept_somewhere(folder: Path, key: str, make: Callable[[Path], None], about: str) -> Path:
    """What the cache keeps under a key, or a temporary folder of the user's if the cache cannot be written."""
    try:
        return kept(folder / key, make, about)
    except UnwritableError:
        return kept(private_folder() / "features" / key, make, about)


def write_splits(
    folder: Path, splits: Mapping[str, int], front_end: FrontEnd, audio: Callable[[str, int], npt.NDArray[Any]]
) -> None:
    for split, clips in splits.items():
        write_features(folder / f"{split}.npy", clips, split, front_end, audio)


def write_features(
    path: Path, clips: int, split: str, front_end: FrontEnd, audio: Callable[[str, int], npt.NDArray[Any]]
) -> None:
    # Written, not mapped: on a full disk a store into a map kills the process, where a write raises OSError.
    shape = (clips, *front_end.setting.shape)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        for i in range(clips):
            file.write(front_end(audio(split, i)).astype("<f4").tobytes())
