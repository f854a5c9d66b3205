"""People's own recordings and voice, from the command line."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from support.bundles import write_wavs

from kwssearch.cli.commands import main
from kwssearch.data import load_data
from kwssearch.deploy import model_named, try_microphone, trying
from kwssearch.deploy.bundled import sound
from kwssearch.deploy.bundled.answers import Spotters
from kwssearch.errors import UserError
from kwssearch.runs import load
from kwssearch.testing.words import pack

LOW = ["--threshold", "0.55"]


@pytest.fixture(scope="module")
def bundle(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tried") / "bundle"
    assert CliRunner().invoke(main, ["export", str(finished), "0", "--out", str(out)]).exit_code == 0
    return out


@pytest.fixture(scope="module")
def stream(words: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All test clips one after the other, in one WAV."""
    data = load_data(words)
    clips = [data.audio("test", i) for i in range(len(data.splits["test"]))]
    (path,) = write_wavs(tmp_path_factory.mktemp("long"), [np.concatenate(clips)], 16_000)
    return path


def tried(*arguments: object) -> tuple[int, str, str]:
    ended = CliRunner().invoke(main, ["try", *map(str, arguments)])
    return ended.exit_code, ended.stdout, ended.stderr


def test_clips_get_their_words(finished: Path, bundle: Path, words: Path) -> None:
    clips = [words / clip.path for clip in load_data(words).splits["test"]]
    code, told, _ = tried(f"{finished}:0", "--json", *clips)
    found = [json.loads(line) for line in told.splitlines()]
    run = load(finished)
    assert code == 0
    assert [run.words.index(answer["word"]) for answer in found] == run.trials[0].executions[0]["predictions"]
    assert all(abs(sum(answer["probabilities"].values()) - 1) < 1e-5 for answer in found)
    for_people = tried(bundle, clips[0])[1]
    assert for_people.startswith(f"{clips[0]}: {found[0]['word']} {found[0]['probabilities'][found[0]['word']]:.2f}")


def test_a_long_recording_is_streamed_with_times(bundle: Path, stream: Path) -> None:
    code, told, _ = tried(bundle, *LOW, "--json", stream)
    found = [json.loads(line) for line in told.splitlines()]
    assert code == 0
    assert len(found) > 5 and {answer["word"] for answer in found} == {"no", "yes"}
    times = [answer["at_s"] for answer in found]
    assert min(np.diff(times)) >= 0.99 and times[-1] <= len(soundfile.read(stream)[0]) / 16_000
    lines = tried(bundle, *LOW, stream)[1].splitlines()
    assert lines[0] == f"{stream}: {times[0]:8.2f} s  {found[0]['word']} {found[0]['probability']:.2f}"
    nothing = tried(bundle, "--threshold", 1, stream)[1]
    assert "no word; the surest is " in nothing


FORMATS = [
    ("FLAC", None, 16_000, 1), ("WAV", None, 48_000, 2), ("OGG", None, 22_050, 1), ("WAV", "FLOAT", 16_000, 1),
    ("WAV", "PCM_24", 44_100, 2), ("MP3", None, 16_000, 1),
]  # fmt: skip


@pytest.mark.parametrize("kind, subtype, rate, channels", FORMATS)
def test_other_formats_rates_and_channels(
    bundle: Path, tmp_path: Path, kind: str, subtype: str | None, rate: int, channels: int
) -> None:
    time = np.arange(rate) / rate
    tones = 0.4 * np.sin(2 * np.pi * np.where(time < 0.5, 520, 1710) * time)  # what 'yes' is in the toy data
    path = tmp_path / "clip"
    soundfile.write(path, np.stack([tones] * channels, axis=1), rate, subtype, format=kind)
    code, told, _ = tried(bundle, "--json", path)
    assert (code, json.loads(told)["word"]) == (0, "yes")


