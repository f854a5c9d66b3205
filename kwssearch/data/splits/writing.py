"""Writes the two lists of a split, for those who want to see it and keep it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from kwssearch.data.layout import recognise
from kwssearch.data.speakers import speaker_rule
from kwssearch.data.splits.dealing import FEWEST_SPEAKERS, SPLITS, Shares, deal_clips, deal_speakers, lacking, said_by
from kwssearch.data.tree import SOUNDS, read_tree
from kwssearch.errors import counted, printable
from kwssearch.sources import LISTS
from kwssearch.system.cache import DataError
from kwssearch.system.storage import write_bytes


def write_split(
    root: Path, by: Literal["speaker", "clip"] = "speaker", shares: Shares | None = None, speaker: str | None = None
) -> dict[str, int]:
    """Writes `validation_list.txt` and `testing_list.txt` into a folder of words; split -> clips.

    Args:
        by: no speaker in two splits, or clip by clip.
        shares: of the speakers or clips that are held out; a tenth each by default.
        speaker: regular expression whose group is the speaker.

    Raises:
        DataError: lists are there, or it cannot be split so.
        UserError: the folder cannot be written.
    """
    shares = shares or Shares()
    if not root.is_dir():
        raise DataError(f"{printable(root)}: is not a folder, expected one with a sub-folder of WAVs for each word.")
    there = [name for name in LISTS.values() if os.path.lexists(root / name)]
    if there:
        raise DataError(f"{root / there[0]}: exists already; move it away to split the clips again.")
    class_of = clips_of(root)
    split_of = by_speaker(root, class_of, shares, speaker) if by == "speaker" else deal_clips(class_of, shares)
    counts = {split: sum(found == split for found in split_of.values()) for split in SPLITS}
    for split, name in LISTS.items():
        lines = (f"{clip}\n" for clip in sorted(split_of) if split_of[clip] == split)
        write_bytes(root / name, "".join(lines).encode())
    return counts


def clips_of(root: Path) -> dict[str, str]:
    tree = read_tree(root, lambda path, kind, text: None)
    if (layout := recognise(tree)).text:
        raise DataError(f"{printable(root)}: {layout.text}.")
    folders = [folder for name, folder in tree.folders.items() if folder.clips and not name.startswith("_background")]
    if not [folder for folder in folders if folder.path not in SOUNDS]:
        raise DataError(f"{printable(root)}: holds no word folders, expected WAVs in a sub-folder for each word.")
    return {folder.join(clip): folder.path for folder in folders for clip in folder.clips}


def by_speaker(root: Path, class_of: Mapping[str, str], shares: Shares, speaker: str | None) -> dict[str, str]:
    speaker_of = speaker_rule(speaker)
    speakers = {speaker_of(clip) for clip, name in class_of.items() if name not in SOUNDS}
    if len(speakers) < FEWEST_SPEAKERS:
        raise DataError(
            f"{printable(root)}: holds {counted(len(speakers), 'speaker')}, expected at least {FEWEST_SPEAKERS} to "
            "keep voices apart; split it by clip, or tell the speakers by a pattern."
        )
    split_of = deal_speakers(class_of, speaker_of, shares)
    missing = sorted(
        lacking(said_by(class_of, speaker_of), {speaker_of(clip): split for clip, split in split_of.items()})
    )
    if missing:
        word, split = missing[0]
        raise DataError(
            f"{printable(root)}: {word!r} is said by too few speakers to be in {split} without one in two splits; "
            "add recordings of others, or split it by clip."
        )
    return split_of
