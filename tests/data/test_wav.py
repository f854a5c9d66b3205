"""What is in a WAV: chunks as players take them, headers that do not tell the size, sound that teaches nothing."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwssearch.data import DataError, check, load_data
from kwssearch.data.sound import weaknesses
from kwssearch.data.wav import decode, parse
from kwssearch.testing.words import pack, wav, write_word_folder

SAMPLES = (8_000 * np.sin(np.arange(700) / 7)).astype("<i2")
BODY = SAMPLES.tobytes()
FORMAT = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8_000, 16_000, 2, 16)
DATA = struct.pack("<4sI", b"data", len(BODY)) + BODY


def riff(*chunks: bytes) -> bytes:
    content = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def chunk(name: bytes, content: bytes, padded: bool = True) -> bytes:
    return struct.pack("<4sI", name, len(content)) + content + b"\0" * (padded and len(content) % 2)


SOUND = {
    "plain": riff(FORMAT, DATA),
    "odd comment, padded": riff(FORMAT, chunk(b"LIST", b"INFOICMT\5\0\0\0hello"), DATA),
    "odd comment, not padded": riff(FORMAT, chunk(b"LIST", b"INFOICMT\5\0\0\0hello", padded=False), DATA),
    "odd unknown chunk, not padded": riff(FORMAT, chunk(b"xyzq", b"abc", padded=False), DATA),
    "sampler chunk that is too short": riff(FORMAT, chunk(b"smpl", bytes(28) + b"\xff" * 4), DATA),
    "odd chunk before the format": riff(chunk(b"JUNK", b"abc", padded=False), FORMAT, DATA),
    "sampler chunk that tells too little": riff(FORMAT, b"smpl\x24\0\0\0" + bytes(60), DATA),
    "comment that tells too much": riff(FORMAT, b"LIST\x40\x1f\0\0INFOICMT\4\0\0\0data", DATA),
    "frames of no size": riff(FORMAT[:20] + b"\0\0" + FORMAT[22:], DATA),
    "frames of another size": riff(FORMAT[:20] + b"\4\0" + FORMAT[22:], DATA),
    "bytes a second of none": riff(FORMAT[:16] + b"\0\0\0\0" + FORMAT[20:], DATA),
    "12 bits in two bytes": riff(FORMAT[:22] + b"\x0c\0", DATA),
    "chunks after the sound": riff(FORMAT, DATA, chunk(b"LIST", b"abc"), b"\1"),
    "wrong size of the whole": b"RIFF\0\0\0\0" + riff(FORMAT, DATA)[8:],
    "stream of ffmpeg": riff(FORMAT, b"data\xff\xff\xff\xff" + BODY),
    "stream of sox": riff(FORMAT, b"data\x00\xf0\xff\x7f" + BODY),
    "stream of arecord": riff(FORMAT, b"data\x00\x00\x00\x80" + BODY),
    "stream without a size": riff(FORMAT, b"data\0\0\0\0" + BODY),
    "half a sample at the end": riff(FORMAT, struct.pack("<4sI", b"data", len(BODY) + 1) + BODY + b"\1"),
}


@pytest.mark.parametrize("kind", SOUND)
def test_sound_that_players_play_is_read_whole(kind: str) -> None:
    samples, rate = decode(SOUND[kind])
    assert rate == 8_000
    assert samples.tolist() == SAMPLES.tolist()


@pytest.mark.parametrize("kind", SOUND)
def test_cleaned_it_is_what_libsndfile_reads(kind: str) -> None:
    samples, rate = soundfile.read(io.BytesIO(parse(SOUND[kind]).clean()), dtype="int16")
    assert rate == 8_000
    assert samples.tolist() == SAMPLES.tolist()


NO_CLIP = {
    "RF64": (b"RF64" + riff(FORMAT, DATA)[4:], "is RF64 (the WAV of files above 4 GB), expected RIFF WAV; 'kws"),
    "RIFX": (b"RIFX" + riff(FORMAT, DATA)[4:], "is RIFX (WAV with its bytes the other way round), expected RIFF WAV"),
    "FLAC": (b"fLaC" + bytes(40), "is FLAC, expected RIFF WAV; 'kwssearch data import' converts it"),
    "MP3": (b"ID3\x04" + bytes(40), "is MP3, expected"),
    "M4A": (b"\0\0\0\x20ftypM4A " + bytes(40), "is MPEG-4 (AAC), expected"),
    "no sound": (riff(FORMAT), "cannot be decoded (it has no data chunk); record it again or remove it"),
    "no format": (riff(DATA), "cannot be decoded (it has no complete format chunk before its data)"),
    "bits of none": (riff(FORMAT[:22] + b"\0\0", DATA), "is 0-bit PCM, expected 16-bit PCM"),
    "empty data": (riff(FORMAT, b"data\0\0\0\0", chunk(b"LIST", b"ab")), "holds no samples"),
    "A-law": (
        riff(chunk(b"fmt ", struct.pack("<HHIIHH", 6, 1, 8_000, 8_000, 1, 8)), DATA),
        "is A-law, expected 16",
    ),
    "truncated": (riff(FORMAT, DATA)[:-100], "holds 1300 bytes of sound where its header promises 1400"),
}


@pytest.mark.parametrize("kind", NO_CLIP)
def test_what_is_no_clip_is_named(kind: str) -> None:
    content, expected = NO_CLIP[kind]
    with pytest.raises(ValueError) as caught:
        decode(content)
    assert expected in str(caught.value)


def test_every_fault_of_a_clip_is_told_at_once() -> None:
    with pytest.raises(ValueError) as caught:
        decode(pack(bytes(3 * 2 * 20_000), channels=2, bits=24, rate=500))
    told = str(caught.value)
    assert "is 24-bit PCM" in told
    assert "has 2 channels" in told
    assert "has 500 Hz, expected 1000 to 192000 Hz" in told


@pytest.mark.parametrize("extra, kept", [(0, 16_000), (1, 16_000), (160, 16_000)])
def test_ten_milliseconds_too_many_are_cut(extra: int, kept: int) -> None:
    samples, _ = decode(wav(np.sin(np.arange(16_000 + extra))))
    assert len(samples) == kept


def test_what_is_longer_is_told_with_digits_enough() -> None:
    with pytest.raises(ValueError, match=r"lasts 1\.010 s, expected at most 1 s"):
        decode(wav(np.zeros(16_161)))
    samples, _ = decode(wav(np.zeros(16_161)), window_s=1.5)
    assert len(samples) == 16_161


NOISE = (3_000 * np.random.default_rng(0).standard_normal(16_000)).astype(np.int16)
CLICK = np.zeros(16_000, np.int16)
CLICK[100:120] = 9_000
WEAK = {
    "silence": (np.zeros(16_000, np.int16), ["silent"]),
    "direct current": (np.full(16_000, 900, np.int16), ["silent"]),
    "a click": (CLICK, ["silent"]),
    "next to silence": ((NOISE / 600).astype(np.int16), ["faint"]),
    "next to silence on direct current": ((NOISE / 600 + 5_000).astype(np.int16), ["faint"]),
    "a few samples": (NOISE[:500], ["short"]),
    "one sample": (NOISE[:1], ["silent", "short"]),
    "overdriven": (np.clip(NOISE.astype(np.int64) * 30, -32_768, 32_767).astype(np.int16), ["clipped"]),
    "a word in silence": (np.concatenate([np.zeros(12_000, np.int16), NOISE[:4_000]]), []),
    "noise": (NOISE, []),
    "a peak or two": (np.concatenate([NOISE, np.full(100, 32_767, np.int16)]), []),
}


@pytest.mark.parametrize("kind", WEAK)
def test_sound_that_teaches_nothing(kind: str) -> None:
    samples, kinds = WEAK[kind]
    assert [fault.kind for fault in weaknesses(samples, 16_000)] == kinds


def test_silent_clips_are_a_warning_with_number_and_example(tmp_path: Path) -> None:
    root = write_word_folder(tmp_path / "words", rate=1_000)
    for path in sorted((root / "no").iterdir())[:10]:
        path.write_bytes(wav(np.zeros(400), 1_000))
    assert any(
        warning == "no/speaker000_nohash_0.wav: holds no sound (all its samples are equal); "
        "record it again or remove it (9 more like it)."
        for warning in load_data(root).warnings
    )


def test_equal_sound_in_two_splits_or_two_words_is_told_whatever_its_header(tmp_path: Path) -> None:
    root = write_word_folder(tmp_path / "words", rate=8_000)
    listed = (root / "testing_list.txt").read_text().split()
    (root / "no" / "speaker000_nohash_0.wav").write_bytes(SOUND["plain"])
    (root / listed[0]).write_bytes(SOUND["stream of ffmpeg"])
    (root / "yes" / "speaker001_nohash_0.wav").write_bytes(SOUND["odd comment, padded"])
    kinds = {problem.kind: problem for problem in check(root)}
    assert kinds["in two splits"].text.startswith(f"has the same sound as {listed[0]!r}, which is in another split")
    assert kinds["in two words"].text.startswith("has the same sound as 'yes/speaker001_nohash_0.wav', another word")


def test_a_word_folder_of_streams_is_a_data_set(tmp_path: Path) -> None:
    root = write_word_folder(tmp_path / "words", rate=8_000)
    (root / "no" / "speaker000_nohash_0.wav").write_bytes(SOUND["stream of ffmpeg"])
    assert load_data(root).audio("train", 0).tolist() == SAMPLES.tolist()
    (root / "no" / "speaker000_nohash_0.wav").write_bytes(NO_CLIP["truncated"][0])
    with pytest.raises(DataError, match="it is truncated or damaged, record it again or remove it"):
        load_data(root)
