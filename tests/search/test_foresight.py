"""What is known to go wrong is told before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kwssearch.data import DataSet, load_data
from kwssearch.errors import SpaceError
from kwssearch.search.foresight import data_notes, space_notes
from kwssearch.space import SearchSpace, read_space

TOY = {"features": {"f": {"kind": "mfcc", "coefficients": 10}}, "strategy": [{"name": "s", "final_sparsity": [0.5]}]}


def space(recipe: dict | None = None, pruning: dict | None = None, **feature: object) -> SearchSpace:
    features = {"f": {**TOY["features"]["f"], **feature}}
    return read_space({**TOY, "features": features, "recipe": recipe or {}, "pruning": pruning or {}})


@pytest.fixture(scope="module")
def data(words: Path) -> DataSet:
    """56 training clips at 16 kHz."""
    return load_data(words)


@pytest.mark.parametrize(
    "feature, bands",
    [
        ({"frame_length_ms": 25, "mel_bins": 128, "upper_hz": 8000}, 3),
        ({"frame_length_ms": 25, "mel_bins": 400, "upper_hz": 8000}, 116),
        ({}, 0),
    ],
)
def test_bands_without_a_line_of_the_spectrum(feature: dict, bands: int) -> None:
    notes = space_notes(space(**feature))
    assert len(notes) == bool(bands)
    assert all(f"{bands} of {feature['mel_bins']} mel bands hold no line" in note for note in notes)


def test_bands_above_what_the_recordings_hold(data: DataSet) -> None:
    high = space(sampling_rate=48_000, upper_hz=20_000)
    (note,) = [note for note in data_notes(high, data) if "mel bands lie above 8000 Hz" in note]
    assert "which recordings of 16000 Hz do not hold" in note
    assert not [note for note in data_notes(space(), data) if "bands" in note]


@pytest.mark.parametrize(
    "recipe, told",
    [
        (
            {"epochs": 1, "batch_size": 4096},
            "a training of 1 step (1 epoch, batches of 4096, 56 clips) makes masks 2 times",
        ),
        ({"epochs": 1, "batch_size": 56}, "at steps 1 to 2, expected the last one within the training"),
    ],
)
def test_a_training_that_ends_before_its_last_mask_is_refused(data: DataSet, recipe: dict, told: str) -> None:
    with pytest.raises(SpaceError) as caught:
        data_notes(space(recipe), data)
    assert told in str(caught.value)
    dense = replace(space(recipe), strategies=space(recipe).strategies[:1])
    assert data_notes(dense, data) == []


def test_few_updates_and_late_ones_are_warned_of(data: DataSet) -> None:
    (abrupt,) = data_notes(space({"epochs": 1, "batch_size": 16}), data)
    assert "makes masks 3 times, at steps 1 to 3, which is abrupt" in abrupt
    (late,) = data_notes(space({"epochs": 20}, {"begin": 0.2, "end": 1.0}), data)
    assert "no step is left after the last one" in late
    assert data_notes(space(), data) == []


def test_clusters_with_too_few_steps_are_warned_of(data: DataSet) -> None:
    declared = {**TOY, "strategy": [{"name": "c", "clusters": [2, 4]}]}
    (short,) = data_notes(read_space({**declared, "recipe": {"batch_size": 8}}), data)
    assert short.startswith("clustering: 3 epochs are 21 steps here, expected at least 100")
    assert data_notes(read_space({**declared, "clustering": {"epochs": 40}}), data) == []


def test_a_beginning_above_the_end_is_told() -> None:
    (note,) = space_notes(space(pruning={"initial_sparsity": 0.6}))
    assert "initial_sparsity 0.6 is above final_sparsity 0.5" in note
