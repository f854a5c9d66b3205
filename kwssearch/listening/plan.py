"""Which parts a stream has, in which order, at which levels: all that is drawn before any sound is made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kwssearch.errors import UserError
from kwssearch.listening.sources import Piece
from kwssearch.listening.truth import KEYWORDS, NOISE, RECORDING, SILENCE, SPEECH, WORDS
from kwssearch.sources.noise import EXPONENTS
from kwssearch.space import StreamSettings

HOUR_S = 3600.0
SHARES = {KEYWORDS: 0.30, WORDS: 0.24}  # of the hours, as far as there are clips: each is heard once
SPEECH_SHARE = 2 / 3  # of what is left; the rest is noise
SILENT_TURN = 10  # one part of noise in so many is digital silence
ROOM_S = {KEYWORDS: 2.0, WORDS: 0.5}  # of a part, beside the window
NOISE_S = 5.0
WORD_NOISE_DB, SPEECH_NOISE_DB = (10.0, 40.0), (5.0, 40.0)  # below the signal
SPEECH_DB, NOISE_DB = (-35.0, -15.0), (-60.0, -12.0)  # of full scale
BABBLE, RECORDED = "babble", "recorded"


@dataclass(frozen=True)
class Planned:
    """A part before it is heard.

    Attributes:
        length: samples.
        piece: index of what is heard among the pieces of its kind; None for noise and silence.
        at: the sample at which the piece begins.
        level_db: of speech, or of noise alone, against full scale; None where the piece keeps its own.
        noise: its kind; '' for none.
        snr_db: how much louder the piece is than the noise.
    """

    kind: str
    length: int
    piece: int | None = None
    at: int = 0
    level_db: float | None = None
    noise: str = ""
    snr_db: float | None = None


def wanted(kind: str, settings: StreamSettings, available: int, window_s: float) -> int:
    """How many clips of a kind are heard."""
    room = SHARES[kind] * settings.hours * HOUR_S / (window_s + ROOM_S[kind])
    return min(available, int(room))


class Planner:
    """Draws the parts of one stream.

    Args:
        colours: kinds of noise that can be had.
    """

    def __init__(
        self, settings: StreamSettings, rate: int, window_s: float, colours: Sequence[str], rng: np.random.Generator
    ) -> None:
        self.settings, self.rate, self.window_s, self.colours, self.rng = settings, rate, window_s, colours, rng

    def keywords(self, pieces: Sequence[Piece]) -> list[Planned]:
        """Of all words alike, with all ratios alike.

        Raises:
            UserError: the stream has no room for one.
        """
        count = wanted(KEYWORDS, self.settings, len(pieces), self.window_s)
        if not count:
            least = (self.window_s + ROOM_S[KEYWORDS]) / SHARES[KEYWORDS]
            raise UserError(
                f"stream: got {self.settings.hours * HOUR_S:g} s, which has no room for a keyword, expected at least "
                f"{least:.0f} s; ask for more hours."
            )
        by_word = defaultdict(list)
        for index in self.rng.permutation(len(pieces)).tolist():
            by_word[pieces[index].label].append(index)
        turns = [(turn, place, index) for place, word in enumerate(sorted(by_word, key=str))
                 for turn, index in enumerate(by_word[word])]  # fmt: skip
        ratios = self.settings.snr_db
        return [
            self.clip(KEYWORDS, index, pieces[index].length, ratios[(turn + place) % len(ratios)])
            for turn, place, index in sorted(turns)[:count]
        ]

    def words(self, pieces: Sequence[Piece]) -> list[Planned]:
        chosen = self.rng.permutation(len(pieces))[: wanted(WORDS, self.settings, len(pieces), self.window_s)]
        return [self.clip(WORDS, index, pieces[index].length, self.between(WORD_NOISE_DB)) for index in chosen.tolist()]

    def clip(self, kind: str, piece: int, length: int, snr_db: float) -> Planned:
        """A clip somewhere in a longer part."""
        whole = round((self.window_s + ROOM_S[kind]) * self.rate)
        at = int(self.rng.integers(max(1, whole - length + 1)))
        return Planned(kind, whole, piece, at, None, self.colour(), snr_db)

    def speech(self, pieces: Sequence[Piece]) -> list[Planned]:
        """Sentences at drawn levels in some noise."""
        return [
            Planned(
                SPEECH, piece.length, index, 0, self.between(SPEECH_DB), self.colour(), self.between(SPEECH_NOISE_DB)
            )
            for index, piece in enumerate(pieces)
        ]

    def recordings(self, pieces: Sequence[Piece], seconds: float) -> list[Planned]:
        """Pieces as they were recorded, in drawn order, up to so many seconds."""
        found: list[Planned] = []
        for index in self.rng.permutation(len(pieces)).tolist():
            if sum(part.length for part in found) >= seconds * self.rate:
                break
            found.append(Planned(RECORDING, pieces[index].length, index))
        return found

    def noise(self, seconds: float) -> list[Planned]:
        length = round(NOISE_S * self.rate)
        return [
            Planned(SILENCE, length)
            if turn % SILENT_TURN == 0
            else Planned(NOISE, length, level_db=self.between(NOISE_DB), noise=self.colour())
            for turn in range(round(seconds / NOISE_S))
        ]

    def colour(self) -> str:
        return self.colours[int(self.rng.integers(len(self.colours)))]

    def between(self, ends: tuple[float, float]) -> float:
        return round(float(self.rng.uniform(*ends)), 2)


def colours(has_recorded: bool) -> list[str]:
    return [*EXPONENTS, BABBLE, *([RECORDED] if has_recorded else [])]
