"""What the folders of a data set are: words, or something else that must not be trained on as if they were words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from kwssearch.data.speakers import MARK
from kwssearch.data.tree import SOUNDS, Folder

Kind = Literal[
    "words", "split files", "split words", "speaker files", "speaker words", "word speakers", "flat", "above", "empty"
]
SPLIT = re.compile(
    r"(?:^|[-_ .])"
    r"(?:(train(?:ing)?|trn?)|(val(?:id(?:ation)?)?|dev(?:elopment)?|cv)|(test(?:ing)?|eval(?:uation)?|te?st|tt|hold-?out))"
    r"(?:set|data)?\d*(?=$|[-_ .])",
    re.I,
)
GROUP = re.compile(
    r"(?:speaker|spkr|spk|subject|person|participant|user|talker|voice)[-_ ]?\w+"
    r"|(?:session|day|fold|part|batch|device|mic|room|take|recording|group)[-_ ]?\d+|[a-z]{0,3}\d{2,}",
    re.I,
)
WORDS = frozenset(
    [
        "backward",
        "bed",
        "bird",
        "cat",
        "dog",
        "down",
        "eight",
        "five",
        "follow",
        "forward",
        "four",
        "go",
        "happy",
        "house",
        "learn",
        "left",
        "marvin",
        "nine",
        "no",
        "off",
        "on",
        "one",
        "right",
        "seven",
        "sheila",
        "six",
        "stop",
        "three",
        "tree",
        "two",
        "up",
        "visual",
        "wow",
        "yes",
        "zero",
    ]
)
MOSTLY = 0.9


@dataclass(frozen=True)
class Layout:
    """What a folder's folders are.

    Attributes:
        text: what is wrong and what to do; empty for words.
        at: where the words seem to lie, when that is one other folder within it.
    """

    kind: Kind
    text: str = ""
    at: str = ""


def split_of_name(name: str) -> str | None:
    """The split that a folder's or a list's name tells: 'msc-train', 'valid', 'kws_test_split'."""
    found = SPLIT.findall(name)
    if len(found) != 1:
        return None
    train, validation, _ = found[0]
    return "train" if train else "validation" if validation else "test"


def recognise(root: Folder) -> Layout:
    """What the folders of a data set are, by their names and what they hold."""
    folders = {name: folder for name, folder in root.folders.items() if name not in SOUNDS and folder.has_sound()}
    direct = [name for name, folder in folders.items() if folder.sounds]
    splits = {name: split for name in folders if (split := split_of_name(name))}
    if are_splits(folders, splits):
        return split_layout(folders, splits)
    if len(direct) == len(folders) == 1 and not root.sounds and holds_words(direct[0], folders[direct[0]]):
        text = (
            f"holds one folder, {direct[0]!r}, whose file names hold several words, expected one folder for each word"
        )
        return Layout("above", f"{text}; {remedy('makes words of the file names')}", direct[0])
    if len(folders) == len(direct) and len(direct) >= 1 and not root_is_flat(root, direct):
        return speaker_files(folders) or Layout("words")
    if root_is_flat(root, direct):
        return flat(root)
    return nested(root, folders, direct)


def are_splits(folders: Mapping[str, Folder], splits: Mapping[str, str]) -> bool:
    """Whether there is training and something to test on, and other folders do not say that these are words."""
    if "train" not in splits.values() or len(set(splits.values())) < 2:
        return False
    if not all(any(folder.sounds for folder in (folders[name], *folders[name].folders.values())) for name in splits):
        return False
    return len(splits) == len(folders) or all(not folders[name].sounds for name in splits)


def split_layout(folders: Mapping[str, Folder], splits: Mapping[str, str]) -> Layout:
    named = listed(splits)
    holds_words = all(not folders[name].sounds for name in splits)
    inner = ", each with folders of words" if holds_words else ", with recordings of all words in each"
    text = f"holds a folder for each split ({named}){inner}, expected one folder for each word"
    return Layout("split words" if holds_words else "split files", f"{text}; {remedy('keeps these splits')}")


def speaker_files(folders: Mapping[str, Folder]) -> Layout | None:
    """Folders that are speakers: by their names, or because their files are named by words and they are not."""
    names = list(folders)
    files = [path.rsplit("/", 1)[-1] for folder in folders.values() for path in folder.sounds]
    if any(MARK in file for file in files) or any(name.casefold() in WORDS for name in names) or len(names) < 2:
        return None
    said = [word for file in files if (word := word_in(file))]
    by_files = len(said) >= MOSTLY * len(files) and len(set(said)) > 1
    if by_files or are_speakers(names):
        text = f"seems to hold a folder for each speaker or session ({listed(names)}), expected one for each word"
        return Layout("speaker files", f"{text}; {remedy('makes words of the file names')}, or name the words")
    return None


def are_speakers(names: Iterable[str]) -> bool:
    """Whether folders are called like speakers; plain numbers may just as well be words."""
    known = list(names)
    numbers = all(name.isdecimal() and not name.startswith("0") for name in known)
    return not numbers and all(GROUP.fullmatch(name) for name in known)


def holds_words(name: str, folder: Folder) -> bool:
    """Whether a folder's file names, and not its own, are words."""
    files = [path.rsplit("/", 1)[-1] for path in folder.sounds]
    said = [word for file in files if (word := file[0] if re.match(r"\d_", file) else word_in(file))]
    return name.casefold() not in WORDS and len(said) > MOSTLY * len(files) and len(set(said)) > 1


