"""Trainings on altered clips: resumed and shared ones end with the same bytes; only training hears such clips."""

from pathlib import Path

import numpy as np
import pytest

from kwssearch.backend import start_anew
from kwssearch.data import load_data
from kwssearch.features import Augmented
from kwssearch.search import job as jobs
from kwssearch.space import SearchSpace, load_space
from kwssearch.testing import tiny
from kwssearch.training import CHECKPOINT_FILE, KwsHyperModel, hyperparameters
from kwssearch.training.clips import heard_in

ROOM = """
[augmentation.room]

[[strategy]]
name = "room"
augmentation = "room"

[[strategy]]
name = "sparse"
augmentation = "room"
final_sparsity = [0.5, 0.8]
"""


@pytest.fixture
def space(tmp_path: Path) -> SearchSpace:
    path = tiny.write_space(tmp_path / "tiny.toml")
    path.write_text(path.read_text().split("[[strategy]]")[0] + ROOM)
    return load_space(path)


@pytest.fixture
def hypermodel(space: SearchSpace, words: Path, cache: Path) -> KwsHyperModel:
    return KwsHyperModel(space, load_data(words), cache=cache)


def fit(model: KwsHyperModel, trial: int, folder: Path, beginning: Path | None = None, on_epoch=lambda logs: None):
    hp = hyperparameters(model.space, model.space.trials[trial].values)
    start_anew(7)
    record = model.evaluate(hp, model.build(hp), folder, 7, beginning, on_epoch)
    return record, (folder / "model.tflite").read_bytes()


class StoppedError(Exception):
    pass


@pytest.mark.damage
def test_an_interrupted_training_ends_with_the_same_bytes(hypermodel: KwsHyperModel, tmp_path: Path) -> None:
    record, whole = fit(hypermodel, 1, tmp_path / "whole")

    def stop(history: list[dict[str, float]]) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        fit(hypermodel, 1, tmp_path / "halves", on_epoch=stop)
    assert (tmp_path / "halves" / CHECKPOINT_FILE).is_file()
    again, resumed = fit(hypermodel, 1, tmp_path / "halves")
    assert resumed == whole
    assert [logs["loss"] for logs in again["history"]] == [logs["loss"] for logs in record["history"]]
    assert record["augment_epoch_seconds"] > 0


def test_points_share_their_beginning_with_those_that_hear_the_same(hypermodel: KwsHyperModel, tmp_path: Path) -> None:
    _, apart = fit(hypermodel, 3, tmp_path / "apart")
    beginning = tmp_path / "shared" / "x.npz"
    fit(hypermodel, 1, tmp_path / "dense", beginning)
    assert beginning.is_file()
    assert fit(hypermodel, 3, tmp_path / "sparse", beginning)[1] == apart


def test_only_training_hears_altered_clips(hypermodel: KwsHyperModel, tmp_path: Path, monkeypatch) -> None:
    plain, altered = (hypermodel.space.trials[trial].values for trial in (0, 1))
    front_end = hypermodel.front_end(plain)
    recorded = hypermodel.features(front_end)
    assert hypermodel.training_clips(plain, recorded["train"], 1) is recorded["train"]
    clips = hypermodel.training_clips(altered, recorded["train"], 1)
    assert isinstance(clips, Augmented)
    chosen = np.arange(len(clips))
    heard = [heard_in(clips, epoch)[chosen] for epoch in (0, 1)]
    assert heard[0].shape == recorded["train"].shape
    assert not np.array_equal(*heard)
    assert sorted(hypermodel.features(front_end)) == ["test", "train", "validation"]


def test_it_has_a_name_of_its_own_and_travels_to_a_worker(
    hypermodel, space, words, tmp_path, monkeypatch, cache
) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    fingerprint = hypermodel.clips.fingerprint
    made = [
        jobs.Job(space, str(words), fingerprint, "run", planned, 0, tmp_path / planned.trial_id, None, True)
        for planned in space.trials
    ]
    assert len({name for job in made for name in job.trainings}) == len(made)
    outcome = jobs.run(made[1])
    assert outcome.record["values"]["augmentation"] == "room"
    assert outcome.record["training"] in made[1].trainings
