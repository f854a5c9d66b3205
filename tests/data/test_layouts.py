"""Folders that are something else than words: recognised, told with the remedy, and never trained on as words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kwssearch.data import DataError, load_data
from kwssearch.data.importing import ImportOptions, import_folder
from kwssearch.data.splits import write_split
from kwssearch.space import DataSettings
from kwssearch.testing.words import wav

PEOPLE = ("ann", "bob", "cid", "dot")
TRAIN, HELD = [f"{i:04x}" for i in range(20)], {"val": ["00aa", "00bb"], "test": ["00cc", "00dd"]}


def put(root: Path, *paths: str) -> Path:
    """A recording of its own at each path."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        seed = sum(map(ord, path)) % 2**32
        sound = 0.3 * np.random.default_rng([seed, len(path)]).standard_normal(300)
        (root / path).write_bytes(wav(sound, 1_000))
    return root


def split_files(name: str) -> list[str]:
    train = [f"{name}train/{word}_{who}_nohash_0.wav" for word in ("go", "no") for who in TRAIN]
    held = [
        f"{name}{s}/{word}_{who}_nohash_0.wav" for s, names in HELD.items() for who in names for word in ("go", "no")
    ]
    return train + held


def split_words(training: str, validation: str, test: str) -> list[str]:
    parts = {training: TRAIN, validation: HELD["val"], test: HELD["test"]}
    return [f"{s}/{word}/{who}_nohash_0.wav" for s, names in parts.items() for who in names for word in ("go", "no")]


def each(pattern: str, words: tuple[str, ...] = ("go", "no")) -> list[str]:
    return [pattern.format(word=w, who=p, take=t) for w in words for p in PEOPLE for t in range(3)]


SPLITS = "holds a folder for each split"
LAYOUTS: dict[str, tuple[list[str], str]] = {
    "splits of files": (split_files("msc-"), f"{SPLITS} (msc-test, msc-train, msc-val), with recordings of all words"),
    "splits of words": (
        split_words("train", "val", "test"),
        f"{SPLITS} (test, train, val), each with folders",
    ),
    "other names": (split_words("Training", "Validation", "Testing"), f"{SPLITS} (Testing, Training, Validation)"),
    "short names": (split_words("tr", "cv", "tt"), f"{SPLITS} (cv, tr, tt)"),
    "sets": (split_words("trainset", "devset", "test1"), f"{SPLITS} (devset, test1, trainset)"),
    "speakers of words": (
        each("{who}/{word}/{take}.wav"),
        "holds folders within folders (ann, bob, cid, ..., with",
    ),
    "words of speakers": (
        each("{word}/{who}/{take}.wav"),
        "holds folders within folders (go, no, with ann, bob,",
    ),
    "speakers of files": (
        each("{who}/{word}_{take}.wav"),
        "seems to hold a folder for each speaker or session (",
    ),
    "numbered speakers": (
        [f"speaker_{i}/hej_{t}.wav" for i in range(4) for t in range(3)],
        "seems to hold a folder for each speaker",
    ),
    "padded numbers": (
        [f"{i:02d}/0_{i:02d}_{t}.wav" for i in range(1, 5) for t in range(3)],
        "a folder for each speaker or session",
    ),
    "side by side": (each("{word}_{who}_nohash_{take}.wav"), "holds 24 recordings side by side"),
    "digits in one folder": (
        each("recordings/{word}_{who}_{take}.wav", ("3", "7")),
        "holds one folder, 'recordings',",
    ),
    "an archive's parent": (each("speech/{word}/{who}_nohash_{take}.wav"), "seem to lie in 'speech'; name that folder"),
    "two levels above": (
        each("a/speech/{word}/{who}_nohash_{take}.wav"),
        "seem to lie in 'a/speech'; name that",
    ),
    "five levels above": (
        each("a/b/c/d/speech/{word}/{who}_nohash_{take}.wav"),
        "seem to lie in 'a/b/c/d/speech'; name that folder",
    ),
    "several archives": (
        each("v1/{word}/{who}_nohash_{take}.wav") + each("v2/up/{who}_nohash_{take}.wav") + each("v2/on/{who}.wav"),
        "seem to lie in v1, v2; name one of these, or 'kwssearch data import' puts them together",
    ),
    "folds": (
        each("fold1/{word}_{who}_{take}.wav") + each("fold2/{word}_{who}_{take}.wav"),
        "speaker or session (fold1,",
    ),
    "splits of speakers of words": (
        [f"{s}/p{n}{i}/{w}/1.wav" for n, s in enumerate(("train", "test")) for i in range(9) for w in ("go", "no")],
        "they seem to lie in test/p10, test/p11, test/p12, ...; name one of these, or 'kwssearch data import' puts",
    ),
    "beside a test without words": (
        each("train/audio/{word}/{who}_nohash_{take}.wav") + [f"test/audio/clip_{i}.wav" for i in range(3)],
        "seem to lie in 'train/audio'; name that folder",
    ),
}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_a_layout_that_is_no_words_is_refused_with_the_remedy(tmp_path: Path, kind: str) -> None:
    paths, expected = LAYOUTS[kind]
    with pytest.raises(DataError) as caught:
        load_data(put(tmp_path / "set", *paths))
    assert expected in str(caught.value)
    assert "'kwssearch data import'" in str(caught.value) or "name that folder" in str(caught.value)


IMPORTED = {
    "splits of files": (("go", "no"), 24),
    "splits of words": (("go", "no"), 24),
    "other names": (("go", "no"), 24),
    "speakers of words": (("go", "no"), 4),
    "words of speakers": (("go", "no"), 4),
    "speakers of files": (("go", "no"), 4),
    "side by side": (("go", "no"), 4),
    "an archive's parent": (("go", "no"), 4),
    "splits of speakers of words": (("go", "no"), 18),
    "two levels above": (("go", "no"), 4),
    "beside a test without words": (("go", "no"), 4),
}


