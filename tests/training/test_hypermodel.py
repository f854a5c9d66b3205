"""What the fit hook holds against a trial before it believes it."""

import numpy as np
import pytest

from kwssearch.artefact.contents import Artefact
from kwssearch.compression import convert
from kwssearch.data.dataset import load_data
from kwssearch.models.architectures import MODELS
from kwssearch.space import axis_names, load_space
from kwssearch.testing import tiny
from kwssearch.training import KwsHyperModel, TrialError, hyperparameters
from kwssearch.training.exporting import PARITY_TOLERANCE, check_sparsity, parity

FEATURES = np.random.default_rng(0).normal(size=(6, 20, 10, 1)).astype(np.float32)


def test_answers_that_differ_from_the_trained_models_fail_the_trial() -> None:
    model = MODELS["cnn"]((20, 10, 1), 3, 0.1)
    answers = model(FEATURES).numpy()
    assert parity(model, FEATURES, answers) == {"keras_difference": 0.0, "keras_agreement": 1.0}
    for wrong in (answers + 2 * PARITY_TOLERANCE, np.full_like(answers, np.nan)):
        with pytest.raises(TrialError, match="the conversion is not faithful"):
            parity(model, FEATURES, wrong)


def test_a_file_that_is_not_sparse_as_declared_fails_the_trial() -> None:
    dense = MODELS["cnn"]((20, 10, 1), 3, 0.1)
    artefact = Artefact(convert(dense))
    check_sparsity(artefact, 0.0)
    with pytest.raises(TrialError, match=r"has a sparsity of 0\.0000 over its prunable weights, expected 0\.9"):
        check_sparsity(artefact, 0.9)


def test_a_model_too_small_for_its_sparsity_fails(tmp_path, words) -> None:
    """One filter a layer: tfmot keeps at least one weight of nine."""
    declared = tiny.write_space(tmp_path / "tiny.toml").read_text()
    (tmp_path / "tiny.toml").write_text(declared.replace("= 0.05", "= 0.005").replace("[0.5, 0.8]", "[0.95]"))
    space = load_space(tmp_path / "tiny.toml")
    hypermodel = KwsHyperModel(space, load_data(words), cache=tmp_path / "cache")
    hp = hyperparameters(space, space.trials[-1].values)
    with pytest.raises(TrialError, match=r"expected 0\.95 within 0\.005; train longer or widen"):
        hypermodel.fit(hp, hypermodel.build(hp), folder=tmp_path / "out")


def test_hyperparameters_hold_every_axis() -> None:
    space = load_space("lab4")
    hp = hyperparameters(space, space.trials[-1].values)
    assert {axis: hp.get(axis) for axis in space.trials[-1].values} == space.trials[-1].values
    assert tuple(entry.name for entry in hp.space) == axis_names()
