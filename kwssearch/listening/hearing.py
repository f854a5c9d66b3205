"""Models that listen to a stream: what each would say in each window, whatever its threshold."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from kwssearch.artefact import Classifier, Detector, DetectorSetting
from kwssearch.artefact.classifier import Array
from kwssearch.listening.truth import Samples, Sound
from kwssearch.listening.windows import WindowFeatures
from kwssearch.space import FeatureSetting, StreamSettings


@dataclass(frozen=True)
class Model:
    """A .tflite and what must be known to listen with it.

    Attributes:
        keywords: the classes that can be heard, by index.
        macs: multiply-accumulates of one invocation.
    """

    trial_id: str
    name: str
    content: bytes
    front_end: FeatureSetting
    keywords: tuple[int, ...]
    macs: float = 0.0

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Heard:
    """The smoothed answers of a model, window by window.

    Attributes:
        ends: seconds of the stream up to the window's end, shape (windows,).
        scores: mean probability of the likeliest keyword, shape (windows,).
        best: that keyword's class, shape (windows,).
        suppression: windows from one heard word to the earliest next one.
    """

    ends: npt.NDArray[np.float64]
    scores: Array
    best: npt.NDArray[np.int64]
    suppression: int


class Listener:
    """A model with its detector, fed window by window."""

    def __init__(self, model: Model, setting: DetectorSetting) -> None:
        self.model, self.setting = model, setting
        self._classifier = Classifier(model.content)
        self._detector = Detector(model.keywords, setting)
        self.scores, self.best = array("f"), array("h")

    def __call__(self, features: Array) -> None:
        for window in features:
            self._detector(self._classifier.probabilities(window))
            self.best.append(self._detector.best)
            self.scores.append(self._detector.smoothed[self._detector.best])

    def heard(self, window_s: float) -> Heard:
        """All of its answers, on windows of so many seconds."""
        scores, best = np.array(self.scores, np.float32), np.array(self.best, np.int64)
        ends = window_s + self.setting.hop_s * np.arange(len(scores), dtype=np.float64)
        return Heard(ends, scores, best, self.setting.suppression)


def hear(
    sound: Sound, models: Sequence[Model], settings: StreamSettings, show: Callable[[int, int], None]
) -> tuple[list[Heard], str]:
    """What each model makes of a stream, and the SHA-256 of the stream's samples.

    Features are computed once for each front end. A stream of any length takes the memory of one of its blocks, and
    of two numbers a window and model.

    Args:
        show: told how many of how many seconds are done.
    """
    features = {model.front_end: WindowFeatures(model.front_end, sound.rate, settings.hop_ms) for model in models}
    listeners = [Listener(model, detector(settings, features[model.front_end].hop_s)) for model in models]
    digest = hashlib.sha256()
    with threadpool_limits(1):  # products of some hundred frames are too small to share: threads would only wait
        for block in told(sound, show):
            digest.update(block.astype("<i2", copy=False).tobytes())
            found = {front_end: compute(block) for front_end, compute in features.items()}
            for model, listener in zip(models, listeners, strict=True):
                listener(found[model.front_end])
    return [listener.heard(features[listener.model.front_end].window_s) for listener in listeners], digest.hexdigest()


def detector(settings: StreamSettings, hop_s: float) -> DetectorSetting:
    """How a stream is listened to, whatever the threshold."""
    return DetectorSetting(hop_s=hop_s, smoothing=settings.smoothing, suppression_s=settings.suppression_s)


def told(sound: Sound, show: Callable[[int, int], None]) -> Iterator[Samples]:
    """A sound's blocks, while it is shown how far they go."""
    total, done = max(1, round(sound.truth.seconds)), 0
    for block in sound.blocks():
        yield block
        done += len(block)
        show(min(total, done // sound.rate), total)
