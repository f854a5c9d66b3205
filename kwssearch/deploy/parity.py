"""Ten sounds that nobody said, and what a model makes of them: whoever has the bundle can compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.deploy.bundled.check import Vector
from kwssearch.deploy.bundled.spotter import Spotter

SEED = 2026
BUZZES = 5
Samples = npt.NDArray[np.int16]


def vectors(description: Mapping[str, Any], content: bytes) -> list[Vector]:
    """Test vectors at the front end's own sampling rate.

    Args:
        description: as model.json has it.
        content: the .tflite.
    """
    spotter = Spotter(description, content)
    found = []
    for name, sound in sounds(spotter.window, spotter.rate):
        features = spotter.front_end(sound)
        found.append(Vector(name, sound, features, spotter.classifier.probabilities(features)))
    return found


def sounds(length: int, rate: int) -> Iterator[tuple[str, Samples]]:
    """Names and 16-bit samples: buzzes with gliding formants, noises, a sweep, a short one, and silence.

    All but the silence have noise beneath, as microphones do: of spectra without any, rounding alone decides.
    """
    rng = np.random.default_rng(SEED)
    time = np.arange(length) / rate
    for number in range(BUZZES):
        yield (
            f"buzz {number + 1}",
            recorded(buzz(rng, time, rate) * envelope(time), 10.0 ** -rng.uniform(0.1, 1.2), rng),
        )
    yield "white noise", recorded(rng.standard_normal(length), 0.1, rng)
    yield "bursts of noise", recorded(rng.standard_normal(length) * (np.sin(40 * time) > 0.5), 0.3, rng)
    yield "sweep", recorded(np.sin(2 * np.pi * (100 + rate / 6 * time / time[-1]) * time), 0.5, rng)
    yield "half a window", recorded(buzz(rng, time, rate)[: length // 2], 0.2, rng)
    yield "silence", np.zeros(length, np.int16)


def buzz(rng: np.random.Generator, time: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    """Harmonics of a gliding voice under two gliding formants."""
    pitch = rng.uniform(90, 220) * (1 + rng.uniform(-0.2, 0.2) * time)
    ends = rng.uniform((300, 900), (900, 2600), (2, 2))
    formants = [start + (end - start) * time / time[-1] for start, end in ends.T]
    total = np.zeros_like(time)
    for harmonic in range(1, int(rate / 2 / pitch.max())):
        gain = sum(1 / (1 + ((harmonic * pitch - formant) / 120) ** 2) for formant in formants)
        total += gain * np.sin(2 * np.pi * harmonic * np.cumsum(pitch) / rate)
    normed: npt.NDArray[np.float64] = total / np.abs(total).max()
    return normed


def envelope(time: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Rises and falls within the middle of a window."""
    level: npt.NDArray[np.float64] = np.exp(-(((time / time[-1] - 0.5) / 0.2) ** 4))
    return level


def recorded(sound: npt.NDArray[np.float64], level: float, rng: np.random.Generator) -> Samples:
    """16-bit samples of a sound at a level, 1 being full scale, with a microphone's noise."""
    noisy = 32767 * level * sound + 20 * rng.standard_normal(len(sound))
    return np.clip(np.rint(noisy), -32768, 32767).astype(np.int16)
