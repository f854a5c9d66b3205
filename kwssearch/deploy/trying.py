"""Lets people hear what a model makes of their own recordings or voice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kwssearch.artefact import MODEL_FILE
from kwssearch.data.recordings import as_samples, told_of
from kwssearch.deploy.bundled.answers import Spotters, microphone_answers
from kwssearch.deploy.bundled.sound import BLOCK, Samples, SoundError
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
    spotters = Spotters(*model, threshold)
    for path in paths:
        try:
            yield from spotters.answers(str(path), rate_of(path), blocks_of(path))
        except SoundError as error:
            raise UserError(str(error)) from error


def rate_of(path: Path) -> int:
    """Samples a second."""
    import soundfile

    with told_of(path):
        return int(soundfile.info(path).samplerate)


def blocks_of(path: Path) -> Iterator[Samples]:
    """All of a recording in pieces, each of shape (n,), the mean of all channels.

    Read as real numbers, since libsndfile leaves those of a file of floats unscaled where integers are asked for.
    """
    import soundfile

    with told_of(path), soundfile.SoundFile(path) as file:
        while len(block := file.read(BLOCK, dtype="float64", always_2d=True)):
            yield as_samples(block.mean(axis=1))


def try_microphone(model: Model, threshold: float | None = None) -> Iterator[dict[str, Any]]:
    """`bundled.answers.microphone_answers` of a model.

    Raises:
        UserError: there is no microphone, or what reads it is not installed.
    """
    try:
        yield from microphone_answers(*model, threshold)
    except SoundError as error:
        raise UserError(str(error)) from error
