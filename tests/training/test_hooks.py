"""The build and fit hooks by themselves."""

from pathlib import Path

import numpy as np
import pytest

from kwssearch.artefact import WEIGHTS_FILE
from kwssearch.backend import keras_tuner, start_anew
from kwssearch.data import load_data
from kwssearch.errors import UserError
from kwssearch.space import Schedule, load_space
from kwssearch.space.axes import PLAIN
from kwssearch.testing import tiny
from kwssearch.training import KwsHyperModel, hyperparameters, load_weights, plain_model
from kwssearch.training.trainer import Trainer


def test_hooks_work_alone(tmp_path, words) -> None:
    space = load_space(tiny.write_space(tmp_path / "tiny.toml"))
    hypermodel = KwsHyperModel(space, load_data(words), cache=tmp_path / "cache")
    hp = hyperparameters(space, space.trials[3].values)
    model = hypermodel.build(hp)
    assert sum(hasattr(layer, "pruning_step") for layer in model.layers) == 4
    objectives = hypermodel.fit(hp, model, folder=tmp_path / "out")
    assert set(objectives) == {"accuracy", "memory_bytes", "latency_ms"}
    assert objectives["memory_bytes"] == (tmp_path / "out" / "model.tflite.zip").stat().st_size


def test_shared_beginnings_change_nothing(tmp_path, words, monkeypatch) -> None:
    space = load_space(tiny.write_space(tmp_path / "tiny.toml"))
    hypermodel = KwsHyperModel(space, load_data(words), cache=tmp_path / "cache")
    restored = []
    restore = Trainer.restore
    monkeypatch.setattr(
        Trainer, "restore", lambda self, state: (restored.append(int(state["steps_done"])), restore(self, state))
    )

    def fit(trial: int, name: str, beginning: Path | None = None) -> bytes:
        values = space.trials[trial].values
        start_anew(7)
        model = hypermodel.build(hyperparameters(space, values))
        hypermodel.trained(values, model, tmp_path / name, 7, beginning, lambda history: None)
        return (tmp_path / name / WEIGHTS_FILE).read_bytes()

    beginning = tmp_path / "shared" / "0_0.npz"
    schedule = Schedule.over(hypermodel.steps(space.trials[0].values), space.prunings[PLAIN])
    apart = [fit(trial, f"apart {trial}") for trial in (0, 3)]
    assert restored == []
    dense, _, sparser = (fit(trial, f"shared {trial}", beginning) for trial in (0, 2, 3))
    assert [dense, sparser] == apart
    assert restored == [schedule.begin - 1, schedule.begin + schedule.frequency - 1]


def test_a_trained_model_has_learnt_the_words(tmp_path, words) -> None:
    declared = tiny.write_space(tmp_path / "tiny.toml", epochs=12).read_text()
    (tmp_path / "tiny.toml").write_text(declared.replace("width_multiplier = 0.05", "width_multiplier = 0.25"))
    space = load_space(tmp_path / "tiny.toml")
    hypermodel = KwsHyperModel(space, load_data(words), cache=tmp_path / "cache")
    for trial in (space.trials[0], space.trials[3]):
        hp = hyperparameters(space, trial.values)
        assert hypermodel.fit(hp, hypermodel.build(hp), folder=tmp_path / trial.trial_id)["accuracy"] >= 0.8


def test_build_declares_the_space_to_kerastuner(tmp_path, words) -> None:
    space = load_space(tiny.write_space(tmp_path / "tiny.toml"))
    hp = keras_tuner.HyperParameters()
    KwsHyperModel(space, load_data(words), cache=tmp_path / "cache").build(hp)
    assert hp.values == dict(space.trials[0].values)
    assert [choice.name for choice in hp.space] == list(space.trials[0].values)


def test_a_hyper_model_without_data_says_so(tmp_path) -> None:
    space = load_space(tiny.write_space(tmp_path / "tiny.toml"))
    hypermodel = KwsHyperModel(space)
    assert len(repr(hypermodel)) < 200
    with pytest.raises(UserError, match="has no data set yet"):
        hypermodel.build(hyperparameters(space))


def test_the_weights_that_are_kept_are_those_of_the_file(tmp_path, finished) -> None:
    from kwssearch.artefact import Artefact
    from kwssearch.compression import convert
    from kwssearch.runs import load, trial_folder

    run = load(finished)
    for trial in run.trials:
        folder = trial_folder(finished, trial.trial_id)
        model = plain_model(run.space, trial.values, len(run.words))
        load_weights(folder / "weights.npz", model)
        kept = Artefact((folder / "model.tflite").read_bytes())
        for ours, theirs in zip(Artefact(convert(model)).weights, kept.weights, strict=True):
            np.testing.assert_array_equal(ours.values, theirs.values)


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x03\x04" + bytes(60), None], ids=["empty", "cut", "damaged", "missing"]
)
def test_weights_that_cannot_be_read_are_one_sentence(tmp_path, content) -> None:
    space = load_space(tiny.write_space(tmp_path / "tiny.toml"))
    if content is not None:
        (tmp_path / "weights.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"weights\.npz: holds no weights of this model"):
        load_weights(tmp_path / "weights.npz", plain_model(space, space.trials[0].values, 2))
