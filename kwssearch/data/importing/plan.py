"""What is to be made of each recording that people have: its word, its split, its speaker, its name."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kwssearch.data.layout import WORDS, Layout, are_speakers, recognise, split_of_name
from kwssearch.data.speakers import MARK, MOSTLY, matched
from kwssearch.data.splits import SPLITS, Meaning, choose, find_lists, tell_of_lines
from kwssearch.data.tree import SOUNDS, Folder, read_tree
from kwssearch.system.cache import DataError

PARTS = re.compile(r"[^_\-. ]+")
UNSAFE = re.compile(r"[^\w .()'&+,@!~-]")


@dataclass(frozen=True)
class Take:
    """One recording and what it is to become.

    Attributes:
        path: relative to the folder that is imported.
        speaker: None where nothing tells.
        target: 'word/file.wav' of its clip.
    """

    path: str
    word: str
    speaker: str | None = None
    split: str | None = None
    target: str = ""


@dataclass
class ImportPlan:
    """All takes, and what is worth knowing of them.

    Attributes:
        left: why -> recordings that are not taken.
    """

    root: Path
    takes: list[Take] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left: dict[str, list[str]] = field(default_factory=dict)

    def leave(self, path: str, why: str) -> None:
        self.left.setdefault(why, []).append(path)

    def fault(self, path: str, kind: str, text: str) -> None:
        """Takes a fault of a folder, a file or a list as the survey would tell it."""
        if path.lower().endswith(".wav"):
            self.leave(path, text)
        else:
            self.notes.append(f"{path}: {text}." if path else f"{text}.")

    warn = fault


def plan_import(source: Path, word: str | None = None, speaker: str | None = None) -> ImportPlan:
    """What becomes of each recording in a folder of any layout.

    Args:
        word: regular expression whose group is the word; without it folders and file names tell.
        speaker: regular expression whose group is the speaker, as in `DataSettings`.

    Raises:
        DataError: it holds no recordings.
    """
    plan = ImportPlan(source)
    tree = read_tree(source, plan.fault)
    layout = recognise(tree)
    while layout.kind == "above" and layout.at:
        plan.notes.append(f"The words lie in {layout.at}.")
        tree = next(folder for folder in tree.below() if folder.path == layout.at)
        layout = recognise(tree)
    takes = list(by_pattern(tree, word, plan)) if word else list(by_layout(tree, layout, plan))
    if not takes:
        raise DataError(f"{source}: holds no recordings that could be imported, expected files such as .wav or .flac.")
    takes = [with_speaker(take, speaker) for take in takes]
    plan.takes = with_targets(with_lists(source / tree.path, tree, takes, plan))
    return plan


def by_pattern(tree: Folder, word: str, plan: ImportPlan) -> Iterator[Take]:
    """Words by a pattern; of several folders that are neither split nor word, each is a speaker's."""
    several = sum(folder.has_sound() for folder in tree.folders.values()) > 1
    for folder in (tree, *tree.below()):
        parts = folder.path.removeprefix(tree.path).strip("/").split("/")
        split = next((split for part in parts if (split := split_of_name(part))), None)
        for path in folder.sounds:
            found = re.search(word, path)
            if found and found.group(1):
                is_speaker = several and parts[0] != found.group(1) and not split_of_name(parts[0])
                yield Take(path, safe(found.group(1)), parts[0] if is_speaker and parts[0] else None, split)
            else:
                plan.leave(path, f"does not match the word pattern {word!r}")


def by_layout(tree: Folder, layout: Layout, plan: ImportPlan) -> Iterator[Take]:
    if layout.kind != "words":
        plan.notes.append(f"The folder {layout.text.split(', expected')[0].split(';')[0]}.")
    if layout.kind in ("flat", "empty"):
        yield from by_file_names(tree.sounds)
        return
    if layout.kind == "above":
        yield from by_parents(tree)
        return
    for name, top in tree.folders.items():
        if layout.kind == "split files":
            yield from (replace(take, split=split_of_name(name)) for take in by_file_names(top.sounds))
        elif layout.kind == "speaker files":
            yield from (replace(take, speaker=name) for take in by_file_names(top.sounds))
        elif layout.kind in ("split words", "speaker words") and name not in SOUNDS:
            for inner_name, inner in top.folders.items():
                for take in in_word(inner_name, inner):
                    is_split = layout.kind == "split words"
                    yield replace(take, split=split_of_name(name)) if is_split else replace(take, speaker=name)
        elif split_of_name(name) and not top.sounds and top.folders.keys() & tree.folders.keys():
            for inner_name, inner in top.folders.items():  # a test set of its own beside the words
                yield from (replace(take, split=split_of_name(name)) for take in in_word(inner_name, inner))
        else:
            yield from in_word(name, top)
    for path in tree.sounds:
        plan.leave(path, "lies beside the folders of words")


