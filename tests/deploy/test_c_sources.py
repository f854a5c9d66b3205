"""The C of a bundle computes what the Python of it does, under sanitizers, up to TensorFlow Lite Micro's answers."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.bundles import as_int8, lines_of, with_front_end, write, write_wavs
from support.pages import python_blocks, shell_blocks

from kwssearch.artefact import Classifier, micro
from kwssearch.artefact.checks import KNOWN_OPERATORS
from kwssearch.data import load_data
from kwssearch.deploy.bundle import bundle_files
from kwssearch.deploy.bundled.answers import recording_answers
from kwssearch.deploy.bundled.spotter import Spotter
from kwssearch.deploy.c_front_end import CFrontEnd
from kwssearch.deploy.c_sources import STACK_BYTES, c_files, resolver_name
from kwssearch.deploy.parity import sounds
from kwssearch.deploy.shipped import Shipped, find_model
from kwssearch.errors import UserError
from kwssearch.features.front_end import FrontEnd
from kwssearch.runs import load
from kwssearch.sources.builtin import builtin
from kwssearch.space import StreamSettings

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror"]
SANITIZED = [*STRICT, "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
OWN = ("main.c", "kws.c", "kws_front_end.c", "kws_detector.c", "kws_tables.c")
WORST = 0.002  # of a feature, of sounds with a microphone's noise
DIFFERING = 0.001  # share of int8 inputs
FRONT_ENDS = {
    "mfcc": {},
    "log_mel": {"kind": "log_mel", "coefficients": None},
    "power of two": {"sampling_rate": 8000, "frame_length_ms": 32, "mel_bins": 30, "upper_hz": 3800},
    "odd prime": {"sampling_rate": 11025, "frame_length_ms": 30, "overlap": 0.45, "upper_hz": 5000},
    "one frame": {"frame_length_ms": 1000, "overlap": 0, "mel_bins": 12, "coefficients": 5},
}


@pytest.fixture(scope="module")
def shipped(finished: Path, words: Path) -> Shipped:
    return as_int8(finished, words)


def compiled(folder: Path, files: dict[str, bytes], options: list[str] = SANITIZED) -> Path:
    write(folder, files)
    subprocess.run(["gcc", *options, *OWN, "-o", "kws_host", "-lm"], cwd=folder, check=True, timeout=120)
    return folder / "kws_host"


@pytest.fixture(scope="module")
def host(shipped: Shipped, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("c"), c_files(shipped)[0])


@pytest.fixture(scope="module")
def clips(shipped: Shipped, words: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """WAVs of test clips, of the sounds that a bundle is checked with, and of built-in speech where it can be had."""
    data = load_data(words)
    heard = [data.audio("test", i) for i in range(len(data.splits["test"]))]
    made = [sound for _, sound in sounds(16_000, 16_000)]
    spoken = [samples(path) for path in built_in(tmp_path_factory.mktemp("spoken"))]
    return write_wavs(tmp_path_factory.mktemp("clips"), [*heard, *made, *spoken], 16_000)


def built_in(folder: Path) -> list[Path]:
    if importlib.util.find_spec("espeakng_loader") is None:
        return []
    return sorted(builtin(folder, voices=3).rglob("*.wav"))[::3]


def samples(path: Path) -> np.ndarray:
    return np.frombuffer(path.read_bytes()[44:], "<i2")


@pytest.mark.parametrize("changes", FRONT_ENDS.values(), ids=FRONT_ENDS)
def test_features_are_numpys(shipped: Shipped, tmp_path: Path, changes: dict) -> None:
    other = with_front_end(shipped, **changes)
    setting = other.front_end
    host = compiled(tmp_path / "c", c_files(other)[0])
    made = [sound for _, sound in sounds(setting.samples, setting.sampling_rate)]
    paths = write_wavs(tmp_path / "sounds", made, setting.sampling_rate)
    front_end = FrontEnd(setting, setting.sampling_rate)
    found = list(lines_of([host, "-f", *paths], "features"))
    assert len(found) == len(made)
    for features, path in zip(found, paths, strict=True):
        np.testing.assert_allclose(features, front_end(samples(path)).ravel(), atol=WORST)


def test_the_models_input_is_litert_s(shipped: Shipped, host: Path, clips: list[Path]) -> None:
    front_end, classifier = FrontEnd(shipped.front_end, 16_000), Classifier(shipped.content)
    wanted = np.array([classifier.as_input(front_end(samples(clip))).flatten() for clip in clips])
    found = np.array(list(lines_of([host, *clips], "input")))
    assert np.abs(found - wanted).max() <= 1
    assert np.mean(found != wanted) <= DIFFERING
    answers, same = (np.array([answer(shipped, classifier, given) for given in side]) for side in (found, wanted))
    assert answers.argmax(axis=1).tolist() == same.argmax(axis=1).tolist()
    assert set(answers.argmax(axis=1)) == {0, 1}


def answer(shipped: Shipped, classifier: Classifier, given: np.ndarray) -> np.ndarray:
    """The int8 output for int8 input, shape (classes,)."""
    scale, zero = shipped.artefact.input_quantization
    return classifier.answers(((given.astype(np.float32) - zero) * scale).astype(np.float32)).astype(int)


class Host:
    """The C program, with a model at its other end."""

    def __init__(self, program: Path, answer: object, shape: tuple[int, ...]) -> None:
        self.program, self.answer, self.shape = program, answer, shape

    def lines(self, path: Path) -> Iterator[str]:
        with subprocess.Popen(
            [self.program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            for line in process.stdout:
                name, *numbers = line.split()
                if name == "input":
                    given = np.array(numbers, np.float64).astype(np.int8).reshape(self.shape)
                    process.stdin.write(" ".join(map(str, self.answer(given))) + "\n")
                    process.stdin.flush()
                else:
                    yield line.strip()
        assert process.returncode == 0


@pytest.mark.skipif(not micro.available(), reason="needs TensorFlow Lite Micro, of the extra micro")
def test_from_sound_to_tensorflow_lite_micros_answer(shipped: Shipped, host: Path, clips: list[Path]) -> None:
    shape = (1, *shipped.front_end.shape)
    interpreter, _ = micro.started(shipped.content, np.zeros(shape, np.int8))
    reference = Classifier(shipped.content, reference=True)
    front_end = FrontEnd(shipped.front_end, 16_000)
    end = Host(host, lambda given: micro.answer(interpreter, given), shape)
    words = set()
    for clip in clips:
        (line,) = end.lines(clip)
        scores = np.array(line.split()[1:], np.float32)
        wanted = reference.probabilities(front_end(samples(clip)))
        np.testing.assert_allclose(scores, wanted, atol=2 / 256)
        assert scores.argmax() == wanted.argmax()
        words.add(int(scores.argmax()))
    assert words == {0, 1}


@pytest.mark.parametrize("stream", [StreamSettings(), StreamSettings(hop_ms=100, smoothing=7, suppression_s=1.5)])
def test_a_stream_is_heard_as_in_python(
    stream: StreamSettings, shipped: Shipped, clips: list[Path], tmp_path: Path
) -> None:
    shipped = replace(shipped, run=replace(shipped.run, space=replace(shipped.run.space, stream=stream)))
    told = shipped.description()["detector"]
    assert (told["hop_s"], told["smoothing"]) == (stream.hop_ms / 1000, stream.smoothing)
    assert told["suppression_s"] == stream.suppression_s
    host = compiled(tmp_path / "c", c_files(shipped)[0], [*SANITIZED, "-DKWS_THRESHOLD=0.6f"])
    generator = np.random.default_rng(5)
    parts = [part for clip in clips[:12] for part in (samples(clip), generator.normal(0, 50, 3_000).astype(np.int16))]
    (path,) = write_wavs(tmp_path / "stream", [np.concatenate(parts)], 16_000)
    spotter = Spotter(shipped.description(), shipped.content, threshold=0.6)
    wanted = [(a["at_s"], a["word"], a["probability"]) for a in recording_answers("", [samples(path)], spotter)]

    end = Host(host, lambda given: answer(shipped, spotter.classifier, given), shipped.front_end.shape)
    lines = [line.split() for line in end.lines(path)]
    found = [(float(at), word, float(p)) for name, at, word, p in lines if name == "word"]
    assert len(found) > 5
    assert {word for _, word, _ in found} == set(shipped.run.words)
    assert [(at, word) for at, word, _ in found] == [(round(at, 3), word) for at, word, _ in wanted]
    np.testing.assert_allclose([p for *_, p in found], [p for *_, p in wanted], atol=2 / 256)


def test_costs_are_those_of_the_compiled_code(shipped: Shipped, tmp_path: Path) -> None:
    files, costs = c_files(shipped)
    (tmp_path / "size.c").write_bytes(
        b'#include <stdio.h>\n#include "kws.h"\nint main(void) { printf("%zu", sizeof(kws_stream)); }\n'
    )
    options = [*STRICT, "-O2", "-fstack-usage", "-c"]
    write(tmp_path, files)
    subprocess.run(["gcc", *options, *OWN[1:]], cwd=tmp_path, check=True)
    frames = [line.split("\t") for path in tmp_path.glob("*.su") for line in path.read_text().splitlines()]
    assert {kind for *_, kind in frames} == {"static"}
    assert sum(int(size) for _, size, _ in frames) <= STACK_BYTES
    subprocess.run(["gcc", *STRICT, "size.c", "-o", "size"], cwd=tmp_path, check=True)
    size = int(subprocess.run([tmp_path / "size"], capture_output=True, check=True).stdout)
    assert 0 <= size - costs["state_bytes"] <= 40  # pointers and sizes have 8 bytes here
    symbols = subprocess.run(["nm", "-S", "kws_tables.o"], cwd=tmp_path, capture_output=True, text=True, check=True)
    sizes = {name: int(size, 16) for _, size, _, name in map(str.split, symbols.stdout.splitlines()) if len(size) > 8}
    front_end = [size for name, size in sizes.items() if name not in ("kws_words", "kws_keywords")]
    assert sum(front_end) == costs["table_bytes"]


@pytest.mark.parametrize("length, factors", [(640, [2] * 6 + [5]), (331, [331]), (2, [1]), (441, [3, 3, 7, 7])])
def test_lengths_are_taken_apart(shipped: Shipped, length: int, factors: list[int]) -> None:
    setting = with_front_end(shipped, sampling_rate=1000 * length, frame_length_ms=1).front_end
    assert CFrontEnd(setting).factors == factors


TFLM = """
#pragma once
#include <stddef.h>
#include <stdint.h>
enum TfLiteStatus { kTfLiteOk, kTfLiteError };
struct TfLiteTensor { union { void* data; } data; size_t bytes; };
namespace tflite {
struct Model;
const Model* GetModel(const void*);
struct MicroOpResolver {};
template <unsigned int N> struct MicroMutableOpResolver : MicroOpResolver { ADDERS };
struct MicroInterpreter {
  MicroInterpreter(const Model*, const MicroOpResolver&, uint8_t*, size_t);
  TfLiteStatus AllocateTensors();
  TfLiteStatus Invoke();
  TfLiteTensor* input(size_t);
  TfLiteTensor* output(size_t);
  size_t arena_used_bytes() const;
};
}
"""


def test_the_glue_compiles_against_tensorflow_lite_micros_interface(shipped: Shipped, tmp_path: Path) -> None:
    """Its headers are in no wheel: these declare what the glue uses of them."""
    files, costs = c_files(shipped)
    write(tmp_path, files)
    adders = " ".join(f"TfLiteStatus Add{name}();" for name in ("Conv2D", "FullyConnected", "Mean", "Softmax"))
    for name in ("micro/micro_interpreter", "micro/micro_mutable_op_resolver", "schema/schema_generated"):
        write(tmp_path, {f"tensorflow/lite/{name}.h": b'#include "../../../tflm.h"\n'})
    (tmp_path / "tflm.h").write_text(TFLM.replace("ADDERS", adders))
    options = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-I.", "-c"]
    subprocess.run(["g++", *options, "kws_tflm.cc", "model_data.cc"], cwd=tmp_path, check=True, timeout=60)
    assert costs["operators"] == ["Conv2D", "FullyConnected", "Mean", "Softmax"]
    body = (tmp_path / "model_data.cc").read_text()
    assert bytes(int(byte, 16) for byte in re.findall(r"0x(\w\w)", body)) == shipped.content
    assert f"kws_model_data_length = {len(shipped.content)};" in body


def test_operators_have_the_resolvers_names() -> None:
    found = {name: resolver_name(name) for name in KNOWN_OPERATORS}
    assert found["RESIZE_NEAREST_NEIGHBOR"] == "ResizeNearestNeighbor"
    assert found["PADV2"] == "PadV2"
    assert found["SPLIT_V"] == "SplitV"
    assert found["RELU6"] == "Relu6"


@pytest.mark.parametrize("word", ['"; evil', "über", "a\\b", "??/", "on\noff", "0"])
def test_words_are_data_in_c_too(shipped: Shipped, tmp_path: Path, word: str) -> None:
    run = replace(shipped.run, words=(word, "yes"))
    files, _ = c_files(replace(shipped, run=run))
    said = '#include <stdio.h>\n#include "kws.h"\nint main(void) { fputs(kws_words[0], stdout); }\n'
    (tmp_path / "say.c").write_text(said)
    write(tmp_path, files)
    subprocess.run(["gcc", *STRICT, "say.c", "kws_tables.c", "-o", "say"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "say"], capture_output=True, check=True).stdout == word.encode()


def test_wavs_that_the_program_does_not_take(host: Path, tmp_path: Path) -> None:
    (path,) = write_wavs(tmp_path, [np.zeros(100, np.int16)], 8_000)
    (tmp_path / "text.wav").write_text("no sound")
    ended = subprocess.run([host, path, tmp_path / "text.wav", tmp_path / "none"], capture_output=True, text=True)
    assert ended.returncode == 1
    assert [line.rsplit(": ", 1)[1][:29] for line in ended.stderr.splitlines()] == ["is no WAV of mono 16-bit PCM "] * 3


def test_the_page_for_a_microcontroller(shipped: Shipped, clips: list[Path], tmp_path: Path) -> None:
    (block,) = shell_blocks("docs/microcontrollers.md")
    write(tmp_path / "yes_no", dict(bundle_files(shipped, c=True)))
    (tmp_path / "env").symlink_to(sys.prefix)
    shutil.copy(clips[0], tmp_path / "recording.wav")
    ended = subprocess.run(["bash", "-ec", block], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("input ")]
    assert len(line.split()) == 1 + np.prod(shipped.front_end.shape)
    (worst,) = re.findall(r"Features in C differ by (\S+) at most", ended.stdout)
    assert 0 < float(worst) <= WORST


@pytest.mark.skipif(not micro.available(), reason="needs TensorFlow Lite Micro, of the extra micro")
def test_the_page_from_tensorflow_lite_micros_side(
    shipped: Shipped, host: Path, clips: list[Path], tmp_path: Path
) -> None:
    ((_, body),) = python_blocks("docs/microcontrollers.md")
    write(tmp_path / "yes_no", {"model.tflite": shipped.content})
    shutil.copytree(host.parent, tmp_path / "yes_no" / "c")
    shutil.copy(clips[0], tmp_path / "recording.wav")
    command = [sys.executable, "-c", body]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    wanted = Classifier(shipped.content).probabilities(FrontEnd(shipped.front_end, 16_000)(samples(clips[0])))
    name, *scores = ended.stdout.split()
    assert name == "scores"
    np.testing.assert_allclose(np.array(scores, float), wanted, atol=2 / 256)


def test_a_float_model_in_c(finished: Path, clips: list[Path], tmp_path: Path) -> None:
    shipped = find_model(load(finished), "0")
    files, costs = c_files(shipped)
    found = list(lines_of([compiled(tmp_path, files), *clips[:3]], "input"))
    front_end = FrontEnd(shipped.front_end, 16_000)
    np.testing.assert_allclose(found, [front_end(samples(clip)).ravel() for clip in clips[:3]], atol=WORST)
    assert costs["arena_bytes"] > shipped.artefact.activation_bytes


def test_what_tensorflow_lite_micro_does_not_take(shipped: Shipped) -> None:
    values = {**shipped.trial.values, "quantization": "float16"}
    trial = replace(shipped.trial, planned=replace(shipped.trial.planned, values=values))
    execution = replace(shipped.execution, record={**shipped.execution.record, "micro": {"accepted": False}})
    with pytest.raises(UserError, match="does not take a file with quantization 'float16', expected 'int8' or 'none'"):
        c_files(replace(shipped, trial=trial, execution=execution))
