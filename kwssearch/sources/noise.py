"""Noise at a level: made, recorded, or of voices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float64]

EXPONENTS = {"white": 0.0, "pink": 1.0, "brown": 2.0}
LOWEST_HZ = 20
LOUDEST_S = 0.3
FADE_S = 0.02


def coloured(exponent: float, length: int, rate: int, rng: np.random.Generator) -> Audio:
    """Noise, shape (length,), whose power falls as frequency ** -exponent above 20 Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    hertz = np.maximum(np.fft.rfftfreq(length, 1 / rate), LOWEST_HZ)
    noise: Audio = np.fft.irfft(spectrum * hertz ** (-exponent / 2), length)
    return noise


def babble(voices: Sequence[Audio], length: int, rng: np.random.Generator) -> Audio:
    """All voices at once, shape (length,), each as loud as the others, from anywhere in what it says."""
    total = np.zeros(length)
    for voice in voices:
        if loudness := rms(voice):
            total += np.resize(np.roll(voice, int(rng.integers(len(voice)))), length) / loudness
    return total


def rms(audio: Audio) -> float:
    return float(np.sqrt(np.mean(np.square(audio)))) if len(audio) else 0.0


def level(audio: Audio, rate: int) -> float:
    """Root mean square of the loudest 300 ms."""
    width = min(len(audio), round(LOUDEST_S * rate))
    energy = np.concatenate([[0.0], np.cumsum(np.square(audio))])
    return float(np.sqrt(max(0.0, np.max(energy[width:] - energy[:-width])) / width)) if width else 0.0


def at_level(audio: Audio, wanted: float) -> Audio:
    """Scaled to this root mean square.

    Raises:
        ValueError: there is no sound in it.
    """
    loudness = rms(audio)
    if not loudness:
        raise ValueError("holds no sound")
    return audio * (wanted / loudness)


def gain(decibels: float) -> float:
    return float(10 ** (decibels / 20))


def faded(audio: Audio, rate: int) -> Audio:
    """With 20 ms of fading in and out, and no louder than full scale."""
    width = min(len(audio) // 2, round(FADE_S * rate))
    ramp = (np.arange(width) + 0.5) / max(width, 1)
    shaped = audio.copy()
    shaped[:width] *= ramp
    shaped[len(shaped) - width :] *= ramp[::-1]
    peak = float(np.max(np.abs(shaped), initial=0))
    return shaped / peak if peak > 1 else shaped
