"""The files of a data set's folder, as far as they may matter: its folders, and what lies in each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kwssearch.system.sounds import AUDIO

NOT_WORDS = frozenset(("lost+found", "@eadir", "$recycle.bin", "system volume information", "__macosx", "__pycache__"))
BACKGROUND, SILENT, OTHER = "_background_noise_", "_silence_", "_unknown_"
SOUNDS = (BACKGROUND, SILENT, OTHER)
DEPTH = 6
LINKED_DEPTH = 1

Note = Callable[[str, str, str], None]


@dataclass
class Folder:
    """One folder of the data set.

    Attributes:
        path: relative to the data set's; '' for itself.
        clips: names of its .wav files, sorted.
        audio: names of files that are sound by their name and no .wav.
        rest: names of other files.
        folders: those within it that may hold sound.
        link: where it points to, when it is a link.
    """

    path: str
    clips: list[str] = field(default_factory=list)
    audio: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)
    link: str | None = None

    @property
    def sounds(self) -> list[str]:
        """Paths of all that is sound by its name, in this very folder."""
        return [self.join(name) for name in (*self.clips, *self.audio)]

    def join(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name

    def below(self) -> Iterator[Folder]:
        """All folders within it, at any depth."""
        for inner in self.folders.values():
            yield inner
            yield from inner.below()

    def has_sound(self) -> bool:
        return bool(self.sounds) or any(inner.sounds for inner in self.below())


def read_tree(root: Path, note: Note) -> Folder:
    """What a data set's folder holds; links to folders are followed, but none twice on one way.

    Args:
        note: is told (path, kind, what is wrong) of each entry that cannot be taken.
    """
    return read_folder(root, Folder(""), note, (os.path.realpath(root),), DEPTH)


def read_folder(root: Path, folder: Folder, note: Note, way: tuple[str, ...], depth: int) -> Folder:
    try:
        entries = sorted(os.scandir(root / folder.path), key=lambda entry: entry.name)
    except OSError as error:
        note(folder.path, "unlisted", f"cannot be listed ({error.strerror}); give read permission")
        return folder
    for entry in entries:
        path = folder.join(entry.name)
        if is_passed_over(entry.name, bool(folder.path)):
            continue
        if not path.isprintable():
            if is_folder(entry) or entry.name.lower().endswith(".wav"):
                note(path, "unprintable", "has unprintable characters in its name; rename it")
        elif is_folder(entry):
            add_folder(root, folder, entry, note, way, depth)
        elif not folder.path and "." not in entry.name and not os.path.exists(entry.path):
            note(path, "dangling", "is a link to nothing; repair or remove it")
        elif entry.name.lower().endswith(".wav"):
            if is_clip(entry, path, note, way):
                folder.clips.append(entry.name)
        else:
            is_audio = os.path.splitext(entry.name)[1].lower() in AUDIO
            (folder.audio if is_audio else folder.rest).append(entry.name)
    return folder


def is_passed_over(name: str, is_inner: bool) -> bool:
    """Names that begin with _ or . are not words, but for three folders that the field knows."""
    if name.casefold() in NOT_WORDS or name.startswith("."):
        return True
    return name.startswith("_") and not is_inner and name not in SOUNDS


def is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def add_folder(
    root: Path, folder: Folder, entry: os.DirEntry[str], note: Note, way: tuple[str, ...], depth: int
) -> None:
    inner = folder.folders[entry.name] = Folder(folder.join(entry.name))
    real = os.path.realpath(entry.path)
    if entry.is_symlink():
        inner.link = real
        depth = min(depth, 1 + LINKED_DEPTH)
    if real not in way and depth:
        read_folder(root, inner, note, (*way, real), depth - 1)


def is_clip(entry: os.DirEntry[str], path: str, note: Note, way: tuple[str, ...]) -> bool:
    """Whether it is a regular file, or a link to one in the folders that lead to it."""
    if entry.is_symlink():
        real = os.path.realpath(entry.path)
        if not any(real.startswith(os.path.join(folder, "")) for folder in way):
            note(path, "link", "is a link to a file elsewhere; put the file itself there, or link its whole folder")
            return False
    if not is_file(entry):
        note(path, "irregular", "is not a regular file, expected a WAV; remove it or put the recording there")
        return False
    return True
