"""Recordings, lists and names that nobody would make: each gives a data set or one sentence."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kwssearch.data.dataset import DataError, DataSet, check, load_data
from kwssearch.data.wav import decode
from kwssearch.testing.words import pack, wav, write_word_folder

pytestmark = pytest.mark.damage
CASES = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
FOLDER_CASES = settings(CASES, max_examples=250)
SOUND = wav(0.3 * np.sin(np.arange(800) / 5))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_word_folder(tmp_path_factory.mktemp("template") / "words", clips=6, rate=1_000)


def sentence_or_data(root: Path) -> DataSet | None:
    """What load_data gives, after the promises that hold for any folder."""
    before = sorted(root.parent.rglob("*"))
    problems = check(root)
    try:
        data = load_data(root)
    except DataError as error:
        assert str(error).isprintable()
        assert any(problem.fatal for problem in problems)
        return None
    finally:
        assert sorted(root.parent.rglob("*")) == before
    assert not any(problem.fatal for problem in problems)
    for split, clips in data.splits.items():
        for i in range(len(clips)):
            samples = data.audio(split, i)
            assert samples.dtype == np.int16
            assert 0 < len(samples) <= data.sampling_rate
    return data


@CASES
@given(
    body=st.binary(max_size=300),
    rate=st.sampled_from([0, 1, 8_000, 16_000, 44_100, 48_000, 2**32 - 1]) | st.integers(0, 2**32 - 1),
    channels=st.integers(0, 3) | st.integers(0, 2**16 - 1),
    bits=st.sampled_from([0, 1, 8, 12, 16, 24, 32, 64, 65_535]),
    tag=st.sampled_from([0, 1, 2, 3, 6, 7, 17, 49, 85, 0xFFFE]),
    promised=st.none() | st.integers(0, 2**32 - 1),
)
@example(bytes(10), 16_000, 1, 16, 1, None)
def test_headers(body: bytes, rate: int, channels: int, bits: int, tag: int, promised: int | None) -> None:
    decodes_or_says_why(pack(body, rate, channels, bits, tag, promised))


@CASES
@given(cut=st.integers(0, len(SOUND)), at=st.integers(0, 60), patch=st.binary(max_size=12), tail=st.binary(max_size=40))
def test_damaged_recordings(cut: int, at: int, patch: bytes, tail: bytes) -> None:
    content = bytearray(SOUND)
    content[at : at + len(patch)] = patch
    decodes_or_says_why(bytes(content[:cut]) + tail)


@CASES
@given(
    magic=st.sampled_from(
        [b"", b"RIFF\0\0\0\0WAVE", b"RIFX\0\0\0\0WAVE", b"RF64\xff\xff\xff\xffWAVE", b"OggS", b"fLaC", b"ID3"]
    ),
    content=st.binary(max_size=200),
)
def test_files_that_are_no_wav(magic: bytes, content: bytes) -> None:
    decodes_or_says_why(magic + content)


def decodes_or_says_why(content: bytes) -> None:
    try:
        samples, rate = decode(content)
    except ValueError as error:
        assert str(error).isprintable()
    else:
        assert 0 < len(samples) <= rate
        assert 2 * len(samples) <= len(content)


LINES = st.one_of(
    st.sampled_from([
        "no/speaker000_nohash_0.wav", "NO/speaker000_nohash_0.wav", "yes/speaker001_nohash_1.wav",
        "/no/speaker000_nohash_0.wav", "../words/no/speaker000_nohash_0.wav", "no/../yes/speaker000_nohash_0.wav",
        "no\\speaker000_nohash_0.wav", "bed/a.wav", "", " ", "no", "no/", "/", "..", "\x00", "\x1b[2J", "/etc/passwd",
    ]),
    st.text(max_size=30),
)  # fmt: skip


@FOLDER_CASES
@given(
    lines=st.lists(LINES, max_size=8),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    name=st.sampled_from(["testing_list.txt", "validation_list.txt"]),
    keep=st.booleans(),
    raw=st.binary(max_size=4),
)
def test_lists(template: Path, lines: list[str], end: str, name: str, keep: bool, raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as parent:
        root = Path(shutil.copytree(template, Path(parent) / "words"))
        old = (root / name).read_bytes() if keep else b""
        (root / name).write_bytes(old + end.join(lines).encode("utf-8", "surrogatepass") + raw)
        sentence_or_data(root)


NAMES = st.text(max_size=40).filter(lambda name: "/" not in name and "\0" not in name and name not in ("", ".", ".."))


@FOLDER_CASES
@given(word=NAMES, clip=NAMES)
@example("<script>alert(1)<", "'; rm -rf ~.wav")
@example("a b", "a\nb.wav")
@example("größe", "\u202egnp.wav")
def test_names(template: Path, word: str, clip: str) -> None:
    with tempfile.TemporaryDirectory() as parent:
        root = Path(shutil.copytree(template, Path(parent) / "words"))
        try:
            if not (root / word).exists():
                shutil.copytree(root / "no", root / word)
            (root / "yes" / f"{clip}.wav").write_bytes((root / "yes" / "speaker000_nohash_0.wav").read_bytes())
        except (OSError, UnicodeEncodeError, ValueError):
            return
        sentence_or_data(root)


@FOLDER_CASES
@given(
    content=st.binary(max_size=100),
    place=st.sampled_from(["speaker000_nohash_0.wav", "speaker001_nohash_0.wav", "x.wav"]),
)
def test_one_bad_recording_among_good_ones(template: Path, content: bytes, place: str) -> None:
    with tempfile.TemporaryDirectory() as parent:
        root = Path(shutil.copytree(template, Path(parent) / "words"))
        (root / "yes" / place).write_bytes(content)
        assert sentence_or_data(root) is None
