"""Clips of the classes 'unknown' and 'silence' that lie outside the data set's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kwssearch.data.splits import split_by_speaker
from kwssearch.data.tree import BACKGROUND, SILENT
from kwssearch.errors import UserError
from kwssearch.sources import LISTS
from kwssearch.sources.speech import is_free
from kwssearch.space import SILENCE, UNKNOWN, DataSettings
from kwssearch.space.data_settings import BUILTIN
from kwssearch.system.cache import DataError, cache_folder
from kwssearch.system.sounds import sound_files

KINDS = (UNKNOWN, SILENCE)


@dataclass(frozen=True)
class Source:
    """A folder from which a class has clips.

    Attributes:
        name: the first part of their paths; no word begins with _.
    """

    kind: str
    name: str
    folder: Path
    is_builtin: bool = False


def sources(settings: DataSettings) -> list[Source]:
    """The folders that the settings of classes name; what is built in is made first.

    Raises:
        DataError: it cannot be made.
    """
    from kwssearch.sources.other_sounds import noise, other_words

    makers = {UNKNOWN: other_words, SILENCE: noise}
    found = []
    for kind, places in ((UNKNOWN, settings.unknown), (SILENCE, settings.silence)):
        for number, place in enumerate(() if isinstance(places, bool) else places, 1):
            if place == BUILTIN:
                found.append(Source(kind, f"_{kind}_builtin_", makers[kind](cache_folder()), True))
            else:
                found.append(Source(kind, f"_{kind}_elsewhere_{number}_", Path(place).expanduser()))
    return found


def located(root: Path, places: Mapping[str, Path], path: str) -> Path:
    """Where a clip is."""
    first, _, rest = path.partition("/")
    return places[first] / rest if first in places else root / path


def other_clips(source: Source, words: Iterable[str]) -> list[str]:
    """Paths of clips of words that are no keywords.

    Args:
        words: the keywords; folders that are called like one are left out, of what is built in also what sounds alike.

    Raises:
        DataError: there is none.
    """
    known = sorted(words)
    left_out = {SILENT, BACKGROUND, *(word.casefold() for word in known)}
    found = [
        path
        for path in wavs(source.folder)
        if left_out.isdisjoint(folder.casefold() for folder in Path(path).parts[:-1])
        and (not source.is_builtin or is_free(" ".join(Path(path).parts[:-1]), known))
    ]
    if not found:
        raise DataError(f"{source.folder}: holds no WAV of another word, expected clips for 'unknown'; add some.")
    return [f"{source.name}/{path}" for path in found]


def noise_recordings(source: Source) -> list[str]:
    """Paths of recordings without speech: of `_silence_` and `_background_noise_` where they are there, else all.

    Raises:
        DataError: there is none.
    """
    every = wavs(source.folder)
    apart = [path for path in every if {*Path(path).parts[:-1]} & {SILENT, BACKGROUND}]
    if not every:
        raise DataError(f"{source.folder}: holds no WAV, expected recordings for the class 'silence'; add some.")
    return [f"{source.name}/{path}" for path in apart or every]


def wavs(folder: Path) -> list[str]:
    """Paths of WAVs below a folder, as seen from it.

    Raises:
        DataError: it is not there, or holds no sound.
    """
    try:
        return [p.relative_to(folder).as_posix() for p in sound_files(folder) if p.suffix.lower() == ".wav"]
    except UserError as error:
        raise DataError(str(error)) from error


def has_lists(source: Source) -> bool:
    """Whether a folder says itself which clips are for validation and test."""
    return any((source.folder / name).is_file() for name in LISTS.values())


def split_elsewhere(
    source: Source, clips: Iterable[str], own: Mapping[str, str], speaker_of: Callable[[str], str]
) -> dict[str, str]:
    """Clip -> split: its speaker's in the data set, else that of the folder's own lists, else by the speaker's hash.

    Args:
        own: clip -> split as far as it is known; empty where voices are in several splits.
    """
    known = {speaker_of(clip): split for clip, split in own.items()}
    listed = {
        f"{source.name}/{line.strip()}": split
        for split, name in LISTS.items()
        if (source.folder / name).is_file()
        for line in (source.folder / name).read_text(errors="replace").splitlines()
    }
    rest = "train" if listed else None
    return {
        clip: known.get(speaker_of(clip)) or listed.get(clip) or rest or split_by_speaker(speaker_of(clip))
        for clip in clips
    }
