"""What is said of a recording: of a short one its word, of a long one the words that are heard, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch.artefact.detector import Samples
from kwssearch.deploy.bundled.sound import RATES, SoundError, microphone, microphone_rate
from kwssearch.deploy.bundled.spotter import Spotter

LEAST_SHOWN = 0.005
MOST_SHOWN = 4


class Spotters:
    """Of one model, for recordings of any rate; arguments of a `Spotter`."""

    def __init__(self, description: Mapping[str, Any], model: Path | bytes, threshold: float | None = None) -> None:
        self.description, self.model, self.threshold = description, model, threshold
        self.known: dict[int, Spotter] = {}

    def answers(self, name: str, rate: int, blocks: Iterable[Samples]) -> Iterator[dict[str, Any]]:
        """`recording_answers` of samples at a rate.

        Raises:
            SoundError: no recording has that rate, or it holds no samples.
        """
        low, high = RATES
        if not low <= rate <= high:
            raise SoundError(f"{name}: has {rate} samples a second, expected {low:,} to {high:,}; convert it.")
        if rate not in self.known:
            self.known[rate] = Spotter(self.description, self.model, rate, self.threshold)
        yield from recording_answers(name, blocks, self.known[rate])


def recording_answers(name: str, blocks: Iterable[Samples], spotter: Spotter) -> Iterator[dict[str, Any]]:
    """`file`, `word` and `probabilities` of a window; of what is longer by a hop or more `stream_answers`.

    Args:
        blocks: of samples at the spotter's rate, each of shape (n,).

    Raises:
        SoundError: it holds no samples.
    """
    rest, long = iter(blocks), spotter.window + spotter.hop
    first = np.empty(0, np.int16)
    while len(first) < long and (block := next(rest, None)) is not None:
        first = np.concatenate([first, block])
    if not len(first):
        raise SoundError(f"{name}: holds no samples, expected a recording; record it again.")
    if len(first) >= long:
        yield from stream_answers(name, chain([first], rest), spotter)
        return
    found = spotter(first)
    yield {
        "file": name,
        "word": spotter.words[int(found.argmax())],
        "probabilities": {word: float(p) for word, p in zip(spotter.words, found, strict=True)},
    }


def stream_answers(name: str, blocks: Iterable[Samples], spotter: Spotter) -> Iterator[dict[str, Any]]:
    """`file`, `word`, `at_s` (seconds up to the end of its window) and smoothed `probability` of each heard word.

    If none is heard until the stream ends: `word` None, and the `surest` word.
    """
    surest: dict[str, Any] = {"probability": -1.0}
    some = False
    for at, smoothed, heard in spotter.listen(blocks):
        best = max(spotter.keywords, key=lambda index: float(smoothed[index]))
        found = {"word": spotter.words[best], "at_s": at, "probability": float(smoothed[best])}
        surest = max(surest, found, key=lambda candidate: float(candidate["probability"]))
        if heard is not None:
            some = True
            yield {"file": name, **found}
    if not some:
        yield {"file": name, "word": None, "surest": surest}


def microphone_answers(
    description: Mapping[str, Any], model: Path | bytes, threshold: float | None = None
) -> Iterator[dict[str, Any]]:
    """`stream_answers` of what the default microphone hears, until the process is stopped; arguments of a `Spotter`.

    Raises:
        SoundError: there is no microphone, or what reads it is not installed.
    """
    rate = microphone_rate(description["front_end"]["sampling_rate"])
    spotter = Spotter(description, model, rate, threshold)
    yield from stream_answers("microphone", microphone(rate, spotter.hop), spotter)


def line(answer: dict[str, Any]) -> str:
    """An answer for people."""
    if "probabilities" in answer:
        ranked = sorted(answer["probabilities"].items(), key=lambda pair: -pair[1])[:MOST_SHOWN]
        shown = [f"{word} {p:.2f}" for word, p in ranked if p >= LEAST_SHOWN or word == answer["word"]]
        return f"{answer['file']}: {', '.join(shown)}"
    heard = answer["surest"] if answer["word"] is None else answer
    told = f"{heard['word']} {heard['probability']:.2f}"
    if answer["word"] is None:
        return f"{answer['file']}: no word; the surest is {told} at {heard['at_s']:.2f} s"
    return f"{answer['file']}: {heard['at_s']:8.2f} s  {told}"