@pytest.mark.parametrize("kind", IMPORTED)
def test_what_is_imported_is_a_data_set_with_its_words_and_speakers(tmp_path: Path, kind: str) -> None:
    words, speakers = IMPORTED[kind]
    source = put(tmp_path / "set", *LAYOUTS[kind][0])
    import_folder(source, tmp_path / "made", ImportOptions(rate=1_000))
    data = load_data(tmp_path / "made")
    assert data.words == words
    known = [set(data.speakers(split)) for split in data.splits]
    assert len(set.union(*known)) == sum(map(len, known)) == speakers
    if kind in ("splits of files", "splits of words", "other names"):
        assert known == [set(TRAIN), set(HELD["val"]), set(HELD["test"])]


def test_words_that_are_called_like_splits_are_words_when_they_are_named(tmp_path: Path) -> None:
    root = put(tmp_path / "set", *each("{word}/{who}_nohash_{take}.wav", ("test", "train")))
    with pytest.raises(DataError, match=SPLITS):
        load_data(root)
    assert load_data(root, DataSettings(words=("test", "train"))).words == ("test", "train")


def test_words_of_two_parts_and_names_that_no_list_of_words_knows(tmp_path: Path) -> None:
    flat = put(tmp_path / "flat", *each("{word}_{who}_nohash_{take}.wav", ("turn_off", "turn_on")))
    (flat / "test.txt").write_text("\n".join(each("{word}_{who}_nohash_{take}.wav", ("turn_off", "turn_on"))[:3]))
    summary = import_folder(flat, tmp_path / "made", ImportOptions(rate=1_000))
    assert summary.clips == {"turn_off": 12, "turn_on": 12}
    assert summary.splits["test"] == 3
    folders = put(tmp_path / "folders", *each("{who}/{word}_{take}.wav", ("hej", "tack")))
    told = " ".join(load_data(folders).warnings)
    assert "if these are words and the folders are speakers, 'kwssearch data import' with a word pattern puts" in told
    import_folder(folders, tmp_path / "sorted", ImportOptions(rate=1_000, word=r"/(\w+)_\d"))
    data = load_data(tmp_path / "sorted")
    assert data.words == ("hej", "tack")
    assert {who for split in data.splits for who in data.speakers(split)} == set(PEOPLE)


def test_labels_before_a_dot_and_a_test_set_beside_the_words(tmp_path: Path) -> None:
    dotted = [
        f"{split}/{word}.{i:04x}.wav" for split in ("training", "testing") for word in ("hi", "ho") for i in range(5)
    ]
    put(tmp_path / "dotted", *dotted)
    summary = import_folder(tmp_path / "dotted", tmp_path / "made", ImportOptions(rate=1_000))
    assert summary.clips == {"hi": 10, "ho": 10}
    assert summary.splits == {"validation": 0, "test": 10}
    wake = put(tmp_path / "wake", *each("{word}/{who}_nohash_{take}.wav", ("hey", "not-hey")))
    put(wake, *[f"test/{word}/eve_nohash_{i}.wav" for word in ("hey", "not-hey") for i in range(4)])
    assert any("in 'test', and is skipped" in warning for warning in load_data(wake).warnings)
    summary = import_folder(wake, tmp_path / "sorted", ImportOptions(rate=1_000))
    assert summary.clips == {"hey": 16, "not-hey": 16}
    assert summary.splits["test"] == 8


def test_naming_words_of_another_layout_makes_it_no_words(tmp_path: Path) -> None:
    root = put(tmp_path / "set", *split_words("train", "val", "test"))
    with pytest.raises(DataError, match=SPLITS):
        load_data(root, DataSettings(words=("go", "no")))
    with pytest.raises(DataError, match=SPLITS):
        write_split(root)
    assert not list(root.glob("*.txt"))


def test_words_among_others_that_are_called_like_splits_are_words(tmp_path: Path) -> None:
    words = ("go", "test", "train", "up")
    assert load_data(put(tmp_path / "set", *each("{word}/{who}_nohash_{take}.wav", words))).words == words


@pytest.mark.parametrize("words", [("0", "1"), ("10", "20"), ("alpha", "beta"), ("p1", "p2")])
def test_words_of_any_name_are_words(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert load_data(put(tmp_path / "set", *each("{word}/{who}_{take}.wav", words))).words == words


def test_recordings_beside_and_below_the_words_are_told_and_passed_over(tmp_path: Path) -> None:
    root = put(tmp_path / "set", *each("{word}/{who}_nohash_{take}.wav"), "stray.wav", "no/old/a.wav", "no/old/b.wav")
    data = load_data(root)
    assert sum(map(len, data.splits.values())) == 24
    told = [warning for warning in data.warnings if warning.startswith(("stray", "no/old"))]
    assert told == [
        "stray.wav: lies beside the word folders and is skipped; put it into the folder of its word.",
        "no/old/a.wav: lies deeper than in the folder of its word, as do 2 recordings in 'no', and is skipped; "
        "'kwssearch data import' puts them in order.",
    ]


def test_words_that_differ_in_case_or_unicode_form_only_are_told(tmp_path: Path) -> None:
    words = ("No", "no", "gr\u00fcn", "gru\u0308n")
    warnings = load_data(put(tmp_path / "set", *each("{word}/{who}_nohash_{take}.wav", words))).warnings
    assert any("No: differs from 'no' in case or Unicode form only" in w and "(1 more like it)" in w for w in warnings)
