"""A stream for a split: hours of keywords, other words, speech, noise and silence, the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch.data import DataSet
from kwssearch.data.recordings import Audio, as_samples
from kwssearch.errors import UserError
from kwssearch.listening import plan as plans
from kwssearch.listening import sources
from kwssearch.listening.plan import BABBLE, RECORDED, Planned, Planner
from kwssearch.listening.sources import Piece
from kwssearch.listening.truth import KEYWORDS, RECORDING, SPEECH, WORDS, Keyword, Part, Samples, Truth
from kwssearch.sources import noise as noises
from kwssearch.sources.speech import speech
from kwssearch.space import StreamSettings

VERSION = 1
SEED = 42
VOICES = 6
HEARD = ("hours", "snr_db", "other_words", "noise", "negatives")  # settings on which the sound depends


@dataclass(frozen=True)
class Stream:
    """A stream that can be heard as often as wanted; see `opened`.

    Attributes:
        planned: its parts, in order.
        pieces: what is heard, by kind of part; and recorded noise.
        name: a digest of the recipe: split, settings, data set and version.
    """

    split: str
    rate: int
    window_s: float
    planned: tuple[Planned, ...]
    pieces: Mapping[str, list[Piece]]
    name: str

    @cached_property
    def truth(self) -> Truth:
        starts = np.concatenate([[0], np.cumsum([part.length for part in self.planned])]) / self.rate
        parts, keywords = [], []
        for index, part in enumerate(self.planned):
            piece = None if part.piece is None else self.pieces[part.kind][part.piece]
            start = float(starts[index])
            parts.append(Part(part.kind, start, part.length / self.rate, piece.name if piece else part.noise))
            if piece and piece.label is not None:
                begin = start + part.at / self.rate
                keywords.append(Keyword(piece.label, begin, begin + piece.length / self.rate, index, part.snr_db))
        return Truth(float(starts[-1]), self.window_s, tuple(parts), tuple(keywords))

    def blocks(self) -> Iterator[Samples]:
        """A part after the other.

        Raises:
            UserError: recorded noise holds no sound, or a recording is gone.
        """
        for index, part in enumerate(self.planned):
            rng = np.random.default_rng([SEED, sources.SPLITS.index(self.split), index])
            yield as_samples(noises.faded(self.rendered(part, rng), self.rate))

    def rendered(self, part: Planned, rng: np.random.Generator) -> Audio:
        heard = np.zeros(part.length)
        if part.piece is not None:
            piece = self.pieces[part.kind][part.piece]
            clip = piece.read(0, min(piece.length, part.length))
            if part.level_db is not None:
                clip = clip * (noises.gain(part.level_db) / max(noises.level(clip, self.rate), 1e-9))
            heard[part.at : part.at + len(clip)] += clip
        if part.noise:
            loudness = (
                noises.gain(part.level_db or 0)
                if part.snr_db is None
                else noises.level(heard, self.rate) / noises.gain(part.snr_db)
            )
            heard += self.noise(part.noise, part.length, loudness, rng)
        return heard

    def noise(self, kind: str, length: int, loudness: float, rng: np.random.Generator) -> Audio:
        """Shape (length,), of this root mean square."""
        if kind == RECORDED:
            piece = drawn(self.pieces[RECORDED], rng)
            start = int(rng.integers(max(1, piece.length - length + 1)))
            audio = np.resize(piece.read(start, min(length, piece.length)), length)
            kind = piece.name
        elif kind == BABBLE:
            said = self.pieces[SPEECH] or self.pieces[RECORDING]
            audio = noises.babble([drawn(said, rng).audio for _ in range(VOICES)], length, rng)
        else:
            audio = noises.coloured(noises.EXPONENTS[kind], length, self.rate, rng)
        try:
            return noises.at_level(audio, loudness)
        except ValueError as error:
            raise UserError(
                f"stream: {kind} {error}, expected noise; remove it, or name another folder of noise."
            ) from error

    def describe(self) -> dict[str, Any]:
        """What streams.json says of it beside its digest."""
        truth = self.truth
        rows = [
            [part.kind, round(part.start_s, 4), round(part.seconds, 4), part.what, planned.noise, planned.snr_db]
            for part, planned in zip(truth.parts, self.planned, strict=True)
        ]
        kinds = {part.kind: 0.0 for part in truth.parts}
        for part in truth.parts:
            kinds[part.kind] += part.seconds / 60
        return {
            "split": self.split,
            "rate": self.rate,
            "hours": truth.seconds / 3600,
            "minutes": {kind: round(minutes, 2) for kind, minutes in kinds.items()},
            "keywords": len(truth.keywords),
            "parts": rows,
        }


def drawn(pieces: list[Piece], rng: np.random.Generator) -> Piece:
    return pieces[int(rng.integers(len(pieces)))]


@contextmanager
def opened(data: DataSet, split: str, settings: StreamSettings) -> Iterator[Stream]:
    """The stream of a split; what is spoken for it is there while the block lasts.

    Args:
        split: 'validation' or 'test'.

    Raises:
        UserError: something that it needs is not there, or it has no room for a keyword.
    """
    words = list(data.keywords)
    rng = np.random.default_rng([SEED, sources.SPLITS.index(split)])
    pieces: dict[str, list[Piece]] = {
        KEYWORDS: sources.keyword_pieces(data, split),
        WORDS: sources.other_words(data, split, settings),
        RECORDED: sources.recorded_noise(data, split, settings),
        SPEECH: [],
        RECORDING: [],
    }
    planner = Planner(settings, data.sampling_rate, data.window_s, plans.colours(bool(pieces[RECORDED])), rng)
    planned = [*planner.keywords(pieces[KEYWORDS]), *planner.words(pieces[WORDS])]
    left = settings.hours * plans.HOUR_S - sum(part.length for part in planned) / data.sampling_rate
    with tempfile.TemporaryDirectory(prefix="kwssearch-") as place:
        if settings.negatives:
            folder = Path(settings.negatives).expanduser()
            pieces[RECORDING] = sources.negatives(folder, split, data.sampling_rate)
            planned += planner.recordings(pieces[RECORDING], plans.SPEECH_SHARE * left)
        else:
            spoken = speech(Path(place), split, plans.SPEECH_SHARE * left, words)
            pieces[SPEECH] = sources.sentence_pieces(spoken, data.sampling_rate)
            planned += planner.speech(pieces[SPEECH])
        used = sum(part.length for part in planned) / data.sampling_rate
        planned += planner.noise(settings.hours * plans.HOUR_S - used)
        order = tuple(planned[index] for index in rng.permutation(len(planned)).tolist())
        yield Stream(split, data.sampling_rate, data.window_s, order, pieces, recipe_name(data, split, settings))


def recipe_name(data: DataSet, split: str, settings: StreamSettings) -> str:
    """Names what a stream is made from: of folders their own names, of the data set what is in it."""
    own = {name: getattr(settings.placeless, name) for name in HEARD}
    recipe = [VERSION, split, own, data.fingerprint]
    return f"{split}-{hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:12]}"
