"""Recordings that finished models are scored on: a folder of words that they know, all of its clips alike."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from kwssearch.data.classes import is_other
from kwssearch.data.dataset import DataError, DataSet, expect_folder, indexed, locate
from kwssearch.data.layout import recognise
from kwssearch.data.splits import SPLITS
from kwssearch.data.survey import Survey
from kwssearch.data.telling import named
from kwssearch.data.tree import BACKGROUND, OTHER, SILENT, SOUNDS, Folder, read_tree
from kwssearch.errors import counted, printable
from kwssearch.space import SILENCE, UNKNOWN, DataSettings

FEW_CLIPS = 10


class Unseen(Survey):
    """One pass over a folder of which every clip is scored: what splits need is no fault of it."""

    def split(self, folders: dict[str, Folder], silent: list[str]) -> None:
        """As a search would split it, so that its own data set is known again; clips that it leaves out stay."""
        every, problems, notes = dict(self.class_of), len(self.problems), len(self.notes)
        super().split(folders, silent)
        del self.problems[problems:], self.notes[notes:]
        self.class_of = every
        self.split_of = {path: self.split_of.get(path, "train") for path in every}

    def compare(self) -> None:
        super().compare()
        self.problems = [problem for problem in self.problems if problem.kind != "in two splits"]

    def weigh(self, folders: dict[str, Folder]) -> None:
        """Any number of clips can be scored."""


def load_unseen(source: str | Path, settings: DataSettings, words: Sequence[str]) -> DataSet:
    """Indexes a folder of words that models know; of other words and silence only what is in the folder itself.

    Args:
        settings: those of the models.
        words: their classes.

    Returns:
        the data set, whose splits mean nothing; its warnings say which figures are doubtful.

    Raises:
        DataError: there is no such folder, it holds words that the models do not know, or no clip that can be scored.
    """
    root = locate(source)
    expect_folder(root)
    survey = Unseen(root, fitting(root, settings, words))
    survey.words = tuple(word for word in survey.words if word in survey.class_of.values())
    data = indexed(source, survey)
    if not survey.class_of:
        raise DataError(f"{printable(root)}: holds no clip that can be scored, expected WAVs of words; add some.")
    return replace(data, warnings=(*data.warnings, *doubts(data, words)))


def fitting(root: Path, settings: DataSettings, words: Sequence[str]) -> DataSettings:
    """The settings of models, for the words and other sounds that a folder holds.

    Raises:
        DataError: it holds words that the models do not know and have no class for, or none that they know.
    """
    tree = read_tree(root, lambda path, kind, text: None)
    folders = [name for name, folder in tree.folders.items() if folder.sounds]
    keywords = {composed(word) for word in words if not is_other(word, settings)}
    there = [name for name in folders if name not in SOUNDS and not is_other(name, settings)]
    known = [name for name in there if composed(name) in keywords]
    others = [name for name in there if name not in known]
    expected = f"expected some of {named(keywords)}"
    if not known:
        text = recognise(tree).text or f"holds none of the models' words, {expected}; name the folder that does"
        raise DataError(f"{printable(root)}: {text}.", about="data")
    if others and not (settings.unknown or settings.words):
        raise DataError(
            f"{printable(root)}: holds {counted(len(others), 'word')} that the models do not know "
            f"({printable(named(others))}), {expected}; take {'it' if len(others) == 1 else 'them'} out of the folder.",
            about="data",
        )
    return replace(
        settings,
        words=tuple(known),
        unknown=bool(settings.unknown and (others or {OTHER, UNKNOWN} & {*folders})),
        silence=bool(settings.silence and {SILENT, SILENCE, BACKGROUND} & {*folders}),
    )


def composed(word: str) -> str:
    """The same name however its accents are stored."""
    return unicodedata.normalize("NFC", word)


def class_indices(data: DataSet, words: Sequence[str]) -> list[int]:
    """Of each class of a folder, which of the models' it is."""
    known = [composed(word) for word in words]
    return [known.index(composed(word)) for word in data.words]


def doubts(data: DataSet, words: Sequence[str]) -> Iterator[str]:
    """A sentence on each thing that the folder's figures cannot tell."""
    clips = [clip for split in SPLITS for clip in data.splits[split]]
    counts = Counter(composed(data.words[clip.label]) for clip in clips)
    if absent := [word for word in words if not counts[composed(word)]]:
        yield f"{data.source}: holds no clip of {printable(named(absent))}, so that nothing is known of it there."
    few = [f"{word} {count}" for word, count in counts.items() if count < FEW_CLIPS]
    if few:
        yield (
            f"{data.source}: holds fewer than {FEW_CLIPS} clips of a word ({printable(named(few))}), which say little; "
            "add some."
        )
    yield from doubts_of_speakers(data.source, {who for split in SPLITS for who in data.speakers(split)}, len(clips))
    if gathered := others_of(data):
        yield f"{data.source}: counted as 'unknown': {printable(named(gathered))}."


def doubts_of_speakers(source: str, speakers: Collection[str], clips: int) -> Iterator[str]:
    if len(speakers) == clips > 1:
        yield (
            f"{source}: each of its clips counts as a speaker of its own, since names tell none; where few people "
            "speak, intervals are too narrow, and a speaker pattern tells who they are."
        )
    elif len(speakers) < 3 <= clips:
        yield f"{source}: {counted(len(speakers), 'speaker')} alone, so that intervals say nothing of other voices."


def others_of(data: DataSet) -> set[str]:
    """Folders whose clips count as other words."""
    found = {clip.path.split("/")[0] for split in SPLITS for clip in data.splits[split] if is_unknown(data, clip.label)}
    return found - {UNKNOWN, OTHER}


def is_unknown(data: DataSet, label: int) -> bool:
    return data.settings.unknown is True and data.words[label] == UNKNOWN
