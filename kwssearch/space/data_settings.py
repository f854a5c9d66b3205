"""Which of a data set's clips a search uses and how they are read: words, other sounds, speakers, window."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from kwssearch.space.schema import Field, Table, number

UNKNOWN, SILENCE = "unknown", "silence"
BUILTIN = "builtin"
BY_NAME = ("msc", BUILTIN)


@dataclass(frozen=True)
class DataSettings:
    """How a data set is read.

    Attributes:
        words: folders to tell apart; empty for all of them.
        unknown: whether all other folders, and `_unknown_`, become one class; or the folders whose clips join it,
            'builtin' for spoken ones.
        silence: whether `_silence_` and crops of `_background_noise_` become one class; or the folders of whose
            recordings there are crops too, 'builtin' for made ones.
        speaker: regular expression whose one group is the speaker. It is searched in the file name, or in
            'word/file.wav' where it holds a '/'. None for what comes before `_nohash_`.
        window_s: seconds of a clip that a model hears.
    """

    words: tuple[str, ...] = ()
    unknown: bool | tuple[str, ...] = False
    silence: bool | tuple[str, ...] = False
    speaker: str | None = None
    window_s: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; only what differs from the defaults."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value != getattr(DEFAULTS, name)
        }

    def with_folders(self, place: Callable[[str], str]) -> DataSettings:
        """The same with its folders named otherwise."""

        def moved(value: bool | tuple[str, ...]) -> bool | tuple[str, ...]:
            if isinstance(value, bool):
                return value
            return tuple(each if each == BUILTIN else place(each) for each in value)

        return replace(self, unknown=moved(self.unknown), silence=moved(self.silence))


DEFAULTS = DataSettings()


def are_words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(is_word(word) for word in value) and not repeated(value)


def is_word(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and bool(value.strip()) and not set("/\0") & set(value)


def repeated(values: list[str]) -> bool:
    return len(set(values)) < len(values)


def is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and value.isprintable() and re.compile(value).groups == 1
    except (re.error, OverflowError, RecursionError):
        return False


def are_places(value: Any) -> bool:
    named = isinstance(value, list) and all(isinstance(v, str) and v.isprintable() and v.strip() for v in value)
    return named and bool(value) and not repeated(value)


def sounds(what: str) -> Field:
    return Field(
        f"true or false, 'builtin', a folder with {what}, or a list of such",
        lambda v: isinstance(v, bool) or are_places([v] if isinstance(v, str) else v),
        False,
    )


SETTINGS = {
    "words": Field("a list of names of word folders, each once, such as ['off', 'on']", are_words),
    "unknown": sounds("clips of other words"),
    "silence": sounds("recordings without speech"),
    "speaker": Field("a regular expression with one group, such as '^[^_]+_([^_]+)_'", is_pattern),
    "window_s": number(0.1, 10, "a number of seconds from 0.1 to 10", 1.0),
}


def read_data_settings(place: str, content: Any, folder: Path = Path()) -> DataSettings:
    """The settings among a table's keys; other keys are ignored.

    Args:
        folder: from which folders are seen.

    Raises:
        SpaceError: the first fault, with its place, value and what was expected.
    """
    own = {k: v for k, v in content.items() if k in SETTINGS} if isinstance(content, Mapping) else content
    table = Table(place, own)
    values = table.read(SETTINGS)
    words = tuple(values["words"] or ())
    for word in words:
        if word.startswith(("_", ".")):
            kind = word.strip("_")
            remedy = f"; set {kind} = true instead" if kind in (UNKNOWN, SILENCE) else ""
            raise table.fault("words", word, f"names that do not begin with '_' or '.'{remedy}")
        if word in (UNKNOWN, SILENCE) and values[word]:
            raise table.fault("words", word, f"words beside {word} = true; leave it out of the words")
    for kind in (UNKNOWN, SILENCE):
        given = values[kind]
        values[kind] = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list) else given
    settings = DataSettings(**{**values, "words": words, "window_s": float(values["window_s"])})
    return settings.with_folders(lambda sounds: os.path.normpath(folder / os.path.expanduser(sounds)))


def source_beside(place: Path, data: str) -> str:
    """The data set that a file names, as seen from here: a relative path starts at the file's folder."""
    if data in BY_NAME or not data.strip():
        return data
    return os.path.normpath(place.parent / os.path.expanduser(data))
