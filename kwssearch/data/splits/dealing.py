"""Which clip is for what: by lists, by speakers, or clip by clip where there are too few speakers."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

SPLITS = ("train", "validation", "test")
FEWEST_SPEAKERS = 3
FEW_SPEAKERS = 8

By = Literal["lists", "speaker", "clip"]


@dataclass(frozen=True)
class Shares:
    """How much of the speakers or clips is held out."""

    validation: float = 0.1
    test: float = 0.1

    def split_at(self, place: float) -> str:
        """The split of a place in [0, 1)."""
        return SPLITS[(place >= 1 - self.validation - self.test) + (place >= 1 - self.test)]


SHARES = Shares()


def place_of(name: str) -> float:
    """Where a name stands in [0, 1), the same on every machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32


def split_by_speaker(speaker: str, shares: Shares = SHARES) -> str:
    """80/10/10, the same on every machine."""
    return shares.split_at(place_of(speaker))


def deal_speakers(
    class_of: Mapping[str, str],
    speaker_of: Callable[[str], str],
    shares: Shares = SHARES,
    splits: Sequence[str] = SPLITS,
) -> dict[str, str]:
    """Clip -> split, no speaker in two; where a class would lack one, speakers move until none does or none can.

    Args:
        class_of: clip -> what it is to be learnt as.
        splits: those to deal to; who would be in another is for training.
    """
    said = said_by(class_of, speaker_of)
    hashed = {speaker: split_by_speaker(speaker, shares) for speaker in said}
    split_of = {speaker: split if split in splits else "train" for speaker, split in hashed.items()}
    while moved := move_for(lacking(said, split_of, splits), said, split_of, splits):
        split_of.update(moved)
    if lacking(said, split_of, splits) and len(said) <= FEW_SPEAKERS:
        split_of = best_deal(said, hashed, splits) or split_of
    return {clip: split_of[speaker_of(clip)] for clip in class_of}


def said_by(class_of: Mapping[str, str], speaker_of: Callable[[str], str]) -> dict[str, set[str]]:
    """Speaker -> the classes of which there are clips."""
    said: dict[str, set[str]] = defaultdict(set)
    for clip, name in class_of.items():
        said[speaker_of(clip)].add(name)
    return said


def best_deal(said: Mapping[str, set[str]], hashed: Mapping[str, str], splits: Sequence[str]) -> dict[str, str] | None:
    """Of all ways to deal few speakers that leave no gap, the first that leaves most of them where their hash is."""
    speakers = sorted(said, key=lambda name: (place_of(name), name))
    ways = (dict(zip(speakers, dealt, strict=True)) for dealt in product(splits, repeat=len(speakers)))
    whole = [way for way in ways if not lacking(said, way, splits)]
    stay = [sum(way[name] == hashed[name] for name in speakers) for way in whole]
    return whole[stay.index(max(stay))] if whole else None


def lacking(
    said: Mapping[str, set[str]], split_of: Mapping[str, str], splits: Sequence[str] = SPLITS
) -> set[tuple[str, str]]:
    """(class, split) of which no speaker is there."""
    present = {(name, split_of[speaker]) for speaker, names in said.items() for name in names}
    return {(name, split) for names in said.values() for name in names for split in splits} - present


def move_for(
    missing: set[tuple[str, str]], said: Mapping[str, set[str]], split_of: Mapping[str, str], splits: Sequence[str]
) -> dict[str, str] | None:
    """The one move that fills most of what is missing without leaving a gap; of equal ones the first by hash."""
    if not missing:
        return None
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for speaker, names in said.items():
        for name in names:
            counts[name, split_of[speaker]] += 1
    best: tuple[int, str, str] | None = None
    for speaker in sorted(said, key=lambda name: (place_of(name), name)):
        here = split_of[speaker]
        if any(counts[name, here] == 1 for name in said[speaker]):
            continue
        for split in splits:
            gain = sum((name, split) in missing for name in said[speaker])
            if gain > (best[0] if best else 0):
                best = (gain, speaker, split)
    return {best[1]: best[2]} if best else None


def deal_clips(class_of: Mapping[str, str], shares: Shares = SHARES) -> dict[str, str]:
    """Clip -> split, one by one in the order of their hashes; each class of three clips or more is in each split."""
    clips_of: dict[str, list[str]] = defaultdict(list)
    for clip, name in class_of.items():
        clips_of[name].append(clip)
    split_of = {}
    for clips in clips_of.values():
        order = sorted(clips, key=lambda clip: (place_of(clip), clip))
        validation, test = held_out(len(order), shares.validation), held_out(len(order), shares.test)
        for at, clip in enumerate(order):
            split_of[clip] = "test" if at < test else "validation" if at < test + validation else "train"
    return split_of


def held_out(clips: int, share: float) -> int:
    return max(1, round(clips * share)) if clips >= len(SPLITS) else 0
