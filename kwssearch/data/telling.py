"""What is said of a data set's folders and files: what is not a word, what is left out, what looks like a mistake."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from kwssearch.data.tree import BACKGROUND, OTHER, SOUNDS, Folder
from kwssearch.errors import counted
from kwssearch.space import SILENCE, UNKNOWN, DataSettings

IGNORED = ("thumbs.db", "desktop.ini")


class Teller(Protocol):
    """Is told what is wrong, doubtful, or worth knowing; what is of a kind can be told together."""

    notes: list[str]

    def fault(self, path: str, kind: str, text: str) -> None: ...

    def warn(self, path: str, kind: str, text: str) -> None: ...


def tell_of_folders(tree: Folder, folders: Mapping[str, Folder], silent: list[str], tell: Teller) -> None:
    """Folders that are not words, and recordings outside the folders of words.

    Args:
        folders: those that hold sound.
        silent: those that hold none.
    """
    if silent:
        hold = (
            "holds no recordings, so it is not a word"
            if len(silent) == 1
            else "hold no recordings, so they are not words"
        )
        tell.notes.append(f"{named(silent)}: {hold}.")
    links = [name for name, folder in folders.items() if folder.link]
    if links:
        followed = "a link to a folder elsewhere" if len(links) == 1 else "links to folders elsewhere"
        tell.notes.append(f"{named(links)}: {followed}, followed.")
    for path in tree.sounds:
        text = "lies beside the word folders and is skipped; put it into the folder of its word"
        tell.warn(path, "beside", text)
    for name, folder in tree.folders.items():
        inner = [path for below in folder.below() for path in below.sounds]
        if inner and name not in SOUNDS:
            text = f"lies deeper than in the folder of its word, as do {len(inner)} recordings in {name!r}, and is "
            tell.warn(inner[0], "inner", text + "skipped; 'kwssearch data import' puts them in order")


def tell_of_left_out(
    folders: Mapping[str, Folder], classes: Mapping[str, str], settings: DataSettings, tell: Teller
) -> None:
    """Folders with sound that are not a class, and the settings that would make one of them."""
    left = [name for name in folders if name not in classes and name not in SOUNDS]
    if left:
        tell.notes.append(f"Left out: {counted(len(left), 'other word')} ({named(left)}).")
    sounds = [name for name in SOUNDS if name in folders and name not in classes]
    if settings.silence and BACKGROUND in sounds:
        sounds.remove(BACKGROUND)
    if sounds:
        shown = ", ".join(f"{name} ({counted(len(folders[name].clips), 'recording')})" for name in sounds)
        keys = sorted({UNKNOWN if name == OTHER else SILENCE for name in sounds})
        ways = " and ".join(f"{key} = true" for key in keys)
        classes_of_them = "a class" if len(keys) == 1 else "classes"
        tell.notes.append(f"Left out: {shown}; {ways} would make {classes_of_them} of them.")


def tell_of_names(root: Path, folders: Mapping[str, Folder], tell: Teller) -> None:
    """Folders that are the same, and names that nearly are."""
    real: dict[str, str] = {}
    alike: dict[str, list[str]] = defaultdict(list)
    for name, folder in folders.items():
        place = folder.link or str((root / name).resolve())
        if place in real:
            tell.fault(name, "same folder", f"is the same folder as {real[place]!r}; remove one of the two")
        real[place] = name
        alike[unicodedata.normalize("NFC", name).casefold()].append(name)
    for first, *others in alike.values():
        if others:
            text = f"differs from {others[0]!r} in case or Unicode form only; put one word's clips into one folder"
            tell.warn(first, "alike", text)


def tell_of_files(folders: Iterable[Folder], tell: Teller) -> None:
    """Files in the folders of words that are not clips."""
    for folder in folders:
        for file in folder.audio:
            text = "is not a .wav file and is skipped; 'kwssearch data import' converts it"
            tell.warn(folder.join(file), "other sound", text)
        for file in folder.rest:
            if file.lower() not in IGNORED:
                tell.warn(folder.join(file), "no sound", "is not a .wav file and is skipped")


def named(names: Iterable[str]) -> str:
    """The first names of some."""
    known = sorted(names)
    return ", ".join(known[:8]) + (", ..." if len(known) > 8 else "") if known else "none"
