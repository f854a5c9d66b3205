"""Log-mel and MFCC front ends in NumPy: one implementation for training and for the device.

This file needs nothing but NumPy. An exported bundle holds a copy of it, and an exported C front end takes its tables
from it.
"""

from __future__ import annotations

from math import gcd
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
VERSION = 2
EPSILON = 1e-6
FEW_PHASES = 8


class Setting(Protocol):
    """What a front end computes; lengths in samples at `sampling_rate`, `coefficients` None for log-mel."""

    @property
    def sampling_rate(self) -> int: ...
    @property
    def samples(self) -> int: ...
    @property
    def frame_length(self) -> int: ...
    @property
    def frame_step(self) -> int: ...
    @property
    def mel_bins(self) -> int: ...
    @property
    def lower_hz(self) -> float: ...
    @property
    def upper_hz(self) -> float: ...
    @property
    def coefficients(self) -> int | None: ...


class FrontEnd:
    """From a window of audio to a model's input.

    Args:
        setting: sampling rate, frames, mel bands and coefficients.
        recording_rate: samples a second of the audio that will come in.
    """

    transform = staticmethod(np.fft.rfft)

    def __init__(self, setting: Setting, recording_rate: int) -> None:
        self.setting = setting
        self.recording_rate = recording_rate
        self.window = hann_window(setting.frame_length)
        self.mel = mel_matrix(setting)
        self.dct = dct_matrix(setting.mel_bins, setting.coefficients) if setting.coefficients else None
        self.resample = Resampler(recording_rate, setting.sampling_rate)

    def __call__(self, samples: npt.NDArray[Any]) -> Array:
        """Features, shape (frames, bands or coefficients, 1).

        Args:
            samples: shape (n,), n up to one window; int16, or float in [-1, 1].

        Natural logarithm of the mel-weighted magnitude spectrum, and for MFCC its scaled DCT-II
        (Davis and Mermelstein, 1980); mel scale, window and DCT as in tf.signal.
        """
        audio = samples.astype(np.float32) / np.float32(32768) if samples.dtype == np.int16 else samples
        return self.frames(pad(self.resample(audio), self.setting.samples))[:, :, np.newaxis]

    def frames(self, audio: Array) -> Array:
        """Features of every whole frame, shape (frames, bands or coefficients), of audio at the setting's rate."""
        frames = np.lib.stride_tricks.sliding_window_view(audio, len(self.window))[:: self.setting.frame_step]
        magnitude = np.abs(self.transform(frames * self.window))
        features: Array = np.log(magnitude @ self.mel + np.float32(EPSILON))
        return features if self.dct is None else features @ self.dct


class Resampler:
    """Audio at another rate, by a low-pass filter that is designed once (Crochiere and Rabiner, 1983).

    Args:
        rate: samples a second that come in.
        wanted: samples a second that go out; every `up` of them need the same taps.
    """

    def __init__(self, rate: int, wanted: int) -> None:
        factor = gcd(rate, wanted)
        self.up, self.down = wanted // factor, rate // factor
        taps = low_pass(max(self.up, self.down)) * np.float32(self.up)
        half = len(taps) // 2
        position = np.arange(self.up)[:, np.newaxis] * self.down  # of the outputs, in steps of `up` an input
        self.width = -(-len(taps) // self.up)
        self.first = -((half - position[:, 0]) // self.up)  # the first input that an output needs
        place = half + position - (self.first[:, np.newaxis] + np.arange(self.width)) * self.up
        self.taps = np.where(place >= 0, taps[np.maximum(place, 0)], 0).astype(np.float32)

    def __call__(self, audio: Array) -> Array:
        """Shape (n up / down,), rounded up; what is before and after the audio counts as zero."""
        if self.up == self.down:
            return audio
        length = -(-len(audio) * self.up // self.down)
        blocks = -(-length // self.up)
        before = -int(self.first[0])
        after = max(0, (blocks - 1) * self.down + int(self.first[-1]) + self.width - len(audio))
        padded = np.pad(np.asarray(audio, np.float32), (before, after))
        resampled = np.zeros((blocks, self.up), np.float32)
        if self.up <= FEW_PHASES:
            for phase, start in enumerate(self.first + before):
                for tap, weight in enumerate(self.taps[phase], start):
                    resampled[:, phase] += weight * padded[tap :: self.down][:blocks]
        else:
            places = np.arange(blocks)[:, np.newaxis] * self.down + self.first + before
            for tap in range(self.width):
                resampled += self.taps[:, tap] * padded[tap:].take(places)
        return resampled.ravel()[:length]


def low_pass(rate: int) -> Array:
    """Taps, shape (20 rate + 1,), of a filter that cuts off at 1 / rate of the band (Kaiser window, beta 5).

    They and their use are those of scipy.signal.resample_poly.
    """
    if rate == 1:
        return np.ones(1, np.float32)
    taps = np.sinc(np.arange(-10 * rate, 10 * rate + 1) / rate) * np.kaiser(20 * rate + 1, 5.0) / rate
    normed: Array = (taps / taps.sum()).astype(np.float32)
    return normed


def pad(audio: Array, length: int) -> Array:
    """The first `length` samples, with zeros added at the end if there are fewer."""
    if len(audio) == length:
        return audio
    padded = np.zeros(length, np.float32)
    padded[: min(len(audio), length)] = audio[:length]
    return padded


def hann_window(length: int) -> Array:
    """Periodic, shape (length,)."""
    window: Array = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)
    return window


def mel_matrix(setting: Setting) -> Array:
    """Triangular bands, shape (frame_length // 2 + 1, mel_bins), evenly spaced on the HTK mel scale.

    mel(f) = 1127 ln(1 + f / 700) (Young et al., The HTK Book); the zero-frequency bin has no weight.
    """
    hertz = np.fft.rfftfreq(setting.frame_length, 1 / setting.sampling_rate)
    edges = np.linspace(to_mel(setting.lower_hz), to_mel(setting.upper_hz), setting.mel_bins + 2)
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    bins = to_mel(hertz)[:, np.newaxis]
    rising = (bins - lower) / (centre - lower)
    falling = (upper - bins) / (upper - centre)
    weights = np.maximum(0, np.minimum(rising, falling))
    weights[0] = 0
    rounded: Array = weights.astype(np.float32)
    return rounded


def to_mel(hertz: Any) -> Any:
    return 1127 * np.log1p(np.asarray(hertz, np.float64) / 700)


def dct_matrix(bins: int, coefficients: int) -> Array:
    """The first columns of the DCT-II scaled by sqrt(2 / bins), shape (bins, coefficients)."""
    phase = np.pi / bins * np.outer(np.arange(bins) + 0.5, np.arange(coefficients))
    columns: Array = (np.cos(phase) * np.sqrt(2 / bins)).astype(np.float32)
    return columns
