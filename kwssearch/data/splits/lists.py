"""Split lists: which files are some, and which clips their lines mean."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kwssearch.data.layout import split_of_name
from kwssearch.data.wav import reason_of
from kwssearch.errors import counted
from kwssearch.sources import LISTS
from kwssearch.system.text import read_text

SUFFIXES = (".txt", ".csv", ".tsv", ".lst", ".list", ".json")
NAMES_SOUND = re.compile(r"\.(?:wav|flac|mp3|ogg|opus|m4a|aiff?)\b", re.I)
FIELD = re.compile(r"[,;|\t]")
FLAT = re.compile(r"([^\W_]+)_([^_]+_nohash_.*)")
ABOVE = "../"
SPLIT_OF = {name: split for split, name in LISTS.items()}


@dataclass
class SplitList:
    """One list of clips.

    Attributes:
        name: as it is shown, '../test.txt' where it lies beside the data set's folder.
        is_ours: of a name that always decides.
        clips: what its lines mean, in order.
        elsewhere: lines of words that are not here.
        unclear: (number, line) of those that mean no clip that is there.
        fault: why it cannot be read.
    """

    name: str
    split: str
    is_ours: bool
    clips: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    unclear: list[tuple[int, str]] = field(default_factory=list)
    fault: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it plainly means clips that are there."""
        return len(self.clips) > len(self.unclear)


def find_lists(root: Path, meaning: Meaning, folders: Iterable[str] = ()) -> list[SplitList]:
    """The split lists in a data set's folder, in some folders within it and in the one above it, read."""
    found = []
    above = dict.fromkeys((Path(os.path.abspath(root)).parent, Path(os.path.realpath(root)).parent))
    places = [("", root), *((f"{name}/", root / name) for name in folders), *((ABOVE, folder) for folder in above)]
    for prefix, folder in places:
        for name in names_in(folder):
            split = SPLIT_OF.get(name) or split_of_name(Path(name).stem)
            if split and (name in SPLIT_OF or name.lower().endswith(SUFFIXES)):
                listed = SplitList(prefix + name, split, name in SPLIT_OF and not prefix)
                if read_list(folder / name, listed, meaning):
                    found.append(listed)
    return found


def names_in(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.isprintable() and not name.startswith("."))
    except OSError:
        return []


def read_list(path: Path, listed: SplitList, meaning: Meaning) -> bool:
    """Fills a list from its file; whether it is one: a file of another purpose names no recordings."""
    if not listed.is_ours and not (path.is_file() and names_sound(path)):
        return False
    if not (path.is_file() and is_inside(path)):
        kind = "is a link to a file elsewhere" if path.is_file() else "is not a regular file"
        listed.fault = f"{kind}, expected a list of clips; put the list itself there or remove it"
        return True
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        listed.fault = reason_of(error)
        return True
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and (listed.is_ours or number > 1 or NAMES_SOUND.search(line)):
            meaning.add(listed, number, line)
    return True


def names_sound(path: Path) -> bool:
    """Whether the start of a file names recordings, in any encoding."""
    try:
        with open(path, "rb") as file:
            start = file.read(1 << 16).replace(b"\0", b"")
    except OSError:
        return False
    return bool(NAMES_SOUND.search(start.decode("latin-1")))


def is_inside(path: Path) -> bool:
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(path.parent), ""))


class Meaning:
    """Which clip a line means.

    Args:
        clips: 'word/file.wav' of all clips.
        words: names of all word folders.
    """

    def __init__(self, root: Path, clips: Collection[str], words: Collection[str]) -> None:
        self.clips = clips
        self.words = {word.casefold() for word in words}
        self.lower = {clip.casefold(): clip for clip in clips}
        self.composed = {unicodedata.normalize("NFC", clip): clip for clip in clips if not clip.isascii()}
        self.roots = tuple({os.path.join(place, "") for place in (os.path.abspath(root), os.path.realpath(root))})

    def add(self, listed: SplitList, number: int, line: str) -> None:
        if line in self.clips:
            listed.clips.append(line)
            return
        for written in readings(line):
            path = self.relative(written)
            if path is None:
                continue
            for candidate in candidates(path):
                if clip := self.clip(candidate):
                    listed.clips.append(clip)
                    return
        if self.is_elsewhere(line):
            listed.elsewhere.append(line)
        else:
            listed.unclear.append((number, line))

    def clip(self, path: str) -> str | None:
        """The clip of that path, in any Unicode form, with or without its ending."""
        for known in (path, f"{path}.wav"):
            if known in self.clips:
                return known
        return self.composed.get(unicodedata.normalize("NFC", path))

    def relative(self, path: str) -> str | None:
        """A path without what leads to the data set; None for one that leaves it."""
        for root in self.roots:
            path = path.removeprefix(root)
        parts = [part for part in path.split("/") if part != "."]
        return None if path.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", path) else "/".join(parts)

    def is_elsewhere(self, line: str) -> bool:
        """Whether a line names a clip of a word that is not here."""
        for written in readings(line):
            *above, name = (self.relative(written) or "").split("/")
            flat = FLAT.fullmatch(name)
            word = above[-1] if above else flat.group(1) if flat else ""
            if name and word and word.casefold() not in self.words:
                return True
        return False

    def hint(self, line: str) -> str:
        """The clip that a line nearly names."""
        for written in readings(line):
            for candidate in candidates(self.relative(written) or ""):
                if near := self.lower.get(candidate.casefold()):
                    return f" (did you mean {near!r}?)"
        return ""


def readings(line: str) -> Iterator[str]:
    """A line as it may have been meant: whole, or the field beside a label that names a recording."""
    bare = line.strip().strip("\"'").replace("\\", "/")
    yield bare
    for part in (*FIELD.split(bare), *bare.split()):
        if NAMES_SOUND.search(part):
            yield part.strip(" \"'")


def candidates(path: str) -> Iterator[str]:
    """'word/file.wav' from any path that ends in it, and from 'word_file.wav'."""
    *above, name = path.split("/")
    if above:
        yield f"{above[-1]}/{name}"
    for mark in re.finditer("_", name):
        yield f"{name[: mark.start()]}/{name[mark.end() :]}"


def told(listed: SplitList, meaning_hint: Callable[[str], str]) -> str:
    """What is wrong with a list's lines, in one sentence."""
    number, line = listed.unclear[0]
    more = len(listed.unclear) - 1
    others = f", and {counted(more, 'more line is', 'more lines are')} like it" if more else ""
    shown = line if len(line) <= 80 else line[:77] + "..."
    text = (
        f"line {number} lists {shown!r}, expected 'word/file.wav' of a clip that is there{meaning_hint(line)}{others}"
    )
    return f"{text}; correct or remove {'them' if more else 'the line'}"


def agree(lists: Mapping[str, SplitList]) -> Iterator[str]:
    """Clips that stand on two lists."""
    seen: dict[str, str] = {}
    for split, listed in lists.items():
        for clip in listed.clips:
            if seen.setdefault(clip, split) != split:
                yield clip
