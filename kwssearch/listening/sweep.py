"""What a detector hears at each of many thresholds, counted against what a stream holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kwssearch.artefact.classifier import Array
from kwssearch.listening.hearing import Heard
from kwssearch.listening.truth import Truth

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LOG_ODDS = np.linspace(-2.0, 16.5, 75)  # softmax saturates: steps of a probability would see nothing near one
THRESHOLDS: Array = np.unique(np.append(1 / (1 + np.exp(-LOG_ODDS)), 1.0).astype(np.float32))

OUTCOMES = HIT, CONFUSION, FALSE_ACCEPT = ("hit", "confusion", "false accept")


@dataclass(frozen=True)
class Sweep:
    """Counts at each of `THRESHOLDS`, the lowest first, and above all of them, where nothing is heard.

    Attributes:
        heard: what was counted.
        false_accepts: shape (thresholds + 1, parts).
        missed: shape (thresholds + 1, keywords).
        said: the class that is heard instead of a keyword, -1 for none; shape (thresholds + 1, keywords).
    """

    heard: Heard
    truth: Truth
    false_accepts: Counts
    missed: Flags
    said: Counts


def sweep(heard: Heard, truth: Truth) -> Sweep:
    """Counts of a model on a stream."""
    spans, edges = truth.spans, truth.edges
    labels = np.array([keyword.label for keyword in truth.keywords], np.int64)
    rows = [counted(heard, heard_at(heard.scores, threshold, heard.suppression), spans, edges, labels, truth.window_s)
            for threshold in THRESHOLDS]  # fmt: skip
    rows.append(counted(heard, np.empty(0, np.int64), spans, edges, labels, truth.window_s))
    false_accepts, missed, said = (np.stack(column) for column in zip(*rows, strict=True))
    return Sweep(heard, truth, false_accepts, missed, said)


def heard_at(scores: Array, threshold: np.float32, suppression: int) -> Counts:
    """The windows in which an `artefact.Detector` hears a word, by the scores of all windows."""
    above = np.flatnonzero(scores >= threshold)
    following = np.searchsorted(above, above + suppression).tolist()
    found, place = [], 0
    while place < len(above):
        found.append(place)
        place = following[place]
    return np.asarray(above[found], np.int64)


class Fired(NamedTuple):
    """A word that a detector hears.

    Attributes:
        end_s: seconds of the stream up to the end of the window.
        word: its class.
        outcome: one of `OUTCOMES`.
    """

    end_s: float
    word: int
    outcome: str


def fired(sweep: Sweep, index: int) -> list[Fired]:
    """All that is heard at a threshold, in order of time."""
    heard, spans = sweep.heard, sweep.truth.spans
    labels = np.array([keyword.label for keyword in sweep.truth.keywords], np.int64)
    above_all = index == len(THRESHOLDS)
    at = [] if above_all else heard_at(heard.scores, THRESHOLDS[index], heard.suppression).tolist()
    found = []
    for end, word in ((float(heard.ends[i]), int(heard.best[i])) for i in at):
        said = labels[(spans[:, 0] <= end) & (end <= spans[:, 1])]
        outcome = HIT if word in said else CONFUSION if len(said) else FALSE_ACCEPT
        found.append(Fired(end, word, outcome))
    return found


def counted(
    heard: Heard,
    at: Counts,
    spans: npt.NDArray[np.float64],
    edges: npt.NDArray[np.float64],
    labels: Counts,
    window_s: float,
) -> tuple[Counts, Flags, Counts]:
    """False accepts of each part, and of each keyword whether it is missed and what is heard instead.

    A keyword is hit by its own word within its span. Another word there, and none of its own, is a confusion. What is
    heard in no keyword's span is a false accept of the part in which the window's middle lies.
    """
    ends, words = heard.ends[at], heard.best[at]
    first, last = np.searchsorted(ends, spans[:, 0], "left"), np.searchsorted(ends, spans[:, 1], "right")
    missed, said = np.ones(len(labels), bool), np.full(len(labels), -1, np.int64)
    inside = np.zeros(len(ends), bool)
    for keyword in np.flatnonzero(last > first):
        own = words[first[keyword] : last[keyword]]
        inside[first[keyword] : last[keyword]] = True
        missed[keyword] = labels[keyword] not in own
        said[keyword] = own[0] if missed[keyword] else -1
    parts = np.searchsorted(edges, ends[~inside] - window_s / 2, "right") - 1
    counts = np.bincount(np.clip(parts, 0, len(edges) - 2), minlength=len(edges) - 1)
    return counts, missed, said
