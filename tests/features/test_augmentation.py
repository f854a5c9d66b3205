"""Clips that are altered while a model trains: moved exactly, and noisy as mixed waveforms are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kwssearch.data import load_data
from kwssearch.errors import UserError
from kwssearch.features import Augmented, FrontEnd, cached_levels, noise_bank, seconds_a_clip
from kwssearch.features.noise import NoiseBank
from kwssearch.sources.noise import coloured, level
from kwssearch.space import Augmentation, FeatureSetting
from kwssearch.testing.words import wav

LOG_MEL = FeatureSetting("log_mel", "log_mel", 16_000, 40, 0.5, 40, 20, 4000)
MFCC = replace(LOG_MEL, name="mfcc", kind="mfcc", coefficients=10)
STILL, SILENT = replace(Augmentation(), shift_ms=0.0), replace(Augmentation(), noise_share=0.0)
EMPTY = NoiseBank(np.zeros((0, 40), np.float32), ())
RATE = 16_000


def clips(count: int = 6) -> np.ndarray:
    """Waveforms of a tone in the middle of noise, shape (count, 16000)."""
    rng = np.random.default_rng(0)
    loud = np.sin(np.arange(RATE) * 0.2) * np.hanning(RATE)
    return (rng.uniform(0.05, 0.3, (count, 1)) * loud + 0.003 * rng.standard_normal((count, RATE))).astype(np.float32)


def magnitudes(waves: np.ndarray, setting: FeatureSetting = LOG_MEL) -> np.ndarray:
    return np.stack([FrontEnd(setting, RATE)(wave) for wave in waves])


def augmented(augmentation: Augmentation, setting: FeatureSetting = LOG_MEL, seed: int = 1) -> Augmented:
    waves = clips()
    levels = np.array([level(wave, RATE) for wave in waves])
    noise = np.concatenate([coloured(k, RATE, RATE, np.random.default_rng(k)) for k in (0, 1)])
    bank = NoiseBank(np.exp(2 * FrontEnd(LOG_MEL, RATE).frames(noise.astype(np.float32))), (49, 98))
    return Augmented(magnitudes(waves), levels, bank, augmentation, setting, seed)


def test_a_moved_clip_is_the_waveform_moved_and_what_is_left_is_digital_silence() -> None:
    found = augmented(SILENT)
    epoch = found.epoch(0)
    heard = epoch[np.arange(6)][..., 0]
    assert epoch.shift.any()
    assert np.abs(epoch.shift).max() <= 5
    for wave, shift, mine in zip(clips(), epoch.shift, heard, strict=True):
        later = np.roll(np.concatenate([wave, np.zeros(RATE)]), shift * LOG_MEL.frame_step)[:RATE]
        inside = slice(max(0, shift) + 1, 48 + min(0, shift))
        np.testing.assert_allclose(mine[inside], FrontEnd(LOG_MEL, RATE)(later)[inside, :, 0], atol=1e-4)
        if shift:
            filled = mine[:shift] if shift > 0 else mine[shift:]
            assert np.all(filled == np.float32(np.log(1e-6)))


def test_mixed_magnitudes_are_near_those_of_mixed_waveforms() -> None:
    wave, rng = clips(1)[0], np.random.default_rng(3)
    noise = coloured(1, RATE, RATE, rng)
    noise /= np.sqrt(np.mean(noise**2))
    bank = NoiseBank(np.exp(2 * FrontEnd(LOG_MEL, RATE).frames(noise.astype(np.float32))), (49,))
    loudest = level(wave, RATE)
    one = Augmentation(shift_ms=0.0, noise_share=1.0, noise_snr_db=(10.0, 10.0))
    heard = Augmented(magnitudes([wave]), np.array([loudest]), bank, one, LOG_MEL, 0).epoch(0)[np.array([0])]
    wanted = magnitudes([wave + noise * loudest / 10 ** (10 / 20)])
    difference = 20 / np.log(10) * (heard - wanted)
    assert abs(difference.mean()) < 0.5
    assert difference.std() < 3


def test_mfcc_are_those_of_the_altered_magnitudes() -> None:
    chosen = np.array([4, 1])
    cepstra = augmented(Augmentation(), MFCC).epoch(2)[chosen]
    assert cepstra.shape == (2, 49, 10, 1)
    dct = FrontEnd(MFCC, RATE).dct
    np.testing.assert_array_equal(cepstra[..., 0], augmented(Augmentation()).epoch(2)[chosen][..., 0] @ dct)
    unaltered = Augmented(magnitudes(clips()), np.ones(6), EMPTY, replace(SILENT, shift_ms=0.0), MFCC, 0)
    np.testing.assert_allclose(unaltered.epoch(0)[np.arange(6)], magnitudes(clips(), MFCC), atol=1e-4)


def test_a_draw_depends_on_seed_epoch_and_clip_alone() -> None:
    whole = augmented(Augmentation()).epoch(3)[np.arange(6)]
    again = augmented(Augmentation())
    again.epoch(1)[np.arange(6)]
    np.testing.assert_array_equal(again.epoch(3)[np.array([5, 0])], whole[[5, 0]])
    others = augmented(Augmentation()).epoch(4), augmented(Augmentation(), seed=2).epoch(3)
    assert not any(np.array_equal(other[np.arange(6)], whole) for other in others)
    assert again.epoch_seconds > 0


def test_share_and_loudness_are_those_declared() -> None:
    many = Augmented(np.zeros((4000, 49, 40, 1), np.float32), np.full(4000, 0.1), EMPTY, STILL, LOG_MEL, 0).epoch(0)
    assert np.mean(many.power > 0) == pytest.approx(0.8, abs=0.03)
    decibels = -10 * np.log10(many.power[many.power > 0] / 0.01)
    assert decibels.min() == pytest.approx(-5, abs=0.2)
    assert decibels.max() == pytest.approx(25, abs=0.2)
    by_volume = replace(STILL, noise_snr_db=None, noise_volume=0.1)
    quiet = Augmented(np.zeros((4000, 49, 40, 1), np.float32), np.zeros(4000), EMPTY, by_volume, LOG_MEL, 0).epoch(0)
    assert np.sqrt(quiet.power.max()) == pytest.approx(0.03, abs=0.001)
    assert not many.shift.any()


def test_stretches_lie_within_a_kind_and_all_kinds_are_heard() -> None:
    bank = NoiseBank(np.zeros((180, 40), np.float32), (60, 180))
    places = bank.places(np.random.default_rng(0), 2000, 49)
    assert np.all((places <= 11) | ((places >= 60) & (places <= 131)))
    assert np.mean(places <= 11) == pytest.approx(0.5, abs=0.05)


def test_the_bank_holds_each_kind_and_is_the_same_each_time(tmp_path: Path, words: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "noise").mkdir()
    for name, seconds in (("fan", 20), ("tap", 8)):
        (tmp_path / "noise" / f"{name}.wav").write_bytes(wav(0.1 * rng.standard_normal(seconds * RATE)))
    data, front_end = load_data(words), FrontEnd(LOG_MEL, RATE)
    found = noise_bank(replace(Augmentation(), noise=str(tmp_path / "noise")), front_end, data)
    assert len(found.ends) == 5
    assert found.ends[-1] - found.ends[-2] < 50 * 23  # without the last fifth of each recording
    again = noise_bank(replace(Augmentation(), noise=str(tmp_path / "noise")), front_end, data)
    np.testing.assert_array_equal(found.powers, again.powers)
    assert noise_bank(SILENT, front_end, data).ends == ()


def test_noise_that_holds_no_sound_is_one_sentence(tmp_path: Path, words: Path) -> None:
    (tmp_path / "quiet.wav").write_bytes(wav(np.zeros(10 * RATE)))
    with pytest.raises(UserError, match="holds no sound, expected noise"):
        noise_bank(replace(Augmentation(), noise=str(tmp_path)), FrontEnd(LOG_MEL, RATE), load_data(words))


def test_levels_are_those_of_the_loudest_stretch_and_kept(tmp_path: Path, words: Path) -> None:
    data = load_data(words)
    read = []

    def audio(split: str, index: int) -> np.ndarray:
        read.append(index)
        return data.audio(split, index)

    found = [cached_levels(tmp_path, data.fingerprint, 5, RATE, audio) for _ in range(2)]
    np.testing.assert_array_equal(*found)
    assert read == list(range(5))
    assert found[0][3] == pytest.approx(level(data.audio("train", 3) / 32768, RATE))


def test_what_altering_takes_is_measured() -> None:
    assert 0 < seconds_a_clip(Augmentation(), MFCC) < 0.1


def test_noise_that_changed_since_the_search_began_is_refused(tmp_path: Path, words: Path) -> None:
    (tmp_path / "fan.wav").write_bytes(wav(0.1 * np.random.default_rng(0).standard_normal(64_000)))
    augmentation = Augmentation(noise=str(tmp_path), noise_kinds=(), noise_digest="of other sounds")
    with pytest.raises(UserError, match="holds other sounds than when the search began"):
        noise_bank(augmentation, FrontEnd(LOG_MEL, 16_000), load_data(words))
