"""Streams of a search that judges models by missed keywords: made once, heard by every model as its trial ends."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from kwssearch.artefact import MODEL_FILE
from kwssearch.data import DataSet
from kwssearch.errors import UserError, counted
from kwssearch.listening import SPLITS, KeptStream, Model, keep_stream, kept_stream, recorded_settings, score
from kwssearch.runs import LISTENING, Execution, Run, RunFolder, Trial, listening_figures, trial_folder
from kwssearch.space import MISSES, PlannedTrial, SearchSpace
from kwssearch.system.steps import steps

Digests = Mapping[str, str]  # split -> SHA-256 of its stream


def are_asked(space: SearchSpace) -> bool:
    """Whether a space judges by what is heard in streams."""
    return MISSES.name in space.objectives


def streams_of(space: SearchSpace, data: DataSet) -> dict[str, KeptStream]:
    """Split -> its stream, from the cache, else made.

    Raises:
        UserError: a stream cannot be had.
    """
    front_ends = list(space.features.values())
    return {split: kept_stream(data, split, space.stream, front_ends) for split in SPLITS}


def prepare(folder: RunFolder, space: SearchSpace, data: DataSet) -> Digests:
    """Makes the streams of a search, writes down what they are, and lets what the run has already hear them.

    Raises:
        UserError: a stream cannot be had, or sounds otherwise than it did; or a model that should hear it is gone.
    """
    streams = streams_of(space, data)
    for stream in streams.values():
        keep_stream(folder.path, stream.name, stream.description, stream.sha256)
    run = folder.load()
    deaf = [(t, e) for t in run.completed for e in t.executions if not has_heard(e, streams, space)]
    if deaf:
        with steps(f"Letting {counted(len(deaf), 'model')} hear the streams") as show:
            for done, (trial, execution) in enumerate(deaf):
                hear_again(folder, run, trial, execution, streams, data)
                show(done + 1, len(deaf))
    return {split: stream.sha256 for split, stream in streams.items()}


def has_heard(execution: Execution, streams: Mapping[str, KeptStream], space: SearchSpace) -> bool:
    """Whether an execution was scored on these streams in this way."""
    heard = execution.record.get(LISTENING, {})
    names = {split: stream.name for split, stream in streams.items()}
    return bool(heard.get("streams") == names and heard.get("settings") == recorded_settings(space.stream))


def hear_again(
    folder: RunFolder, run: Run, trial: Trial, execution: Execution, streams: Mapping[str, KeptStream], data: DataSet
) -> None:
    """Scores a model that was trained before its run asked what it hears."""
    path = trial_folder(run.folder, trial.trial_id, execution.index) / MODEL_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror or error}), expected the model, so that it can listen; copy it "
            f"back, or leave {MISSES.name} out of the objectives."
        ) from error
    figures = figures_of(content, trial.planned, run.space, data, streams)
    folder.end_execution(trial.trial_id, execution.index, {**execution.record, **figures}, {})


def heard(
    content: bytes, planned: PlannedTrial, space: SearchSpace, data: DataSet, expected: Digests
) -> dict[str, Any]:
    """What a trial's record says of its model on the streams of the search.

    Args:
        expected: of the streams when the search began.

    Raises:
        UserError: they sound otherwise here than where the search began.
    """
    streams = streams_of(space, data)
    for split, stream in streams.items():
        if stream.sha256 != expected[split]:
            raise UserError(
                f"{data.source}: the {split} stream has other samples here than where the search began, since its "
                "recordings or the versions of espeak-ng, NumPy or SciPy are others; make them the same everywhere."
            )
    return figures_of(content, planned, space, data, streams)


def figures_of(
    content: bytes, planned: PlannedTrial, space: SearchSpace, data: DataSet, streams: Mapping[str, KeptStream]
) -> dict[str, Any]:
    keywords = tuple(data.words.index(word) for word in data.keywords)
    model = Model(planned.trial_id, planned.name, content, space.features[planned.values["features"]], keywords)
    started = time.process_time()
    record = score(model, streams, space.stream, data.words)
    seconds = round(time.process_time() - started, 3)
    shared = {
        "streams": {split: stream.name for split, stream in streams.items()},
        "settings": recorded_settings(space.stream),
    }
    return listening_figures({**record, **shared, "cpu_seconds": seconds})
