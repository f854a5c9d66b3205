"""Words that are chosen, other sounds as classes, windows, and the settings that say so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kwssearch.data import DataError, DataSet, load_data, record, recorded_labels
from kwssearch.errors import SpaceError
from kwssearch.space import DataSettings, read_data_settings
from kwssearch.testing.words import wav, write_word_folder

RATE = 1_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four words of 40 clips, with lists."""
    return write_word_folder(tmp_path / "words", ("go", "off", "on", "up"), rate=RATE)


def add_noise(root: Path, seconds: float, files: int = 2, name: str = "_background_noise_") -> Path:
    rng = np.random.default_rng(0)
    (root / name).mkdir()
    for i in range(files):
        noise = 0.3 * rng.standard_normal(round(seconds * RATE))
        (root / name / f"noise{i}.wav").write_bytes(wav(noise, RATE))
    return root


def counts(data: DataSet, name: str) -> dict[str, int]:
    label = data.words.index(name)
    return {split: sum(clip.label == label for clip in clips) for split, clips in data.splits.items()}


def test_chosen_words_are_the_data_set_of_these_folders(folder: Path, tmp_path: Path) -> None:
    chosen = load_data(folder, DataSettings(words=("on", "off")))
    alone = tmp_path / "alone"
    alone.mkdir()
    for word in ("on", "off"):
        (folder / word).rename(alone / word)
    for name in ("validation_list.txt", "testing_list.txt"):
        (folder / name).rename(alone / name)
    plain = load_data(alone)
    assert chosen.words == plain.words == ("off", "on")
    assert chosen.fingerprint == plain.fingerprint
    assert "Left out: 2 other words (go, up)." in chosen.notes
    assert not any("not here" in warning for warning in chosen.warnings)


def test_a_word_that_is_not_there_is_named_with_the_nearest(folder: Path) -> None:
    with pytest.raises(DataError, match=r"has no word folder 'of' \(Did you mean 'off'\?\), expected some of go, off"):
        load_data(folder, DataSettings(words=("on", "of")))


def test_one_word_and_unknown_is_a_search(folder: Path) -> None:
    with pytest.raises(DataError, match=r"holds 1 word folder \('on'\).* or set unknown = true"):
        load_data(folder, DataSettings(words=("on",)))
    data = load_data(folder, DataSettings(words=("on",), unknown=True))
    assert data.words == ("on", "unknown")
    assert counts(data, "unknown") == counts(data, "on") == {"train": 28, "validation": 4, "test": 8}
    assert any(note.startswith("Of the 120 clips of 'unknown', 40 are used") for note in data.notes)
    folders = {clip.path.split("/")[0] for clip in data.splits["train"] if clip.label == 1}
    assert folders == {"go", "off", "up"}


def test_unknown_takes_every_other_folder_in_turn(folder: Path) -> None:
    data = load_data(folder, DataSettings(words=("on",), unknown=True))
    taken = [clip.path.split("/")[0] for clip in data.splits["train"] if clip.label == 1]
    assert sorted(taken.count(name) for name in ("go", "off", "up")) == [9, 9, 10]
    assert load_data(folder, DataSettings(words=("on",), unknown=True)).fingerprint == data.fingerprint


def test_folders_of_other_sounds_are_left_out_by_name_or_are_classes(folder: Path) -> None:
    plain = load_data(folder)
    (folder / "up").rename(folder / "_unknown_")
    (folder / "go").rename(folder / "_silence_")
    data = load_data(folder)
    assert data.words == ("off", "on")
    left_out = "Left out: _silence_ (40 recordings), _unknown_ (40 recordings)"
    assert f"{left_out}; silence = true and unknown = true would make classes of them." in data.notes
    both = load_data(folder, DataSettings(unknown=True, silence=True))
    assert both.words == ("off", "on", "unknown", "silence")
    assert counts(both, "unknown") == {"train": 28, "validation": 4, "test": 8}
    assert sum(counts(both, "silence").values()) == 40
    assert len({plain.fingerprint, data.fingerprint, both.fingerprint}) == 3


def test_silence_of_crops_that_no_two_splits_share(tmp_path: Path) -> None:
    root = add_noise(write_word_folder(tmp_path / "words", rate=RATE), seconds=30)
    data = load_data(root, DataSettings(silence=True))
    assert data.words == ("no", "yes", "silence")
    assert counts(data, "silence") == counts(data, "no")
    used: dict[str, set[tuple[str, int]]] = {split: set() for split in data.splits}
    for split, clips in data.splits.items():
        for i, clip in enumerate(clips):
            if clip.crop:
                samples = data.audio(split, i)
                assert samples.shape == (RATE,)
                assert 0.03 < clip.crop.gain <= 1
                assert np.abs(samples).max() > 0
                used[split] |= {(clip.crop.file, at) for at in range(clip.crop.start, clip.crop.start + RATE)}
    assert not used["train"] & used["validation"]
    assert not used["train"] & used["test"]
    assert not used["validation"] & used["test"]
    again = load_data(root, DataSettings(silence=True))
    assert again.fingerprint == data.fingerprint
    with open(root / "_background_noise_" / "noise0.wav", "r+b") as file:
        file.seek(44)
        file.write(bytes(60_000))
    crop = next(i for i, clip in enumerate(data.splits["train"]) if clip.crop and clip.crop.file.endswith("noise0.wav"))
    with pytest.raises(DataError, match=r"noise0\.wav: was changed while it was in use"):
        data.audio("train", crop)


