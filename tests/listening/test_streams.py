"""Streams are what they say, the same every time, and apart from training."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwssearch.data import DataSet, load_data
from kwssearch.errors import UserError
from kwssearch.listening.sources import foreign_words, negatives, recorded_noise
from kwssearch.listening.stream import Stream, opened
from kwssearch.listening.truth import KEYWORDS
from kwssearch.sources import noise
from kwssearch.sources.builtin import timbres_of
from kwssearch.sources.speech import is_free, sentences
from kwssearch.space import StreamSettings
from kwssearch.testing.words import wav, write_word_folder

RATE = 16_000
SETTINGS = StreamSettings(hours=90 / 3600, snr_db=(20, 0))
SAMPLES = """
import hashlib, sys
from kwssearch.data import load_data
from kwssearch.listening.stream import opened
from kwssearch.space import StreamSettings
with opened(load_data(sys.argv[1]), "test", StreamSettings(hours=90 / 3600, snr_db=(20, 0))) as stream:
    digest = hashlib.sha256()
    for block in stream.blocks():
        digest.update(block.tobytes())
print(stream.name, digest.hexdigest())
"""


@pytest.fixture(scope="module")
def data(words: Path) -> DataSet:
    return load_data(words)


@pytest.fixture(scope="module")
def spoken(data: DataSet) -> Iterator[Stream]:
    with opened(data, "test", SETTINGS) as stream:
        yield stream


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one long recording."""
    folder = tmp_path_factory.mktemp("long")
    soundfile.write(folder / "radio.wav", np.random.default_rng(1).uniform(-0.1, 0.1, 200 * RATE), RATE)
    return folder


def digest_of(stream: Stream) -> str:
    return hashlib.sha256(b"".join(block.tobytes() for block in stream.blocks())).hexdigest()


def test_another_process_makes_the_same_bytes(spoken: Stream, words: Path) -> None:
    made = subprocess.run([sys.executable, "-c", SAMPLES, words], capture_output=True, text=True, check=True).stdout
    assert made.split() == [spoken.name, digest_of(spoken)]
    assert digest_of(spoken) == digest_of(spoken)


def test_it_lasts_as_long_as_it_says(spoken: Stream) -> None:
    lengths = [len(block) for block in spoken.blocks()]
    truth = spoken.truth
    np.testing.assert_allclose(np.array(lengths) / RATE, [part.seconds for part in truth.parts], atol=1e-9)
    assert truth.seconds == pytest.approx(90, abs=6)
    kinds = Counter(part.kind for part in truth.parts)
    assert kinds["keywords"] == len(truth.keywords) == 9
    assert kinds["speech"] > 3
    assert kinds["noise"] > 1
    assert kinds["silence"] == 1


def test_keywords_are_those_of_the_split_where_and_as_loud_as_told(spoken: Stream, data: DataSet) -> None:
    parts = [block / 32768 for block in spoken.blocks()]
    assert Counter(keyword.snr_db for keyword in spoken.truth.keywords) == {20: 5, 0: 4}
    assert {keyword.label for keyword in spoken.truth.keywords} == {0, 1}
    paths = {clip.path: place for place, clip in enumerate(data.splits["test"])}
    for keyword in spoken.truth.keywords:
        part = spoken.truth.parts[keyword.part]
        assert data.words[keyword.label] == part.what.split("/")[0]
        clip = data.audio("test", paths[part.what]) / 32768
        at = round((keyword.start_s - part.start_s) * RATE)
        inside = parts[keyword.part][at : at + len(clip)]
        scale = np.dot(inside, clip) / np.dot(clip, clip)
        left = parts[keyword.part].copy()
        left[at : at + len(clip)] -= scale * clip
        ratio = 20 * np.log10(noise.level(scale * clip, RATE) / noise.rms(left))
        assert ratio == pytest.approx(keyword.snr_db, abs=1.0)


def test_splits_share_no_sentence_timbre_or_clip(spoken: Stream, data: DataSet) -> None:
    said = {part.what for part in spoken.truth.parts if part.kind == "speech"}
    own = sentences("validation", ["no", "yes"], np.random.default_rng(1))
    assert not said & {next(own) for _ in range(2000)}
    timbres = {split: set(timbres_of(split)) for split in ("train", "validation", "test")}
    assert sum(map(len, timbres.values())) == len(set.union(*timbres.values()))
    with opened(data, "validation", SETTINGS) as other:
        clips = {part.what for part in other.truth.parts if part.kind == KEYWORDS}
        assert clips <= {clip.path for clip in data.splits["validation"]}
        assert other.name != spoken.name


@pytest.mark.parametrize("text, free", [("A yellow house", True), ("since Yesterday.", False), ("I know it", False)])
def test_sentences_without_keywords(text: str, free: bool) -> None:
    assert is_free(text, ["no", "yes"]) is free


def test_words_that_no_sentence_can_do_without() -> None:
    with pytest.raises(UserError, match="no sentence can do without the; name a folder of long recordings"):
        next(sentences("test", ["the"], np.random.default_rng(0)))


