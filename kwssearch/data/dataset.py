"""Data sets: a folder with one sub-folder of WAVs per word, or one of two by name.

Splits are those of lists where some stand (the Speech Commands convention), else 80/10/10 by a hash of
the speaker. What a clip may be is told in `wav`, which folders become which class in `classes`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.data.classes import is_other
from kwssearch.data.elsewhere import located
from kwssearch.data.silence import Crop, read_noise
from kwssearch.data.speakers import speaker_rule
from kwssearch.data.splits import SPLITS
from kwssearch.data.survey import Problem, Survey, grouped
from kwssearch.data.wav import clip_bytes, decode, digest, read_start, reason_of
from kwssearch.errors import counted, printable
from kwssearch.space import DataSettings, read_data_settings
from kwssearch.space.data_settings import SETTINGS
from kwssearch.space.schema import Table
from kwssearch.system.cache import DataError as DataError
from kwssearch.system.cache import cache_folder

NAMED = ("msc", "builtin")
PLAIN = DataSettings()


@dataclass(frozen=True)
class Clip:
    """One recording, or a piece of one.

    Attributes:
        path: 'word/file.wav', relative to the data set's folder; '_background_noise_/file.wav#start' of a crop.
        label: index into the data set's words.
        digest: the first 12 hexadecimal digits of the SHA-256 of the file, or of a crop's samples.
    """

    path: str
    label: int
    digest: str
    crop: Crop | None = None


@dataclass(frozen=True, repr=False)
class DataSet:
    """Words, and the clips of each split in order of their paths.

    Attributes:
        source: what the user said: 'msc', 'builtin' or the folder.
        words: class names: the words sorted, then 'unknown', then 'silence'.
        sampling_rate: of all clips, in Hz.
        splits: 'train', 'validation' and 'test'.
        warnings: a sentence each.
        settings: how it was read.
        notes: a sentence each on what was found and decided: lists, speakers, what is left out.
        elsewhere: first part of a path -> folder, of clips outside the root.
        split_by: 'lists', 'speaker', or 'clip' where voices are in several splits.
    """

    source: str
    root: Path
    words: tuple[str, ...]
    sampling_rate: int
    splits: Mapping[str, tuple[Clip, ...]]
    warnings: tuple[str, ...]
    settings: DataSettings = PLAIN
    notes: tuple[str, ...] = ()
    split_by: str = "speaker"
    elsewhere: Mapping[str, Path] = field(default_factory=dict)

    def __repr__(self) -> str:
        clips = ", ".join(f"{len(self.splits[split])} {split}" for split in SPLITS)
        return f"DataSet({self.source!r}, {counted(len(self.words), 'class', 'classes')}, clips: {clips})"

    @property
    def window_s(self) -> float:
        """Seconds of a clip that a model hears."""
        return self.settings.window_s

    @property
    def keywords(self) -> tuple[str, ...]:
        """The classes that are words: without 'unknown' and 'silence', which come last."""
        return tuple(word for word in self.words if not is_other(word, self.settings))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of words, rate, every split's paths and contents, and a window of its own."""
        splits = {split: [(clip.path, clip.digest) for clip in self.splits[split]] for split in SPLITS}
        window = [] if self.window_s == PLAIN.window_s else [self.window_s]
        return hashlib.sha256(json.dumps([self.words, self.sampling_rate, splits, *window]).encode()).hexdigest()

    def audio(self, split: str, index: int) -> npt.NDArray[np.int16]:
        """Samples of one clip, shape (n,), n up to the window; read from disk at each call.

        Raises:
            DataError: the file is gone, or is not what it was when the data set was loaded.
        """
        clip = self.splits[split][index]
        path = self.located(clip.crop.file if clip.crop else clip.path)
        try:
            if clip.crop:
                samples = clip.crop.of(read_noise(path)[0])
                seen = digest(samples.tobytes())
            else:
                content = read_start(path, clip_bytes(self.window_s))
                seen = digest(content)
                samples = decode(content, self.window_s)[0] if seen == clip.digest else np.empty(0, np.int16)
            if seen == clip.digest:
                return samples
            reason = "was changed while it was in use"
        except (OSError, ValueError) as error:
            reason = printable(reason_of(error))
        raise DataError(f"{printable(path)}: {reason}; put it back, or start a new run.", about="folder")

    def located(self, path: str) -> Path:
        """Where the file of a clip's path is."""
        return located(self.root, self.elsewhere, path)

    def labels(self, split: str) -> npt.NDArray[np.int64]:
        """Class indices, shape (clips,)."""
        return np.array([clip.label for clip in self.splits[split]], dtype=np.int64)

    def speakers(self, split: str) -> list[str]:
        """Who speaks in each clip; crops of one recording of noise count as one speaker."""
        speaker_of = speaker_rule(self.settings.speaker)
        return [speaker_of(clip.path) for clip in self.splits[split]]