def test_silence_of_folder_and_crops_together(tmp_path: Path) -> None:
    root = write_word_folder(tmp_path / "words", ("no", "yes", "_silence_"), rate=RATE, lists=False)
    for path in sorted((root / "_silence_").iterdir())[10:]:
        path.unlink()
    data = load_data(add_noise(root, seconds=30), DataSettings(silence=True))
    kinds = [clip.crop is None for clips in data.splits.values() for clip in clips if clip.label == 2]
    assert sum(kinds) == 10
    assert counts(data, "silence") == counts(data, "no")


@pytest.mark.parametrize(
    "settings, expected",
    [
        (DataSettings(unknown=True), "holds no other words for the class 'unknown'"),
        (DataSettings(silence=True), "holds no sound for the class 'silence', expected a folder _silence_ or _back"),
    ],
)
def test_classes_without_sounds_are_refused(folder: Path, settings: DataSettings, expected: str) -> None:
    with pytest.raises(DataError, match=expected):
        load_data(folder, settings)


def test_noise_that_cannot_be_cropped_is_named(tmp_path: Path) -> None:
    root = write_word_folder(tmp_path / "words", rate=RATE)
    (root / "_background_noise_").mkdir()
    (root / "_background_noise_" / "hum.wav").write_bytes(wav(np.zeros(9_000), 2_000))
    with pytest.raises(DataError, match=r"hum\.wav: has 2000 Hz, expected 1000 Hz as most clips have"):
        load_data(root, DataSettings(silence=True))


def test_noise_too_short_for_every_split_says_so(tmp_path: Path) -> None:
    root = add_noise(write_word_folder(tmp_path / "words", rate=RATE), seconds=1.5, files=1)
    with pytest.raises(DataError, match=r"silence: has .* but none for "):
        load_data(root, DataSettings(silence=True))


def test_what_a_run_keeps_gives_the_labels_back(tmp_path: Path) -> None:
    root = write_word_folder(tmp_path / "words", ("go", "off", "on", "_unknown_"), rate=RATE)
    data = load_data(add_noise(root, 30), DataSettings(words=("on",), unknown=True, silence=True))
    recorded = json.loads(json.dumps(record(data)))
    for split in data.splits:
        assert recorded_labels(recorded, data.words, split).tolist() == data.labels(split).tolist()
    plain = load_data(root)
    assert record(plain).keys() == {"splits"}
    assert recorded_labels(record(plain), plain.words, "test").tolist() == plain.labels("test").tolist()


def test_a_wider_window_takes_longer_words(tmp_path: Path) -> None:
    root = write_word_folder(tmp_path / "words", rate=RATE)
    long = root / "no" / "speaker000_nohash_0.wav"
    long.write_bytes(wav(0.3 * np.sin(np.arange(1_400)), RATE))
    with pytest.raises(DataError, match=r"lasts 1\.400 s, expected at most 1 s"):
        load_data(root)
    data = load_data(root, DataSettings(window_s=1.5))
    assert data.window_s == 1.5
    assert max(len(data.audio("train", i)) for i in range(len(data.splits["train"]))) == 1_400
    long.write_bytes(wav(0.3 * np.sin(np.arange(1_000)), RATE))
    assert load_data(root, DataSettings(window_s=1.5)).fingerprint != load_data(root).fingerprint
    cut = load_data(root, DataSettings(window_s=0.995))
    assert cut.audio("train", 0).shape == (995,)


def test_a_data_set_is_shown_in_a_line(folder: Path) -> None:
    assert repr(load_data(folder)) == f"DataSet({str(folder)!r}, 4 classes, clips: 112 train, 16 validation, 32 test)"


def test_settings_survive_their_record_and_defaults_leave_none() -> None:
    every = DataSettings(("off", "on"), unknown=True, silence=True, speaker="^([^_]+)_", window_s=1.5)
    assert read_data_settings("space", every.to_dict()) == every
    assert json.loads(json.dumps(every.to_dict())) == every.to_dict()
    assert DataSettings().to_dict() == {}
    assert read_data_settings("space", {"data": "msc", "recipe": {}}) == DataSettings()


@pytest.mark.parametrize(
    "content, expected",
    [
        ({"words": []}, "words: got [], expected a list of names of word folders"),
        ({"words": "on"}, "words: got 'on', expected a list"),
        ({"words": ["on", "on"]}, "each once"),
        ({"words": ["a/b"]}, "words: got ['a/b']"),
        ({"words": ["on", "_unknown_"]}, "that do not begin with '_' or '.'; set unknown = true instead"),
        ({"words": ["_noise"]}, "that do not begin with '_' or '.'."),
        ({"words": ["on", "silence"], "silence": True}, "beside silence = true; leave it out of the words"),
        (
            {"unknown": 3},
            "unknown: got 3, expected true or false, 'builtin', a folder with clips of other words, or a list of such",
        ),
        ({"speaker": "[^_]+"}, "speaker: got '[^_]+', expected a regular expression with one group"),
        ({"speaker": "(a)(b)"}, "with one group"),
        ({"speaker": "("}, "with one group"),
        ({"window_s": 0}, "window_s: got 0, expected a number of seconds from 0.1 to 10"),
        ({"window_s": True}, "window_s: got True"),
        (3, "got 3, expected a table"),
    ],
)
def test_a_faulty_setting_is_named(content: object, expected: str) -> None:
    with pytest.raises(SpaceError) as caught:
        read_data_settings("mine.toml", content)
    assert str(caught.value).startswith("mine.toml: ")
    assert expected in str(caught.value)


def test_settings_from_python_are_checked_too(folder: Path) -> None:
    assert load_data(folder, DataSettings(words=["on", "off"])).settings.words == ("on", "off")  # type: ignore[arg-type]
    with pytest.raises(SpaceError, match="speaker: got"):
        load_data(folder, DataSettings(speaker="("))
