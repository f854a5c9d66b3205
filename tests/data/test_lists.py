"""Split lists as people have them: where they lie, what they are called, how their lines are written."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from kwssearch.data import DataError, DataSet, load_data
from kwssearch.testing.words import write_word_folder

LISTS = ("validation_list.txt", "testing_list.txt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_word_folder(tmp_path / "set" / "words", rate=1_000)


@pytest.fixture
def expected(folder: Path) -> DataSet:
    return load_data(folder)


def rewritten(root: Path, line: Callable[[str], str], end: str = "\n", encoding: str = "utf-8") -> None:
    for name in LISTS:
        lines = (root / name).read_text().split()
        (root / name).write_bytes((end.join(map(line, lines)) + end).encode(encoding))


LINES: dict[str, Callable[[str], str]] = {
    "backslashes": lambda line: line.replace("/", "\\"),
    "dot": lambda line: f"./{line}",
    "dot and backslashes": lambda line: ".\\" + line.replace("/", "\\"),
    "trailing blanks": lambda line: f"{line}  \t",
    "label after a blank": lambda line: f"{line} {line.split('/')[0]}",
    "label after a comma": lambda line: f"{line},{line.split('/')[0]}",
    "label before a tab": lambda line: f"{line.split('/')[0]}\t{line}",
    "quotes": lambda line: f'"{line}"',
    "a course's prefix": lambda line: f"./data/mini_speech_commands/{line}",
    "folder above": lambda line: f"words/{line}",
    "no ending": lambda line: line.removesuffix(".wav"),
    "flat names": lambda line: line.replace("/", "_"),
}


@pytest.mark.parametrize("kind", LINES)
def test_lines_that_plainly_mean_a_clip(folder: Path, expected: DataSet, kind: str) -> None:
    rewritten(folder, LINES[kind])
    data = load_data(folder)
    assert data.fingerprint == expected.fingerprint
    assert "validation_list.txt and testing_list.txt decide the splits." in data.notes


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_other_systems(folder: Path, expected: DataSet, end: str) -> None:
    rewritten(folder, lambda line: line, end)
    assert load_data(folder).fingerprint == expected.fingerprint


def test_absolute_paths_within_the_data_set(folder: Path, expected: DataSet) -> None:
    rewritten(folder, lambda line: f"{folder}/{line}")
    assert load_data(folder).fingerprint == expected.fingerprint


@pytest.mark.parametrize(
    "line", ["/elsewhere/{}", "../words/{}", "C:\\data\\{}", "no/../{}"], ids=["absolute", "up", "drive", "through"]
)
def test_paths_that_leave_the_data_set_are_refused_in_one_message(folder: Path, line: str) -> None:
    rewritten(folder, line.format)
    with pytest.raises(DataError) as caught:
        load_data(folder)
    text = str(caught.value)
    assert "validation_list.txt: line 1 lists " in text
    assert ", and 7 more lines are like it; correct or remove them (1 more problem); " in text


def test_utf_16_is_named_with_what_to_save_it_as(folder: Path) -> None:
    rewritten(folder, lambda line: line, encoding="utf-16")
    with pytest.raises(
        DataError, match=r"validation_list\.txt: is UTF-16 text, expected UTF-8; save it again as UTF-8"
    ):
        load_data(folder)


def test_lists_one_folder_above_the_words_are_used_and_named(folder: Path, expected: DataSet) -> None:
    for name in LISTS:
        (folder / name).rename(folder.parent / name)
    data = load_data(folder)
    assert data.fingerprint == expected.fingerprint
    assert "../validation_list.txt and ../testing_list.txt decide the splits." in data.notes
    assert data.split_by == "lists"


@pytest.mark.parametrize("names", [("valid.txt", "test.txt"), ("kws_val_split.txt", "kws_test_split.txt"),
                                   ("dev.csv", "testing.csv"), ("validation.lst", "my-test-set.tsv")])  # fmt: skip
@pytest.mark.parametrize("above", [False, True])
def test_lists_of_other_names(folder: Path, expected: DataSet, names: tuple[str, str], above: bool) -> None:
    for old, new in zip(LISTS, names, strict=True):
        (folder / old).rename((folder.parent if above else folder) / new)
    data = load_data(folder)
    assert data.fingerprint == expected.fingerprint
    prefix = "../" if above else ""
    assert f"{prefix}{names[0]} and {prefix}{names[1]} decide the splits." in data.notes


def test_lists_in_a_folder_of_their_own(folder: Path, expected: DataSet) -> None:
    (folder / "splits").mkdir()
    for name in LISTS:
        (folder / name).rename(folder / "splits" / name)
    data = load_data(folder)
    assert data.fingerprint == expected.fingerprint
    assert "splits/validation_list.txt and splits/testing_list.txt decide the splits." in data.notes


def test_lists_in_another_unicode_form(tmp_path: Path) -> None:
    root = write_word_folder(tmp_path / "words", ("gru\u0308n", "rot"), rate=1_000)
    expected = load_data(root)
    rewritten(root, lambda line: unicodedata.normalize("NFC", line))
    assert load_data(root).fingerprint == expected.fingerprint


def test_lists_of_formats_that_are_not_read_are_told(folder: Path, expected: DataSet) -> None:
    for name in LISTS:
        lines = (folder / name).read_text().split()
        (folder / name).unlink()
        (folder / name.replace("_list.txt", ".json")).write_text(json.dumps([{"file": line} for line in lines]))
    told = [warning for warning in load_data(folder).warnings if ".json" in warning]
    assert [warning.split(":")[0] for warning in told] == ["testing.json"]
    assert "is not used; write 'word/file.wav' a line in validation_list.txt and testing_list.txt" in told[0]
    assert told[0].endswith("(1 more like it).")


def test_a_header_line_of_a_table_is_no_clip(folder: Path, expected: DataSet) -> None:
    for name in LISTS:
        text = (folder / name).read_text().replace("\n", ",x\n")
        (folder / name.replace("_list.txt", ".csv")).write_text("path,label\n" + text)
        (folder / name).unlink()
    assert load_data(folder).fingerprint == expected.fingerprint


def test_clips_on_none_of_three_lists_are_left_out_and_told(folder: Path, expected: DataSet) -> None:
    for split, clips in expected.splits.items():
        (folder / f"{split}.txt").write_text("".join(f"{clip.path}\n" for clip in clips[(split == "train") :]))
    for name in LISTS:
        (folder / name).unlink()
    data = load_data(folder)
    assert [len(clips) for clips in data.splits.values()] == [55, 8, 16]
    left = expected.splits["train"][0].path
    assert f"{left}: is on no list and left out (1 clip in all)." in data.warnings


def test_the_usual_lists_go_before_others_which_are_named(folder: Path, expected: DataSet) -> None:
    (folder / "test.txt").write_text("no/speaker000_nohash_0.wav\n")
    (folder.parent / "val.txt").write_text("no/speaker000_nohash_0.wav\n")
    data = load_data(folder)
    assert data.fingerprint == expected.fingerprint
    decide = "since validation_list.txt and testing_list.txt decide"
    assert {f"test.txt: is not used, {decide}.", f"../val.txt: is not used, {decide}."} <= set(data.notes)


def test_a_usual_list_and_one_of_another_name_complete_each_other(folder: Path, expected: DataSet) -> None:
    (folder / LISTS[1]).rename(folder / "test.txt")
    data = load_data(folder)
    assert data.fingerprint == expected.fingerprint
    assert "validation_list.txt and test.txt decide the splits." in data.notes


def test_lists_of_another_data_set_are_not_used_and_one_line_says_why(folder: Path) -> None:
    for name in LISTS:
        (folder / name).unlink()
    (folder.parent / "test.txt").write_text("".join(f"no/stranger{i}_nohash_0.wav\n" for i in range(50)))
    data = load_data(folder)
    assert data.split_by == "speaker"
    told = [warning for warning in data.warnings if "test.txt" in warning]
    assert len(told) == 1
    assert told[0].startswith(
        "../test.txt: names 0 clips of this folder in 50 lines and is not used; write 'word/file.wav'"
    )


def test_a_training_list_alone_is_not_used_and_says_what_is_missing(folder: Path) -> None:
    (folder / "train.txt").write_text("no/speaker000_nohash_0.wav\n")
    for name in LISTS:
        (folder / name).unlink()
    told = [warning for warning in load_data(folder).warnings if "train.txt" in warning]
    assert told == [
        "train.txt: names clips for training only and is not used; "
        "name those for validation and test in validation_list.txt and testing_list.txt."
    ]


def test_files_of_other_purposes_are_no_lists(folder: Path, expected: DataSet) -> None:
    (folder.parent / "test.txt").write_text("to be tested tomorrow\n")
    (folder.parent / "test.csv").write_bytes(b"\xff\xfe\x00")
    (folder.parent / "train.txt").mkdir()
    data = load_data(folder)
    assert data.notes == expected.notes
    assert data.warnings == expected.warnings


@pytest.mark.parametrize("missing, kept", [(0, "test"), (1, "validation")])
def test_a_split_that_no_list_names_is_drawn_from_the_speakers(tmp_path: Path, missing: int, kept: str) -> None:
    root = write_word_folder(tmp_path / "words", clips=100, rate=1_000)
    expected = load_data(root)
    (root / LISTS[missing]).unlink()
    data = load_data(root)
    assert data.splits[kept] == expected.splits[kept]
    drawn = {"validation": "test", "test": "validation"}[kept]
    assert f"No list names clips for {drawn}: a tenth of the training speakers was taken for it." in data.notes
    speakers = [set(data.speakers(split)) for split in data.splits]
    assert sum(map(len, speakers)) == len(set.union(*speakers)) == 50


def test_a_word_that_no_list_mentions_is_split_by_speaker_with_the_others(tmp_path: Path) -> None:
    root = write_word_folder(tmp_path / "words", ("go", "no", "yes"), clips=60, rate=1_000)
    for name in LISTS:
        lines = [line for line in (root / name).read_text().split() if not line.startswith("go/")]
        (root / name).write_text("\n".join(lines))
    data = load_data(root)
    assert "No list names clips of go: they were split by speaker." in data.notes
    speakers = [set(data.speakers(split)) for split in data.splits]
    assert sum(map(len, speakers)) == len(set.union(*speakers)) == 30


def test_lists_beside_a_link_to_the_words_are_found(folder: Path, expected: DataSet, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "words").symlink_to(folder)
    for name in LISTS:
        (folder / name).rename(tmp_path / "mine" / name)
    assert load_data(tmp_path / "mine" / "words").fingerprint == expected.fingerprint
    assert load_data(folder).split_by == "speaker"


def test_names_with_blanks_beside_a_label(tmp_path: Path) -> None:
    root = write_word_folder(tmp_path / "words", rate=1_000)
    for path in list(root.rglob("*.wav")):
        path.rename(path.with_name(path.name.replace("speaker", "speaker no ")))
    rewritten(root, lambda line: line.replace("speaker", "speaker no "))
    expected = load_data(root)
    for name in LISTS:
        lines = (root / name).read_text().splitlines()
        (root / name).write_text("".join(f"{line}, {line.split('/')[0]}\n" for line in lines))
    assert load_data(root).fingerprint == expected.fingerprint


def test_a_list_that_is_a_link_to_elsewhere_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / LISTS[0]).rename(tmp_path / "list")
    (folder / LISTS[0]).symlink_to(tmp_path / "list")
    with pytest.raises(DataError, match=r"validation_list\.txt: is a link to a file elsewhere, expected a list"):
        load_data(folder)
    (folder / LISTS[0]).rename(folder / "valid.txt")
    (folder / LISTS[1]).unlink()
    told = [warning for warning in load_data(folder).warnings if "valid.txt" in warning]
    assert told == [
        "valid.txt: is a link to a file elsewhere, expected a list of clips; put the list itself there or remove it; "
        "until then it is not used."
    ]
