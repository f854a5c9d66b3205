"""Who speaks in a clip."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MARK = "_nohash_"
CROP = re.compile(r"#\d+$")
FIELDS = re.compile(r"[^_\-. ]+")
FEWEST_CLIPS = 3


def speaker_of(clip: str) -> str:
    """The file name up to `_nohash_`, else the whole name (the Speech Commands convention).

    Crops of one recording count as one speaker.
    """
    return CROP.sub("", clip.rsplit("/", 1)[-1]).split(MARK)[0]


def speaker_rule(pattern: str | None) -> Callable[[str], str]:
    """Clip -> speaker by a pattern's group where the pattern matches, else by the convention."""
    if pattern is None:
        return speaker_of
    return lambda clip: matched(pattern, clip) or speaker_of(clip)


def matched(pattern: str, clip: str) -> str | None:
    """What the pattern's group holds: in the path where the pattern holds a '/', else in the file name."""
    place = CROP.sub("", clip)
    found = re.search(pattern, place if "/" in pattern else place.rsplit("/", 1)[-1])
    return (found.group(1) or None) if found else None


@dataclass(frozen=True)
class Suggestion:
    """A pattern that would find speakers in names."""

    pattern: str
    speakers: tuple[str, ...]


def suggest(clips: Sequence[str]) -> Suggestion | None:
    """The pattern of a field of the names that takes few values, each in most words: `3_theo_7` has theo.

    Fields of letters go before numbers, which may as well count takes; None where no field is one.
    """
    names = [clip.split("/")[-2:] for clip in clips]
    fields = [FIELDS.findall(name.rsplit(".", 1)[0]) for _, name in names]
    width = len(fields[0]) if fields else 0
    if any(len(found) != width for found in fields):
        return None
    for at in range(width):
        values = [found[at] for found in fields]
        if is_speaker([word for word, _ in names], values):
            before = r"[^_\-. ]+[_\-. ]+" * at
            return Suggestion(rf"^{before}([^_\-. ]+)", tuple(sorted(set(values))))
    return suggest_prefix(names)


def suggest_prefix(names: Sequence[Sequence[str]]) -> Suggestion | None:
    """Letters before a number: `alice12` has alice."""
    prefixes = [re.match(r"([^\W\d_]+)[_\-. ]?\d", name) for _, name in names]
    values = [found.group(1) for found in prefixes if found]
    if len(values) == len(names) and is_speaker([word for word, _ in names], values):
        return Suggestion(r"^([^\W\d_]+)", tuple(sorted(set(values))))
    return None


def is_speaker(words: Sequence[str], values: Sequence[str]) -> bool:
    """Whether values look like names: with letters, few, several clips each, and all of them in most words."""
    heard = defaultdict(set)
    for word, value in zip(words, values, strict=True):
        heard[value].add(word)
    return (
        1 < len(heard) <= len(values) / FEWEST_CLIPS
        and all(re.search(r"[^\W\d_]", value) for value in heard)
        and sum(map(len, heard.values())) > len(heard) * len(set(words)) / 2
    )