def by_parents(tree: Folder) -> Iterator[Take]:
    """The nearest folder is the word; one above it may be a split or a speaker."""
    for folder in (tree, *tree.below()):
        *above, word = (folder.path.removeprefix(tree.path).strip("/") or "unnamed").split("/")
        split = next((split for part in above if (split := split_of_name(part))), None)
        speaker = above[-1] if above and are_speakers(above[-1:]) else None
        yield from (Take(path, safe(word), speaker, split) for path in folder.sounds)


def in_word(word: str, folder: Folder) -> Iterator[Take]:
    """The recordings of one word; a folder within it is a speaker's."""
    for path in folder.sounds:
        yield Take(path, safe(word))
    for inner in folder.below():
        speaker = inner.path.removeprefix(folder.path).split("/")[1]
        yield from (Take(path, safe(word), speaker) for path in inner.sounds)


def by_file_names(paths: Sequence[str]) -> Iterator[Take]:
    """Words of file names: what stands before speaker and mark, or the part that is a word of Speech Commands nearly
    everywhere, else the first one."""
    parts = [PARTS.findall(path.rsplit("/", 1)[-1].rsplit(".", 1)[0]) or ["unnamed"] for path in paths]
    marked = [re.fullmatch(rf"([^/]+)_[^_]+{MARK}.*", path.rsplit("/", 1)[-1]) for path in paths]
    if sum(map(bool, marked)) > MOSTLY * len(paths):
        for path, found, fields in zip(paths, marked, parts, strict=True):
            yield Take(path, safe(found.group(1) if found else fields[0]))
        return
    known: Counter[int] = Counter(
        at for fields in parts for at, value in enumerate(fields) if bare(value).casefold() in WORDS
    )
    at = known.most_common(1)[0][0] if known and known.most_common(1)[0][1] > MOSTLY * len(parts) else 0
    for path, fields in zip(paths, parts, strict=True):
        yield Take(path, safe(bare(fields[at if at < len(fields) else 0])))


def bare(part: str) -> str:
    """A word without the number behind it."""
    return re.sub(r"(?<=[^\W\d_])\d+$", "", part)


def safe(name: str) -> str:
    """A name that a folder or file can have anywhere."""
    return UNSAFE.sub("-", name).strip(" .") or "unnamed"


def with_speaker(take: Take, pattern: str | None) -> Take:
    speaker = (matched(pattern, take.path) if pattern else None) or take.speaker
    return replace(take, speaker=safe(speaker)) if speaker else take


def with_lists(root: Path, tree: Folder, takes: Sequence[Take], plan: ImportPlan) -> list[Take]:
    """Takes with the splits of lists that lie there, where folders do not tell them."""
    if any(take.split for take in takes):
        return list(takes)
    names = aliases(takes, tree.path)
    meaning = Meaning(root, names.keys(), {take.word for take in takes})
    used = choose(find_lists(root, meaning), plan)
    tell_of_lines(used, meaning, plan)
    split_of: dict[str, str] = {}
    for split in SPLITS:
        if split in used:
            split_of |= {names[clip]: split for clip in used[split].clips}
    return [replace(take, split=split_of.get(take.path)) for take in takes]


def aliases(takes: Sequence[Take], root: str) -> Mapping[str, str]:
    """What lists may call a recording -> its path; names that two recordings share are left out."""
    found: dict[str, str | None] = {}
    for take in takes:
        path = take.path.removeprefix(f"{root}/") if root else take.path
        name = path.rsplit("/", 1)[-1]
        short = name.removeprefix(f"{take.word}_")
        for known in {path, name, f"{take.word}/{name}", f"{take.word}/{short}"}:
            for alias in {known, f"{known.rsplit('.', 1)[0]}.wav"}:
                found[alias] = take.path if found.get(alias, take.path) == take.path else None
    return {alias: path for alias, path in found.items() if path is not None}


def with_targets(takes: Sequence[Take]) -> list[Take]:
    """Takes with names that no two share: 'word/speaker_nohash_file.wav', or the file's own where it tells."""
    named = [replace(take, target=target_of(take)) for take in takes]
    counts = Counter(take.target.casefold() for take in named)
    return [
        take if counts[take.target.casefold()] == 1 else replace(take, target=f"{take.target}-{short_hash(take.path)}")
        for take in named
    ]


def target_of(take: Take) -> str:
    stem = safe(take.path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    if take.speaker:
        own = stem.removeprefix(f"{take.speaker}{MARK}")
        return f"{take.word}/{take.speaker}{MARK}{own}"
    return f"{take.word}/{stem.removeprefix(f'{take.word}_') if MARK in stem else stem}"


def short_hash(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()[:6]
