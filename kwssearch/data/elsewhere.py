"""Clips of the classes 'unknown' and 'silence' that lie outside the data set's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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

NAMES = {UNKNOWN: "_unknown_elsewhere_", SILENCE: "_silence_elsewhere_"}  # first parts of paths; no word begins with _


def folders(settings: DataSettings) -> dict[str, Path]:
    """First part of a path -> folder, of the classes whose setting names one; what is built in is made first.

    Raises:
        DataError: it cannot be made.
    """
    from kwssearch.sources.other_sounds import noise, other_words

    makers = {UNKNOWN: other_words, SILENCE: noise}
    named = {UNKNOWN: settings.unknown, SILENCE: settings.silence}
    return {
        NAMES[kind]: makers[kind](cache_folder()) if place == BUILTIN else Path(place).expanduser()
        for kind, place in named.items()
        if isinstance(place, str)
    }


def located(root: Path, places: Mapping[str, Path], path: str) -> Path:
    """Where a clip is."""
    first, _, rest = path.partition("/")
    return places[first] / rest if first in places else root / path


def other_clips(folder: Path, words: Iterable[str], is_builtin: bool) -> list[str]:
    """Paths of clips of words that are no keywords, below their first part.

    Args:
        words: the keywords; folders that are called like one are left out, of what is built in also what sounds alike.

    Raises:
        DataError: there is none.
    """
    known = set(words)
    found = [
        path
        for path in wavs(folder)
        if not {*Path(path).parts[:-1]} & {SILENT, BACKGROUND, *known}
        and (not is_builtin or is_free(" ".join(Path(path).parts[:-1]), sorted(known)))
    ]
    if not found:
        raise DataError(f"{folder}: holds no WAV of another word, expected clips for the class 'unknown'; add some.")
    return [f"{NAMES[UNKNOWN]}/{path}" for path in found]


def noise_recordings(folder: Path) -> list[str]:
    """Paths of recordings without speech: of `_silence_` and `_background_noise_` where they are there, else all.

    Raises:
        DataError: there is none.
    """
    every = wavs(folder)
    apart = [path for path in every if {*Path(path).parts[:-1]} & {SILENT, BACKGROUND}]
    if not every:
        raise DataError(f"{folder}: holds no WAV, expected recordings for the class 'silence'; add some.")
    return [f"{NAMES[SILENCE]}/{path}" for path in apart or every]


def wavs(folder: Path) -> list[str]:
    """Paths of WAVs below a folder, as seen from it.

    Raises:
        DataError: it is not there, or holds no sound.
    """
    try:
        return [p.relative_to(folder).as_posix() for p in sound_files(folder) if p.suffix.lower() == ".wav"]
    except UserError as error:
        raise DataError(str(error)) from error


def split_elsewhere(
    folder: Path, clips: Iterable[str], own: Mapping[str, str], speaker_of: Callable[[str], str]
) -> dict[str, str]:
    """Clip -> split: its speaker's in the data set, else that of the folder's own lists, else by the speaker's hash.

    Args:
        own: the data set's clip -> split; empty where voices are in several splits.
    """
    known = {speaker_of(clip): split for clip, split in own.items()}
    listed = {
        f"{NAMES[UNKNOWN]}/{line.strip()}": split
        for split, name in LISTS.items()
        if (folder / name).is_file()
        for line in (folder / name).read_text(errors="replace").splitlines()
    }
    rest = "train" if listed else None
    return {
        clip: known.get(speaker_of(clip)) or listed.get(clip) or rest or split_by_speaker(speaker_of(clip))
        for clip in clips
    }
