"""Recordings, lists and names that nobody would make: each gives a data set or one sentence."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kwssearch.data import DataError, DataSet, check, load_data, record, recorded_labels
from kwssearch.data.importing import ImportOptions, import_folder
from kwssearch.data.wav import decode, parse
from kwssearch.errors import SpaceError
from kwssearch.space import DataSettings, read_data_settings
from kwssearch.system.text import decode_text
from kwssearch.testing.words import pack, wav, write_word_folder

pytestmark = pytest.mark.damage
CASES = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
FOLDER_CASES = settings(CASES, max_examples=250)
SOUND = wav(0.3 * np.sin(np.arange(800) / 5))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_word_folder(tmp_path_factory.mktemp("template") / "words", clips=6, rate=1_000)


def sentence_or_data(root: Path, settings: DataSettings = DataSettings()) -> DataSet | None:  # noqa: B008
    """What load_data gives, after the promises that hold for any folder."""
    before = sorted(root.parent.rglob("*"))
    problems = check(root, settings)
    try:
        data = load_data(root, settings)
    except DataError as error:
        assert str(error).isprintable()
        assert any(problem.fatal for problem in problems)
        return None
    finally:
        assert sorted(root.parent.rglob("*")) == before
    assert not any(problem.fatal for problem in problems)
    assert all(text.isprintable() for text in (*data.notes, *data.warnings))
    clips = [clip.path for split in data.splits.values() for clip in split]
    assert len(set(clips)) == len(clips)
    for split in data.splits:
        labels = data.labels(split).tolist()
        assert set(labels) == set(range(len(data.words)))
        assert recorded_labels(record(data), data.words, split).tolist() == labels
        for i in range(len(labels)):
            samples = data.audio(split, i)
            assert samples.dtype == np.int16
            assert 0 < len(samples) <= round(data.window_s * data.sampling_rate)
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


@CASES
@given(
    chunks=st.lists(
        st.tuples(
            st.sampled_from([b"fmt ", b"data", b"LIST", b"smpl", b"xyzq", b"fact", b"\0\0\0\0"]),
            st.binary(max_size=30) | st.just(SOUND[20:36]) | st.just(SOUND[44:]),
            st.none() | st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]) | st.integers(0, 2**32 - 1),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_chunks_of_any_order_and_size(chunks: list[tuple[bytes, bytes, int | None, bool]]) -> None:
    content = b"RIFF\0\0\0\0WAVE"
    for name, body, size, padded in chunks:
        content += name + (len(body) if size is None else size).to_bytes(4, "little") + body
        content += b"\0" * (padded and len(body) % 2)
    decodes_or_says_why(content)
    try:
        cleaned = parse(content).clean()
    except ValueError:
        return
    assert parse(cleaned).body == parse(content).body


@CASES
@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-16", "surrogatepass")))
def test_any_bytes_as_text(content: bytes) -> None:
    try:
        text = decode_text(content)
    except ValueError as error:
        assert str(error).isprintable()
    else:
        assert "\r" not in text
        assert not text.startswith("\ufeff") or content.startswith(b"\xef\xbb\xbf")


LINES = st.one_of(
    st.sampled_from([
        "no/speaker000_nohash_0.wav", "NO/speaker000_nohash_0.wav", "yes/speaker001_nohash_1.wav",
        "/no/speaker000_nohash_0.wav", "../words/no/speaker000_nohash_0.wav", "no/../yes/speaker000_nohash_0.wav",
        "no\\speaker000_nohash_0.wav", ".\\yes\\speaker000_nohash_0.wav", "./no/speaker001_nohash_0.wav", "bed/a.wav",
        "no_speaker000_nohash_1.wav", "yes/speaker001_nohash_0.wav,yes", "no no/speaker001_nohash_1.wav", "path,label",
        "./data/x/yes/speaker001_nohash_0.wav", "C:\\no\\speaker000_nohash_0.wav", "bed_0a_nohash_0.wav", "", " ",
        "no", "no/", "/", "..", "\x00", "\x1b[2J", "/etc/passwd",
    ]),
    st.text(max_size=30),
)  # fmt: skip


@FOLDER_CASES
@given(
    lines=st.lists(LINES, max_size=8),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    name=st.sampled_from([
        "testing_list.txt", "validation_list.txt", "train.txt", "test.csv", "kws_val_split.txt", "../valid.txt",
        "../testing_list.txt", "dev.lst",
    ]),
    keep=st.booleans(),
    usual=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16"]),
    raw=st.binary(max_size=4),
)  # fmt: skip
def test_lists(
    template: Path, lines: list[str], end: str, name: str, keep: bool, usual: bool, encoding: str, raw: bytes
) -> None:
    with tempfile.TemporaryDirectory() as parent:
        root = Path(shutil.copytree(template, Path(parent) / "words"))
        old = (root / name).read_bytes() if keep and (root / name).exists() else b""
        if not usual:
            for list_name in ("testing_list.txt", "validation_list.txt"):
                (root / list_name).unlink()
        (root / name).write_bytes(old + end.join(lines).encode(encoding, "surrogatepass") + raw)
        sentence_or_data(root)


FOLDERS = st.sampled_from([
    "no", "yes", "train", "test", "val", "msc-train", "speaker01", "ann", "_unknown_", "_silence_", "unknown",
    "silence", "_background_noise_", "runs", "@eaDir", "lost+found", "a", "01", "No", "audio",
])  # fmt: skip
FILES = st.sampled_from([
    "no_0a_nohash_0.wav", "0a_nohash_0.wav", "0b_nohash_1.wav", "ann_1.wav", "3_theo_7.wav", "1.wav", "x.m4a", "x.flac",
    "notes.txt", "test.txt", "bed_0a_nohash_1.wav.wav", ".hidden.wav", "Thumbs.db",
])  # fmt: skip
SETTINGS = st.builds(
    DataSettings,
    words=st.lists(st.sampled_from(["no", "yes", "train", "ann", "01", "nope"]), max_size=3, unique=True).map(tuple),
    unknown=st.booleans(),
    silence=st.booleans(),
    speaker=st.sampled_from([None, None, "^([^_]+)_", "([^/]+)/[^/]*$", "(x*)"]),
    window_s=st.sampled_from([1.0, 1.0, 0.3, 2.5]),
)


@FOLDER_CASES
@given(
    paths=st.lists(st.tuples(st.lists(FOLDERS, max_size=3), FILES), max_size=25),
    sound=st.binary(min_size=2, max_size=8),
    settings=SETTINGS,
    link=st.none() | FOLDERS,
)
def test_folders_of_any_shape(
    paths: list[tuple[list[str], str]], sound: bytes, settings: DataSettings, link: str | None
) -> None:
    with tempfile.TemporaryDirectory() as parent:
        root = Path(parent) / "words"
        root.mkdir()
        for number, (folders, name) in enumerate(paths):
            place = root.joinpath(*folders)
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(pack((sound + bytes([number])) * 100, rate=1_000))
        if link and not (root / link).exists():
            (root / link).symlink_to(root)
        sentence_or_data(root, settings)
        before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
        try:
            import_folder(root, Path(parent) / "made", ImportOptions(rate=1_000))
        except DataError as error:
            assert str(error).isprintable()
        else:
            sentence_or_data(Path(parent) / "made")
        assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@FOLDER_CASES
@given(settings=SETTINGS, lists=st.booleans(), silent=st.booleans())
def test_other_sounds(other_sounds: Path, settings: DataSettings, lists: bool, silent: bool) -> None:
    with tempfile.TemporaryDirectory() as parent:
        ignored = shutil.ignore_patterns(*([] if lists else ["*.txt"]), *([] if silent else ["_silence_"]))
        root = Path(shutil.copytree(other_sounds, Path(parent) / "words", ignore=ignored))
        sentence_or_data(root, settings)


@pytest.fixture(scope="module")
def other_sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_word_folder(
        tmp_path_factory.mktemp("other") / "words", ("no", "yes", "ann", "_unknown_", "_silence_"), clips=6, rate=1_000
    )
    (root / "_background_noise_").mkdir()
    noise = 0.2 * np.random.default_rng(0).standard_normal(30_000)
    (root / "_background_noise_" / "noise.wav").write_bytes(wav(noise, 1_000))
    return root


@CASES
@given(
    st.dictionaries(
        st.sampled_from(["words", "unknown", "silence", "speaker", "window_s", "data"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
        | st.lists(st.text(max_size=4) | st.integers(), max_size=3),
    )
)  # fmt: skip
def test_any_values_as_settings(content: dict[str, object]) -> None:
    try:
        settings = read_data_settings("space", content)
    except SpaceError as error:
        assert str(error).isprintable()
    else:
        assert read_data_settings("space", settings.to_dict()) == settings


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
