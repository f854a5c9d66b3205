"""Epochs, batch size and learning rate as axes: what the recipe says goes without saying, anything else is trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.searching import searched

from kwssearch.artefact import WEIGHTS_FILE
from kwssearch.cli.commands import main
from kwssearch.errors import SpaceError
from kwssearch.report import trial_rows
from kwssearch.runs import Run
from kwssearch.search.foresight import space_notes
from kwssearch.space import load_space, read_space
from kwssearch.testing import tiny

VARIED = """
[[strategy]]
name = "longer"
epochs = [{recipe}, 4]

[[strategy]]
name = "batches"
batch_size = 2

[[strategy]]
name = "rate"
learning_rate = 0.05
"""


def write_space(folder: Path) -> Path:
    path = tiny.write_space(folder / "tiny.toml")
    recipe = load_space(path).recipe
    path.write_text(path.read_text().split("[[strategy]]")[0] + VARIED.format(recipe=recipe.epochs))
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, finished: Path, words: Path, cache: Path) -> Run:
    folder = tmp_path_factory.mktemp("axes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWSSEARCH_CACHE", str(cache))
        return searched(folder, write_space(folder), words, reuse=[finished])


def test_each_value_is_trained_as_it_says(whole: Run) -> None:
    assert {trial.status for trial in whole.trials} == {"completed"}
    plain, longer, batches, rate = whole.trials
    assert [trial.name.removeprefix(plain.name) for trial in whole.trials] == [
        "", " 4 epochs", " batches of 2", " learning rate 0.05",
    ]  # fmt: skip
    assert len(longer.executions[0].record["history"]) == 4
    recipe = whole.space.recipe
    assert whole.space.recipe_of(rate.values).learning_rate == (0.05, recipe.learning_rate[1])
    assert [whole.space.recipe_of(trial.values).batch_size for trial in (plain, batches)] == [recipe.batch_size, 2]
    weights = [np.load(whole.folder / f"trial_{trial.trial_id}" / WEIGHTS_FILE) for trial in whole.trials]
    kernels = [np.concatenate([found[key].ravel() for key in found.files]) for found in weights]
    assert all(not np.array_equal(kernels[0], other) for other in kernels[1:])
    assert len({trial.executions[0].record["training"] for trial in whole.trials}) == 4
    assert [row["epochs"] for row in trial_rows(whole)] == [recipe.epochs, 4, recipe.epochs, recipe.epochs]


def test_a_run_from_before_these_axes_is_read_as_before(whole: Run) -> None:
    space = read_space({**whole.space.to_dict(), "strategy": []})
    assert set(space.to_dict()["baseline"]).isdisjoint(space.usual)
    assert space.trials[0].values == whole.trials[0].values
    longer = space.with_recipe(epochs=9)
    assert longer.trials[0].values["epochs"] == 9
    assert longer.trials[0].name == space.trials[0].name


def test_epochs_that_leave_a_strategy_nothing_are_refused(words: Path, tmp_path: Path) -> None:
    space = tiny.write_space(tmp_path / "tiny.toml")
    space.write_text(space.read_text() + '\n[[strategy]]\nname = "longer"\nepochs = 4\n')
    asked = ["run", str(space), "--data", str(words), "--out", str(tmp_path / "run"), "--epochs", "4"]
    told = CliRunner().invoke(main, asked)
    assert told.exit_code == 2
    assert "tiny with 4 epochs: strategy 'longer' adds no trial" in told.stderr
    assert not (tmp_path / "run").exists()


def test_rates_that_rise_are_warned_of_and_are_floats(tmp_path: Path) -> None:
    declared = {"features": {"m": {"kind": "mfcc", "coefficients": 10}}, "recipe": {"learning_rate": [1, 1e-3]}}
    space = read_space({**declared, "strategy": [{"name": "rate", "learning_rate": [0.5, 1e-4]}]})
    assert {type(trial.values["learning_rate"]) for trial in space.trials} == {float}
    (note,) = space_notes(space)
    assert note == "learning_rate 0.0001 is below the recipe's last one, 0.001, to which it then rises"


@pytest.mark.parametrize(
    "line, fault",
    [
        ("epochs = 0", "epochs: got 0, expected whole numbers from 1"),
        ("batch_size = 2.5", "batch_size: got 2.5, expected whole numbers from 1"),
        ("learning_rate = [0.01, 0]", "learning_rate: got 0, expected numbers above 0"),
    ],
)
def test_a_wrong_value_is_one_sentence(line: str, fault: str, tmp_path: Path) -> None:
    path = write_space(tmp_path)
    path.write_text(path.read_text() + f'\n[[strategy]]\nname = "wrong"\n{line}\n')
    with pytest.raises(SpaceError, match="strategy 4 'wrong'") as caught:
        load_space(path)
    assert fault in str(caught.value)
