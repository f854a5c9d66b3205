"""The built-in data set: spoken alike every time, words and voices that differ, no voice in two splits."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from kwssearch.data import speaker_of
from kwssearch.data.dataset import load_data
from kwssearch.sources import builtin as speech
from kwssearch.sources.espeak import Speaker, Utterance, variants
from kwssearch.system import steps
from kwssearch.system.cache import DataError

VOICES = 5


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return speech.builtin(tmp_path_factory.mktemp("cache"), VOICES)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_bytes_in_another_process(spoken: Path, tmp_path: Path) -> None:
    again = speech.builtin(tmp_path, VOICES)
    assert digests(again) == digests(spoken)
    assert [path.name for path in tmp_path.iterdir()] == [again.name]


def test_what_is_not_whole_any_more_is_spoken_again(spoken: Path, tmp_path: Path) -> None:
    folder = tmp_path / spoken.name
    shutil.copytree(spoken, folder)
    (folder / "testing_list.txt").write_text("")
    assert speech.builtin(tmp_path, VOICES) == folder
    assert digests(folder) == digests(spoken)


def test_is_a_data_set_of_the_labs_words(spoken: Path) -> None:
    data = load_data(spoken)
    assert data.words == speech.WORDS
    assert data.sampling_rate == 16_000
    assert {split: len(clips) for split, clips in data.splits.items()} == {
        split: count * speech.ACCENTS_A_VOICE * len(speech.WORDS) for split, count in speech.shares(VOICES).items()
    }


def test_no_voice_is_in_two_splits(spoken: Path) -> None:
    data = load_data(spoken)
    speakers = [{speaker_of(clip.path) for clip in clips} for clips in data.splits.values()]
    assert len(set.union(*speakers)) == sum(map(len, speakers)) == VOICES
    assert not any("two splits" in warning for warning in data.warnings)


def test_clips_are_one_second_and_neither_silent_nor_clipped(spoken: Path) -> None:
    data = load_data(spoken)
    clips = np.array([data.audio("train", i) for i in range(len(data.splits["train"]))], dtype=np.int64)
    assert clips.shape[1] == 16_000
    peaks = np.abs(clips).max(axis=1)
    assert peaks.min() > 1000
    assert peaks.max() < 32_767
    assert peaks.max() > 3 * peaks.min()


def test_words_and_voices_differ() -> None:
    speaker = Speaker(1)
    said = {
        (word, voice): speaker.say(Utterance(word, voice, 160, 50, 50))
        for word in ("yes", "stop")
        for voice in ("en-us+f1", "en-us+m3")
    }
    assert speaker.sampling_rate == 22_050
    assert all(2_000 < len(samples) < 22_050 for samples in said.values())
    assert len({samples.tobytes() for samples in said.values()}) == 4
    with pytest.raises(ValueError, match="no voice 'xx-nowhere'"):
        speaker.say(Utterance("yes", "xx-nowhere", 160, 50, 50))


def test_voices_are_many() -> None:
    assert len(variants()) > 90
    counts = speech.shares(len(variants()))
    assert sum(counts.values()) == len(variants())
    assert 1600 <= counts["train"] * speech.ACCENTS_A_VOICE * len(speech.WORDS) <= 2400
    assert counts["test"] * speech.ACCENTS_A_VOICE * len(speech.WORDS) >= 400


@pytest.mark.parametrize("noise", speech.NOISES)
def test_word_stands_in_the_noise(noise: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "NOISES", (noise,))
    rng = np.random.default_rng(0)
    word = np.sin(np.arange(6_000))
    for _ in range(20):
        clip = speech.mix(word, [rng.standard_normal(5_000) for _ in range(6)], rng)
        assert clip.shape == (16_000,)
        assert speech.PEAK[0] <= np.abs(clip).max() <= speech.PEAK[1]


@pytest.mark.parametrize("length", [100, 9_000, 16_000, 30_000])
def test_word_of_any_length_is_placed(length: int) -> None:
    rng = np.random.default_rng(0)
    clips = [speech.mix(np.ones(length), [np.ones(length)], rng) for _ in range(50)]
    assert all(clip.shape == (16_000,) and np.isfinite(clip).all() for clip in clips)


@pytest.mark.parametrize("terminal", [True, False])
def test_how_far_the_speaking_is_shows(
    terminal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(steps, "PLAIN_SECONDS", 0)
    speech.speak_apart(tmp_path, voices=3)
    told = capsys.readouterr()
    shares = [int(share) for share in re.findall(r"(\d+)\s?%", told.err)]
    assert told.out == ""
    assert "Speaking the built-in words" in told.err
    assert shares == sorted(shares)
    assert shares[-1] == (100 if terminal else 99)
    assert terminal or len(shares) > 50


def test_speech_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "down").mkdir()
    with pytest.raises(DataError, match=r"could not speak \(FileExistsError: .*down.*pip install"):
        speech.speak_apart(tmp_path, voices=3)


def test_without_the_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"run pip install espeakng-loader, or name a folder of recordings"):
        speech.builtin(tmp_path)


def test_cache_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match="cannot be made"):
        speech.builtin(tmp_path / "cache", VOICES)
