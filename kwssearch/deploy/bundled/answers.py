"""What is said of a recording: of a short one its word, of a long one the words that are heard, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kwssearch.artefact.detector import Samples
from kwssearch.deploy.bundled.sound import microphone, microphone_rate
from kwssearch.deploy.bundled.spotter import Spotter

LEAST_SHOWN = 0.005
MOST_SHOWN = 4


def recording_answers(name: str, samples: Samples, spotter: Spotter) -> Iterator[dict[str, Any]]:
    """`file`, `word` and `probabilities` of a window; of what is longer by a hop or more `stream_answers`.

    Args:
        samples: shape (n,), at the spotter's rate.
    """
    if len(samples) >= spotter.window + spotter.hop:
        yield from stream_answers(name, [samples], spotter)
        return
    found = spotter(samples)
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
