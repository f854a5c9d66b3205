"""Recordings as people have them become a folder of words: formats, rates, lengths, lists, and going on."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from kwssearch.data import DataError, load_data
from kwssearch.data.importing import ImportOptions, Summary, import_folder
from kwssearch.errors import UserError
from kwssearch.space import DataSettings
from kwssearch.testing.words import wav

RATE = 8_000
PLAIN = ImportOptions(rate=RATE)


def tone(hertz: float, seconds: float, rate: int) -> np.ndarray:
    return 0.4 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def save(path: Path, audio: np.ndarray, rate: int = RATE, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, rate, **options)
    return path


def tree(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def made(root: Path) -> list[str]:
    return [name for name in tree(root) if name.endswith(".wav")]


FORMATS: dict[str, tuple[str, int, int, dict[str, Any]]] = {
    "8-bit WAV": ("wav", 8_000, 1, {"subtype": "PCM_U8"}),
    "24-bit WAV": ("wav", 44_100, 1, {"subtype": "PCM_24"}),
    "float stereo WAV": ("wav", 48_000, 2, {"subtype": "FLOAT"}),
    "A-law": ("wav", 8_000, 1, {"subtype": "ALAW"}),
    "RF64": ("wav", 16_000, 1, {"format": "RF64", "subtype": "PCM_16"}),
    "RIFX": ("wav", 16_000, 1, {"format": "WAV", "subtype": "PCM_16", "endian": "BIG"}),
    "FLAC": ("flac", 22_050, 2, {}),
    "Ogg": ("ogg", 16_000, 1, {"subtype": "VORBIS"}),
    "MP3": ("mp3", 44_100, 1, {}),
    "AIFF": ("aiff", 11_025, 1, {}),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_becomes_a_clip_of_the_same_sound(tmp_path: Path, kind: str) -> None:
    suffix, rate, channels, options = FORMATS[kind]
    audio = np.repeat(tone(500, 0.5, rate)[:, np.newaxis], channels, axis=1)
    save(tmp_path / "in" / "on" / f"ann_nohash_0.{suffix}", audio, rate, **options)
    summary = import_folder(tmp_path / "in", tmp_path / "out", PLAIN)
    assert not summary.left
    assert made(tmp_path / "out") == ["on/ann_nohash_0.wav"]
    info = soundfile.info(tmp_path / "out" / "on" / "ann_nohash_0.wav")
    assert (info.format, info.subtype, info.channels, info.samplerate) == ("WAV", "PCM_16", 1, RATE)
    samples = soundfile.read(tmp_path / "out" / "on" / "ann_nohash_0.wav")[0]
    assert 0.48 < len(samples) / RATE < 0.6
    spectrum = np.abs(np.fft.rfft(samples[800:2_400]))
    assert np.argmax(spectrum) * RATE / 1_600 == pytest.approx(500, abs=6)
    assert np.abs(samples[800:2_400]).max() == pytest.approx(0.4, abs=0.05)
    assert summary.done["mixed down to mono"] == (channels > 1)
    assert summary.done[f"resampled to {RATE} Hz"] == (rate != RATE)


def test_a_clip_that_is_right_already_keeps_its_samples(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(-32_768, 32_768, 4_000).astype(np.int16)
    save(tmp_path / "in" / "on" / "x.wav", samples)
    summary = import_folder(tmp_path / "in", tmp_path / "out", PLAIN)
    assert soundfile.read(tmp_path / "out" / "on" / "x.wav", dtype="int16")[0].tolist() == samples.tolist()
    assert summary.done == {"taken as they are": 1}


def test_longer_recordings_are_cut_at_the_loudest_second(tmp_path: Path) -> None:
    audio = np.concatenate([0.01 * tone(300, 1.7, RATE), tone(600, 1, RATE), 0.01 * tone(300, 1, RATE)])
    save(tmp_path / "in" / "on" / "x.wav", audio)
    summary = import_folder(tmp_path / "in", tmp_path / "out", PLAIN)
    samples = soundfile.read(tmp_path / "out" / "on" / "x.wav")[0]
    assert samples == pytest.approx(audio[round(1.7 * RATE) : round(2.7 * RATE)], abs=1e-4)
    assert summary.done["cut to the loudest window"] == 1


def test_slices_are_windows_of_one_speaker(tmp_path: Path) -> None:
    audio = np.arange(round(3.6 * RATE)) / (4 * RATE)
    save(tmp_path / "in" / "on" / "ann.wav", audio)
    save(tmp_path / "in" / "on" / "bob_nohash_1.wav", audio[: round(1.3 * RATE)])
    summary = import_folder(tmp_path / "in", tmp_path / "out", ImportOptions(slice=True, rate=RATE))
    names = made(tmp_path / "out")
    assert names == [*(f"on/ann_nohash_s00{i}.wav" for i in range(4)), "on/bob_nohash_1-s000.wav"]
    lengths = [soundfile.info(tmp_path / "out" / name).frames for name in names]
    assert lengths == [RATE, RATE, RATE, round(0.6 * RATE), RATE]
    assert summary.clips == {"on": 5}


def test_a_window_of_another_length(tmp_path: Path) -> None:
    save(tmp_path / "in" / "on" / "x.wav", tone(400, 1.4, RATE))
    import_folder(tmp_path / "in", tmp_path / "out", ImportOptions(rate=RATE, window_s=1.5))
    assert soundfile.info(tmp_path / "out" / "on" / "x.wav").frames == round(1.4 * RATE)


def test_folders_of_other_sounds_come_along_and_noise_is_not_cut(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for word in ("on", "off", "_silence_", "_unknown_"):
        for i in range(10):
            sound = 0.1 * rng.standard_normal(RATE // 4)
            save(tmp_path / "in" / word / f"p{i}_nohash_0.flac", sound)
    save(tmp_path / "in" / "_background_noise_" / "tap.wav", 0.1 * rng.standard_normal((40_000 * 2, 2)), 16_000)
    import_folder(tmp_path / "in", tmp_path / "out", ImportOptions(rate=4_000))
    assert soundfile.info(tmp_path / "out" / "_background_noise_" / "tap.wav").frames == 20_000
    data = load_data(tmp_path / "out", DataSettings(unknown=True, silence=True))
    assert data.words == ("off", "on", "unknown", "silence")


LISTS: dict[str, tuple[str, str, str]] = {
    "a course's": ("kws_{}_split.txt", "./data/mini_speech_commands/{word}/{name}.wav", "val"),
    "flat names": ("{}.txt", "{word}_{name}.wav", "valid"),
    "other suffix": ("{}_list.txt", "{word}/{name}.flac", "validation"),
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("layout", ["{word}/{name}", "{word}_{name}"], ids=["folders", "flat"])
def test_lists_of_other_conventions_are_kept(tmp_path: Path, kind: str, layout: str) -> None:
    name, line, validation = LISTS[kind]
    people = [f"{i:04x}_nohash_0" for i in range(10)]
    parts = {"train": people[:6], validation: people[6:8], "test": people[8:]}
    rng = np.random.default_rng(0)
    for split, who in parts.items():
        lines = []
        for person in who:
            for word in ("go", "no"):
                audio = 0.1 * rng.standard_normal(2_000)
                save(tmp_path / "in" / (layout.format(word=word, name=person) + ".flac"), audio)
                lines.append(line.format(word=word, name=person))
        (tmp_path / "in" / name.format(split)).write_text("\n".join(lines))
    summary = import_folder(tmp_path / "in", tmp_path / "out", PLAIN)
    assert summary.splits == {"validation": 4, "test": 4}
    data = load_data(tmp_path / "out")
    assert [[clip.path for clip in data.splits[split]] for split in ("validation", "test")] == [
        [f"{word}/{person}.wav" for word in ("go", "no") for person in who] for who in (people[6:8], people[8:])
    ]


def test_speakers_by_a_pattern_become_part_of_the_names(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for digit in "37":
        for who in ("theo", "jackson", "lucas"):
            for take in range(4):
                audio = 0.1 * rng.standard_normal(2_000)
                save(tmp_path / "in" / "recordings" / f"{digit}_{who}_{take}.wav", audio)
    plain = import_folder(tmp_path / "in", tmp_path / "plain", PLAIN)
    assert any(
        "24 recordings of no known speaker" in n and "would find 3 (jackson, lucas, theo)" in n for n in plain.notes
    )
    import_folder(tmp_path / "in", tmp_path / "out", ImportOptions(rate=RATE, speaker="^[^_]+_([^_]+)_"))
    data = load_data(tmp_path / "out")
    assert data.words == ("3", "7")
    speakers = [set(data.speakers(split)) for split in data.splits]
    assert sorted(map(len, speakers)) == [1, 1, 1]
    assert set.union(*speakers) == {"theo", "jackson", "lucas"}


def test_words_by_a_pattern(tmp_path: Path) -> None:
    for i in range(3):
        save(tmp_path / "in" / f"take{i}" / "ann says on.wav", tone(300, 0.2, RATE))
        save(tmp_path / "in" / f"take{i}" / "ann says off.wav", tone(300, 0.2, RATE))
        save(tmp_path / "in" / f"take{i}" / "noise.wav", tone(300, 0.2, RATE))
    summary = import_folder(tmp_path / "in", tmp_path / "out", ImportOptions(rate=RATE, word=r"says (\w+)\.wav$"))
    assert summary.clips == {"off": 3, "on": 3}
    assert len(made(tmp_path / "out")) == 6
    assert [len(paths) for why, paths in summary.left.items() if "word pattern" in why] == [3]


def broken(root: Path) -> Path:
    """Recordings of which some cannot be taken, each for a reason of its own."""
    save(root / "on" / "good.wav", tone(300, 0.2, RATE))
    (root / "on" / "apple.m4a").write_bytes(b"\0\0\0\x20ftypM4A ")
    (root / "on" / "empty.wav").write_bytes(b"")
    (root / "on" / "none.wav").write_bytes(wav(np.zeros(0)))
    (root / "on" / "short.wav").write_bytes(wav(np.sin(np.arange(900)))[:-200])
    odd = b"WAVE" + wav(np.sin(np.arange(900)), RATE)[12:36] + b"LIST" + struct.pack("<I", 5) + b"hello"
    odd += wav(np.sin(np.arange(900)), RATE)[36:]
    (root / "on" / "odd.wav").write_bytes(b"RIFF" + struct.pack("<I", len(odd)) + odd)
    return root


def test_what_cannot_be_read_is_told_and_the_rest_is_taken(tmp_path: Path) -> None:
    summary = import_folder(broken(tmp_path / "in"), tmp_path / "out", PLAIN)
    assert made(tmp_path / "out") == ["on/good.wav", "on/odd.wav"]
    assert {path: why for why, paths in summary.left.items() for path in paths} == {
        "on/apple.m4a": "cannot be read by libsndfile (Format not recognised); convert it with another program",
        "on/empty.wav": "cannot be read by libsndfile (Format not recognised); convert it with another program",
        "on/none.wav": "holds no samples",
        "on/short.wav": "is truncated or damaged; record it again",
    }


def people(root: Path) -> Path:
    rng = np.random.default_rng(0)
    for split, who in (("train", range(4)), ("val", range(4, 6)), ("test", range(6, 8))):
        for person in who:
            for word in ("go", "no"):
                audio = 0.1 * rng.standard_normal(2 * RATE)
                save(root / split / word / f"{person}_nohash_0.flac", audio)
    return root


@pytest.mark.parametrize("options", [PLAIN, ImportOptions(slice=True, rate=RATE)], ids=["loudest", "slices"])
def test_stopped_anywhere_it_goes_on_and_ends_the_same(tmp_path: Path, options: ImportOptions) -> None:
    source = people(tmp_path / "in")
    before = tree(source)
    import_folder(source, tmp_path / "whole", options)

    for at in (0, 5, 16):
        with pytest.raises(KeyboardInterrupt):
            import_folder(source, tmp_path / "stopped", options, lambda done, total, at=at: interrupt(done, at))
    torn = next((tmp_path / "stopped" / "go").iterdir())
    torn.write_bytes(torn.read_bytes()[:100])
    (tmp_path / "stopped" / "go" / ".x.wav.tmp").write_bytes(b"half")
    summary = import_folder(source, tmp_path / "stopped", options)
    assert summary.done["there already"] == 15
    (tmp_path / "stopped" / "go" / ".x.wav.tmp").unlink()
    assert tree(tmp_path / "stopped") == tree(tmp_path / "whole")
    assert tree(source) == before
    assert import_folder(source, tmp_path / "whole", options).done == {"there already": 16}


def interrupt(done: int, at: int) -> None:
    if done == at:
        raise KeyboardInterrupt


def test_nothing_that_was_there_is_overwritten(tmp_path: Path) -> None:
    source = people(tmp_path / "in")
    other = save(tmp_path / "other" / "go" / "mine.wav", tone(300, 0.2, RATE))
    with pytest.raises(DataError, match="other: holds other files, expected a new or empty folder; name another"):
        import_folder(source, tmp_path / "other", PLAIN)
    assert list(tree(tmp_path / "other")) == [str(other.relative_to(tmp_path / "other"))]
    import_folder(source, tmp_path / "out", PLAIN)
    own = tmp_path / "out" / "go" / "0_nohash_0.wav"
    own.write_bytes(wav(tone(200, 0.1, RATE), RATE))
    (tmp_path / "out" / "testing_list.txt").write_text("go/0_nohash_0.wav\n")
    before = tree(tmp_path / "out")
    summary = import_folder(source, tmp_path / "out", PLAIN)
    assert tree(tmp_path / "out") == before
    assert "testing_list.txt: was changed since it was written, so it is kept." in summary.notes


def test_another_import_into_the_same_folder_is_refused_with_what_differs(tmp_path: Path) -> None:
    source = people(tmp_path / "in")
    import_folder(source, tmp_path / "out", PLAIN)
    with pytest.raises(DataError, match="was begun with rate '8000', which is '4000' now; import as before"):
        import_folder(source, tmp_path / "out", ImportOptions(rate=4_000))


@pytest.mark.parametrize("place", ["in", "in/out", "."])
def test_source_and_destination_keep_apart(tmp_path: Path, place: str) -> None:
    source = people(tmp_path / "in")
    before = tree(source)
    with pytest.raises(DataError, match=r"lies in .* or holds it, expected a folder elsewhere"):
        import_folder(source, tmp_path / place, PLAIN)
    assert tree(source) == before


def test_names_that_would_be_the_same_are_kept_apart(tmp_path: Path) -> None:
    for suffix in ("wav", "flac"):
        save(tmp_path / "in" / "on" / f"ann_nohash_0.{suffix}", tone(300, 0.2, RATE))
    summary: Summary = import_folder(tmp_path / "in", tmp_path / "out", PLAIN)
    assert summary.clips == {"on": 2}
    assert len(made(tmp_path / "out")) == 2
    assert all(name.startswith("on/ann_nohash_0-") for name in made(tmp_path / "out"))


def test_a_folder_without_recordings(tmp_path: Path) -> None:
    (tmp_path / "in" / "docs").mkdir(parents=True)
    with pytest.raises(DataError, match="holds no recordings that could be imported"):
        import_folder(tmp_path / "in", tmp_path / "out", PLAIN)
    assert not (tmp_path / "out").exists()


def test_a_disk_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    source = people(tmp_path / "in")
    import_folder(source, tmp_path / "out", PLAIN)
    for path in (tmp_path / "out" / "go").iterdir():
        path.unlink()
    (tmp_path / "out" / "go").rmdir()
    (tmp_path / "out" / "go").write_text("a file")
    with pytest.raises(UserError, match=r"_0\.wav: cannot be written \(.*\); make room or give write permission"):
        import_folder(source, tmp_path / "out", PLAIN)
