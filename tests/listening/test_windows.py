"""Features of a stream's windows are those of the front end, whatever the stream is cut into."""

import numpy as np
import pytest

from kwssearch.features import FrontEnd
from kwssearch.listening.windows import WindowFeatures
from kwssearch.space import FeatureSetting

RATE = 16_000
SETTINGS = {
    "mfcc": {"kind": "mfcc", "coefficients": 10},
    "log_mel": {"kind": "log_mel"},
    "8 kHz": {"kind": "mfcc", "coefficients": 10, "sampling_rate": 8000, "upper_hz": 4000.0},
    "frames apart": {"kind": "log_mel", "overlap": 0.0},
}


def setting(**changes) -> FeatureSetting:
    plain = {"name": "x", "sampling_rate": RATE, "frame_length_ms": 40.0, "overlap": 0.5, "mel_bins": 40}
    return FeatureSetting(**{**plain, "lower_hz": 20.0, "upper_hz": 4000.0, **changes})


def stream(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    loudness = np.exp(rng.uniform(np.log(1), np.log(9000), round(10 * seconds))).repeat(RATE // 10)
    return (rng.standard_normal(len(loudness)) * loudness).clip(-32768, 32767).astype(np.int16)


@pytest.mark.parametrize("hop_ms", [20, 100, 250, 3000])
@pytest.mark.parametrize("name", SETTINGS)
def test_they_are_the_front_ends(name: str, hop_ms: float) -> None:
    features, samples = WindowFeatures(setting(**SETTINGS[name]), RATE, hop_ms), stream(6)
    found = np.concatenate([features(block) for block in np.array_split(samples, 7)])
    front_end = FrontEnd(features.setting, RATE)
    hop = round(features.hop_s * RATE)
    expected = [front_end(samples[start : start + RATE]) for start in range(0, len(samples) - RATE + 1, hop)]
    assert len(expected) > 4
    np.testing.assert_allclose(found, np.stack(expected), atol=1e-5)


@pytest.mark.parametrize("size", [1, 333, 16_000, 100_000])
def test_blocks_of_any_size_give_the_same(size: int) -> None:
    samples = stream(1.5 if size == 1 else 4)
    whole = WindowFeatures(setting(**SETTINGS["mfcc"]), RATE, 100)(samples)
    features = WindowFeatures(setting(**SETTINGS["mfcc"]), RATE, 100)
    pieces = [features(samples[start : start + size]) for start in range(0, len(samples), size)]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-5)


@pytest.mark.parametrize("hop_ms, frames", [(100, 5), (250, 12), (205, 10), (1, 1), (5000, 49)])
def test_a_hop_is_whole_frames_and_no_longer_than_a_window(hop_ms: float, frames: int) -> None:
    features = WindowFeatures(setting(**SETTINGS["mfcc"]), RATE, hop_ms)
    assert features.hop_s == pytest.approx(0.02 * frames)


def test_what_is_held_does_not_grow() -> None:
    features, block = WindowFeatures(setting(**SETTINGS["mfcc"]), RATE, 200), stream(2)
    held = []
    for _ in range(20):
        features(block)
        held.append(features._samples.size + features._frames.size)
    assert max(held[10:]) <= max(held[:10])
