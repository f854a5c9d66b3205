"""Lets people hear what a model makes of their own recordings or voice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kwssearch.artefact import MODEL_FILE
from kwssearch.deploy.bundled.answers import microphone_answers, recording_answers
from kwssearch.deploy.bundled.sound import Samples, SoundError, mono
from kwssearch.deploy.bundled.spotter import Spotter, described
from kwssearch.deploy.shipped import find_model
from kwssearch.errors import UserError
from kwssearch.runs import load

Model = tuple[dict[str, Any], bytes]


def model_named(name: str) -> Model:
    """What model.json says, and the .tflite, of `RUN:TRIAL` or of a bundle's folder.

    Raises:
        UserError: neither is there.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return from_bundle(folder)
    run, colon, trial_id = name.rpartition(":")
    if not colon:
        raise UserError(f"{name}: is neither a bundle's folder nor RUN:TRIAL, expected one, such as runs/lab4:7.")
    shipped = find_model(load(Path(run).expanduser()), trial_id)
    return shipped.description(), shipped.content


def from_bundle(folder: Path) -> Model:
    """What a bundle holds, if it can be run."""
    try:
        model = described(folder), (folder / MODEL_FILE).read_bytes()
        Spotter(*model)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserError(
            f"{folder}: holds no bundle that can be run ({told}), expected what 'kwssearch export' wrote, "
            "or RUN:TRIAL; export it again."
        ) from error
    return model


def try_files(model: Model, paths: Sequence[Path], threshold: float | None = None) -> Iterator[dict[str, Any]]:
    """`bundled.answers.recording_answers` of each file, of any format that libsndfile reads.

    Raises:
        UserError: a file cannot be read.
    """
    spotters: dict[int, Spotter] = {}
    for path in paths:
        samples, rate = read(path)
        if rate not in spotters:
            spotters[rate] = Spotter(*model, rate, threshold)
        yield from recording_answers(str(path), samples, spotters[rate])


def read(path: Path) -> tuple[Samples, int]:
    """Samples, shape (n,), the mean of all channels, and their rate in Hz."""
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path}: cannot be read as sound ({reason}), expected a WAV or the like; convert it."
        ) from error
    if not len(samples):
        raise UserError(f"{path}: holds no samples, expected a recording; record it again.")
    return mono(samples), int(rate)


def try_microphone(model: Model, threshold: float | None = None) -> Iterator[dict[str, Any]]:
    """`bundled.answers.microphone_answers` of a model.

    Raises:
        UserError: there is no microphone, or what reads it is not installed.
    """
    try:
        yield from microphone_answers(*model, threshold)
    except SoundError as error:
        raise UserError(str(error)) from error
