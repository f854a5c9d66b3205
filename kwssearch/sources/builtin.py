"""The built-in data set: the lab's eight words, spoken on this machine in many voices and noises.

A stand-in for recordings, so that everything can be tried offline.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kwssearch.sources import LISTS
from kwssearch.system.cache import DataError, kept
from kwssearch.system.steps import Show, steps

if TYPE_CHECKING:
    from kwssearch.sources.espeak import Speaker

VERSION = 1
SEED = 42
WORDS = ("down", "go", "left", "no", "right", "stop", "up", "yes")
ACCENTS = (
    "en-us", "en-us-nyc", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029",
)  # fmt: skip
ACCENTS_A_VOICE = 4
SHARES = {"test": 0.18, "validation": 0.1}  # of the voices; the rest is for training
RATE = 16_000
SNR_DB = (5, 35)
PEAK = (0.25, 0.95)

Audio = npt.NDArray[np.float64]
Clip = tuple[str, Audio]


def builtin(cache: Path, voices: int | None = None) -> Path:
    """The folder of the spoken words, made on first use.

    Args:
        cache: where it is kept.
        voices: how many of espeak-ng's some hundred timbres speak; all when not given.

    Raises:
        DataError: espeakng-loader is not installed, or the cache cannot be written.
    """
    target = cache / (f"builtin-{VERSION}" if voices is None else f"builtin-{VERSION}-{voices}")
    return kept(target, functools.partial(speak_apart, voices=voices), "the built-in words, as spoken")


def speak_apart(folder: Path, voices: int | None, program: str = __name__) -> None:
    """Writes what a module speaks, in a process of its own: espeak-ng is deterministic in one that has not spoken.

    Raises:
        DataError: it cannot speak.
    """
    if importlib.util.find_spec("espeakng_loader") is None:
        raise DataError(
            "builtin: needs the package espeakng-loader, which is not installed; "
            "run pip install espeakng-loader, or name a folder of recordings.",
            about="data",
        )
    command = [sys.executable, "-m", program, str(folder), *([str(voices)] if voices else [])]
    with steps("Speaking the built-in words", " with espeak-ng, once") as show:
        code, said = followed(command, show)
    if code:
        last = (said.strip().splitlines() or [f"its process ended with {code}"])[-1]
        raise DataError(
            f"builtin: espeak-ng could not speak ({last}); "
            "run pip install --force-reinstall espeakng-loader, or name a folder of recordings.",
            about="data",
        )


def followed(command: list[str], show: Show) -> tuple[int, str]:
    """Runs a program that prints 'done total' lines; its exit code, and what it wrote on standard error."""
    with tempfile.TemporaryFile() as faults:
        with subprocess.Popen(
            command, text=True, errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=faults
        ) as process:
            try:
                for line in process.stdout or ():
                    if len(words := line.split()) == 2 and all(map(str.isdecimal, words)):
                        show(int(words[0]), int(words[1]))
            except BaseException:
                process.kill()
                raise
        faults.seek(0)
        return process.returncode, faults.read().decode(errors="replace")


def speak(folder: Path, voices: int | None = None, show: Show = lambda done, total: None) -> None:
    """Writes the data set: a folder a word, and the two lists.

    Args:
        show: told how many of how many steps are done; each clip is one to say and one to mix.
    """
    from kwssearch.sources.espeak import Speaker

    rng = np.random.default_rng(SEED)
    speaker = Speaker(SEED)
    names = timbres(rng)[:voices]
    for word in WORDS:
        (folder / word).mkdir()
    at, done, total = 0, 0, 2 * len(names) * ACCENTS_A_VOICE * len(WORDS)

    def told(clips: Iterable[Clip]) -> Iterator[Clip]:
        nonlocal done
        for clip in clips:
            yield clip
            done += 1
            show(done, total)

    for split, count in shares(len(names)).items():
        clips = dict(told(say_words(speaker, names[at : at + count], rng)))
        at += count
        for path, speech in told(clips.items()):
            write(folder / path, mix(speech, list(clips.values()), rng))
        if split in LISTS:
            (folder / LISTS[split]).write_text("".join(f"{path}\n" for path in sorted(clips)))


def timbres(rng: np.random.Generator) -> list[str]:
    """Of espeak-ng, in drawn order."""
    from kwssearch.sources.espeak import variants

    return [str(name) for name in rng.permutation(variants())]


def timbres_of(split: str) -> list[str]:
    """The timbres that speak in a split of the whole data set, and in no other one."""
    names, at = timbres(np.random.default_rng(SEED)), 0
    for each, count in shares(len(names)).items():
        if each == split:
            return names[at : at + count]
        at += count
    raise LookupError(split)


def shares(voices: int) -> dict[str, int]:
    """How many voices each split has; none is in two."""
    counts = {split: max(1, round(share * voices)) for split, share in SHARES.items()}
    return {**counts, "train": voices - sum(counts.values())}


def say_words(speaker: Speaker, voices: list[str], rng: np.random.Generator) -> Iterator[Clip]:
    """Path and speech at 16 kHz without silence around it; every voice says every word in some accents."""
    from kwssearch.sources.espeak import Utterance

    for voice in voices:
        identity = hashlib.sha256(voice.encode()).hexdigest()[:8]
        for take, accent in enumerate(rng.permutation(ACCENTS)[:ACCENTS_A_VOICE]):
            for word in WORDS:
                rate, pitch, pitch_range = rng.integers((130, 20, 20), (230, 80, 80))
                samples = speaker.say(Utterance(word, f"{accent}+{voice}", int(rate), int(pitch), int(pitch_range)))
                yield f"{word}/{identity}_nohash_{take}.wav", trim(resample(samples, speaker.sampling_rate))


def resample(samples: npt.NDArray[np.int16], rate: int) -> Audio:
    from scipy.signal import resample_poly

    factor = gcd(RATE, rate)
    resampled: Audio = resample_poly(samples / 32768, RATE // factor, rate // factor)
    return resampled


def trim(speech: Audio) -> Audio:
    """Without what is more than 40 dB below the peak at either end."""
    loud = np.flatnonzero(np.abs(speech) > 0.01 * np.abs(speech).max())
    return speech[loud[0] : loud[-1] + 1]


def mix(speech: Audio, others: list[Audio], rng: np.random.Generator) -> Audio:
    """One second, shape (16000,), in [-1, 1]: the word at some time, at some loudness, in some noise.

    The word may lose a tenth of itself at either end, as recordings cut by a machine do.
    """
    slack = len(speech) // 10
    start = int(rng.integers(-slack, max(RATE - len(speech) + slack, 1 - slack)))
    clip = np.zeros(RATE)
    heard = speech[max(0, -start) : RATE - start]
    clip[max(0, start) : max(0, start) + len(heard)] = heard
    noise = NOISES[int(rng.integers(len(NOISES)))](others, rng)
    ratio = 10 ** (rng.uniform(*SNR_DB) / 20)
    clip += noise * np.sqrt(np.mean(heard**2) / np.mean(noise**2)) / ratio
    peak = np.exp(rng.uniform(*np.log(PEAK)))
    scaled: Audio = clip * peak / np.abs(clip).max()
    return scaled


def coloured(exponent: float) -> Callable[[list[Audio], np.random.Generator], Audio]:
    """Noise whose power falls as frequency ** -exponent: 0 white, 1 pink, 2 brown."""

    def noise(others: list[Audio], rng: np.random.Generator) -> Audio:
        spectrum = np.fft.rfft(rng.standard_normal(RATE))
        hertz = np.maximum(np.fft.rfftfreq(RATE, 1 / RATE), 20)
        shaped: Audio = np.fft.irfft(spectrum * hertz ** (-exponent / 2), RATE)
        return shaped

    return noise


def hum(others: list[Audio], rng: np.random.Generator) -> Audio:
    """A machine's: harmonics of 50 to 200 Hz over a little white noise."""
    phase = 2 * np.pi * rng.uniform(50, 200) * np.arange(RATE) / RATE
    tones = [np.sin(k * phase + rng.uniform(0, 2 * np.pi)) / np.sqrt(k) for k in range(1, 20)]
    total: Audio = np.sum(tones, axis=0) + 0.3 * rng.standard_normal(RATE)
    return total


def babble(others: list[Audio], rng: np.random.Generator) -> Audio:
    """Six voices of the same split at once, from anywhere in their words."""
    total = np.full(RATE, 1e-6)
    for i in rng.integers(len(others), size=6):
        total += np.roll(np.resize(others[i], RATE), rng.integers(RATE)) / np.abs(others[i]).max()
    return total


NOISES = (coloured(0), coloured(1), coloured(2), hum, babble)


def write(path: Path, clip: Audio) -> None:
    import soundfile

    soundfile.write(path, np.round(clip * 32767).astype(np.int16), RATE, subtype="PCM_16", format="WAV")


def main(folder: str, voices: str = "") -> None:
    """What `speak_apart` starts: writes the data set, and on standard output how far it is."""
    speak(Path(folder), int(voices) if voices else None, lambda done, total: print(done, total, flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
