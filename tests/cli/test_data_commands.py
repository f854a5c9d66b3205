"""The commands on data sets: what they print, write and refuse."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from kwssearch.cli.commands import main
from kwssearch.data import load_data
from kwssearch.testing.words import wav, write_word_folder


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_word_folder(tmp_path_factory.mktemp("good") / "words", clips=100, rate=1_000)


def test_check_of_a_good_folder_shows_its_state_and_exits_0(good: Path) -> None:
    told = invoke("data", "check", good)
    assert (told.exit_code, told.stderr) == (0, "0 problems found.\n")
    assert told.stdout.splitlines() == [
        f"{good}: 2 classes, 200 clips at 1,000 Hz, 3.3 min of sound",
        "",
        "               train  validation        test         all",
        "no                70          10          20         100",
        "yes               70          10          20         100",
        "speakers          35           5          10          50",
        "",
        "Splits: by lists.",
        "Lengths: 1.000 s (no/speaker000_nohash_0.wav) to 1.000 s (no/speaker000_nohash_0.wav).",
        f"Levels: {levels(good)} dBFS RMS (5 %, 50 %, 95 % of the clips).",
        "validation_list.txt and testing_list.txt decide the splits.",
    ]


def levels(root: Path) -> str:
    rms = [np.std(soundfile.read(path)[0]) for path in root.rglob("*.wav")]
    return ", ".join(f"{20 * np.log10(np.quantile(rms, share)):.0f}" for share in (0.05, 0.5, 0.95))


def test_check_tells_many_of_a_kind_in_one_line_and_what_stops_a_search_first(good: Path, tmp_path: Path) -> None:
    root = shutil.copytree(good, tmp_path / "words")
    for i in range(400):
        (root / "no" / f"more{i:03d}.m4a").write_bytes(b"x")
    for i in range(3):
        soundfile.write(root / "yes" / f"wide{i}.wav", np.zeros((3_000, 2)), 2_000, subtype="PCM_24")
    told = invoke("data", "check", root)
    assert told.exit_code == 1
    problems = [line for line in told.stdout.splitlines() if line.startswith(("Refused", "Warning"))]
    at = "Refused: yes/wide0.wav: "
    converts = "'kwssearch data import' converts it"
    assert problems == [
        f"{at}is 24-bit PCM, expected 16-bit PCM; {converts} (2 more like it)",
        f"{at}has 2 channels, expected one; {converts} (2 more like it)",
        f"{at}lasts 1.500 s, expected at most 1 s; 'kwssearch data import' cuts it (2 more like it)",
        f"{at}has 2000 Hz, expected 1000 Hz as most clips have; 'kwssearch data import' resamples it (2 more like it)",
        f"Warning: no/more000.m4a: is not a .wav file and is skipped; {converts} (399 more like it)",
    ]
    assert told.stderr == "412 problems found: 12 refused, 400 warnings.\n"
    every = invoke("data", "check", root, "--all")
    assert sum(line.startswith(("Refused", "Warning")) for line in every.stdout.splitlines()) == 412


def test_check_says_the_same_each_time(good: Path, tmp_path: Path) -> None:
    root = shutil.copytree(good, tmp_path / "words")
    for i, content in enumerate((b"", b"RIFF", wav(np.zeros(10))[:44], b"RIFF\0\0\0\0WAVEfmt \x10")):
        (root / "no" / f"bad{i}.wav").write_bytes(content)
    first = invoke("data", "check", root).stdout
    assert first == invoke("data", "check", root).stdout
    assert "0x" not in first
    assert "object" not in first


def test_check_of_chosen_words_and_of_a_space_from_elsewhere(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(good, tmp_path / "words")
    (tmp_path / "mine.toml").write_bytes('\ufeffdata = "words"\r\nwords = ["no"]\r\nunknown = true\r\n'.encode())
    (tmp_path / "jobs").mkdir()
    monkeypatch.chdir(tmp_path / "jobs")
    by_space = invoke("data", "check", "../mine.toml")
    assert by_space.stdout.splitlines()[0] == "../words: 2 classes, 200 clips at 1,000 Hz, 3.3 min of sound"
    assert invoke("data", "check", "../words", "--words", "no", "--unknown").stdout == by_space.stdout
    refused = invoke("data", "check", "../mine.toml", "--words", "noo,yes")
    assert "Refused: ../words: has no word folder 'noo' (Did you mean 'no'?), expected some of no" in refused.stdout
    monkeypatch.setenv("HOME", str(tmp_path))
    assert invoke("data", "check", "~/words").stdout.startswith(f"{tmp_path}/words: 2 classes")


@pytest.mark.parametrize(
    "arguments, code, part",
    [
        (["check", "nowhere"], 1, "nowhere: is not a folder ("),
        (["check", "nowhere.toml"], 2, "nowhere.toml: cannot be read as TOML"),
        (["check", "WORDS", "--words", "no,no"], 2, "options: words: got ['no', 'no']"),
        (["check", "WORDS", "--speaker", "("], 2, "'--speaker': got '(', expected a regular expression with one group"),
        (["import", "nowhere", "out"], 1, "nowhere: is not a folder, expected a folder that holds recordings"),
        (["import", "WORDS", "WORDS/in"], 1, "lies in "),
        (["import", "WORDS", "out", "--word", "x"], 2, "'--word': got 'x', expected a regular expression"),
        (["split", "nowhere"], 1, "nowhere: is not a folder"),
        (["split", "WORDS"], 1, "validation_list.txt: exists already; move it away"),
        (["split", "WORDS", "--test", "much"], 2, "much"),
        (["split", "WORDS", "--test", "60%", "--validation", "40%"], 2, "leave some clips for training"),
    ],
)
def test_a_fault_is_one_sentence_that_suggests_no_option_of_other_commands(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, part: str
) -> None:
    monkeypatch.chdir(tmp_path)
    told = invoke("data", *[a.replace("WORDS", str(good)) for a in arguments])
    assert told.exit_code == code
    assert part in told.stderr
    assert "--data" not in told.stderr
    assert told.stderr.count("Error") == 1
    assert not (tmp_path / "out").exists()


def test_split_writes_lists_that_are_then_used(good: Path, tmp_path: Path) -> None:
    root = shutil.copytree(good, tmp_path / "words", ignore=shutil.ignore_patterns("*.txt"))
    told = invoke("data", "split", root, "--test", "30%")
    assert told.exit_code == 0, told.stderr
    data = load_data(root)
    shown = ", ".join(f"{len(data.splits[split])} {split}" for split in ("train", "validation", "test"))
    assert told.stdout == f"{root}: clips: {shown}\n"
    assert data.split_by == "lists"
    assert 30 < len(data.splits["test"]) < 90
    speakers = [set(data.speakers(split)) for split in data.splits]
    assert sum(map(len, speakers)) == len(set.union(*speakers))


def test_split_of_two_speakers_is_by_clip_only_when_asked(tmp_path: Path) -> None:
    for word in ("no", "yes"):
        (tmp_path / "words" / word).mkdir(parents=True)
        for i in range(20):
            name = f"{('ann', 'bob')[i % 2]}_nohash_{i}.wav"
            (tmp_path / "words" / word / name).write_bytes(wav(0.3 * np.sin(np.arange(300)) * (i + 1) / 20, 1_000))
    refused = invoke("data", "split", tmp_path / "words")
    assert "holds 2 speakers, expected at least 3 to keep voices apart; split it by clip" in refused.stderr
    done = invoke("data", "split", tmp_path / "words", "--by", "clip", "--validation", "0.2")
    assert done.stdout.endswith("clips: 28 train, 8 validation, 4 test\n")


def test_import_tells_what_was_done_and_what_to_do_next(tmp_path: Path) -> None:
    source = tmp_path / "recordings"
    for word in ("off", "on"):
        (source / word).mkdir(parents=True)
        for i in range(3):
            soundfile.write(source / word / f"ann_{i}.flac", 0.1 * np.sin(np.arange(8_000)), 8_000)
    (source / "on" / "x.m4a").write_bytes(b"\0\0\0\x20ftypM4A ")
    told = invoke("data", "import", source, tmp_path / "my words")
    assert told.exit_code == 0
    assert told.stderr == "Importing ...\n"
    assert told.stdout.splitlines() == [
        f"{tmp_path}/my words: 6 clips of 2 words (off 3, on 3)",
        "  6 recordings converted from FLAC PCM_16",
        "  6 recordings resampled to 16000 Hz",
        "Left out: on/x.m4a: cannot be read by libsndfile (Format not recognised); convert it with another program",
        "7 recordings of no known speaker: each counts as one of its own.",
        f"Next: kwssearch data check '{tmp_path}/my words'",
    ]


def test_import_that_is_stopped_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_word_folder(tmp_path / "words", clips=6, rate=1_000)

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kwssearch.data.importing.folder.place", stop)
    stopped = invoke("data", "import", tmp_path / "words", tmp_path / "out")
    assert stopped.exit_code == 130
    assert stopped.stderr.endswith("Stopped; what is done is saved. To go on, run the same command again.\n")
    monkeypatch.undo()
    assert invoke("data", "import", tmp_path / "words", tmp_path / "out").exit_code == 0
