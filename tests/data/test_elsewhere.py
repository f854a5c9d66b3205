"""Classes of other words and silence whose clips lie outside the data set's folder, or are made here."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from kwssearch.cli.commands import main
from kwssearch.data import DataSet, load_data, recorded_labels
from kwssearch.data import record as record_of
from kwssearch.data.elsewhere import Source, other_clips
from kwssearch.data.speakers import speaker_of
from kwssearch.errors import UserError
from kwssearch.sources import other_sounds
from kwssearch.space import DataSettings, load_space, read_space
from kwssearch.testing import tiny
from kwssearch.testing.words import wav, write_word_folder

RATE = 16_000


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """Two other words and one that is a keyword, a folder of mixed words, and noise."""
    root = write_word_folder(tmp_path / "others", ("bed", "cat", "yes"), clips=40, seed=5, lists=False)
    rng = np.random.default_rng(1)
    (root / "_unknown_").mkdir()
    for digit in range(10):
        name = f"wow_0000000{digit}_nohash_0.wav.wav"
        (root / "_unknown_" / name).write_bytes(wav(0.1 * rng.standard_normal(RATE)))
    (root / "_background_noise_").mkdir()
    (root / "_background_noise_" / "fan.wav").write_bytes(wav(0.1 * rng.standard_normal(30 * RATE)))
    return root


def counts(data: DataSet, word: str) -> dict[str, int]:
    label = data.words.index(word)
    return {split: Counter(clip.label for clip in clips)[label] for split, clips in data.splits.items()}


def test_clips_of_a_folder_elsewhere_are_a_class_as_large_as_a_word(words: Path, others: Path) -> None:
    data = load_data(words, unknown=str(others), silence=str(others))
    assert data.words == ("no", "yes", "unknown", "silence")
    assert data.keywords == ("no", "yes")
    assert counts(data, "unknown") == counts(data, "silence") == counts(data, "yes")
    paths = [clip.path for clips in data.splits.values() for clip in clips if data.words[clip.label] == "unknown"]
    assert {path.split("/")[1] for path in paths} == {"bed", "cat", "_unknown_"}
    plain = load_data(words)
    for split, clips in plain.splits.items():
        assert [c.path for c in clips] == [c.path for c in data.splits[split] if data.words[c.label] in plain.words]
        assert all(len(data.audio(split, index)) for index in range(len(data.splits[split])))


def test_a_speaker_of_the_data_set_stays_in_its_split(words: Path, others: Path) -> None:
    data = load_data(words, unknown=str(others))
    split_of = {clip.path: split for split, clips in load_data(words).splits.items() for clip in clips}
    known = {speaker_of(path): split for path, split in split_of.items()}
    for split, clips in data.splits.items():
        assert all(known.get(speaker_of(clip.path), split) == split for clip in clips)


def test_lists_of_the_folder_decide_for_others(words: Path, others: Path) -> None:
    listed = [path.relative_to(others).as_posix() for path in sorted((others / "_unknown_").iterdir())]
    (others / "validation_list.txt").write_text("".join(f"{path}\n" for path in listed))
    data = load_data(words, unknown=str(others))
    assert not any("_unknown_/" in clip.path for split in ("train", "test") for clip in data.splits[split])


def test_a_speaker_of_two_folders_is_in_one_split_whichever_is_named_first(words: Path, others: Path) -> None:
    again = others.parent / "again"
    shutil.copytree(others / "cat", again / "dog")
    listed = [path.relative_to(others).as_posix() for path in sorted((others / "cat").iterdir())]
    (others / "testing_list.txt").write_text("".join(f"{path}\n" for path in listed))
    data = load_data(words, unknown=[str(again), str(others)])
    split_of: dict[str, set[str]] = {}
    for split, clips in data.splits.items():
        for clip in clips:
            split_of.setdefault(speaker_of(clip.path), set()).add(split)
    assert {len(splits) for splits in split_of.values()} == {1}


def test_a_folder_that_is_called_like_a_keyword_in_capitals_is_left_out(others: Path) -> None:
    (others / "yes").rename(others / "Yes")
    found = other_clips(Source("unknown", "_unknown_elsewhere_1_", others), ["yes", "no"])
    assert {path.split("/")[1] for path in found} == {"bed", "cat", "_unknown_"}


@pytest.mark.parametrize("name, speaker", [
    ("_unknown_/backward_0c540988_nohash_0.wav.wav", "0c540988"),
    ("bed/0c540988_nohash_1.wav", "0c540988"),
    ("bed/bed_0c540988.wav", "bed_0c540988.wav"),
    ("go/ann_lee_nohash_0.wav", "ann_lee"),
    ("go/ann_2_nohash_0.wav", "ann_2"),
])  # fmt: skip
def test_a_word_before_a_speakers_digits_is_no_part_of_the_name(name: str, speaker: str) -> None:
    assert speaker_of(name) == speaker


def test_what_is_elsewhere_counts_by_its_content_and_its_class_is_recorded(words: Path, others: Path) -> None:
    first = load_data(words, unknown=str(others))
    moved = others.rename(others.parent / "moved")
    assert load_data(words, unknown=str(moved)).fingerprint == first.fingerprint
    again = json.loads(json.dumps(record_of(first)))
    assert recorded_labels(again, first.words, "test").tolist() == first.labels("test").tolist()
    with pytest.raises(UserError, match="others"):
        first.audio("train", first.labels("train").tolist().index(2))


def test_a_space_says_where_they_are_as_seen_from_its_folder(words: Path, others: Path) -> None:
    path = tiny.write_space(others.parent / "tiny.toml")
    path.write_text('unknown = "others"\nsilence = "builtin"\n' + path.read_text())
    settings = load_space(path).data_settings
    assert settings == DataSettings(unknown=(str(others),), silence=("builtin",))
    assert read_space(load_space(path).to_dict()).data_settings == settings


def test_a_space_is_checked_with_them(words: Path, others: Path, capsys) -> None:
    path = tiny.write_space(others.parent / "tiny.toml")
    path.write_text(f'data = "{words}"\nunknown = "others"\n' + path.read_text())
    with pytest.raises(SystemExit):
        main(["data", "check", str(path)])
    assert "unknown" in capsys.readouterr().out


@pytest.mark.parametrize("settings, part", [
    ({"unknown": "nowhere"}, "nowhere: is not a folder"),
    ({"silence": "nowhere"}, "nowhere: is not a folder"),
    ({"unknown": "empty"}, "holds no recordings"),
    ({"unknown": "only"}, "only: holds no WAV of another word"),
])  # fmt: skip
def test_a_folder_without_such_sound_is_one_sentence(words: Path, tmp_path: Path, monkeypatch, settings, part) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    shutil.copytree(words / "yes", tmp_path / "only" / "yes")
    with pytest.raises(UserError) as caught:
        load_data(words, **settings)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_options_say_the_same(words: Path, others: Path, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["data", "check", str(words), "--unknown-from", str(others), "--silence-from", str(others)])
    assert ended.value.code == 1  # few clips
    told = capsys.readouterr().out
    assert "crops of 1 recording" in told
    assert told.splitlines()[2].split() == ["train", "validation", "test", "all"]


def test_other_words_are_spoken_once_by_the_voices_of_the_built_in_set(tmp_path: Path) -> None:
    folder = other_sounds.other_words(tmp_path, voices=3)
    clips = other_clips(Source("unknown", "_unknown_builtin_", folder, True), ["on", "left"])
    texts = {path.split("/")[1] for path in clips}
    assert any(" " in text for text in texts)
    assert not texts & {"on", "one"}
    speakers = {speaker_of(path) for path in clips}
    assert len(speakers) == 3
    heard = {split: (folder / f"{split}_list.txt").read_text().splitlines() for split in ("validation", "testing")}
    assert all(len(lines) == other_sounds.WORDS_A_VOICE + other_sounds.PIECES_A_VOICE for lines in heard.values())
    assert other_sounds.other_words(tmp_path, voices=3) == folder


def test_each_place_gives_as_many_clips_as_a_word_has(words: Path, others: Path, tmp_path: Path) -> None:
    more = write_word_folder(tmp_path / "more", ("dog", "bird"), clips=60, seed=9, lists=False)
    data = load_data(words, unknown=[str(others), str(more)])
    assert counts(data, "unknown") == {split: 2 * count for split, count in counts(data, "yes").items()}
    assert any("from each of its places, in each split" in note for note in data.notes)
    assert data.fingerprint == load_data(words, unknown=[str(others), str(more)]).fingerprint


def test_made_noise_is_crops_for_every_split(words: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(tmp_path))
    data = load_data(words, silence="builtin")
    assert counts(data, "silence") == counts(data, "yes")
    assert data.fingerprint == load_data(words, silence="builtin").fingerprint
