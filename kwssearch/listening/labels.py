"""Label tracks as Audacity writes them: what is heard in a recording, and when."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kwssearch.errors import UserError, did_you_mean
from kwssearch.listening.truth import RECORDING, Keyword, Part, Truth
from kwssearch.system.text import read_text

UNIT_S = 30.0  # bootstrap worlds draw stretches of this length
ROUNDING_S = 0.01
TEXT = re.compile(r"(?P<word>.*?)(?: \((?P<snr>-?\d+(?:\.\d+)?) dB\))?")


class Label(NamedTuple):
    """One line: seconds, and 'word', 'word (20 dB)' or '[part]'."""

    start_s: float
    end_s: float
    text: str

    @property
    def line(self) -> str:
        return f"{self.start_s:.6f}\t{self.end_s:.6f}\t{self.text}\n"


def labels_of(truth: Truth, words: Sequence[str]) -> Iterator[Label]:
    """Parts and keywords of a stream, in order of time."""
    found = [Label(part.start_s, part.start_s + part.seconds, f"[{part.kind}]") for part in truth.parts]
    for keyword in truth.keywords:
        ratio = "" if keyword.snr_db is None else f" ({keyword.snr_db:g} dB)"
        found.append(Label(keyword.start_s, keyword.end_s, f"{words[keyword.label]}{ratio}"))
    yield from sorted(found)


def read_labels(path: Path) -> list[tuple[int, Label]]:
    """Line numbers and labels; lines of frequencies, which begin with a backslash, are passed over.

    Raises:
        UserError: it cannot be read, or a line is no label.
    """
    try:
        lines = read_text(path).splitlines()
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: cannot be read ({' '.join(str(error).split())}); expected a label track that Audacity exported."
        ) from error
    return [(number, as_label(path, number, line)) for number, line in enumerate(lines, 1)
            if line.strip() and not line.startswith("\\")]  # fmt: skip


def as_label(path: Path, number: int, line: str) -> Label:
    fields = line.split("\t", 2)
    try:
        start, end = (float(field.replace(",", ".")) for field in fields[:2])
    except ValueError:
        start = end = math.nan
    if len(fields) < 3 or not 0 <= start <= end < math.inf:
        raise UserError(
            f"{path}: line {number}: got {line[:60]!r}, expected start and end in seconds and a text, separated by "
            "tabs; export the label track again."
        )
    return Label(start, end, fields[2].strip())


def truth_of(
    path: Path | None, seconds: float, window_s: float, words: Sequence[str], keywords: Sequence[int]
) -> Truth:
    """What a labelled recording holds; one without labels holds no keyword.

    Args:
        words: class names.
        keywords: the classes that can be heard.

    Raises:
        UserError: a label is no keyword and no [part], or it goes beyond the end.
    """
    spoken: list[tuple[Label, int, float | None]] = []
    kinds: list[Label] = []
    for number, label in read_labels(path) if path else ():
        if label.end_s > seconds + ROUNDING_S:
            raise UserError(
                f"{path}: line {number}: {label.text!r} ends at {label.end_s:g} s, expected labels within the "
                f"recording's {seconds:g} s; name the labels of this recording."
            )
        if label.text.startswith("[") and label.text.endswith("]"):
            kinds.append(label)
        else:
            found = TEXT.fullmatch(label.text)
            word, snr = (found["word"], found["snr"]) if found else (label.text, None)
            spoken.append((label, class_of(path, number, word, words, keywords), float(snr) if snr else None))
    edges = sorted({0.0, *np.arange(0, seconds, UNIT_S).tolist(), *(t for k in kinds for t in k[:2] if t < seconds)})
    ends = [*edges[1:], seconds]
    parts = tuple(
        Part(kind_at(start, kinds), start, end - start, path.name if path else "")
        for start, end in zip(edges, ends, strict=True)
    )
    starts = np.array(edges)
    heard = tuple(
        Keyword(index, label.start_s, label.end_s, int(np.searchsorted(starts, label.start_s, "right")) - 1, snr)
        for label, index, snr in sorted(spoken, key=lambda row: row[0])
    )
    return Truth(seconds, window_s, parts, heard)


def kind_at(time: float, kinds: Sequence[Label]) -> str:
    """What the last [part] that holds a time says."""
    found = [label.text[1:-1] for label in kinds if label.start_s <= time < label.end_s]
    return found[-1] if found else RECORDING


def class_of(path: Path | None, number: int, word: str, words: Sequence[str], keywords: Sequence[int]) -> int:
    known = [words[index] for index in keywords]
    if word not in known:
        raise UserError(
            f"{path}: line {number}: got {word!r}, expected one of {', '.join(known)}, or a note in brackets, such as "
            f"[radio]; correct the label.{did_you_mean(word, known)}"
        )
    return words.index(word)
