"""Scores models on recordings that their search did not see; nothing is trained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.analysis.answered import answered, scores
from kwssearch.data import DataSet
from kwssearch.data.speakers import MARK
from kwssearch.data.splits import SPLITS
from kwssearch.data.unseen import class_indices, load_unseen
from kwssearch.deploy.bundled.spotter import Spotter
from kwssearch.deploy.candidates import Candidates
from kwssearch.deploy.trying import Model
from kwssearch.errors import UserError, counted
from kwssearch.space import read_data_settings
from kwssearch.system.steps import steps

FORMAT = 1


def score(candidates: Candidates, source: str | Path, speaker: str | None = None) -> dict[str, Any]:
    """What models make of every clip of a folder of words.

    Args:
        speaker: a pattern whose one group is the speaker, for names other than those of the run's clips.

    Returns:
        JSON-ready; accuracies are shares, intervals lists of value, low and high end.

    Raises:
        UserError: the folder holds nothing to score by, or is what the models were trained on.
        SpaceError: no such pattern.
    """
    own = {} if speaker is None else {"speaker": speaker}
    settings = read_data_settings("score", {**candidates.settings.to_dict(), **own})
    data = load_unseen(source, settings, candidates.words)
    warnings = [*candidates.warnings, *data.warnings, *data.notes, *told_of(candidates, data)]
    index_of = class_indices(data, candidates.words)
    clips = [clip for split in SPLITS for clip in data.splits[split]]
    labels = np.array([index_of[clip.label] for clip in clips], dtype=np.int64)
    who = [name for split in SPLITS for name in data.speakers(split)]
    said = answers(list(candidates.models.values()), data)
    run = answered(candidates.words, labels, who, dict(zip(candidates.models, said, strict=True)))
    found = scores(run, candidates.own_accuracies(set(index_of)))
    return {
        "format": FORMAT,
        "source": str(candidates.source),
        "data": str(source),
        "clips": len(clips),
        "speakers": len(set(who)),
        "sampling_rate": data.sampling_rate,
        "warnings": warnings,
        "trials": [
            {**identity(trial_id, model), **record}
            for (trial_id, model), record in zip(candidates.models.items(), found, strict=True)
        ],
    }


def identity(trial_id: str, model: Model) -> dict[str, str]:
    description, content = model
    return {"trial_id": trial_id, "name": description["name"], "sha256": hashlib.sha256(content).hexdigest()}


def told_of(candidates: Candidates, data: DataSet) -> Iterator[str]:
    """What makes a comparison with the run's own test clips doubtful.

    Raises:
        UserError: the folder is the data set that the models come from.
    """
    if data.fingerprint == candidates.fingerprint:
        raise UserError(
            f"{data.source}: is what the models of {candidates.source} were trained on, and clips of training flatter; "
            "name recordings of others, those of the test split are scored already.",
            about="data",
        )
    yield from told_of_training(candidates, data)
    rate = max(description["front_end"]["sampling_rate"] for description, _ in candidates.models.values())
    if data.sampling_rate < rate:
        yield (
            f"{data.source}: has {data.sampling_rate:,} Hz where models hear {rate:,} Hz, so that they miss its upper "
            "bands; record at that rate."
        )
    if len(data.words) < len(candidates.words):
        over = "these classes" if candidates.shipped else "all of its classes, which compares badly"
        yield f"{candidates.source}: its own test accuracy is over {over}."


def told_of_training(candidates: Candidates, data: DataSet) -> Iterator[str]:
    """Clips and voices that the models know."""
    clips = [clip for split in SPLITS for clip in data.splits[split]]
    if known := sum(clip.digest in candidates.trained_on for clip in clips):
        yield f"{data.source}: {known:,} of {counted(len(clips), 'clip')} were trained on, and flatter; take them out."
    named = {
        who
        for split in SPLITS
        for clip, who in zip(data.splits[split], data.speakers(split), strict=True)
        if MARK in clip.path or data.settings.speaker
    }
    if voices := named & candidates.voices:
        yield (
            f"{data.source}: the names of {len(voices):,} of {counted(len(named), 'speaker')} are those of voices that "
            "were trained on; new ones may do worse."
        )


def answers(models: Sequence[Model], data: DataSet) -> list[npt.NDArray[np.int64]]:
    """Class indices of each model, shape (clips,), in order of the splits; features are computed once a front end."""
    spotters = [Spotter(*model, rate=data.sampling_rate) for model in models]
    kinds = [json.dumps(description["front_end"], sort_keys=True) for description, _ in models]
    front_ends = {kind: spotter.front_end for kind, spotter in zip(kinds, spotters, strict=True)}
    places = [(split, index) for split in SPLITS for index in range(len(data.splits[split]))]
    found = np.empty((len(models), len(places)), dtype=np.int64)
    with steps(f"Scoring {counted(len(models), 'model')} on {counted(len(places), 'clip')}") as show:
        for at, (split, index) in enumerate(places):
            samples = data.audio(split, index)
            features = {kind: front_end(samples) for kind, front_end in front_ends.items()}
            for row, (kind, spotter) in enumerate(zip(kinds, spotters, strict=True)):
                found[row, at] = spotter.classifier.probabilities(features[kind]).argmax()
            show(at + 1, len(places))
    return list(found)
