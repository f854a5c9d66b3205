"""What listening costs: the work that a second of sound takes, here and as an estimate for devices."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from kwssearch.artefact import Classifier
from kwssearch.features import FrontEnd, mel_matrix
from kwssearch.listening.hearing import Model
from kwssearch.listening.windows import WindowFeatures
from kwssearch.space import FeatureSetting, StreamSettings, known_devices

REPEATS = 30
WARM_UP = 3


def cost(model: Model, rate: int, settings: StreamSettings) -> dict[str, Any]:
    """Of a second of sound: its new frames, and one invocation a hop; JSON-ready.

    Milliseconds are medians on one thread of this machine. Devices are those whose cycles are known, and their shares
    of time those of an int8 model, without the front end.

    Args:
        rate: samples a second.
    """
    hop_s = WindowFeatures(model.front_end, rate, settings.hop_ms).hop_s
    invocations = 1 / hop_s
    front_end_ms, model_ms = measured(model, rate)
    milliseconds = front_end_ms + invocations * model_ms
    macs = invocations * model.macs
    frames = model.front_end.sampling_rate / model.front_end.frame_step
    shares = {device.name: device.seconds(macs) for device in known_devices().values()}
    return {
        "invocations": round(invocations, 3),
        "model_macs": round(macs),
        "front_end_macs": round(frame_macs(model.front_end) * frames),
        "front_end_ms": round(front_end_ms, 4),
        "model_ms": round(invocations * model_ms, 4),
        "duty_cycle": round(milliseconds / 1000, 6),
        "devices": {name: [round(end, 5) for end in ends] for name, ends in shares.items() if ends},
    }


def measured(model: Model, rate: int) -> tuple[float, float]:
    """Milliseconds for the frames of a second, and for one invocation."""
    setting = model.front_end
    front_end, classifier = FrontEnd(setting, rate), Classifier(model.content)
    sound = np.random.default_rng(0).uniform(-0.1, 0.1, rate).astype(np.float32)
    window = front_end(np.resize(sound, round(rate * setting.samples / setting.sampling_rate)))
    with threadpool_limits(1):
        frames_ms = median_ms(lambda: front_end.frames(front_end.resample(sound)))
        return frames_ms, median_ms(lambda: classifier.probabilities(window))


def median_ms(call: Callable[[], object]) -> float:
    times = []
    for _ in range(WARM_UP + REPEATS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return 1000 * float(np.median(times[WARM_UP:]))


def frame_macs(setting: FeatureSetting) -> float:
    """Multiply-accumulates of a frame: window, real FFT of its length, magnitudes, mel bands that are not zero, DCT.

    An FFT of n real values is taken for one of n / 2 complex ones, with four multiplications a butterfly, and n more.
    """
    n = setting.frame_length
    transform = n * math.log2(n / 2) + n
    mel = np.count_nonzero(mel_matrix(setting))
    return n + transform + 2 * (n / 2 + 1) + mel + setting.mel_bins * (setting.coefficients or 0)
