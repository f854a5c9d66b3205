"""Features of every window of a stream, of each frame only once where that gives the same features."""

from __future__ import annotations

import numpy as np

from kwssearch.artefact.classifier import Array
from kwssearch.artefact.detector import windows
from kwssearch.features import FrontEnd
from kwssearch.listening.truth import Samples
from kwssearch.space import FeatureSetting


class WindowFeatures:
    """What a front end makes of a stream that comes in pieces.

    Windows overlap, and a frame that several of them hold is computed once (about a tenth of the time). Where the
    stream has to be resampled, a window's first and last frames depend on where it was cut, so that each window is
    computed for itself, as a device does.

    Args:
        rate: samples a second of the stream.
        hop_ms: from one window to the next; rounded to whole frames, at most a window.

    Attributes:
        hop_s: what it was rounded to.
        window_s: seconds of a window.
        stride: rows of `frames` from one window's first to the next one's.
    """

    def __init__(self, setting: FeatureSetting, rate: int, hop_ms: float) -> None:
        self.front_end = FrontEnd(setting, rate)
        self.setting = setting
        step_s = setting.frame_step / setting.sampling_rate
        hop = min(max(1, round(hop_ms / 1000 / step_s)), setting.shape[0])
        self.hop_s = hop * step_s
        self.window_s = setting.samples / setting.sampling_rate
        self._resampled = setting.sampling_rate != rate
        self.stride = setting.shape[0] if self._resampled else hop
        self._length, self._hop = round(self.window_s * rate), max(1, round(self.hop_s * rate))
        self._samples = np.empty(0, np.int16)
        self._frames: Array = np.empty((0, setting.shape[1]), np.float32)

    def __call__(self, block: Samples) -> Array:
        """Features of the windows that end in this block, shape (windows, frames, bands or coefficients, 1)."""
        self._frames = np.concatenate([self._frames, self.frames(block)])
        found = windows_of(self._frames, self.setting.shape[0], self.stride)
        self._frames = self._frames[len(found) * self.stride :]
        return found

    def frames(self, block: Samples) -> Array:
        """What this block adds to the frames of which windows are cut, shape (frames, bands or coefficients)."""
        self._samples = np.concatenate([self._samples, block])
        return self._each_window() if self._resampled else self._shared_frames()

    def _each_window(self) -> Array:
        found = [self.front_end(window) for _, window in windows([self._samples], self._length, self._hop)]
        self._samples = self._samples[len(found) * self._hop :]
        return np.concatenate([self._frames[:0], *(features[..., 0] for features in found)])

    def _shared_frames(self) -> Array:
        step, length = self.setting.frame_step, self.setting.frame_length
        count = max(0, 1 + (len(self._samples) - length) // step)
        if not count:
            return self._frames[:0]
        audio = self._samples[: (count - 1) * step + length].astype(np.float32) / np.float32(32768)
        self._samples = self._samples[count * step :]
        return self.front_end.frames(audio)


def windows_of(frames: Array, length: int, stride: int) -> Array:
    """All whole windows of so many frames, shape (windows, length, bands, 1)."""
    count = max(0, 1 + (len(frames) - length) // stride)
    if not count:
        return np.empty((0, length, frames.shape[1], 1), np.float32)
    views = np.lib.stride_tricks.sliding_window_view(frames, length, axis=0)[::stride][:count]
    return np.ascontiguousarray(views.transpose(0, 2, 1), np.float32)[..., np.newaxis]