def word_in(file: str) -> str | None:
    """A word of Speech Commands in a file's name."""
    return next((part for part in re.findall(r"[^\W\d_]+", file.casefold()) if part in WORDS), None)


def root_is_flat(root: Folder, direct: list[str]) -> bool:
    return len(direct) < 2 and len(root.sounds) > 1


def flat(root: Folder) -> Layout:
    example = root.sounds[0]
    text = f"holds {len(root.sounds)} recordings side by side (such as {example!r}), expected one folder for each word"
    return Layout("flat", f"{text}; {remedy('makes words of the file names')}")


def nested(root: Folder, folders: Mapping[str, Folder], direct: list[str]) -> Layout:
    """Folders of folders: speakers that hold words, or words that lie deeper."""
    if not folders:
        return Layout("empty")
    if len(direct) > len(folders) / 2:
        return Layout("words")
    inner = [{name for name, f in folder.folders.items() if f.sounds} for folder in folders.values()]
    shared = set.intersection(*inner) if inner else set()
    if len(folders) > 1 and shared and not direct:
        text = f"holds folders within folders ({listed(folders)}, with {listed(shared)} in each)"
        kind: Kind = "word speakers" if are_words_outside(folders, shared) else "speaker words"
        return Layout(kind, f"{text}, expected one folder for each word with its clips; {remedy('puts them in order')}")
    deeper = [f for f in root.below() if sum(bool(i.sounds) for i in f.folders.values()) > 1]
    if len(deeper) == 1 and not direct:
        at = deeper[0].path
        return Layout("above", f"holds no word folders itself; they seem to lie in {at!r}; name that folder", at)
    if deeper and not direct:
        text = f"holds no word folders itself; they seem to lie in {listed(folder.path for folder in deeper)}"
        return Layout("above", f"{text}; name one of these, or {remedy('puts them together')}")
    text = "holds recordings deeper than in one folder for each word"
    return Layout("above", f"{text} (such as {example_below(root)!r}); {remedy('puts them in order')}")


def are_words_outside(outer: Iterable[str], inner: Iterable[str]) -> bool:
    """Which of two levels of folders is words: what looks like words outside, or like speakers inside."""
    known = [sum(name.casefold() in WORDS for name in names) for names in (outer, inner)]
    return known[0] > known[1] or (known[0] == known[1] and are_speakers(inner) and not are_speakers(outer))


def example_below(root: Folder) -> str:
    return next(path for folder in root.below() if folder.path.count("/") for path in folder.sounds)


def remedy(does: str) -> str:
    return f"'kwssearch data import' {does}"


def listed(names: Iterable[str]) -> str:
    """The first names of some."""
    known = sorted(names)
    return ", ".join(known[:3]) + (", ..." if len(known) > 3 else "")
