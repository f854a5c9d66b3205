"""Clips of no word, made of words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kwssearch.data import load_data
from kwssearch.data.pieces import extent, joined, write_pieces
from kwssearch.data.speakers import speaker_of
from kwssearch.errors import UserError
from kwssearch.testing.words import write_word_folder


def test_pieces_are_of_one_speaker_who_stays_in_one_split(words: Path, tmp_path: Path) -> None:
    data = load_data(words)
    counts = write_pieces(data, tmp_path / "pieces")
    assert min(counts.values()) > 0
    made = sorted((tmp_path / "pieces").rglob("*.wav"))
    assert len(made) == sum(counts.values())
    assert {speaker_of(path.name) for path in made} <= {speaker_of(c.path) for s in data.splits.values() for c in s}
    more = load_data(words, unknown=[str(tmp_path / "pieces")])
    split_of = {speaker_of(clip.path): split for split, clips in data.splits.items() for clip in clips}
    other = more.words.index("unknown")
    used = [(split, c.path) for split, clips in more.splits.items() for c in clips if c.label == other]
    assert all(any(f"/{kind}/" in path for _, path in used) for kind in counts)
    assert all(split_of[speaker_of(path)] == split for split, path in used)


def test_they_are_the_same_each_time_and_never_overwritten(words: Path, tmp_path: Path) -> None:
    data = load_data(words)
    for name in ("one", "two"):
        write_pieces(data, tmp_path / name)
    contents = [
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.wav")}
        for name in ("one", "two")
    ]
    assert contents[0] == contents[1]
    with pytest.raises(UserError, match="is there already, expected a folder to make"):
        write_pieces(data, tmp_path / "one")


def test_halves_are_joined_in_order_and_as_loud_as_each_other() -> None:
    rate, time = 8000, np.arange(8000, dtype=np.float32) / 8000
    spoken = (time > 0.3) & (time < 0.7)
    low, high = (np.where(spoken, loud * np.sin(2 * np.pi * f * time), 0) for f, loud in ((200, 0.5), (1500, 0.05)))
    piece = joined(low.astype(np.float32), high.astype(np.float32), rate, np.random.default_rng(0))
    first, last = extent(piece, rate)
    assert 0.25 < (last - first) / rate < 0.6

    def strongest(samples: np.ndarray) -> float:
        return float(np.fft.rfftfreq(len(samples), 1 / rate)[np.abs(np.fft.rfft(samples)).argmax()])

    quarter = (last - first) // 4
    one, other = piece[first : first + quarter], piece[last - quarter : last]
    assert strongest(one) == pytest.approx(200, abs=20) and strongest(other) == pytest.approx(1500, abs=20)
    assert np.sqrt(np.mean(other**2)) == pytest.approx(np.sqrt(np.mean(one**2)), rel=0.3)


def test_a_speaker_of_many_words_is_no_more_than_two_pieces_of_each_kind(tmp_path: Path) -> None:
    """Halves of words that were not read were asked for."""
    write_word_folder(tmp_path / "words", words=("down", "go", "left", "no", "stop", "yes"), clips=12, lists=False)
    for word in (tmp_path / "words").iterdir():
        for number, path in enumerate(sorted(word.glob("*.wav"))):
            path.rename(word / f"speaker{number}_nohash_0.wav")
    counts = write_pieces(load_data(tmp_path / "words"), tmp_path / "pieces")
    assert counts == {"backwards": 24, "joined": 24}