def test_long_recordings_instead_of_sentences(data: DataSet, long: Path) -> None:
    with opened(data, "test", StreamSettings(hours=90 / 3600, negatives=str(long))) as stream:
        kinds = Counter(part.kind for part in stream.truth.parts)
        assert kinds["recording"] == 2
        assert "speech" not in kinds
        assert len(digest_of(stream)) == 64
    halves = [negatives(long, split, RATE) for split in ("validation", "test")]
    assert [sum(piece.length for piece in half) for half in halves] == [100 * RATE, 100 * RATE]
    assert max(piece.length for piece in halves[0]) == 30 * RATE


def test_the_class_of_other_words_is_no_keyword(long: Path, tmp_path: Path) -> None:
    folder = write_word_folder(tmp_path / "words", words=("no", "yes", "zero"))
    data = load_data(folder, words=["no", "yes"], unknown=True)
    with opened(data, "test", StreamSettings(hours=90 / 3600, negatives=str(long))) as stream:
        heard = {part.kind: set() for part in stream.truth.parts}
        for part in stream.truth.parts:
            heard[part.kind].add(part.what.split("/")[0])
    assert heard["keywords"] == {"no", "yes"}
    assert heard["words"] == {"zero"}
    assert {keyword.label for keyword in stream.truth.keywords} == {0, 1}


def test_other_words_of_other_speakers(data: DataSet, tmp_path: Path) -> None:
    """Never a keyword, noise, a clip that is trained on, or a speaker of another split."""
    known = {split: data.speakers(split)[0] for split in data.splits}
    trained = data.root / data.splits["train"][0].path
    for path, content in {
        "house/backward_new1_nohash_0.wav": wav(np.full(RATE, 0.1)),
        "house/new1_nohash_0.wav": wav(np.full(RATE, 0.2)),
        f"house/{known['train']}_nohash_9.wav": wav(np.full(RATE, 0.3)),
        f"house/{known['test']}_nohash_9.wav": wav(np.full(RATE, 0.4)),
        f"house/{known['validation']}_nohash_9.wav": wav(np.full(RATE, 0.5)),
        f"house/{known['test']}_nohash_8.wav": trained.read_bytes(),
        "yes/new1_nohash_0.wav": wav(np.full(RATE, 0.6)),
        "_silence_/7.wav": wav(np.full(RATE, 0.7)),
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    found = {
        split: {piece.name.split("/", 1)[1] for piece in foreign_words(data, split, tmp_path)}
        for split in ("validation", "test")
    }
    new = {"house/backward_new1_nohash_0.wav", "house/new1_nohash_0.wav"}
    assert found["test"] - new == {f"house/{known['test']}_nohash_9.wav"}
    assert found["validation"] - new == {f"house/{known['validation']}_nohash_9.wav"}
    assert new in (found["test"] & new, found["validation"] & new)
    assert not found["test"] & found["validation"]


def test_recorded_noise_is_apart_too(data: DataSet, long: Path) -> None:
    settings = StreamSettings(noise=str(long))
    (validation,), (test,) = (recorded_noise(data, split, settings) for split in ("validation", "test"))
    whole, _ = soundfile.read(long / "radio.wav")
    np.testing.assert_allclose(validation.audio, whole[160 * RATE : 180 * RATE])
    np.testing.assert_allclose(test.audio, whole[180 * RATE :])


def test_noise_without_sound(data: DataSet, long: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "quiet.wav", np.zeros(60 * RATE), RATE)
    settings = StreamSettings(hours=0.05, noise=str(tmp_path), negatives=str(long))
    with (
        opened(data, "test", settings) as stream,
        pytest.raises(UserError, match=r"quiet\.wav holds no sound, expected noise; remove it"),
    ):
        digest_of(stream)


@pytest.mark.parametrize("seconds", [0.5, 9])
def test_a_stream_without_room_for_a_keyword(seconds: float, data: DataSet, long: Path) -> None:
    settings = StreamSettings(hours=seconds / 3600, negatives=str(long))
    with (
        pytest.raises(UserError, match=rf"got {seconds:g} s, which has no room for a keyword, expected at least 10 s"),
        opened(data, "test", settings),
    ):
        pass


def test_a_split_without_speakers(data: DataSet, long: Path) -> None:
    empty = replace(data, splits={**data.splits, "test": ()})
    with (
        pytest.raises(UserError, match="its test split holds no speaker who says a word"),
        opened(empty, "test", StreamSettings(negatives=str(long))),
    ):
        pass


@pytest.mark.parametrize("kind, slope", [("white", 0), ("pink", -3), ("brown", -6)])
def test_colours_of_noise(kind: str, slope: float) -> None:
    made = noise.coloured(noise.EXPONENTS[kind], 60 * RATE, RATE, np.random.default_rng(0))
    power = np.square(np.abs(np.fft.rfft(made)))
    hertz = np.fft.rfftfreq(60 * RATE, 1 / RATE)
    octaves = [10 * np.log10(power[(hertz >= low) & (hertz < 2 * low)].mean()) for low in (100, 200, 400, 800, 1600)]
    np.testing.assert_allclose(np.diff(octaves), slope, atol=0.5)
