"""What is no keyword, made on this machine: other words and pieces of sentences spoken by espeak-ng, and noise.

Speakers are those of the built-in data set, by the same names and in the same splits.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kwssearch.sources import LISTS
from kwssearch.sources.builtin import (
    ACCENTS,
    RATE,
    SEED,
    Clip,
    mix,
    resample,
    shares,
    speak_apart,
    timbres,
    trim,
    write,
)
from kwssearch.sources.noise import EXPONENTS, at_level, coloured, gain
from kwssearch.sources.speech import WORDS as VOCABULARY
from kwssearch.system.cache import kept

if TYPE_CHECKING:
    from kwssearch.sources.espeak import Speaker

VERSION = 1
WORDS = (
    "backward", "bed", "bird", "cat", "dog", "eight", "five", "follow", "forward", "four", "happy", "house", "learn",
    "marvin", "nine", "off", "on", "one", "seven", "sheila", "six", "three", "tree", "two", "visual", "wow", "zero",
)  # fmt: skip
WORDS_A_VOICE, PIECES_A_VOICE = 8, 4
PATTERNS = (  # unlike those of the streams, so that no sentence is heard in both
    "{where} {who} {did} {count} {kind} {thing}s",
    "{who} {was} {kind} {when} and {did} the {thing}",
    "nobody {did} our {kind} {thing} {when}",
)
NOISE_S, NOISE_DB = 120, -15.0


def other_words(cache: Path, voices: int | None = None) -> Path:
    """A folder of spoken clips, made on first use: a folder for each word, and one for each sentence, called like it.

    Args:
        cache: where it is kept.
        voices: how many of espeak-ng's timbres speak; all when not given.

    Raises:
        DataError: espeakng-loader is not installed, or the cache cannot be written.
    """
    name = f"other-words-{VERSION}" if voices is None else f"other-words-{VERSION}-{voices}"
    return kept(cache / name, lambda folder: speak_apart(folder, voices, __name__), "other words, as spoken")


def noise(cache: Path) -> Path:
    """A folder of two minutes of each made noise, at -15 dB of full scale.

    Raises:
        DataError: the cache cannot be written.
    """
    return kept(cache / f"noise-{VERSION}", write_noise, "made noise")


def write_noise(folder: Path) -> None:
    for kind, exponent in EXPONENTS.items():
        audio = coloured(exponent, NOISE_S * RATE, RATE, np.random.default_rng([SEED, *kind.encode()]))
        write(folder / f"{kind}.wav", np.clip(at_level(audio, gain(NOISE_DB)), -1, 1))


def speak(folder: Path, voices: int | None = None) -> Iterator[tuple[int, int]]:
    """Writes the clips and the two lists; gives how many of how many steps are done."""
    from kwssearch.sources.espeak import Speaker

    rng, speaker, names = (
        np.random.default_rng([SEED, VERSION]),
        Speaker(SEED),
        timbres(np.random.default_rng(SEED))[:voices],
    )
    at, total = 0, 2 * len(names) * (WORDS_A_VOICE + PIECES_A_VOICE)
    done = 0
    for split, count in shares(len(names)).items():
        clips = {}
        for path, heard in said(speaker, names[at : at + count], rng):
            clips[path] = heard
            yield (done := done + 1), total
        at += count
        for path, heard in clips.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            write(folder / path, mix(heard, list(clips.values()), rng))
            yield (done := done + 1), total
        if split in LISTS:
            (folder / LISTS[split]).write_text("".join(f"{path}\n" for path in sorted(clips)))


def said(speaker: Speaker, voices: list[str], rng: np.random.Generator) -> Iterator[Clip]:
    """Path and speech at 16 kHz: every voice says some words, and some sentences of which up to a second is kept."""
    from kwssearch.sources.espeak import Utterance

    for voice in voices:
        identity = hashlib.sha256(voice.encode()).hexdigest()[:8]
        words = [str(word) for word in rng.permutation(WORDS)[:WORDS_A_VOICE]]
        for text in (*words, *(sentence(rng) for _ in range(PIECES_A_VOICE))):
            accent = ACCENTS[int(rng.integers(len(ACCENTS)))]
            rate, pitch, pitch_range = rng.integers((130, 20, 20), (230, 80, 80))
            samples = speaker.say(Utterance(text, f"{accent}+{voice}", int(rate), int(pitch), int(pitch_range)))
            heard = trim(resample(samples, speaker.sampling_rate))
            start = int(rng.integers(max(1, len(heard) - RATE + 1)))
            yield f"{text}/{identity}_nohash_0.wav", heard[start : start + RATE]


def sentence(rng: np.random.Generator) -> str:
    chosen = {kind: str(rng.choice(listed.split("|"))) for kind, listed in VOCABULARY.items()}
    return PATTERNS[int(rng.integers(len(PATTERNS)))].format(**chosen)


def main(folder: str, voices: str = "") -> None:
    """What `other_words` starts: writes the clips, and on standard output how far it is."""
    for done, total in speak(Path(folder), int(voices) if voices else None):
        print(done, total, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