def load_data(source: str | Path, settings: DataSettings = PLAIN, **named: Any) -> DataSet:
    """Indexes a data set; each file is read once.

    Args:
        source: 'msc' (fetched on first use), 'builtin' (spoken on first use), or a folder;
            a folder of such a name is written './msc'.
        settings: which of its clips are used and how they are read.
        named: single settings, such as words=["on", "off"].

    Raises:
        DataError: the set cannot be had, or holds what would make figures wrong.
        SpaceError: the settings are not what they should be.
    """
    settings = read_data_settings("data settings", {**settings.to_dict(), **named_settings(named)})
    return indexed(source, look_through(locate(source), settings))


def indexed(source: str | Path, survey: Survey) -> DataSet:
    """The data set that was looked through.

    Raises:
        DataError: it holds what would make figures wrong.
    """
    root = survey.root
    fatal = [problem for problem in survey.problems if problem.fatal]
    if fatal:
        first, more = fatal[0], len(fatal) - 1
        rest = f" ({counted(more, 'more problem')})" if more else ""
        raise DataError(
            f"{printable(root / first.path)}: {first.text}{rest}; 'kwssearch data check {printable(root)}' lists all."
        )
    warnings = tuple(printable(f"{problem.path or source}: {problem.text}.") for problem in grouped(survey.problems))
    splits = {
        split: tuple(
            Clip(path, survey.words.index(survey.class_of[path]), survey.digests[path], survey.crops.get(path))
            for path in sorted(survey.split_of)
            if survey.split_of[path] == split
        )
        for split in SPLITS
    }
    return DataSet(
        str(source),
        root,
        survey.words,
        survey.sampling_rate,
        splits,
        warnings,
        survey.settings,
        tuple(map(printable, survey.notes)),
        survey.split_by,
        survey.elsewhere,
    )


def named_settings(named: Mapping[str, Any]) -> dict[str, Any]:
    """As a space would declare them.

    Raises:
        SpaceError: one of them is not a setting.
    """
    Table("data settings", named).only(SETTINGS)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in named.items()}


def locate(source: str | Path) -> Path:
    """The folder that holds a data set, made or fetched first where it is one by name."""
    if not str(source).strip():
        raise DataError("data: got an empty name, expected a folder of words, msc or builtin.", about="data")
    if source == "msc":
        from kwssearch.sources.msc import msc

        return msc(cache_folder())
    if source == "builtin":
        from kwssearch.sources.builtin import builtin

        return builtin(cache_folder())
    return Path(os.path.expanduser(source))


def check(root: Path, settings: DataSettings = PLAIN) -> list[Problem]:
    """Everything that is wrong with a folder, fatal or not, in order of discovery.

    Raises:
        DataError: there is no such folder.
    """
    return look_through(root, settings).problems


def look_through(root: Path, settings: DataSettings = PLAIN) -> Survey:
    expect_folder(root)
    return Survey(root, settings)


def expect_folder(root: Path) -> None:
    """Raises: DataError: there is no such folder."""
    if not root.is_dir():
        looked = "" if root.is_absolute() else f" ({printable(Path.cwd() / root)})"
        archive = "unpack an archive first, " if root.exists() else ""
        raise DataError(
            f"{printable(root)}: is not a folder{looked}, expected one with a sub-folder of WAVs per word; "
            f"{archive}name one, or take the data set builtin.",
            about="data",
        )


def record(data: DataSet) -> dict[str, Any]:
    """What RUN/data.json keeps of a data set.

    Each split's paths, in order, with their digests; the class of each folder whose name is not its class;
    what decided the splits, where it was not a speaker or a list.
    """
    splits = {split: {clip.path: clip.digest for clip in data.splits[split]} for split in SPLITS}
    classes = {clip.path.split("/")[0]: data.words[clip.label] for clips in data.splits.values() for clip in clips}
    gathered = {folder: name for folder, name in sorted(classes.items()) if folder != name}
    by_clip = {"split_by": "clip"} if data.split_by == "clip" else {}
    return {"splits": splits, **({"classes": gathered} if gathered else {}), **by_clip}


def recorded_labels(recorded: Mapping[str, Any], words: tuple[str, ...], split: str) -> npt.NDArray[np.int64]:
    """Class indices of a split's clips, shape (clips,), from what `record` kept.

    Raises:
        LookupError, TypeError, AttributeError, ValueError: the record is damaged.
    """
    classes = recorded.get("classes", {})
    folders = [path.split("/")[0] for path in recorded["splits"][split]]
    return np.array([words.index(classes.get(folder, folder)) for folder in folders], dtype=np.int64)


def recorded_speakers(recorded: Mapping[str, Any], split: str, pattern: str | None) -> list[str]:
    """Who speaks in each clip of a split; where voices are in several splits, each clip counts for itself."""
    speaker_of = str if are_voices_known(recorded) else speaker_rule(pattern)
    return [speaker_of(path) for path in recorded["splits"][split]]


def are_voices_known(recorded: Mapping[str, Any]) -> bool:
    """Whether clips were split one by one, so that accuracies are those of voices that were trained on."""
    return recorded.get("split_by") == "clip"


def difference(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What differs between two `record`s of clips, in a few words, or None where nothing does."""
    try:
        before, after = positions(recorded), positions(now)
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
