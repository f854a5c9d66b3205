"""From the command line: listening to a run's models, what is kept of it, and what stands in the way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from kwssearch.cli.commands import main
from kwssearch.deploy import model_named, try_files
from kwssearch.report import load_run

HOURS = 60 / 3600
RATE = 16_000


@pytest.fixture(scope="module")
def negatives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A long recording, so that nothing need be spoken."""
    folder = tmp_path_factory.mktemp("negatives")
    soundfile.write(folder / "radio.wav", np.random.default_rng(1).uniform(-0.1, 0.1, 120 * RATE), RATE)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, finished: Path, words: Path) -> Path:
    folder = tmp_path_factory.mktemp("listening") / "run"
    shutil.copytree(finished, folder)
    (folder / "place.json").write_text(json.dumps({"data": str(words.resolve())}))
    return folder


def kwssearch(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def listen(run: Path, negatives: Path):
    def listening(*options: object) -> dict[str, Any]:
        ended = kwssearch("listen", run, "--negatives", negatives, "--hours", HOURS, "--json", *options)
        assert ended.exit_code == 0, ended.stderr
        return json.loads(ended.stdout)

    return listening


def test_models_are_scored_and_kept(listen, run: Path) -> None:
    both = listen("--trial", 0, "--trial", 1)
    kept = json.loads((run / "listen.json").read_text())
    assert kept == both
    assert {trial["trial_id"] for trial in both["trials"]} == {"0", "1"}
    best, other = both["trials"]
    assert best["mean_miss_rate"][0] <= other["mean_miss_rate"][0]
    assert other["against_best"]["mean_miss_rate"][0] == pytest.approx(
        other["mean_miss_rate"][0] - best["mean_miss_rate"][0]
    )
    for trial in both["trials"]:
        assert sum(part["false_accepts"] for part in trial["false_accepts_by_part"]) == trial["false_accepts"]
        assert trial["false_accepts_per_hour"][0] == pytest.approx(trial["false_accepts"] / trial["hours"])
        assert set(trial["missed_by_snr_db"]) == {"20", "10", "5", "0"}
        assert trial["keywords"] == 6
        rates = [point["false_accepts_per_hour"][0] for point in trial["det"]]
        assert rates[0] > rates[-1]
        low, high = trial["mean_miss_rate"][1:]
        assert 0 <= low <= trial["mean_miss_rate"][0] <= high <= 1
    again = listen("--trial", 1)
    assert {trial["trial_id"] for trial in again["trials"]} == {"0", "1"}
    assert again["trials"][0]["det"] == next(trial["det"] for trial in both["trials"] if trial["trial_id"] == "1")
    streams = json.loads((run / "streams.json").read_text())["streams"]
    assert set(both["streams"].values()) <= set(streams)
    assert all(len(stream["sha256"]) == 64 and stream["parts"] for stream in streams.values())


def test_other_settings_replace_what_was_kept(listen, run: Path) -> None:
    listen("--trial", 0)
    assert len(listen("--trial", 1, "--per-hour", 50)["trials"]) == 1


def test_a_written_stream_scores_as_the_stream_does(listen, run: Path, negatives: Path, tmp_path: Path) -> None:
    """WAV and labels hold all that the score needs."""
    of_stream = listen("--trial", 0)
    (of_stream,) = (trial for trial in of_stream["trials"] if trial["trial_id"] == "0")
    before = (run / "listen.json").read_bytes()
    ended = kwssearch("stream", "write", run, "--negatives", negatives, "--hours", HOURS, "--out", tmp_path / "out")
    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout.strip() == str(tmp_path / "out" / "test.wav")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["test.txt", "test.wav"]
    labels = ("--recording", tmp_path / "out" / "test.wav", "--labels", tmp_path / "out" / "test.txt")
    (of_recording,) = listen("--trial", 0, *labels)["trials"]
    same = ("threshold", "false_accepts", "missed_by_snr_db", "confusions", "keywords")
    assert {key: of_recording[key] for key in same} == {key: of_stream[key] for key in same}
    assert [point["missed"] for point in of_recording["det"]] == [point["missed"] for point in of_stream["det"]]
    assert (run / "listen.json").read_bytes() == before


def test_a_bundle_hears_what_was_scored(listen, run: Path, negatives: Path, tmp_path: Path) -> None:
    """The words that its detector hears in the stream's WAV are those that were counted."""
    kwssearch("stream", "write", run, "--negatives", negatives, "--hours", HOURS, "--out", tmp_path)
    recording = ("--recording", tmp_path / "test.wav")
    (scored,) = listen("--trial", 0, "--per-hour", 1000, *recording)["trials"]
    answers = try_files(model_named(f"{run}:0"), [tmp_path / "test.wav"], scored["threshold"])
    heard = [answer for answer in answers if answer["word"]]
    assert len(heard) == scored["false_accepts"] > 3


def test_a_recording_without_labels_has_false_accepts_alone(listen, negatives: Path) -> None:
    (trial,) = listen("--trial", 0, "--recording", negatives / "radio.wav")["trials"]
    assert trial["hours"] == pytest.approx(120 / 3600)
    assert trial["keywords"] == 0
    assert "mean_miss_rate" not in trial


def test_from_python(listen, run: Path, negatives: Path) -> None:
    of_command = listen("--trial", 0)
    found = load_run(run).listen("0", hours=HOURS, negatives=str(negatives))
    for each in (found, of_command):  # the cost is measured
        assert each["trials"][0].pop("cost")["duty_cycle"] > 0
    assert found == of_command


def test_it_is_told_in_lines(run: Path, negatives: Path) -> None:
    ended = kwssearch("listen", run, "--negatives", negatives, "--hours", HOURS, "--trial", 0)
    assert ended.exit_code == 0, ended.stderr
    told = ended.stdout.splitlines()
    assert told[0].startswith("Test stream: 0.0")
    assert told[3].split()[:3] == ["trial", "model", "threshold"]
    assert any(line.startswith("  recording: ") and " min: " in line for line in told)


def test_streams_that_sound_otherwise_are_refused(run: Path, negatives: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(negatives, tmp_path / negatives.name)
    samples, _ = soundfile.read(changed / "radio.wav")
    soundfile.write(changed / "radio.wav", samples / 2, RATE)
    kwssearch("listen", run, "--negatives", negatives, "--hours", HOURS, "--trial", 0)
    ended = kwssearch("listen", run, "--negatives", changed, "--hours", HOURS, "--trial", 0)
    assert ended.exit_code == 1
    assert "the validation stream has other samples than when it was recorded" in ended.stderr


@pytest.mark.parametrize(
    "options, code, told",
    [
        (["--trial", "9"], 2, "got '9', expected one of 0 to"),
        (["--trial", "2"], 1, "model.tflite: the model cannot be read"),
        (["--hours", "0"], 2, "hours: got 0.0, expected a number of hours above 0"),
        (["--hours", "0.001"], 1, "has no room for a keyword"),
        (["--labels", "x.txt"], 2, "--labels: got it without --recording"),
        (["--data", "nowhere"], 1, "its data set is not at nowhere; say where it is now. (--data says which.)"),
        (["--recording", "short.wav"], 1, "short.wav: lasts 0.5 s, expected at least a window of 1 s"),
        (["--recording", "none.wav"], 1, "none.wav: cannot be read as sound"),
        (["--negatives", "none"], 1, "none: is not a folder, expected one with recordings"),
        (["--other-words", "none"], 1, "none: is not a folder, expected one with recordings"),
    ],
)
def test_faults_are_told_in_a_sentence(
    options: list[str], code: int, told: str, run: Path, negatives: Path, tmp_path: Path, monkeypatch
) -> None:
    soundfile.write(tmp_path / "short.wav", np.zeros(RATE // 2), RATE)
    monkeypatch.chdir(tmp_path)
    (run / "trial_2" / "model.tflite").unlink(missing_ok=True)
    plain = ["--negatives", str(negatives), "--hours", str(HOURS), *([] if "--trial" in options else ["--trial", "0"])]
    ended = kwssearch("listen", run, *plain, *options)
    assert ended.exit_code == code, ended.output
    assert told in ended.stderr
    assert ended.stderr.count("Error:") == 1


def test_a_stream_that_no_wav_can_hold(run: Path, tmp_path: Path) -> None:
    ended = kwssearch("stream", "write", run, "--hours", 100, "--out", tmp_path / "out")
    assert ended.exit_code == 1
    assert "got 100 h, expected less than 37 h, which fill a WAV" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_another_data_set_is_refused(run: Path, words: Path, tmp_path: Path) -> None:
    other = shutil.copytree(words, tmp_path / "words")
    next(other.glob("*/*.wav")).unlink()
    (other / "testing_list.txt").write_text(
        "".join(
            line
            for line in (words / "testing_list.txt").read_text().splitlines(True)
            if (other / line.strip()).exists()
        )
    )
    (other / "validation_list.txt").write_text(
        "".join(
            line
            for line in (words / "validation_list.txt").read_text().splitlines(True)
            if (other / line.strip()).exists()
        )
    )
    ended = kwssearch("listen", run, "--data", other, "--trial", 0)
    assert ended.exit_code == 1
    assert "is not the data set of" in ended.stderr
