"""What a microcontroller pays for a file: whether TensorFlow Lite Micro takes it, its memory, and its answers.

TensorFlow Lite Micro is `tflite_micro`, of the extra `kwssearch[micro]`, which exists for x86-64 Linux only.
"""

from __future__ import annotations

import importlib.util
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.artefact.classifier import Array, Classifier
from kwssearch.artefact.contents import Artefact

MOST_CLIPS = 50
ALLOCATION = re.compile(r"allocation (total|head|tail) (\d+)")
redirecting = threading.Lock()


def available() -> bool:
    """Whether TensorFlow Lite Micro is installed."""
    return importlib.util.find_spec("tflite_micro") is not None


def micro_figures(content: bytes, features: Array, labels: npt.NDArray[Any] | None = None) -> dict[str, Any]:
    """What TensorFlow Lite Micro says of a file, and whether it answers as LiteRT's reference kernels do.

    Bytes are those of a 64-bit host. The head is the model's, and equals `Artefact.activation_bytes`; the tail holds
    structs with pointers, so a 32-bit device has another one.

    Args:
        content: a .tflite; float32 and int8 ones are accepted, float16 ones and dynamic ones with int8 kernels refused.
        features: at least one clip, shape (clips, frames, bands, 1); the first 50 are used.
        labels: their right classes, shape (clips,), if the share of right answers is wanted.

    Returns:
        accepted: whether it runs. If it does not, a `reason` in one line is all there is besides; else
        arena_bytes, head_bytes, tail_bytes: the smallest arena that will do, and its two parts;
        clips: how many were answered, and if there are labels `accuracy`, from 0 to 1;
        differing_clips, largest_step: of int8 files, clips that any answer differs for, and by how many of 256
        steps at most.
    """
    classifier, chosen = Classifier(content, reference=True), features[:MOST_CLIPS]
    try:
        interpreter, arena = started(content, classifier.as_input(chosen[0]))
    except RuntimeError as error:
        return {"accepted": False, "reason": str(error)}
    answers = np.stack([answer(interpreter, classifier.as_input(clip)) for clip in chosen])
    figures: dict[str, Any] = {"accepted": True, **arena, "clips": len(chosen)}
    if labels is not None:
        figures["accuracy"] = float(np.mean(answers.argmax(axis=1) == labels[: len(chosen)]))
    if answers.dtype == np.int8:
        wanted = np.stack([classifier.answers(clip) for clip in chosen])
        steps = np.abs(answers.astype(np.int16) - wanted)
        figures |= {"differing_clips": int(np.sum(steps.any(axis=1))), "largest_step": int(steps.max())}
    return figures


def started(content: bytes, first: npt.NDArray[Any]) -> tuple[Any, dict[str, int]]:
    """An interpreter that has answered the input `first`, and the bytes of its arena.

    Raises:
        RuntimeError: the file is refused; in one line what was printed and said of it.
    """
    from tflite_micro import runtime

    room = 10 * len(content) + 2 * Artefact(content).activation_bytes
    printed: list[str] = []
    try:
        with caught(printed):
            interpreter = runtime.Interpreter.from_bytes(content, arena_size=room)
            answer(interpreter, first)
            interpreter.print_allocations()
    except RuntimeError as error:
        raise RuntimeError("; ".join([*printed, str(error)])) from error
    sizes = dict(ALLOCATION.findall("\n".join(printed)))
    names = {"total": "arena_bytes", "head": "head_bytes", "tail": "tail_bytes"}
    return interpreter, {name: int(sizes[part]) for part, name in names.items()}


def answer(interpreter: Any, given: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The output, shape (classes,), for an input with its leading 1."""
    interpreter.set_input(given, 0)
    interpreter.invoke()
    output: npt.NDArray[Any] = interpreter.get_output(0)[0]
    return output


@contextmanager
def caught(lines: list[str]) -> Iterator[None]:
    """Adds what native code writes to file descriptor 2 to `lines`, where no Python setting reaches it.

    Whatever other threads write meanwhile is caught too, so keep it short.
    """
    with redirecting, tempfile.TemporaryFile() as file:
        saved = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            lines += [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
