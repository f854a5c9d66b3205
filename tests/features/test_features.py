import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from kwssearch.data.dataset import load_data
from kwssearch.features import FrontEnd, cached_features
from kwssearch.features import front_end as portable
from kwssearch.features.front_end import Resampler
from kwssearch.features.kept import cache_key
from kwssearch.space import FeatureSetting
from kwssearch.space.declaration import load_space
from kwssearch.system.cache import one_at_a_time
from kwssearch.testing.words import write_word_folder

LAB = load_space("lab4").features
EIGHT = FeatureSetting("narrow_band", "log_mel", 8000, 32, 0.25, 30, 50, 3800)


def waveforms() -> list[np.ndarray]:
    """A tone, a sweep, noise, near silence and a short clip, as 16-bit samples with a microphone's noise."""
    generator = np.random.default_rng(0)
    time = np.arange(16000) / 16000
    noise = 20 * generator.standard_normal(16000)
    return [
        (20000 * np.sin(2 * np.pi * 440 * time) + noise).astype(np.int16),
        (12000 * np.sin(2 * np.pi * (200 + 1500 * time) * time) + noise).astype(np.int16),
        (3000 * generator.standard_normal(16000)).astype(np.int16),
        generator.integers(-1, 2, 16000).astype(np.int16),
        (9000 * generator.standard_normal(9000)).astype(np.int16),
    ]


def reference(samples: np.ndarray, setting: FeatureSetting) -> np.ndarray:
    """The course's front end, in tf.signal."""
    audio = tf.cast(samples, tf.float32) / 32768
    audio = tf.pad(audio, [[0, 16000 - len(samples)]])
    spectrum = tf.abs(tf.signal.stft(audio, 640, 320, 640))
    mel = tf.signal.linear_to_mel_weight_matrix(40, 321, 16000, 20, 4000)
    features = tf.math.log(tf.matmul(spectrum, mel) + 1e-6)
    if setting.coefficients:
        features = tf.signal.mfccs_from_log_mel_spectrograms(features)[..., : setting.coefficients]
    return features.numpy()[..., np.newaxis]


@pytest.mark.parametrize("name", LAB)
@pytest.mark.parametrize("samples", waveforms(), ids=["tone", "sweep", "noise", "silence", "short"])
def test_front_end_is_that_of_tf_signal(name: str, samples: np.ndarray) -> None:
    ours = FrontEnd(LAB[name], 16000)(samples)
    theirs = reference(samples, LAB[name])
    assert ours.shape == LAB[name].shape
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=5e-4)
    assert np.median(np.abs(ours - theirs)) < 5e-5


@pytest.mark.parametrize("rate", [8000, 11025, 12000, 22050, 44100, 48000])
def test_resampling_is_scipys_to_the_byte(rate: int) -> None:
    audio = (3000 * np.random.default_rng(0).standard_normal(rate)).astype(np.float32) / 32768
    resample = Resampler(rate, 16000)
    taps = scipy.signal.firwin(
        20 * max(resample.up, resample.down) + 1, 1 / max(resample.up, resample.down), window=("kaiser", 5.0)
    ).astype(np.float32)
    wanted = scipy.signal.resample_poly(audio, resample.up, resample.down, window=taps)
    assert resample(audio).tobytes() == wanted.astype(np.float32).tobytes()


def test_numpys_fourier_transform_will_do() -> None:
    """It is what a bundle has."""
    for samples in waveforms():
        np.testing.assert_allclose(
            portable.FrontEnd(LAB["mfcc"], 16000)(samples), FrontEnd(LAB["mfcc"], 16000)(samples), atol=5e-4
        )


