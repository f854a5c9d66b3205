"""Long recordings in pieces, and label tracks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from kwssearch.data.recordings import Recording, sounds_in
from kwssearch.errors import UserError
from kwssearch.listening.labels import labels_of, read_labels, truth_of

WORDS = ("no", "yes", "unknown")


@pytest.fixture
def sound() -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, 100_003)


@pytest.mark.parametrize("own", [16_000, 48_000, 44_100, 8_000, 11_025])
@pytest.mark.parametrize("start, count", [(0, 5_000), (7_777, 4_321), (1, 1)])
def test_a_piece_is_that_of_the_whole(own: int, start: int, count: int, sound: np.ndarray, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", sound, own, subtype="DOUBLE")
    factor = np.gcd(16_000, own)
    whole = resample_poly(sound, 16_000 // factor, own // factor)
    found = Recording(tmp_path / "x.wav", 16_000).read(start, count)
    np.testing.assert_allclose(found, whole[start : start + count], atol=1e-12)


@pytest.mark.parametrize("own", [16_000, 44_100])
def test_blocks_are_all_of_it(own: int, sound: np.ndarray, tmp_path: Path) -> None:
    stereo = np.stack([sound, -sound / 2], axis=1).repeat(5, axis=0)
    soundfile.write(tmp_path / "x.flac", stereo, own)
    recording = Recording(tmp_path / "x.flac", 16_000)
    blocks = list(recording.blocks())
    assert len(blocks) > 1
    assert sum(map(len, blocks)) == recording.length == len(stereo) * 16_000 // own
    if own == 16_000:
        np.testing.assert_allclose(np.concatenate(blocks) / 32768, stereo.mean(axis=1), atol=4e-5)


def test_sounds_that_cannot_be_had(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_text("no sound")
    with pytest.raises(UserError, match=r"x\.wav: cannot be read as sound"):
        Recording(tmp_path / "x.wav", 16_000).length  # noqa: B018
    with pytest.raises(UserError, match="is not a folder"):
        sounds_in(tmp_path / "x.wav", 16_000)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no recordings"):
        sounds_in(tmp_path / "empty", 16_000)


def written(folder: Path, text: str) -> Path:
    (folder / "labels.txt").write_text(text)
    return folder / "labels.txt"


def test_labels_are_keywords_and_parts(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "40.0\t41.0\tyes (20 dB)\n1,5\t2,5\tno\n\\\t100.0\t200.0\n10\t20\t[radio]\n\n70\t70.5\tyes (-5 dB)\n",
    )
    truth = truth_of(path, 75.0, 1.0, WORDS, (0, 1))
    assert [(k.label, k.start_s, k.snr_db) for k in truth.keywords] == [
        (0, 1.5, None),
        (1, 40.0, 20.0),
        (1, 70.0, -5.0),
    ]
    assert [(part.kind, part.start_s, part.seconds) for part in truth.parts] == [
        ("recording", 0, 10), ("radio", 10, 10), ("recording", 20, 10), ("recording", 30, 30), ("recording", 60, 15)
    ]  # fmt: skip
    assert [keyword.part for keyword in truth.keywords] == [0, 3, 4]


def test_labels_that_are_written_are_read_again(tmp_path: Path) -> None:
    truth = truth_of(written(tmp_path, "0\t25\t[speech]\n3.25\t4.25\tyes (10 dB)\n"), 25.0, 1.0, WORDS, (0, 1))
    again = written(tmp_path, "".join(label.line for label in labels_of(truth, WORDS)))
    assert truth_of(again, 25.0, 1.0, WORDS, (0, 1)) == truth


@pytest.mark.parametrize(
    "text, told",
    [
        ("1\t2\tyess\n", r"line 1: got 'yess', expected one of no, yes, or a note in brackets.*Did you mean 'yes'\?"),
        ("1\t2\tunknown\n", "got 'unknown', expected one of no, yes"),
        ("1\t2\tno\n9\t11\tyes\n", r"line 2: 'yes' ends at 11 s, expected labels within the recording's 10 s"),
        ("1 2 no\n", "line 1: got '1 2 no', expected start and end in seconds"),
        ("2\t1\tno\n", "expected start and end"),
        ("nan\t1\tno\n", "expected start and end"),
        ("-1\t1\tno\n", "expected start and end"),
    ],
)
def test_labels_that_do_not_fit(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=told):
        truth_of(written(tmp_path, text), 10.0, 1.0, WORDS, (0, 1))


def test_labels_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_labels(tmp_path / "none.txt")
