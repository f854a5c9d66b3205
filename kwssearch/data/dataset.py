"""Data sets: a folder with one sub-folder of WAVs per word, or one of two by name.

Splits are those of `validation_list.txt` and `testing_list.txt` where one stands (the Speech Commands
convention), else 80/10/10 by a hash of the speaker. What a clip may be is told in `wav`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.data.survey import SPLITS, Survey
from kwssearch.data.survey import Problem as Problem
from kwssearch.data.wav import CLIP_BYTES, decode, digest, read_start, reason_of
from kwssearch.errors import counted, printable
from kwssearch.system.cache import DataError as DataError
from kwssearch.system.cache import cache_folder

NAMED = ("msc", "builtin")


@dataclass(frozen=True)
class Clip:
    """One recording.

    Attributes:
        path: 'word/file.wav', relative to the data set's folder.
        label: index into the data set's words.
        digest: the first 12 hexadecimal digits of the file's SHA-256.
    """

    path: str
    label: int
    digest: str


@dataclass(frozen=True)
class DataSet:
    """Words, and the clips of each split in order of their paths.

    Attributes:
        source: what the user said: 'msc', 'builtin' or the folder.
        words: class names, sorted.
        sampling_rate: of all clips, in Hz.
        splits: 'train', 'validation' and 'test'.
        warnings: a sentence each.
    """

    source: str
    root: Path
    words: tuple[str, ...]
    sampling_rate: int
    splits: Mapping[str, tuple[Clip, ...]]
    warnings: tuple[str, ...]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of words, rate, and every split's paths and contents."""
        splits = {split: [(clip.path, clip.digest) for clip in self.splits[split]] for split in SPLITS}
        return hashlib.sha256(json.dumps([self.words, self.sampling_rate, splits]).encode()).hexdigest()

    def audio(self, split: str, index: int) -> npt.NDArray[np.int16]:
        """Samples of one clip, shape (n,), n up to one second; read from disk at each call.

        Raises:
            DataError: the file is gone, or is not what it was when the data set was loaded.
        """
        clip = self.splits[split][index]
        path = self.root / clip.path
        try:
            content = read_start(path, CLIP_BYTES)
            if digest(content) == clip.digest:
                return decode(content)[0]
            reason = "was altered while it was in use"
        except (OSError, ValueError) as error:
            reason = f"cannot be read any more ({printable(reason_of(error))})"
        raise DataError(f"{printable(path)}: {reason}; put it back, or start afresh with --out elsewhere.")

    def labels(self, split: str) -> npt.NDArray[np.int64]:
        """Class indices, shape (clips,)."""
        return np.array([clip.label for clip in self.splits[split]], dtype=np.int64)


def load_data(source: str | Path) -> DataSet:
    """Indexes a data set; each file is read once.

    Args:
        source: 'msc' (fetched on first use), 'builtin' (spoken on first use), or a folder;
            a folder of such a name is written './msc'.

    Raises:
        DataError: the set cannot be had, or holds what would make figures wrong.
    """
    root = locate(source)
    survey = look_through(root)
    fatal = [problem for problem in survey.problems if problem.fatal]
    if fatal:
        first, more = fatal[0], len(fatal) - 1
        rest = f" ({more} more like it)" if more else ""
        raise DataError(
            f"{printable(root / first.path)}: {first.text}{rest}; 'kwssearch data check {printable(root)}' lists all."
        )
    warnings = tuple(f"{printable(problem.path)}: {problem.text}." for problem in survey.problems)
    splits = {
        split: tuple(
            Clip(path, survey.words.index(path.split("/")[0]), survey.digests[path])
            for path in sorted(survey.split_of)
            if survey.split_of[path] == split
        )
        for split in SPLITS
    }
    return DataSet(str(source), root, survey.words, survey.sampling_rate, splits, warnings)


def locate(source: str | Path) -> Path:
    """The folder that holds a data set, made or fetched first where it is one by name."""
    if not str(source).strip():
        raise DataError("--data: got an empty name, expected a folder of words, msc or builtin.")
    if source == "msc":
        from kwssearch.sources.msc import msc

        return msc(cache_folder())
    if source == "builtin":
        from kwssearch.sources.builtin import builtin

        return builtin(cache_folder())
    return Path(source)


def check(root: Path) -> list[Problem]:
    """Everything that is wrong with a folder, fatal or not, in order of discovery.

    Raises:
        DataError: there is no such folder.
    """
    return look_through(root).problems


def look_through(root: Path) -> Survey:
    if not root.is_dir():
        raise DataError(
            f"{printable(root)}: is no folder, expected one with a sub-folder of WAVs per word; "
            "name one with --data DIR, or take --data builtin."
        )
    return Survey(root)


def record(data: DataSet) -> dict[str, Any]:
    """What RUN/data.json keeps of a data set: each split's paths, in order, with their digests."""
    return {"splits": {split: {clip.path: clip.digest for clip in data.splits[split]} for split in SPLITS}}


def difference(recorded: Mapping[str, Any], data: DataSet) -> str | None:
    """What changed since `record`, in a few words, or None where nothing did."""
    try:
        before, after = positions(recorded), positions(record(data))
    except (LookupError, TypeError, AttributeError):
        return "the record of its clips is damaged"
    both = before.keys() & after.keys()
    changes = {
        "added": after.keys() - before.keys(),
        "removed": before.keys() - after.keys(),
        "altered": {path for path in both if before[path][1] != after[path][1]},
        "moved to another split": {path for path in both if before[path][0] != after[path][0]},
    }
    told = [
        f"{counted(len(paths), 'clip')} {what} (for example {printable(min(paths))})"
        for what, paths in changes.items()
        if paths
    ]
    return ", ".join(told) or None


def positions(recorded: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Path -> (split, digest)."""
    return {path: (split, digest) for split in SPLITS for path, digest in recorded["splits"][split].items()}