def test_no_memory_is_fetched_from_the_system_at_every_call() -> None:
    """It tripled the latency, depending on what the process had allocated before."""
    code = """
import resource
import numpy as np
from kwssearch.space.declaration import load_space
from kwssearch.features import FrontEnd
front_end, clip = FrontEnd(load_space("lab4").features["mfcc"], 16000), np.ones(16000, np.int16)
faults = []
for calls in (20, 100):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(calls):
        front_end(clip)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(faults[1])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 500


def test_features_of_one_clip_outlive_the_next_call() -> None:
    front_end = FrontEnd(LAB["log_mel"], 16000)
    tone, sweep, *_ = waveforms()
    kept = front_end(tone)
    before = kept.copy()
    front_end(sweep)
    np.testing.assert_array_equal(kept, before)


def test_another_rate_is_resampled_without_aliasing() -> None:
    front_end = FrontEnd(EIGHT, 16000)
    time = np.arange(16000) / 16000
    audible = (10000 * np.sin(2 * np.pi * 1000 * time)).astype(np.int16)
    above = (10000 * np.sin(2 * np.pi * 6000 * time)).astype(np.int16)
    direct = FrontEnd(EIGHT, 8000)(audible[::2])[2:-2, :, 0]
    resampled = front_end(audible)[2:-2, :, 0]
    loudest = direct.argmax(axis=1)
    assert front_end(audible).shape == EIGHT.shape
    np.testing.assert_array_equal(resampled.argmax(axis=1), loudest)
    np.testing.assert_allclose(resampled.max(axis=1), direct.max(axis=1), atol=0.01)
    assert front_end(above)[2:-2].max() < resampled.max() - 5


def test_float_and_integer_samples_agree() -> None:
    samples = waveforms()[2]
    front_end = FrontEnd(LAB["log_mel"], 16000)
    np.testing.assert_array_equal(front_end(samples), front_end(samples.astype(np.float32) / 32768))


def test_cache_is_computed_once_and_shared(tmp_path) -> None:
    write_word_folder(tmp_path / "words", clips=20)
    data = load_data(tmp_path / "words")
    front_end = FrontEnd(LAB["mfcc"], 16000)
    splits = {name: len(clips) for name, clips in data.splits.items()}
    reads = []

    def audio(split: str, index: int) -> np.ndarray:
        reads.append((split, index))
        return data.audio(split, index)

    first = cached_features(tmp_path / "cache", data.fingerprint, front_end, splits, audio)
    assert len(reads) == sum(splits.values())
    again = cached_features(tmp_path / "cache", data.fingerprint, front_end, splits, audio)
    assert len(reads) == sum(splits.values())
    for split in splits:
        assert isinstance(again[split], np.memmap)
        np.testing.assert_array_equal(first[split], again[split])
        np.testing.assert_array_equal(again[split][0], front_end(data.audio(split, 0)))
    with pytest.raises(ValueError, match="read-only"):
        again["train"][0] = 0


def test_the_key_is_made_of_data_and_figures() -> None:
    setting = LAB["mfcc"]
    keys = {
        cache_key("a", setting),
        cache_key("b", setting),
        cache_key("a", LAB["log_mel"]),
        cache_key("a", EIGHT),
    }
    assert len(keys) == 4
    renamed = FeatureSetting(**{**setting.__dict__, "name": "other"})
    assert cache_key("a", renamed) == cache_key("a", setting)


def test_what_killed_processes_left_half_made_goes_after_a_day(tmp_path) -> None:
    for name in ("old", "recent"):
        (tmp_path / f"unfinished-{name}").mkdir()
        (tmp_path / f"unfinished-{name}" / "train.npy").write_bytes(b"half")
    os.utime(tmp_path / "unfinished-old", (0, 0))
    cached_features(tmp_path, "a", FrontEnd(LAB["mfcc"], 16000), {"train": 1}, lambda split, i: waveforms()[i])
    assert [path.name for path in tmp_path.glob("unfinished-*")] == ["unfinished-recent"]


def test_half_made_features_are_not_taken_for_whole(tmp_path) -> None:
    front_end = FrontEnd(LAB["mfcc"], 16000)

    def broken(split: str, index: int) -> np.ndarray:
        raise RuntimeError("the machine stops here")

    with pytest.raises(RuntimeError):
        cached_features(tmp_path, "a", front_end, {"train": 3}, broken)
    good = cached_features(tmp_path, "a", front_end, {"train": 3}, lambda s, i: waveforms()[i])
    assert good["train"].shape == (3, *LAB["mfcc"].shape)
    with one_at_a_time(tmp_path / "a"):
        pass
