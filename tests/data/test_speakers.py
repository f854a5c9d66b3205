"""Who speaks: by the convention, by a pattern, few of them, none that can be told."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from kwssearch.data import DataError, load_data, record, speaker_of, speaker_rule
from kwssearch.data.speakers import suggest
from kwssearch.data.splits import Shares, deal_clips, deal_speakers, split_by_speaker
from kwssearch.space import DataSettings
from kwssearch.testing.words import wav


def people(root: Path, names: tuple[str, ...], pattern: str = "{who}_nohash_{take}.wav", takes: int = 10) -> Path:
    rng = np.random.default_rng(0)
    for word in ("off", "on", "up"):
        (root / word).mkdir(parents=True)
        for who in names:
            for take in range(takes):
                name = pattern.format(word=word, who=who, take=take)
                (root / word / name).write_bytes(wav(0.3 * rng.standard_normal(300), 1_000))
    return root


@pytest.mark.parametrize(
    "clip, speaker",
    [
        ("on/0a7c2a8d_nohash_0.wav", "0a7c2a8d"),
        ("on/ann_3.wav", "ann_3.wav"),
        ("_background_noise_/tap.wav#1600", "tap.wav"),
        ("on/ann_nohash_a_nohash_b.wav", "ann"),
    ],
)
def test_the_convention(clip: str, speaker: str) -> None:
    assert speaker_of(clip) == speaker


@pytest.mark.parametrize(
    "pattern, clip, speaker",
    [
        ("^[^_]+_([^_]+)_", "3/3_theo_7.wav", "theo"),
        ("^([^_]+)/", "on/x.wav", "on"),
        ("([^_]+)_nohash_", "_unknown_/bed_0a7c_nohash_0.wav.wav", "0a7c"),
        ("^(x)", "on/ann_nohash_0.wav", "ann"),
        ("^(x?)", "on/ann_nohash_0.wav", "ann"),
    ],
)
def test_a_pattern_is_searched_in_the_name_or_the_path(pattern: str, clip: str, speaker: str) -> None:
    assert speaker_rule(pattern)(clip) == speaker


@pytest.mark.parametrize("names", [("ann", "bob", "cid"), ("alice", "bob", "carol", "dan"), tuple("abcdefg")])
def test_few_speakers_are_dealt_so_that_each_split_has_one(tmp_path: Path, names: tuple[str, ...]) -> None:
    data = load_data(people(tmp_path / "words", names))
    speakers = [set(data.speakers(split)) for split in data.splits]
    assert len(set.union(*speakers)) == sum(map(len, speakers)) == len(names)
    assert min(map(len, speakers)) == 1
    assert data.split_by == "speaker"


def test_four_speakers_are_two_one_and_one_and_the_plan_says_who_is_where(tmp_path: Path) -> None:
    data = load_data(people(tmp_path / "words", ("alice", "bob", "carol", "dan")))
    assert [len(set(data.speakers(split))) for split in data.splits] == [2, 1, 1]
    assert any(
        note == "Few speakers: they were dealt so that each split has each word "
        "(bob, carol for train; alice for validation; dan for test)."
        for note in data.notes
    )


@pytest.mark.parametrize("names", [("ann",), ("ann", "bob")])
def test_one_or_two_speakers_are_split_by_clip_and_marked(tmp_path: Path, names: tuple[str, ...]) -> None:
    data = load_data(people(tmp_path / "words", names))
    assert data.split_by == "clip"
    assert record(data)["split_by"] == "clip"
    told = [warning for warning in data.warnings if "keep voices apart" in warning]
    known = f"{len(names)} speaker{'s' * (len(names) > 1)} ({', '.join(names)})"
    assert told == [
        f"{tmp_path}/words: holds {known}, expected at least 3 to keep voices apart; clips were split one by one, "
        "and accuracies are those of voices that were trained on."
    ]
    clips = 10 * len(names)
    for word in range(3):
        counts = [sum(clip.label == word for clip in data.splits[split]) for split in data.splits]
        assert counts == [clips - 2 * (clips // 10), clips // 10, clips // 10]


def test_a_word_of_too_few_speakers_says_how_to_split(tmp_path: Path) -> None:
    root = people(tmp_path / "words", tuple("abcdef"))
    for path in (root / "up").iterdir():
        if path.name[0] not in "ab":
            path.unlink()
    with pytest.raises(DataError, match=r"up: has 20 clips but none for .* \('kwssearch data split' writes them\)"):
        load_data(root)


def test_speakers_keep_the_split_of_their_hash_where_it_leaves_none_empty(tmp_path: Path) -> None:
    names = tuple(f"{i:08x}" for i in range(60))
    data = load_data(people(tmp_path / "words", names, takes=1))
    assert all(split_by_speaker(who) == split for split in data.splits for who in data.speakers(split))
    assert not any("Few speakers" in note for note in data.notes)


def test_dealing_moves_as_few_speakers_as_it_must() -> None:
    names = [f"{i:08x}" for i in range(60)]
    lonely = [name for name in names if split_by_speaker(name) == "train"][:5]
    class_of = {f"on/{who}_nohash_0.wav": "on" for who in names} | {f"up/{who}_nohash_0.wav": "up" for who in lonely}
    dealt = deal_speakers(class_of, speaker_of)
    moved = {speaker_of(clip) for clip, split in dealt.items() if split != split_by_speaker(speaker_of(clip))}
    assert len(moved) == 2
    assert {split for clip, split in dealt.items() if clip.startswith("up/")} == {"train", "validation", "test"}


def test_wherever_few_speakers_can_be_dealt_they_are() -> None:
    rng = np.random.default_rng(0)
    solved = 0
    for _ in range(150):
        said = rng.random((int(rng.integers(3, 6)), 3)) < rng.choice((0.5, 0.7, 1.0))
        names = rng.integers(0, 10**6, len(said))
        class_of = {f"{w}/{names[s]}_nohash_0.wav": str(w) for s, w in zip(*np.nonzero(said), strict=True)}
        heard = [row for row in said if row.any()]
        ways = itertools.product(range(3), repeat=len(heard))
        words = said.any(axis=0)
        can = any(
            all(np.any([row & (at == split) for row, at in zip(heard, way, strict=True)], axis=0)[words].all()
                for split in range(3))
            for way in ways
        )  # fmt: skip
        dealt = deal_speakers(class_of, speaker_of)
        whole = len({(clip.split("/")[0], split) for clip, split in dealt.items()}) == 3 * words.sum()
        assert whole == can
        solved += can
    assert solved > 30


def test_shares_may_be_others() -> None:
    clips = {f"on/{i:04x}_nohash_0.wav": "on" for i in range(2_000)}
    by_speaker = list(deal_speakers(clips, speaker_of, Shares(0.2, 0.3)).values())
    assert by_speaker.count("test") == pytest.approx(600, abs=60)
    by_clip = list(deal_clips(clips, Shares(0.2, 0.3)).values())
    assert [by_clip.count(split) for split in ("train", "validation", "test")] == [1_000, 400, 600]


@pytest.mark.parametrize(
    "pattern, told",
    [
        ("{word}_{who}_{take}.wav", "speaker = '^[^_]+_([^_.]+)' would find 4 speakers (ann, bob, cid, ...)"),
        ("{who}-{take}.wav", "speaker = '^([^-.]+)' would find 4 speakers"),
        ("{who}{take}.wav", r"speaker = '^([^\W\d_]+)' would find 4 speakers"),
        ("{who} ({take}).wav", "speaker = '^([^ .]+)' would find 4 speakers"),
    ],
)
def test_names_without_the_mark_are_told_and_the_pattern_that_is_suggested_works(
    tmp_path: Path, pattern: str, told: str
) -> None:
    root = people(tmp_path / "words", ("ann", "bob", "cid", "dot"), pattern)
    plain = load_data(root)
    warning = next(warning for warning in plain.warnings if "_nohash_" in warning)
    assert "counts as its own speaker, as do 120 clips; a voice may be in two splits" in warning
    assert told in warning
    found = warning.split("speaker = '")[1].split("' would")[0]
    data = load_data(root, DataSettings(speaker=found))
    speakers = [set(data.speakers(split)) for split in data.splits]
    assert len(set.union(*speakers)) == sum(map(len, speakers)) == 4
    assert f"4 speakers by the pattern {found!r}." in data.notes
    assert not any("_nohash_" in warning for warning in data.warnings)


@pytest.mark.parametrize("names", ["{take}.wav", "rec_{take}.wav", "{word}_{take}.wav", "take-{take}-of-9.wav"])
def test_no_pattern_is_suggested_where_names_show_none(names: str) -> None:
    clips = [f"{word}/{names.format(word=word, take=take)}" for word in ("on", "up") for take in range(30)]
    assert suggest(clips) is None


def test_clips_that_the_pattern_does_not_match_are_told_once(tmp_path: Path) -> None:
    root = people(tmp_path / "words", ("ann", "bob", "cid", "dot"), "{who}-{take}.wav")
    for take in range(3):
        (root / "on" / f"odd{take}.wav").write_bytes(wav(0.1 * np.cos(np.arange(300) * (take + 1)), 1_000))
    told = [w for w in load_data(root, DataSettings(speaker="^([^-]+)-")).warnings if "does not match" in w]
    assert len(told) == 1
    assert told[0].startswith("on/odd0.wav: does not match the speaker pattern '^([^-]+)-'; its speaker is what stands")
    assert told[0].endswith("(2 more like it).")


def test_a_word_before_the_speaker_is_found_out(tmp_path: Path) -> None:
    root = people(tmp_path / "words", ("0a1", "0b2", "0c3", "0d4", "0e5"))
    people(tmp_path / "more", ("0a1", "0b2", "0c3", "0d4", "0e5"), "bed_{who}_nohash_{take}.wav")
    (tmp_path / "more" / "up").rename(root / "_unknown_")
    data = load_data(root, DataSettings(unknown=True))
    told = [warning for warning in data.warnings if "word before the name" in warning]
    assert len(told) == 1
    assert "5 speakers such as 'bed_0a1' may be others" in told[0]
    mended = load_data(root, DataSettings(unknown=True, speaker="([^_]+)_nohash_"))
    speakers = [set(mended.speakers(split)) for split in mended.splits]
    assert len(set.union(*speakers)) == sum(map(len, speakers)) == 5


def test_a_pattern_is_not_asked_about_clips_from_elsewhere() -> None:
    rule = speaker_rule("^[^_]+_([^_]+)_")
    assert rule("yes/3_theo_7.wav") == "theo"
    assert rule("_unknown_elsewhere_1_/cat/0c540988_nohash_0.wav") == "0c540988"
