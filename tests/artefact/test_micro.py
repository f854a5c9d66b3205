"""What TensorFlow Lite Micro says of our files, and what it makes of them."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from support import converted

from kwssearch.artefact import Artefact, Classifier, micro

needs_micro = pytest.mark.skipif(
    not micro.available(), reason="TensorFlow Lite Micro is missing (kwssearch[micro], for x86-64 Linux only)"
)
ARCHITECTURES = pytest.mark.parametrize("architecture", converted.builders())
PRUNED = {"width": 0.25, "sparsity": 0.8}


@needs_micro
@ARCHITECTURES
@pytest.mark.parametrize("kind", ["int8", "none"])
def test_the_planned_memory_is_the_arenas_head(architecture: str, kind: str) -> None:
    content = converted.content(architecture, kind, **PRUNED)
    found = micro.micro_figures(content, converted.clips(1))
    assert found["head_bytes"] == Artefact(content).activation_bytes
    assert found["arena_bytes"] == found["head_bytes"] + found["tail_bytes"]


@needs_micro
def test_the_planned_memory_rounds_each_tensor_up_as_the_arena_does() -> None:
    """Nine filters over 36 positions are 324 bytes, and neither twice that nor twice 325 is a multiple of 16."""
    content = converted.content("ds_cnn", "int8", 9 / 256)
    found = micro.micro_figures(content, converted.clips(1))
    assert found["head_bytes"] == Artefact(content).activation_bytes == 2 * 336


@needs_micro
@ARCHITECTURES
def test_int8_answers_are_those_of_the_reference_kernels(architecture: str) -> None:
    """But for a rounding here and there; a step of what enters the softmax can be several of what leaves it."""
    found = micro.micro_figures(converted.content(architecture, "int8", **PRUNED), converted.clips(60, seed=1))
    assert found["accepted"] is True
    assert found["clips"] == micro.MOST_CLIPS
    assert found["largest_step"] <= 8
    assert found["differing_clips"] <= 5


@needs_micro
def test_answers_that_differ_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    content, clips = converted.content("cnn", "int8"), converted.clips(4, seed=1)
    changes = iter([0, 0, 3, -7, 0])  # the first is that of the start
    monkeypatch.setattr(micro, "answer", lambda *given: np.full(converted.CLASSES, next(changes), np.int8))
    monkeypatch.setattr(Classifier, "answers", lambda *given: np.zeros(converted.CLASSES, np.int8))
    found = micro.micro_figures(content, clips)
    assert (found["differing_clips"], found["largest_step"]) == (2, 7)


@needs_micro
def test_labels_give_the_devices_own_accuracy() -> None:
    content, clips = converted.content("cnn", "int8"), converted.clips(8, seed=1)
    labels = np.array([Classifier(content, reference=True).answers(clip).argmax() for clip in clips])
    labels[:2] = (labels[:2] + 1) % converted.CLASSES
    assert micro.micro_figures(content, clips, labels)["accuracy"] == 0.75
    assert "accuracy" not in micro.micro_figures(content, clips)


@needs_micro
@pytest.mark.parametrize("kind, reason", [("float16", "DEQUANTIZE"), ("dynamic", "Hybrid models are not supported")])
def test_kinds_that_it_refuses_have_a_reason_in_one_line(kind: str, reason: str, capfd: pytest.CaptureFixture) -> None:
    found = micro.micro_figures(converted.content("cnn", kind), converted.clips(1))
    assert found.keys() == {"accepted", "reason"}
    assert found["accepted"] is False
    assert reason in found["reason"] and "\n" not in found["reason"]
    assert capfd.readouterr().err == ""


def test_standard_error_comes_back_after_a_fault(capfd: pytest.CaptureFixture) -> None:
    lines: list[str] = []
    with pytest.raises(KeyError), micro.caught(lines):
        os.write(2, b"caught\n\nas well\n")
        raise KeyError
    os.write(2, b"seen\n")
    assert lines == ["caught", "as well"]
    assert capfd.readouterr().err == "seen\n"


def test_two_threads_do_not_swap_standard_error() -> None:
    def catch(name: str) -> None:
        for _ in range(50):
            lines: list[str] = []
            with micro.caught(lines):
                os.write(2, f"{name}\n".encode())
            found.add((name, *lines))

    before, found = os.fstat(2), set()
    threads = [threading.Thread(target=catch, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {("a", "a"), ("b", "b")}
    assert os.path.samestat(os.fstat(2), before)


def test_it_is_imported_only_when_it_is_used() -> None:
    code = "import sys, kwssearch.artefact.micro as m; m.available(); print('tflite_micro' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"
