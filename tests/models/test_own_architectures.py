"""Architectures of a user's own, from a file beside the space to the report."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from support import own_models, shell

import kwssearch as kws
from kwssearch import runs
from kwssearch.data import load_data
from kwssearch.errors import SpaceError, UserError
from kwssearch.models import costs, resolve
from kwssearch.report import write_report
from kwssearch.runs import RunFolder
from kwssearch.space import load_space, read_space


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(tmp_path / "own cache"))


def write(folder: Path, architecture: str, text: str = own_models.TC_RESNET, name: str = "my_models") -> Path:
    (folder / f"{name}.py").write_text(text)
    (folder / "own.toml").write_text(own_models.SPACE.format(architecture=architecture))
    return folder / "own.toml"


@pytest.mark.long
def test_from_a_file_beside_the_space_to_the_report(tmp_path, words, cache) -> None:
    space = write(tmp_path, "my_models:tc_resnet")
    run = tmp_path / "run"
    ended = shell.kwssearch("run", space, "--data", words, "--out", run, cache=cache)
    assert ended.returncode == 0, ended.stderr
    found = runs.load(run)
    assert [trial.status for trial in found.trials] == ["completed"] * 2
    assert found.trials[1].executions[0]["achieved_sparsity"] == pytest.approx(0.5, abs=0.005)
    source = json.loads((run / "run.json").read_text())["space"]["architectures"]["my_models:tc_resnet"]
    assert source["text"] == own_models.TC_RESNET
    (tmp_path / "my_models.py").unlink()
    (run / "trial_1" / "result.json").unlink()
    resumed = shell.kwssearch("resume", run, "--workers", 1, cache=cache)
    assert resumed.returncode == 0, resumed.stderr
    page = write_report(runs.load(run), tmp_path / "report").read_text()
    assert "tc\\_resnet" in page
    assert "CNN" not in page


@pytest.mark.parametrize("architecture", ["perceptron", "tc_resnet"])
def test_models_that_cannot_be_turned_or_have_no_convolution_train_all_the_same(
    tmp_path, words, architecture: str
) -> None:
    space = load_space(write(tmp_path, f"my_models:{architecture}"))
    hypermodel = kws.KwsHyperModel(space, load_data(words))
    from kwssearch.training import hyperparameters

    hp = hyperparameters(space, space.trials[1].values)
    assert hypermodel.fit(hp, hypermodel.build(hp), folder=tmp_path / "out")["accuracy"] >= 0.25


def test_changed_code_is_a_changed_search(tmp_path, words) -> None:
    data = load_data(words)
    space = write(tmp_path, "my_models:tc_resnet")
    RunFolder(tmp_path / "run").open(load_space(space), data, "grid")
    (tmp_path / "my_models.py").write_text(own_models.TC_RESNET.replace("16 *", "24 *"))
    with pytest.raises(UserError, match="the code of architecture 'my_models:tc_resnet' changed"):
        RunFolder(tmp_path / "run").open(load_space(space), data, "grid")


WRONG = {
    "raises": r"building it for inputs of \(49, 10, 1\) and 2 classes at width 0.5 failed \(ValueError",
    "no_model": "gives a builtins.NoneType, expected a function of",
    "keras_3": "import keras from tf_keras",
    "wrong_classes": r"gives outputs of \(None, 3\), expected \(None, 2\)",
    "wrong_input": r"takes inputs of \(None, 10, 10, 1\), expected \(None, 49, 10, 1\)",
    "unnamed": r"has a layer without a name of its own \('conv2d.*'\), expected one; write name=",
    "nested": r"has a model within the model \(layer 'inner'\)",
    "separable": r"layer 'separable' is a SeparableConv2D, which pruning does not reach",
    "nothing_to_prune": "has no layer that pruning reaches",
    "regularised": "has losses of its own",
    "other_axis": "normalises another axis than the channels in layer 'norm'",
    "no_such": "has no function 'no_such'",
    "unamed": "Did you mean 'unnamed'",
}


@pytest.mark.parametrize("function, told", WRONG.items(), ids=WRONG)
def test_what_a_builder_gets_wrong_is_one_sentence_at_the_start(tmp_path, function: str, told: str) -> None:
    space = load_space(write(tmp_path, f"wrong_models:{function}", own_models.WRONG, "wrong_models"))
    with pytest.raises(SpaceError, match=told) as caught:
        costs(space, 2)
    assert str(caught.value).isprintable()


def test_a_wrong_builder_stops_the_search_before_it_trains(tmp_path, words, cache) -> None:
    space = write(tmp_path, "wrong_models:unnamed", own_models.WRONG, "wrong_models")
    ended = shell.kwssearch("run", space, "--data", words, "--out", tmp_path / "run", cache=cache)
    assert ended.returncode == 2
    assert ended.stderr.count("Error:") == 1
    assert not list((tmp_path / "run").rglob("trial.json"))


def test_a_module_that_cannot_be_imported_is_one_sentence(tmp_path) -> None:
    space = load_space(write(tmp_path, "broken_models:f", "import no_such_package\n", "broken_models"))
    with pytest.raises(SpaceError, match=r"module 'broken_models' cannot be imported \(ModuleNotFoundError"):
        costs(space, 2)


def test_a_module_that_is_nowhere_is_one_sentence(tmp_path) -> None:
    path = write(tmp_path, "nowhere_models:f")
    with pytest.raises(SpaceError, match="no installed module 'nowhere_models', expected one of them"):
        load_space(path)


def test_an_installed_module_is_found_and_checked(tmp_path, monkeypatch) -> None:
    package = tmp_path / "site" / "my_package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "models.py").write_text(own_models.TC_RESNET)
    monkeypatch.syspath_prepend(tmp_path / "site")
    space = read_space({**declared(), "baseline": {"architecture": "my_package.models:tc_resnet"}})
    (source,) = space.architectures.values()
    assert source.text is None
    assert resolve("my_package.models:tc_resnet", space.architectures)((49, 10, 1), 2, 1.0).count_params() > 0
    other = {"my_package.models:tc_resnet": type(source)(source.module, source.function, "0" * 64)}
    with pytest.raises(UserError, match="is not the one that the search began with"):
        resolve("my_package.models:tc_resnet", other)


def declared() -> dict:
    return {"features": {"mfcc": {"kind": "mfcc", "coefficients": 10}}}


def test_a_registered_architecture_is_known_by_its_name(tmp_path, monkeypatch) -> None:
    text = own_models.TC_RESNET + (
        "\nimport kwssearch as kws\n\n\n@kws.architecture('my_resnet')\n"
        "def registered(input_shape, classes, width_multiplier):\n"
        "    return tc_resnet(input_shape, classes, width_multiplier)\n"
    )
    (tmp_path / "registered_models.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    __import__("registered_models")
    space = read_space({**declared(), "baseline": {"architecture": "my_resnet"}})
    assert space.architectures["my_resnet"].module == "registered_models"
    assert resolve("my_resnet", space.architectures)((49, 10, 1), 2, 1.0).name == "tc_resnet"
    again = read_space(space.to_dict())
    assert again == space
    monkeypatch.delitem(sys.modules, "registered_models")
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    (tmp_path / "registered_models.py").unlink()
    assert resolve("my_resnet", again.architectures)((49, 10, 1), 2, 1.0).name == "tc_resnet"


@pytest.mark.parametrize("name", ["cnn", "not a name", ""])
def test_names_that_cannot_be_registered(name: str) -> None:
    with pytest.raises(SpaceError, match="expected a name of your own"):
        kws.architecture(name)(declared)


@pytest.mark.long
def test_costs_are_known_the_second_time_without_tensorflow(tmp_path, cache) -> None:
    space = write(tmp_path, "my_models:tc_resnet")
    first, second = (shell.apart("space", space, "--json", cache=tmp_path / "c") for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert "Loading TensorFlow" in first.stderr and second.stderr == ""
    assert first.stdout == second.stdout
    (tmp_path / "my_models.py").write_text(own_models.TC_RESNET.replace("16 *", "24 *"))
    third = shell.kwssearch("space", space, "--json", cache=tmp_path / "c")
    assert json.loads(third.stdout)[0]["parameters"] > json.loads(second.stdout)[0]["parameters"]


def test_a_registered_name_is_read_by_any_process(tmp_path, monkeypatch) -> None:
    from kwssearch.space import axes

    source = {"module": "gone_models", "function": "f", "digest": "0" * 64, "text": "def f(*a): ..."}
    content = {**declared(), "baseline": {"architecture": "their_resnet"}, "architectures": {"their_resnet": source}}
    assert "their_resnet" not in axes.REGISTERED
    space = read_space(content)
    assert space.architectures["their_resnet"].module == "gone_models"
    assert read_space(space.to_dict()) == space


def test_code_that_changed_in_a_living_process_is_the_new_code(tmp_path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    path = write(tmp_path, "living_models:tc_resnet", name="living_models")
    module = __import__("living_models")
    size = (49, 10, 1)
    before = resolve("living_models:tc_resnet", load_space(path).architectures)(size, 2, 1.0).count_params()
    (tmp_path / "living_models.py").write_text(own_models.TC_RESNET.replace("16 *", "24 *"))
    after = resolve("living_models:tc_resnet", load_space(path).architectures)(size, 2, 1.0).count_params()
    assert after > before
    assert sys.modules["living_models"] is module


def test_a_module_that_cannot_be_imported_leaves_nothing_behind(tmp_path) -> None:
    space = load_space(write(tmp_path, "half_models:f", "x = 1\nimport no_such_package\n", "half_models"))
    with pytest.raises(SpaceError):
        costs(space, 2)
    assert "half_models" not in sys.modules


def test_a_file_may_declare_its_encoding_or_be_refused_in_a_sentence(tmp_path) -> None:
    path = write(tmp_path, "latin_models:tc_resnet", name="latin_models")
    text = "# -*- coding: latin-1 -*-\n# né\n" + own_models.TC_RESNET
    (tmp_path / "latin_models.py").write_bytes(text.encode("latin-1"))
    assert resolve("latin_models:tc_resnet", load_space(path).architectures)((49, 10, 1), 2, 1.0).count_params()
    (tmp_path / "latin_models.py").write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(SpaceError, match=r"latin_models\.py cannot be read"):
        load_space(path)


def test_what_is_refused_of_a_pruned_model_is_refused_after_its_dense_one_was_seen(tmp_path) -> None:
    path = write(tmp_path, "wrong_models:separable", own_models.WRONG, "wrong_models")
    pruned = path.read_text()
    path.write_text(pruned.split("[[strategy]]")[0])
    assert costs(load_space(path), 2)
    path.write_text(pruned)
    with pytest.raises(SpaceError, match="which pruning does not reach"):
        costs(load_space(path), 2)
