"""A bundle is whole, needs two packages, and answers as its trial did."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.bundles import as_int8, write
from support.pages import shell_blocks

import kwssearch
from kwssearch.artefact import Classifier
from kwssearch.cli.commands import main
from kwssearch.data import load_data
from kwssearch.deploy.bundle import bundle_files
from kwssearch.deploy.bundled import check
from kwssearch.features import FrontEnd
from kwssearch.runs import Run, load
from kwssearch.testing.words import pack, wav

ROOT = Path(kwssearch.__file__).resolve().parents[1]
PACKAGES = ("numpy", "ai-edge-litert")


@pytest.fixture(scope="module")
def run(finished: Path) -> Run:
    return load(finished)


@pytest.fixture(scope="module")
def bundle(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of trial 0, not to be changed."""
    out = tmp_path_factory.mktemp("bundle") / "yes_no"
    ended = CliRunner().invoke(main, ["export", str(finished), "0", "--out", str(out)])
    assert (ended.exit_code, ended.stdout) == (0, f"{out}\n"), ended.stderr
    return out


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has nothing but the two packages."""
    place = tmp_path_factory.mktemp("clean") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True, timeout=60)
    interpreter = place / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(interpreter)]
    install = [*pip, "install", "--quiet", "-c", str(ROOT / "constraints.txt"), *PACKAGES]
    ended = subprocess.run(install, capture_output=True, text=True, timeout=300)
    if ended.returncode != 0:
        pytest.skip(f"pip cannot install {PACKAGES} here: {ended.stderr.strip()[-200:]}")
    return interpreter


def called(python: Path, *arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """A script in a clean environment, away from this checkout."""
    command = [str(python), *map(str, arguments)]
    ended = subprocess.run(
        command, env={"PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}, cwd="/", capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == code, ended.stderr
    return ended


def answers(output: str) -> list[dict]:
    return [json.loads(line) for line in output.splitlines()]


def test_two_packages_give_the_trials_own_predictions(bundle: Path, python: Path, run: Run, words: Path) -> None:
    clips = [words / clip.path for clip in load_data(words).splits["test"]]
    found = answers(called(python, bundle / "classify.py", "--json", *clips).stdout)
    assert [answer["file"] for answer in found] == [str(clip) for clip in clips]
    assert [run.words.index(answer["word"]) for answer in found] == run.trials[0].executions[0]["predictions"]
    missing = called(python, "-c", "import scipy", code=1).stderr
    assert "No module named 'scipy'" in missing


def test_an_int8_bundle_answers_as_litert_does_here(finished: Path, words: Path, python: Path, tmp_path: Path) -> None:
    shipped = as_int8(finished, words)
    out = write(tmp_path / "int8", dict(bundle_files(shipped, c=False)))
    data = load_data(words)
    clips = [words / clip.path for clip in data.splits["test"]]
    front_end, classifier = FrontEnd(shipped.front_end, data.sampling_rate), Classifier(shipped.content)
    wanted = [classifier.probabilities(front_end(data.audio("test", i))) for i in range(len(clips))]
    found = answers(called(python, out / "classify.py", "--json", *clips).stdout)
    np.testing.assert_array_equal([list(answer["probabilities"].values()) for answer in found], np.float32(wanted))
    assert json.loads((out / "model.json").read_text())["input"]["type"] == "int8"


def test_the_bundle_checks_itself(bundle: Path, python: Path, tmp_path: Path) -> None:
    assert "answers as it should" in called(python, bundle / "check.py").stdout
    copy = shutil.copytree(bundle, tmp_path / "copy")
    vectors = json.loads((copy / "parity.json").read_text())
    vectors["vectors"][3]["outputs"].reverse()
    (copy / "parity.json").write_text(json.dumps(vectors))
    told = called(python, copy / "check.py", code=1).stderr
    assert "parity.json is missing or was altered" in told
    assert "buzz 4: features differ by" in told


def test_it_times_itself(bundle: Path, python: Path, tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    called(python, bundle / "bench.py", "--rounds", 5, "--out", out)
    found = json.loads(out.read_text())
    assert found["sha256"] == hashlib.sha256((bundle / "model.tflite").read_bytes()).hexdigest()
    times = found["latency"]
    assert all(len(times[part]["rounds"]) == 5 for part in ("feature", "model", "total"))
    assert 0 < times["model"]["median"] < times["total"]["median"]
    assert found["environment"]["ai-edge-litert"]


def test_the_page_for_a_raspberry_pi(bundle: Path, python: Path, words: Path, tmp_path: Path) -> None:
    (block,) = shell_blocks("docs/raspberry-pi.md")
    made, installed, *used = block.splitlines()
    assert made == "python3 -m venv env"
    assert shlex.split(installed)[-2:] == ["numpy", "ai-edge-litert>=2.1"]
    (tmp_path / "env").symlink_to(python.parents[1])
    (tmp_path / "yes_no").symlink_to(bundle)
    shutil.copy(next(words.glob("yes/*.wav")), tmp_path / "recording.wav")
    ended = subprocess.run(["bash", "-ec", "\n".join(used)], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert "The bundle answers as it should." in ended.stdout and "recording.wav: " in ended.stdout
    assert json.loads((tmp_path / "bench.json").read_text())["threads"] == 1


def test_the_sources_are_those_of_training_and_measuring(bundle: Path) -> None:
    for name in ("features/front_end.py", "artefact/classifier.py", "artefact/detector.py"):
        assert (bundle / Path(name).name).read_bytes() == (Path(kwssearch.__file__).parent / name).read_bytes()
    for path in bundle.glob("*.py"):
        assert "kwssearch" not in path.read_text(), path.name


def test_what_is_told_of_a_model(bundle: Path, run: Run) -> None:
    told = json.loads((bundle / "model.json").read_text())
    execution = run.trials[0].executions[0]
    assert told["words"] == list(run.words)
    assert told["sha256"]["model.tflite"] == execution["sha256"]
    assert set(told["sha256"]) == {path.name for path in bundle.iterdir()} - {"model.json"}
    accuracy = told["figures"]["accuracy"]
    assert (accuracy["value"], accuracy["clips"]) == (execution["accuracy"], len(run.labels))
    assert [accuracy["low"], accuracy["high"]] == execution["accuracy_interval"]
    latency = told["figures"]["latency_ms"]
    assert latency["low"] <= latency["value"] == run.trials[0].latency_ms <= latency["high"]
    assert told["provenance"]["data"]["fingerprint"] == run.record["data"]["fingerprint"]
    assert run.record["environment"]["host"] not in (bundle / "model.json").read_text()
    readme = (bundle / "README.md").read_text()
    assert "`no`, `yes`" in readme and f"{100 * execution['accuracy']:.1f} %" in readme
    assert all(len(line) <= 120 for line in readme.splitlines() if line[0:1] != "|")


def test_ten_sounds_of_every_kind(bundle: Path) -> None:
    vectors = check.parity(bundle)
    assert len({vector.sound.tobytes() for vector in vectors}) == len(vectors) == 10
    assert {len(vector.sound) for vector in vectors} == {16000, 8000}
    assert sum(bool(np.any(vector.sound)) for vector in vectors) == 9


def exported(*arguments: object) -> tuple[int, str]:
    ended = CliRunner().invoke(main, ["export", *map(str, arguments)])
    return ended.exit_code, ended.stderr


@pytest.mark.parametrize(
    "trial, code, told",
    [("7", 2, "trial: got '7', expected one of 0 to 3."), ("1", 1, "is not the file that was scored"),
     ("2", 1, "the model cannot be read (No such file or directory)"), ("3", 1, "trial 3 has the status 'failed',")],
    ids=["unknown", "another file", "no file", "failed"],
)  # fmt: skip
def test_a_model_that_cannot_be_had(finished: Path, tmp_path: Path, trial: str, code: int, told: str) -> None:
    copy = shutil.copytree(finished, tmp_path / "run")
    (copy / "trial_1" / "model.tflite").write_bytes(b"another")
    (copy / "trial_2" / "model.tflite").unlink()
    record = json.loads((copy / "trial_3" / "result.json").read_text())
    (copy / "trial_3" / "result.json").write_text(json.dumps({**record, "status": "failed", "reason": "it broke"}))
    found, stderr = exported(copy, trial, "--out", tmp_path / "out")
    assert found == code
    assert told in stderr and stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_what_is_replaced_and_what_is_not(finished: Path, bundle: Path, tmp_path: Path) -> None:
    out = shutil.copytree(bundle, tmp_path / "out")
    (out / "__pycache__").mkdir()
    (out / "__pycache__" / "front_end.pyc").write_bytes(b"")
    assert exported(finished, "1", "--out", out)[0] == 0
    assert json.loads((out / "model.json").read_text())["provenance"]["trial_id"] == "1"
    (out / "classify.py").write_text("# mine\n")
    code, told = exported(finished, "0", "--out", out)
    assert (code, "holds 'classify.py', expected no folder" in told) == (1, True)
    assert (out / "classify.py").read_text() == "# mine\n"
    shutil.copy(bundle / "classify.py", out)
    before = (out / "model.json").read_text()
    (out / "model.json").write_text(before.replace('"threshold": 0.8', '"threshold": 0.9'))
    assert "holds 'model.json'" in exported(finished, "0", "--out", out)[1]
    (out / "model.json").write_text(before)
    (out / "notes.txt").write_text("mine")
    assert "holds 'notes.txt'" in exported(finished, "0", "--out", out)[1]
    (tmp_path / "file").write_text("mine")
    assert "holds 'file'" in exported(finished, "0", "--out", tmp_path / "file")[1]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_place_that_cannot_be_written(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    code, told = exported(finished, "0", "--out", tmp_path / "file" / "out")
    assert (code, "the bundle cannot be written (" in told) == (1, True)


def test_recordings_that_a_bundle_does_not_take(bundle: Path, python: Path, tmp_path: Path) -> None:
    (tmp_path / "eight.wav").write_bytes(pack(b"\x80" * 8000, bits=8))
    (tmp_path / "empty.wav").write_bytes(pack(b""))
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "stereo.wav").write_bytes(pack(wav(np.zeros(44_100), 44_100)[44:] * 2, 44_100, channels=2))
    paths = [tmp_path / f"{name}.wav" for name in ("eight", "empty", "text", "stereo")]
    ended = called(python, bundle / "classify.py", *paths, code=1)
    faults = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    told = ("has samples of 8 bits, expected", "holds no samples, expected", "cannot be read as a WAV (")
    assert len(faults) == len(told)
    assert all(f"{path}: {text}" in fault for path, text, fault in zip(paths, told, faults, strict=False))
    assert ended.stdout.startswith(f"{tmp_path / 'stereo.wav'}: ")