def test_it_does_not_matter_in_which_pieces_a_recording_is_read(
    bundle: Path, stream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tried(bundle, *LOW, "--json", stream)
    for module in (sound, trying):
        monkeypatch.setattr(module, "BLOCK", 999)
    assert tried(bundle, *LOW, "--json", stream) == whole
    spotters = Spotters(*model_named(str(bundle)), 0.55)
    again = spotters.answers(str(stream), sound.wav_rate(stream), sound.wav_blocks(stream))
    assert [json.dumps(answer) for answer in again] == whole[1].splitlines()


@pytest.mark.parametrize("rate", [0, 1, 999, 4_000_000_000])
def test_rates_that_no_recording_has(bundle: Path, tmp_path: Path, rate: int) -> None:
    path = tmp_path / "odd.wav"
    path.write_bytes(pack(bytes(2000), rate))
    code, _, told = tried(bundle, path)
    assert code == 1 and re.search("samples a second, expected 1,000 to 768,000|cannot be read as sound", told)
    with pytest.raises(sound.SoundError, match="samples a second, expected 1,000 to 768,000; convert it"):
        list(Spotters(*model_named(str(bundle))).answers("odd.wav", sound.wav_rate(path), sound.wav_blocks(path)))


@pytest.mark.parametrize(
    "model, files, code, told",
    [
        ("nowhere", ["x.wav"], 1, "nowhere: is neither a bundle's folder nor RUN:TRIAL"),
        ("nowhere:0", ["x.wav"], 1, "holds no run"),
        (".", ["x.wav"], 1, ".: holds no bundle that can be run (FileNotFoundError: "),
        ("RUN:9", ["x.wav"], 2, "trial: got '9', expected one of 0 to 3."),
        ("RUN:0", ["missing.wav"], 1, "missing.wav: cannot be read as sound"),
        ("RUN:0", ["text.wav"], 1, "text.wav: cannot be read as sound"),
        ("RUN:0", ["empty.wav"], 1, "empty.wav: holds no samples"),
        ("RUN:0", ["text.wav", "--threshold", "nan"], 2, "'nan' is not a number"),
        ("RUN:0", [], 2, "expected recordings, or --microphone"),
        ("RUN:0", ["x.wav", "--microphone"], 2, "expected recordings, or --microphone"),
    ],
)
def test_what_cannot_be_tried(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, files: list, code: int, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.wav").write_text("no sound")
    soundfile.write("empty.wav", np.zeros(0, np.int16), 16_000)
    found, _, stderr = tried(model.replace("RUN", str(finished)), *files)
    assert found == code
    assert told in stderr


@pytest.mark.parametrize(
    "name, content", [("model.json", "[]"), ("model.json", "{}"), ("model.tflite", "another"), ("model.json", None)]
)
def test_a_bundle_that_was_damaged(bundle: Path, words: Path, tmp_path: Path, name: str, content: str | None) -> None:
    copy = shutil.copytree(bundle, tmp_path / "copy")
    slow = (copy / "model.json").read_text().replace('"hop_s": 0.2', '"hop_s": 1.2')
    (copy / name).write_text(slow if content is None else content)
    code, told, stderr = tried(copy, next(words.glob("yes/*.wav")))
    assert (code, told) == (1, "")
    assert f"{copy}: holds no bundle that can be run (" in stderr


class Microphone:
    """In place of sounddevice, which needs hardware: plays a stream, then fails as an unplugged microphone does."""

    class PortAudioError(Exception):
        pass

    def __init__(self, samples: np.ndarray, rate: int = 16_000) -> None:
        self.samples, self.rate, self.asked = samples, rate, {}

    def check_input_settings(self, samplerate: int, **options: object) -> None:
        if samplerate != self.rate:
            raise self.PortAudioError("Invalid sample rate")

    def query_devices(self, kind: str) -> dict[str, float]:
        return {"default_samplerate": float(self.rate)}

    def InputStream(self, **options: object) -> Microphone:
        self.asked = options
        return self

    def __enter__(self) -> Microphone:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def read(self, count: int) -> tuple[np.ndarray, bool]:
        if len(self.samples) < count:
            raise self.PortAudioError("Device unavailable")
        block, self.samples = self.samples[:count, np.newaxis], self.samples[count:]
        return block, False


def test_a_microphone_is_listened_to(bundle: Path, stream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Microphone(soundfile.read(stream, dtype="int16")[0])
    monkeypatch.setitem(sys.modules, "sounddevice", device)
    found = []
    with pytest.raises(UserError, match=r"No sound can be recorded at 16000 Hz \(Device unavailable\)"):
        for answer in try_microphone(model_named(str(bundle)), 0.55):
            found.append({**answer, "file": str(stream)})
    assert device.asked == {"samplerate": 16_000, "channels": 1, "dtype": "int16", "blocksize": 3200}
    assert found == [json.loads(line) for line in tried(bundle, *LOW, "--json", stream)[1].splitlines()]


def test_ctrl_c_ends_it(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Microphone):
        def read(self, count: int) -> tuple[np.ndarray, bool]:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "sounddevice", Interrupted(np.zeros(0, np.int16)))
    code, told, stderr = tried(bundle, "--microphone")
    assert (code, told) == (130, "")
    assert "Listening; Ctrl-C ends it." in stderr


def test_a_microphone_of_another_rate(bundle: Path, stream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Microphone(np.repeat(soundfile.read(stream, dtype="int16")[0], 3), rate=48_000)
    monkeypatch.setitem(sys.modules, "sounddevice", device)
    found = []
    with pytest.raises(UserError, match="at 48000 Hz"):
        found.extend(answer["word"] for answer in try_microphone(model_named(str(bundle)), 0.55))
    assert device.asked["samplerate"] == 48_000
    assert {"no", "yes"} == set(found)


def test_no_package_for_the_microphone(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    code, told, stderr = tried(bundle, "--microphone")
    assert (code, told) == (1, "")
    assert "Error: The microphone needs the package sounddevice, which is not installed; install it: " in stderr


def test_no_library_for_the_microphone(bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    code, _, stderr = tried(bundle, "--microphone")
    assert code == 1
    assert "needs the system's PortAudio (PortAudio library not found); install it, on Debian: apt install" in stderr
