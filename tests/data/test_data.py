"""Folders of words: splits, refusals, warnings, fingerprints."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwssearch.data import DataError, check, difference, load_data, record, speaker_of
from kwssearch.data.splits import split_by_speaker
from kwssearch.testing.words import pack, wav, write_word_folder

WEAK = {"silent", "faint", "short"}
SECOND = wav(0.1 * np.sin(np.arange(16_000)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_word_folder(tmp_path / "words")


def texts(root: Path) -> list[str]:
    return [f"{problem.path}: {problem.text}" for problem in check(root)]


def test_splits_by_the_lists(folder: Path) -> None:
    data = load_data(folder)
    assert data.words == ("no", "yes")
    assert data.sampling_rate == 16_000
    assert {split: len(clips) for split, clips in data.splits.items()} == {"train": 56, "validation": 8, "test": 16}
    assert data.source == str(folder)
    listed = (folder / "testing_list.txt").read_text().split()
    assert [clip.path for clip in data.splits["test"]] == sorted(listed)
    assert data.labels("test").tolist() == [int(clip.path.startswith("yes")) for clip in data.splits["test"]]
    assert data.warnings[0].startswith("no: has 40 clips; with fewer than 100 a word")


def test_splits_by_speaker_without_lists(tmp_path: Path) -> None:
    data = load_data(write_word_folder(tmp_path / "words", clips=200, lists=False))
    speakers = [{speaker_of(clip.path) for clip in clips} for clips in data.splits.values()]
    assert sum(map(len, speakers)) == len(set.union(*speakers)) == 100
    assert 60 < len(speakers[0]) < 95
    assert data.warnings == ()


def test_split_by_speaker_is_stable_and_about_80_10_10() -> None:
    names = [f"{i:08x}" for i in range(5000)]
    shares = {
        split: sum(split_by_speaker(name) == split for name in names) for split in ("train", "validation", "test")
    }
    assert shares == pytest.approx({"train": 4000, "validation": 500, "test": 500}, abs=80)
    assert [split_by_speaker(name) for name in names[:6]] == [split_by_speaker(name) for name in names[:6]]


def test_audio_is_what_the_file_holds(folder: Path) -> None:
    samples = np.array([0, 1, -1, 32767, -32768], np.int16)
    path = folder / "no" / "speaker000_nohash_0.wav"
    path.write_bytes(pack(samples.tobytes()))
    data = load_data(folder)
    assert data.splits["train"][0].path == "no/speaker000_nohash_0.wav"
    assert data.audio("train", 0).tolist() == samples.tolist()
    assert data.audio("train", 0).dtype == np.int16
    path.write_bytes(pack(samples[::-1].tobytes()))
    with pytest.raises(DataError, match="was changed while it was in use"):
        data.audio("train", 0)
    path.unlink()
    with pytest.raises(DataError, match=r"cannot be read .No such file"):
        data.audio("train", 0)


def test_extensible_header_and_trailing_chunks_are_fine(folder: Path) -> None:
    soundfile.write(folder / "no" / "a.wav", np.zeros(100, np.int16), 16_000, format="WAVEX", subtype="PCM_16")
    body = pack(np.arange(50, dtype="<i2").tobytes()) + b"LIST\x04\x00\x00\x00abcd"
    (folder / "no" / "b.wav").write_bytes(body)
    assert {problem.kind for problem in check(folder) if problem.path in ("no/a.wav", "no/b.wav")} <= WEAK


BROKEN = {
    "empty file": (b"", "is an empty file"),
    "no samples": (pack(b""), "holds no samples"),
    "not WAV": (b"anything" + bytes(100), "is not WAV"),
    "Ogg": (b"OggS" + bytes(100), "is Ogg, expected RIFF WAV; 'kwssearch data import' converts it"),
    "header only": (SECOND[:20], "cannot be decoded"),
    "truncated": (SECOND[:9000], "is truncated or damaged"),
    "lying size": (pack(bytes(200), promised=300), "holds 200 bytes of sound where its header promises 300"),
    "8-bit": (pack(bytes(100), bits=8), "is 8-bit PCM, expected 16-bit PCM; 'kwssearch data import' converts it"),
    "24-bit": (pack(bytes(300), bits=24), "is 24-bit PCM"),
    "float": (pack(bytes(400), bits=32, tag=3), "is float"),
    "stereo": (pack(bytes(400), channels=2), "has 2 channels, expected one"),
    "48 kHz": (pack(bytes(400), rate=48_000), "has 48000 Hz, expected 16000 Hz as most clips have"),
    "absurd rate": (pack(bytes(400), rate=3), "has 3 Hz, expected 1000 to 192000 Hz"),
    "too long": (pack(bytes(2 * 16_161)), "lasts 1.010 s, expected at most 1 s; 'kwssearch data import' cuts it"),
    "huge": (pack(bytes(1 << 21)), "lasts 65.536 s, expected at most 1 s"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_clip_is_refused_by_name(folder: Path, kind: str) -> None:
    content, expected = BROKEN[kind]
    (folder / "yes" / "bad.wav").write_bytes(content)
    assert any(text.startswith("yes/bad.wav: ") and expected in text for text in texts(folder))
    with pytest.raises(DataError) as caught:
        load_data(folder)
    message = str(caught.value)
    assert f"{folder}/yes/bad.wav: " in message
    assert expected in message
    assert f"'kwssearch data check {folder}'" in message


def test_check_lists_everything_at_once(folder: Path) -> None:
    for number, (content, _) in enumerate(BROKEN.values()):
        (folder / "yes" / f"bad{number:02d}.wav").write_bytes(content)
    fatal = {problem.path for problem in check(folder) if problem.fatal}
    assert fatal == {f"yes/bad{number:02d}.wav" for number in range(len(BROKEN))}
    with pytest.raises(DataError, match=f"{len(BROKEN) - 1} more problems"):
        load_data(folder)


LISTED = {
    "missing": ("yes/nobody_nohash_0.wav", "expected 'word/file.wav' of a clip that is there"),
    "wrong case": ("Yes/Speaker000_nohash_0.wav", "did you mean 'yes/speaker000_nohash_0.wav'?"),
    "absolute": ("/etc/passwd", "lists '/etc/passwd'"),
    "climbing": ("../words/yes/speaker000_nohash_0.wav", "lists '../words/yes"),
    "dotted": ("./yes", "lists './yes'"),
    "control characters": ("yes/\x1b[31m.wav", "\\x1b[31m"),
}


@pytest.mark.parametrize("kind", LISTED)
def test_listed_file_that_is_not_there(folder: Path, kind: str) -> None:
    line, expected = LISTED[kind]
    with open(folder / "testing_list.txt", "a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError) as caught:
        load_data(folder)
    assert "testing_list.txt: line 17 lists " in str(caught.value)
    assert expected in str(caught.value)
    assert str(caught.value).isprintable()


def test_lists_may_have_crlf_duplicates_a_mark_and_blank_lines(folder: Path) -> None:
    expected = load_data(folder)
    path = folder / "testing_list.txt"
    lines = path.read_text().split()
    path.write_bytes("\ufeff".encode() + "\r\n".join([*lines, lines[0], "", ""]).encode())
    assert load_data(folder).fingerprint == expected.fingerprint


def test_lists_of_more_words_than_are_here_are_a_warning(folder: Path) -> None:
    with open(folder / "testing_list.txt", "a") as file:
        file.write("bed/a_nohash_0.wav\nbird/a_nohash_0.wav\n")
    assert "testing_list.txt: lists 2 clips of words that are not here, for example 'bed/a_nohash_0.wav'." in (
        load_data(folder).warnings
    )


def test_clip_on_both_lists_is_refused(folder: Path) -> None:
    line = (folder / "testing_list.txt").read_text().split()[0]
    with open(folder / "validation_list.txt", "a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=f"{line}: is on validation_list.txt and on testing_list.txt"):
        load_data(folder)


def test_speaker_in_two_splits_is_a_warning(folder: Path) -> None:
    with open(folder / "testing_list.txt", "a") as file:
        file.write("yes/speaker000_nohash_0.wav\n")
    assert any("puts 1 speaker in two splits, for example 'speaker000'" in w for w in load_data(folder).warnings)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * 10], ids=["not UTF-8", "no clip"])
def test_damaged_list(folder: Path, content: bytes) -> None:
    (folder / "testing_list.txt").write_bytes(content)
    with pytest.raises(DataError, match=r"testing_list\.txt"):
        load_data(folder)


def test_list_that_is_a_folder(folder: Path) -> None:
    (folder / "testing_list.txt").unlink()
    (folder / "testing_list.txt").mkdir()
    with pytest.raises(DataError, match=r"testing_list\.txt: is not a regular file"):
        load_data(folder)


def test_split_without_a_clip_of_a_word(folder: Path) -> None:
    lines = (folder / "testing_list.txt").read_text().split()
    (folder / "testing_list.txt").write_text("".join(f"{line}\n" for line in lines if line.startswith("no/")))
    with pytest.raises(DataError, match="yes: has 40 clips but none for test, expected one a split"):
        load_data(folder)


def test_folders_that_are_no_words(folder: Path) -> None:
    for name in ("_background_noise_", ".cache"):
        (folder / name).mkdir()
        (folder / name / "long.wav").write_bytes(b"anything")
    (folder / "README.md").write_text("about")
    (folder / "no" / ".DS_Store").write_text("")
    (folder / "no" / "notes.txt").write_text("")
    data = load_data(folder)
    assert data.words == ("no", "yes")
    assert "no/notes.txt: is not a .wav file and is skipped." in data.warnings


def test_folders_without_recordings_are_no_words_and_told_once(folder: Path) -> None:
    before = load_data(folder)
    for name in ("runs/x/trial_0", "docs", "lost+found", "@eaDir", "$RECYCLE.BIN", "System Volume Information"):
        (folder / name).mkdir(parents=True)
    (folder / "runs" / "x" / "run.json").write_text("{}")
    (folder / "$RECYCLE.BIN" / "gone.wav").write_bytes(SECOND)
    (folder / "@eaDir" / "no.wav").mkdir()
    data = load_data(folder)
    assert data.fingerprint == before.fingerprint
    assert [note for note in data.notes if "docs" in note] == ["docs, runs: hold no recordings, so they are not words."]
    assert data.warnings == before.warnings


def test_a_word_whose_recordings_are_all_of_other_kinds(folder: Path) -> None:
    (folder / "go").mkdir()
    (folder / "go" / "a.m4a").write_bytes(b"x")
    with pytest.raises(DataError, match=r"go: holds no usable clip.*'kwssearch data import' converts"):
        load_data(folder)


def test_one_word_is_not_enough(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds 1 word folder \('yes'\), expected at least 2"):
        load_data(write_word_folder(tmp_path / "words", words=("yes",)))


@pytest.mark.parametrize("source", ["nowhere", "a\0b", "x\x1b[2J"])
def test_no_folder(tmp_path: Path, source: str) -> None:
    with pytest.raises(DataError, match="is not a folder, expected one with a sub-folder of WAVs per word") as caught:
        load_data(tmp_path / source)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("word", ["two words", 'it\'s "so"', "größe", "日本", "<script>", "a&b", "-rf"])
def test_strange_word_names_work(tmp_path: Path, word: str) -> None:
    data = load_data(write_word_folder(tmp_path / "words", words=(word, "yes")))
    assert word in data.words
    assert data.audio("train", 0).shape == (16_000,)


@pytest.mark.parametrize("word", ["a\nb", "a\x1b[31mb", os.fsdecode(b"a\xff")])
def test_unprintable_word_names_are_refused(tmp_path: Path, word: str) -> None:
    root = write_word_folder(tmp_path / "words", words=("no", "yes"))
    (root / "no").rename(root / word)
    with pytest.raises(DataError, match="unprintable characters in its name") as caught:
        load_data(root)
    assert str(caught.value).isprintable()


def test_links_of_files_that_leave_the_folder_are_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(SECOND)
    (folder / "yes" / "link.wav").symlink_to(tmp_path / "secret.wav")
    with pytest.raises(DataError, match=r"yes/link\.wav: is a link to a file elsewhere; put the file itself there"):
        load_data(folder)


def test_links_to_folders_of_words_are_followed_and_named(folder: Path, tmp_path: Path) -> None:
    elsewhere = write_word_folder(tmp_path / "elsewhere", words=("go",), lists=False)
    plain = shutil.copytree(folder, tmp_path / "plain")
    shutil.copytree(elsewhere / "go", plain / "go")
    (folder / "go").symlink_to(elsewhere / "go")
    (folder / "loop").symlink_to(folder)
    (folder / "again").symlink_to(tmp_path)
    linked = load_data(folder)
    assert linked.words == ("go", "no", "yes")
    assert linked.fingerprint == load_data(plain).fingerprint
    assert "go: a link to a folder elsewhere, followed." in linked.notes
    assert "again, loop: hold no recordings, so they are not words." in linked.notes
    linked.audio("train", 0)


def test_a_link_within_a_linked_folder_does_not_leave_it(folder: Path, tmp_path: Path) -> None:
    elsewhere = write_word_folder(tmp_path / "elsewhere", words=("go",), lists=False)
    (tmp_path / "secret.wav").write_bytes(SECOND)
    (elsewhere / "go" / "x.wav").symlink_to(tmp_path / "secret.wav")
    (folder / "go").symlink_to(elsewhere / "go")
    with pytest.raises(DataError, match=r"go/x\.wav: is a link to a file elsewhere"):
        load_data(folder)


def test_a_link_that_leads_nowhere_is_told(folder: Path) -> None:
    (folder / "go").symlink_to(folder / "gone")
    with pytest.raises(DataError, match="go: is a link to nothing; repair or remove it"):
        load_data(folder)


def test_a_file_is_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "words.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"words\.zip: is not a folder, .*; unpack an archive first, name one"):
        load_data(tmp_path / "words.zip")


def test_the_same_folder_under_two_names_is_refused(folder: Path) -> None:
    (folder / "yeah").symlink_to(folder / "yes")
    with pytest.raises(DataError, match="yes: is the same folder as 'yeah'"):
        load_data(folder)


def test_links_within_the_folder_are_files_like_others(folder: Path) -> None:
    (folder / "yes" / "link.wav").symlink_to(folder / "yes" / "speaker000_nohash_0.wav")
    assert any(clip.path == "yes/link.wav" for clip in load_data(folder).splits["train"])


def test_pipes_are_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "yes" / "pipe.wav")
    with pytest.raises(DataError, match=r"pipe\.wav: is not a regular file"):
        load_data(folder)


def test_any_rate_that_all_clips_share(tmp_path: Path) -> None:
    assert load_data(write_word_folder(tmp_path / "words", rate=8_000)).sampling_rate == 8_000


def test_difference_says_what_changed(folder: Path) -> None:
    before = load_data(folder)
    recorded = record(before)
    assert list(recorded["splits"]["test"]) == [clip.path for clip in before.splits["test"]]
    assert difference(recorded, record(before)) is None

    (folder / "no" / "new_nohash_0.wav").write_bytes(SECOND)
    (folder / "no" / "speaker000_nohash_0.wav").write_bytes(SECOND)
    (folder / "no" / "speaker000_nohash_1.wav").unlink()
    (folder / "yes" / "speaker001_nohash_0.wav").unlink()
    with open(folder / "validation_list.txt", "a") as file:
        file.write("yes/speaker002_nohash_0.wav\n")
    after = load_data(folder)
    assert after.fingerprint != before.fingerprint
    assert difference(recorded, record(after)) == (
        "1 clip added (for example no/new_nohash_0.wav), "
        "2 clips removed (for example no/speaker000_nohash_1.wav), "
        "1 clip altered (for example no/speaker000_nohash_0.wav), "
        "1 clip moved to another split (for example yes/speaker002_nohash_0.wav)"
    )
    assert difference({"splits": {"train": 3}}, record(before)) == "the record of its clips is damaged"


def test_fingerprint_depends_on_content_only(folder: Path, tmp_path: Path) -> None:
    data = load_data(folder)
    folder.rename(tmp_path / "elsewhere")
    assert load_data(tmp_path / "elsewhere").fingerprint == data.fingerprint
    assert replace(data, sampling_rate=8000).fingerprint != data.fingerprint
