"""Looks through a folder of spoken words: its clips, their splits, and everything that is wrong."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kwssearch.data.speakers import speaker_of
from kwssearch.data.wav import CLIP_BYTES, decode, digest, read_start, reason_of
from kwssearch.errors import counted
from kwssearch.sources import LISTS

SPLITS = ("train", "validation", "test")
SHARES = (0.8, 0.9)
FEW_CLIPS = 100
LIST_BYTES = 1 << 26


@dataclass(frozen=True)
class Problem:
    """What is wrong with one file, list or word; `fatal` where figures would be wrong."""

    path: str
    text: str
    fatal: bool = True


@dataclass
class Survey:
    """One pass over a folder: what is there, and what is wrong with it.

    Attributes:
        digests: path -> digest, of every clip that could be read.
        split_of: path -> split, of every clip.
    """

    root: Path
    problems: list[Problem] = field(default_factory=list)
    words: tuple[str, ...] = ()
    sampling_rate: int = 0
    digests: dict[str, str] = field(default_factory=dict)
    split_of: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.inside = os.path.join(os.path.realpath(self.root), "")
        clips = self.find_clips()
        self.read_clips(clips)
        self.split(clips)
        self.weigh(clips)

    def note(self, path: str, text: str, fatal: bool = True) -> None:
        self.problems.append(Problem(path, text, fatal))

    def find_clips(self) -> list[str]:
        """Paths of all clips, sorted; sets the words."""
        words, clips = [], []
        for word in self.entries(""):
            if not word.startswith(("_", ".")) and self.is_usable(word, os.path.isdir):
                words.append(word)
                clips += [path for path in self.entries(word) if self.is_clip(path)]
        self.words = tuple(words)
        if len(words) < 2:
            self.note(
                "",
                f"holds {counted(len(words), 'word folder')}, expected at least 2, each with the WAVs of one word",
            )
        return clips

    def entries(self, folder: str) -> list[str]:
        try:
            return sorted(f"{folder}/{name}" if folder else name for name in os.listdir(self.root / folder))
        except OSError as error:
            self.note(folder, f"cannot be listed ({error.strerror}); give read permission")
            return []

    def is_clip(self, path: str) -> bool:
        name = path.split("/")[1]
        if name.startswith("."):
            return False
        if not name.lower().endswith(".wav"):
            self.note(path, "is no .wav file and is passed over", fatal=False)
            return False
        if not os.path.isfile(self.root / path):
            self.note(path, "is no regular file, expected a WAV; remove it or put the recording there")
            return False
        return self.is_usable(path, os.path.isfile)

    def is_usable(self, path: str, is_kind: Callable[[Path], bool]) -> bool:
        """Whether it is of that kind, inside the folder and of a name that can be shown."""
        place = self.root / path
        if not is_kind(place):
            return False
        if not path.isprintable():
            self.note(path, "has unprintable characters in its name; rename it")
        elif place.is_symlink() and not os.path.realpath(place).startswith(self.inside):
            self.note(path, "is a link that leaves the folder; put the files themselves there")
        else:
            return True
        return False

    def read_clips(self, clips: list[str]) -> None:
        rates = {}
        for path in clips:
            try:
                content = read_start(self.root / path, CLIP_BYTES)
                _, rates[path] = decode(content)
                self.digests[path] = digest(content)
            except (OSError, ValueError) as error:
                self.note(path, reason_of(error))
        if rates:
            self.sampling_rate = Counter(rates.values()).most_common(1)[0][0]
        for path, rate in rates.items():
            if rate != self.sampling_rate:
                self.note(path, f"has {rate} Hz, expected {self.sampling_rate} Hz as most clips have; resample it")

    def split(self, clips: list[str]) -> None:
        """Puts every clip in one split: by the lists where one stands, else by the speaker."""
        names = set(self.entries(""))
        if not names & set(LISTS.values()):
            self.split_of = {path: split_by_speaker(speaker_of(path)) for path in clips}
            return
        self.split_of = dict.fromkeys(clips, "train")
        for split, name in LISTS.items():
            if name in names:
                self.assign(split, name)
        splits: dict[str, set[str]] = {}
        for path, split in self.split_of.items():
            splits.setdefault(speaker_of(path), set()).add(split)
        shared = [speaker for speaker, found in splits.items() if len(found) > 1]
        if shared:
            text = f"puts {counted(len(shared), 'speaker')} in two splits, for example {shared[0]!r}"
            text += "; accuracy may look too good"
            self.note(" and ".join(sorted(names & set(LISTS.values()))), text, fatal=False)

    def assign(self, split: str, name: str) -> None:
        """Moves the clips on one list to its split; a clip listed twice in it counts once."""
        lower = {path.casefold(): path for path in self.split_of}
        words = {word.casefold() for word in self.words}
        elsewhere = []
        for number, line in self.lines(name):
            if line in self.split_of:
                if self.split_of[line] not in ("train", split):
                    self.note(
                        line, f"is on {' and on '.join(LISTS.values())}, expected on one; remove it from the other"
                    )
                self.split_of[line] = split
                continue
            parts = line.split("/")
            if len(parts) == 2 and parts[0] not in ("", ".", "..") and parts[0].casefold() not in words:
                elsewhere.append(line)
                continue
            near = lower.get(line.casefold())
            hint = f" (did you mean {near!r}?)" if near else ""
            text = f"line {number} lists {shorten(line)!r}, expected 'word/file.wav' of a clip that is there{hint}"
            self.note(name, f"{text}; correct or remove the line")
        if elsewhere:
            text = f"lists {counted(len(elsewhere), 'clip')} of words that are not here"
            self.note(name, f"{text}, for example {shorten(elsewhere[0])!r}", fatal=False)

    def lines(self, name: str) -> Iterator[tuple[int, str]]:
        """Numbered lines of a list that are not empty."""
        if not self.is_usable(name, os.path.isfile):
            if not os.path.isfile(self.root / name):
                self.note(name, "is no regular file, expected a list of clips; remove it")
            return
        try:
            content = read_start(self.root / name, LIST_BYTES)
            if len(content) > LIST_BYTES:
                raise ValueError(f"is larger than {LIST_BYTES} bytes, expected a clip a line")
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.note(name, "is not UTF-8 text, expected a clip a line; save it as UTF-8")
        except (OSError, ValueError) as error:
            self.note(name, reason_of(error))
        else:
            for number, line in enumerate(text.split("\n"), 1):
                if line.strip():
                    yield number, line.removesuffix("\r")

    def weigh(self, clips: list[str]) -> None:
        """Whether each word has enough clips, and one at least in each split."""
        counts = Counter((path.split("/")[0], split) for path, split in self.split_of.items())
        for word in self.words:
            total = sum(counts[word, split] for split in SPLITS)
            lacking = [split for split in SPLITS if not counts[word, split]]
            if not total:
                text = "holds no usable clip, expected WAVs of this word; add some, or let its name begin with '_'"
                self.note(word, text)
            elif lacking:
                text = f"has {counted(total, 'clip')} but none for {' and '.join(lacking)}, expected one a split"
                remedy = f"add clips of more speakers, or name some in {' and '.join(LISTS.values())}"
                self.note(word, f"{text}; {remedy}")
            elif total < FEW_CLIPS:
                text = f"has {counted(total, 'clip')}; with fewer than {FEW_CLIPS} a word, accuracies are rough"
                self.note(word, text, fatal=False)


def split_by_speaker(speaker: str) -> str:
    """80/10/10, the same on every machine."""
    share = int.from_bytes(hashlib.sha256(speaker.encode()).digest()[:4], "big") / 2**32
    return SPLITS[sum(share >= bound for bound in SHARES)]


def shorten(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
