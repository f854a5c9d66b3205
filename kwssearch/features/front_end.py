"""Log-mel and MFCC front ends in NumPy: one implementation for training and for the device."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft

from kwssearch.errors import counted
from kwssearch.space import FeatureSetting
from kwssearch.system.cache import UnwritableError, kept, private_folder

Array = npt.NDArray[np.float32]
VERSION = 2
EPSILON = 1e-6


class FrontEnd:
    """From a window of audio to a model's input.

    Args:
        setting: sampling rate, frames, mel bands and coefficients.
        recording_rate: samples a second of the audio that will come in.
    """

    def __init__(self, setting: FeatureSetting, recording_rate: int) -> None:
        self.setting = setting
        self.recording_rate = recording_rate
        length = setting.frame_length
        self.window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)
        self.mel = mel_matrix(setting)
        self.dct = dct_matrix(setting.mel_bins, setting.coefficients) if setting.coefficients else None
        factor = gcd(setting.sampling_rate, recording_rate)
        self.up, self.down = setting.sampling_rate // factor, recording_rate // factor
        self.taps = resampling_filter(max(self.up, self.down))

    def __call__(self, samples: npt.NDArray[Any]) -> Array:
        """Features, shape (frames, bands or coefficients, 1).

        Args:
            samples: shape (n,), n up to one window; int16, or float in [-1, 1].

        Natural logarithm of the mel-weighted magnitude spectrum, and for MFCC its scaled DCT-II
        (Davis and Mermelstein, 1980); mel scale, window and DCT as in tf.signal.
        """
        audio = samples.astype(np.float32) / np.float32(32768) if samples.dtype == np.int16 else samples
        audio = pad(self.resample(audio), self.setting.samples)
        frames = np.lib.stride_tricks.sliding_window_view(audio, len(self.window))[:: self.setting.frame_step]
        # Not NumPy's: its work space is given back to the system at every call, which tripled the latency.
        magnitude = np.abs(rfft(frames * self.window))
        features: Array = np.log(magnitude @ self.mel + np.float32(EPSILON))
        if self.dct is not None:
            features = features @ self.dct
        return features[:, :, np.newaxis]

    def resample(self, audio: Array) -> Array:
        """Audio at the setting's rate, by the filter that was designed when the front end was made."""
        if self.up == self.down:
            return audio
        from scipy.signal import resample_poly

        resampled: Array = resample_poly(audio, self.up, self.down, window=self.taps).astype(np.float32)
        return resampled


def resampling_filter(rate: int) -> Array:
    """Low-pass taps, shape (20 rate + 1,), that cut off at 1 / rate of the band (Kaiser window, beta 5).

    SciPy's resample_poly would design the same ones at every call: most of its time for a second of sound.
    """
    from scipy.signal import firwin

    if rate == 1:
        return np.ones(1, np.float32)
    taps: Array = firwin(20 * rate + 1, 1 / rate, window=("kaiser", 5.0)).astype(np.float32)
    return taps


def pad(audio: Array, length: int) -> Array:
    """The first `length` samples, with zeros added at the end if there are fewer."""
    if len(audio) == length:
        return audio
    padded = np.zeros(length, np.float32)
    padded[: min(len(audio), length)] = audio[:length]
    return padded


def mel_matrix(setting: FeatureSetting) -> Array:
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


def cache_key(fingerprint: str, setting: FeatureSetting) -> str:
    """Names the features of one data set under one setting, whatever the setting is called."""
    figures = {k: v for k, v in asdict(setting).items() if k != "name"}
    text = json.dumps([VERSION, fingerprint, figures], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def cached_features(
    folder: Path,
    fingerprint: str,
    front_end: FrontEnd,
    splits: Mapping[str, int],
    audio: Callable[[str, int], npt.NDArray[Any]],
) -> dict[str, Array]:
    """The features of every split, shape (clips, frames, bands, 1), read-only and memory-mapped.

    Computed once per data set and setting, clip by clip, then shared by every process that asks; computed again if
    what is kept is not whole. If the cache cannot be written, they are kept in a temporary folder of the user's.

    Args:
        folder: the cache; its content may be deleted at any time.
        fingerprint: the data set's.
        splits: name -> number of clips.
        audio: (split, index) -> samples of one clip.
    """
    setting = front_end.setting
    key = cache_key(fingerprint, setting)
    make = functools.partial(write_splits, splits=splits, front_end=front_end, audio=audio)
    about = f"{setting.name}, {' × '.join(map(str, setting.shape[:2]))}, {counted(sum(splits.values()), 'clip')}"
    try:
        target = kept(folder / key, make, about)
    except UnwritableError:
        target = kept(private_folder() / "features" / key, make, about)
    return {split: np.load(target / f"{split}.npy", mmap_mode="r") for split in splits}


def write_splits(
    folder: Path, splits: Mapping[str, int], front_end: FrontEnd, audio: Callable[[str, int], npt.NDArray[Any]]
) -> None:
    for split, clips in splits.items():
        write_features(folder / f"{split}.npy", clips, split, front_end, audio)


def write_features(
    path: Path, clips: int, split: str, front_end: FrontEnd, audio: Callable[[str, int], npt.NDArray[Any]]
) -> None:
    # Written, not mapped: on a full disk a store into a map kills the process, where a write raises OSError.
    shape = (clips, *front_end.setting.shape)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        for i in range(clips):
            file.write(front_end(audio(split, i)).astype("<f4").tobytes())
