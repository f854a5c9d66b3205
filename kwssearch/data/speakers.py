"""Who speaks in a clip."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MARK = "_nohash_"
AFTER_WORD = re.compile(r"[^\W\d_]+_(?=[0-9a-f]{8}$)")  # as in backward_0c540988_nohash_0.wav
ELSEWHERE = re.compile(r"_(unknown|silence)_(builtin|elsewhere)_")  # how paths of other sources begin
CROP = re.compile(r"#\d+$")
FIELDS = re.compile(r"[^_\- ]+")
FEWEST_CLIPS = 3
MOSTLY = 0.9


def speaker_of(clip: str) -> str:
    """The file name up to `_nohash_`, else the whole name (the Speech Commands convention).

    A word before the eight hexadecimal digits of Speech Commands is no part of it. Crops of one recording count as one
    speaker.
    """
    return AFTER_WORD.sub("", CROP.sub("", clip.rsplit("/", 1)[-1]).split(MARK)[0], count=1)


def speaker_rule(pattern: str | None) -> Callable[[str], str]:
    """Clip -> speaker by a pattern's group where the pattern matches, else by the convention.

    A pattern is for names of the user's own: clips of other words that come from elsewhere and follow the convention
    are not asked.
    """
    if pattern is None:
        return speaker_of
    return lambda clip: speaker_of(clip) if is_from_elsewhere(clip) else matched(pattern, clip) or speaker_of(clip)


def is_from_elsewhere(clip: str) -> bool:
    """Whether a clip is one of the convention's from outside the data set."""
    return ELSEWHERE.match(clip) is not None and MARK in clip


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

    Fields of letters go before numbers, which may just as well count takes; None where no field is one.
    """
    names = [clip.split("/")[-2:] for clip in clips]
    fields = [FIELDS.findall(name.rsplit(".", 1)[0]) for _, name in names]
    width = Counter(map(len, fields)).most_common(1)[0][0] if fields else 0
    alike = [(word, found) for (word, _), found in zip(names, fields, strict=True) if len(found) == width]
    if len(alike) < MOSTLY * len(clips):
        return None
    for at in range(width) if width > 1 else ():
        values = [found[at] for _, found in alike]
        if is_speaker([word for word, _ in alike], values):
            return Suggestion(pattern_at(at, [name for _, name in names]), tuple(sorted(set(values))))
    return suggest_prefix(names)


def pattern_at(at: int, names: Sequence[str]) -> str:
    """The pattern of one field of names, in terms of the only mark between fields where there is only one."""
    marks = {mark for name in names for mark in re.findall(r"[_\- ]", name)}
    inside = marks.pop() if len(marks) == 1 else r"_\- "
    between = inside if len(inside) == 1 else f"[{inside}]"
    return f"^{f'[^{inside}]+{between}' * at}([^{inside}.]+)"


def suggest_prefix(names: Sequence[Sequence[str]]) -> Suggestion | None:
    """Letters before a number: `alice12` has alice."""
    found = [(word, re.match(r"([^\W\d_]+)\d", name)) for word, name in names]
    alike = [(word, start.group(1)) for word, start in found if start]
    if len(alike) >= MOSTLY * len(names) and is_speaker([word for word, _ in alike], [value for _, value in alike]):
        return Suggestion(r"^([^\W\d_]+)", tuple(sorted({value for _, value in alike})))
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
