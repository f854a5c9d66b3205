"""Listening from beginning to end: streams, models, scores, records; and a stream as a file."""

from __future__ import annotations

import os
import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from kwssearch.analysis import Worlds, front
from kwssearch.data import NAMED, DataSet, load_data
from kwssearch.data.recordings import Recording
from kwssearch.errors import UserError
from kwssearch.listening.cost import cost
from kwssearch.listening.figures import Figures
from kwssearch.listening.hearing import Model, hear
from kwssearch.listening.labels import labels_of, truth_of
from kwssearch.listening.plan import HOUR_S
from kwssearch.listening.records import as_read, keep_scores, keep_stream, recorded_settings
from kwssearch.listening.report import Scored, records
from kwssearch.listening.sources import SPLITS
from kwssearch.listening.stream import opened
from kwssearch.listening.sweep import sweep
from kwssearch.listening.truth import Samples, Sound, Truth
from kwssearch.runs import Run, RunFolder
from kwssearch.space import StreamSettings
from kwssearch.space.stream_settings import read_stream
from kwssearch.system.steps import steps

WAV_BYTES = 2**32 - 2**20


@dataclass(frozen=True)
class Labelled:
    """A recording of the user's own, and what it holds."""

    recording: Recording
    truth: Truth

    @property
    def rate(self) -> int:
        return self.recording.rate

    def blocks(self) -> Iterator[Samples]:
        return self.recording.blocks()


def settings_of(run: Run, given: Mapping[str, Any]) -> StreamSettings:
    """The run's own, with what is given instead.

    Raises:
        SpaceError: a value is not what it should be.
    """
    return read_stream("listen", {"stream": {**run.space.stream.to_dict(), **given}})


def data_of(run: Run, source: str | None = None) -> DataSet:
    """The data set of a run.

    Args:
        source: where it is now; where the run last found it by default.

    Raises:
        UserError: it is missing, unfit, or not the run's.
    """
    folder = RunFolder(run.folder)
    folder.reopen()
    found = folder.source if source is None else source
    if found not in NAMED and not Path(found).expanduser().is_dir():
        raise UserError(f"{run.folder}: its data set is not at {found}; say where it is now.", about="data")
    data = load_data(found, run.space.data_settings)
    if data.fingerprint != run.record["data"]["fingerprint"]:
        raise UserError(
            f"{data.source}: is not the data set of {run.folder}; name the one it was made with.", about="data"
        )
    return data


def trials_to_hear(run: Run, named: Sequence[str]) -> list[str]:
    """The trials that are named, or those of the front.

    Raises:
        UserError: no trial is completed yet.
    """
    if named:
        return list(dict.fromkeys(named))
    if not run.completed:
        raise UserError(f"{run.folder}: no trial is completed yet, so that no model can listen; search it first.")
    found = zip(run.completed, front(Worlds(run), run.completed), strict=True)
    return [trial.trial_id for trial, is_on in found if is_on]


def listen(
    run: Run,
    models: Sequence[Model],
    data: DataSet,
    settings: StreamSettings,
    recording: Path | None = None,
    labels: Path | None = None,
) -> dict[str, Any]:
    """Sets each model's threshold on the validation stream, and scores it on the test stream or on a recording.

    Args:
        recording: of the user's own, instead of the test stream; its scores are not kept in the run.
        labels: what it holds; no keyword by default.

    Returns:
        what RUN/listen.json holds, of these models and of those that listened in the same way before.

    Raises:
        UserError: a stream cannot be had, or sounds otherwise than it did.
    """
    own = None if recording is None else labelled(recording, labels, data, models[0])
    figures: list[list[Figures]] = []
    names: dict[str, str] = {}
    for split in SPLITS[: 1 if own else 2]:
        with opened(data, split, settings) as stream:
            found, digest = heard(stream, models, settings, f"the {split} stream")
            keep_stream(run.folder, stream.name, stream.describe(), digest)
            figures.append(found)
            names[split] = stream.name
    if own:
        figures.append(heard(own, models, settings, own.recording.path.name)[0])
    scored = [
        Scored(model, run.words, settings.per_hour, setting, told)
        for model, setting, told in zip(models, *figures, strict=True)
    ]
    costs = {model.trial_id: cost(model, data.sampling_rate, settings) for model in models}
    trials = [{**record, "cost": costs[record["trial_id"]]} for record in records(scored)]
    if own:
        return as_read({"recording": str(recording), "settings": recorded_settings(settings), "trials": trials})
    return keep_scores(run.folder, settings, names, trials)


def heard(sound: Sound, models: Sequence[Model], settings: StreamSettings, what: str) -> tuple[list[Figures], str]:
    with steps(f"Listening to {what}") as show:
        found, digest = hear(sound, models, settings, show)
    return [Figures(sweep(each, sound.truth)) for each in found], digest


def labelled(path: Path, labels: Path | None, data: DataSet, model: Model) -> Labelled:
    """A recording with its labels.

    Raises:
        UserError: one of them cannot be read, does not fit, or is shorter than a window.
    """
    recording = Recording(path, data.sampling_rate)
    seconds = recording.length / recording.rate
    if seconds < data.window_s:
        raise UserError(
            f"{path}: lasts {seconds:g} s, expected at least a window of {data.window_s:g} s; name a longer recording."
        )
    return Labelled(recording, truth_of(labels, seconds, data.window_s, data.words, model.keywords))


def write_stream(run: Run, data: DataSet, settings: StreamSettings, split: str, out: Path) -> Path:
    """Writes a stream as `<split>.wav` and its labels as `<split>.txt` into a folder, and returns the WAV.

    Raises:
        UserError: the stream cannot be had, or the folder cannot be written.
    """
    seconds = settings.hours * HOUR_S
    if 2 * seconds * data.sampling_rate >= WAV_BYTES:
        most = WAV_BYTES / (2 * HOUR_S * data.sampling_rate)
        raise UserError(
            f"stream: got {settings.hours:g} h, expected less than {most:.0f} h, which fill a WAV; ask for fewer hours."
        )
    digest, path = sha256(), out / f"{split}.wav"
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with opened(data, split, settings) as stream, steps(f"Writing the {split} stream") as show:
        try:
            out.mkdir(parents=True, exist_ok=True)
            with wave.open(str(temporary), "wb") as file:
                file.setparams((1, 2, stream.rate, 0, "NONE", ""))
                for number, block in enumerate(stream.blocks(), 1):
                    content = block.astype("<i2", copy=False).tobytes()
                    digest.update(content)
                    file.writeframesraw(content)
                    show(number, len(stream.planned))
            keep_stream(run.folder, stream.name, stream.describe(), digest.hexdigest())
            path.with_suffix(".txt").write_text(
                "".join(label.line for label in labels_of(stream.truth, data.words)), encoding="utf-8"
            )
            os.replace(temporary, path)
        except OSError as error:
            raise UserError(
                f"{path}: cannot be written ({error.strerror or error}); make room or give write permission.",
                about="folder",
            ) from error
        finally:
            temporary.unlink(missing_ok=True)
    return path
