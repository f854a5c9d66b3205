"""Layers of few values: from the dense model, in the weights, in the file, in its size."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from support.searching import searched

from kwssearch import runs
from kwssearch.artefact import MODEL_FILE, WEIGHTS_FILE, Artefact
from kwssearch.compression import MEMORY_ERROR, forecasts
from kwssearch.errors import SpaceError
from kwssearch.models.architectures import PRUNABLE
from kwssearch.runs import Run
from kwssearch.search import job as jobs
from kwssearch.space import load_space, read_space
from kwssearch.testing import tiny
from kwssearch.training import TrialError, plain_model
from kwssearch.training.clustering import cluster, strip, values_by_layer
from kwssearch.training.exporting import check_clusters

CLUSTERED = """
[clustering]
epochs = 1

[[strategy]]
name = "clusters"
clusters = [4, 16]
quantization = ["none", "int8"]

[[strategy]]
name = "DS-CNN, clusters"
architecture = "ds_cnn"
clusters = 4
"""


def write_space(folder: Path) -> Path:
    path = tiny.write_space(folder / "tiny.toml")
    path.write_text(path.read_text().split("[[strategy]]")[0] + CLUSTERED)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, words: Path, cache: Path) -> Run:
    """A run of which nothing is to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWSSEARCH_CACHE", str(cache))
        folder = tmp_path_factory.mktemp("clusters")
        return searched(folder, write_space(folder), words)


def clustered(run: Run) -> list[runs.Trial]:
    found = [trial for trial in run.completed if trial.values["clusters"]]
    assert len(found) == 5
    return found


def test_each_layer_holds_as_many_values_as_were_asked_for(whole: Run) -> None:
    for trial in clustered(whole):
        record = trial.executions[0].record
        assert all(2 <= count <= trial.values["clusters"] for count in record["values_by_layer"].values()), trial.name
        assert record["epochs"] == 1
        assert record["precision"] == "float32"


def test_so_does_each_channel_of_the_file_and_int8_has_a_scale_for_each(whole: Run) -> None:
    for trial in clustered(whole):
        file = Artefact((whole.folder / f"trial_{trial.trial_id}" / MODEL_FILE).read_bytes())
        for weights in file.weights:
            if weights.prunable:
                most = max(len(np.unique(channel)) for channel in weights.values)
                assert most <= trial.values["clusters"], (trial.name, weights.name)
        kernels = [file.constant(operator.inputs[1]) for operator in file.weighted]
        assert ("origin" in trial.executions[0].record) == (trial.values["quantization"] == "int8")
        if trial.values["quantization"] == "int8":
            assert any(len(kernel.quantization.scale) > 1 for kernel in kernels)


def test_a_file_of_more_values_is_refused(whole: Run) -> None:
    dense = next(trial for trial in whole.completed if trial.strategy == "baseline")
    file = Artefact((whole.folder / f"trial_{dense.trial_id}" / MODEL_FILE).read_bytes())
    with pytest.raises(TrialError, match=r"has a channel of \d+ values, expected at most 4"):
        check_clusters(file, 4)


def test_fewer_values_weigh_less_zipped_and_the_same_unzipped(whole: Run) -> None:
    for quantization in ("none", "int8"):
        sizes = {
            trial.values["clusters"]: trial
            for trial in clustered(whole)
            if (trial.values["architecture"], trial.values["quantization"]) == ("cnn", quantization)
        }
        assert sizes[4].memory_bytes < sizes[16].memory_bytes
        assert sizes[4].executions[0]["tflite_bytes"] == sizes[16].executions[0]["tflite_bytes"]


def test_sizes_are_foretold(whole: Run, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    known = forecasts(whole.space, 2)
    for trial in clustered(whole):
        forecast, record = known[trial.trial_id], trial.executions[0]
        assert forecast.tflite_bytes == record["tflite_bytes"]
        assert forecast.memory_bytes == pytest.approx(record["memory_bytes"], rel=2 * MEMORY_ERROR["int8"])


@pytest.mark.damage
def test_an_interrupted_clustering_goes_on_to_the_same_bytes(
    whole: Run, words: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stopped once its one epoch is done, so that the wrappers' own variables come from the checkpoint."""
    from kwssearch.training import hypermodel

    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    shutil.copytree(whole.folder, tmp_path / "run")
    for trial in clustered(whole):
        if trial.values["architecture"] == "ds_cnn":
            shutil.rmtree(tmp_path / "run" / f"trial_{trial.trial_id}")
    strip = hypermodel.strip

    def interrupted(model: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(hypermodel, "strip", interrupted)
    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path, write_space(tmp_path), words)
    monkeypatch.setattr(hypermodel, "strip", strip)
    restored: list[bool] = []
    load = hypermodel.load_state
    monkeypatch.setattr(hypermodel, "load_state", lambda path: restored.append(path.exists()) or load(path))
    run = searched(tmp_path, write_space(tmp_path), words)
    assert any(restored)
    for trial in clustered(run):
        path = Path(f"trial_{trial.trial_id}") / WEIGHTS_FILE
        if trial.values["architecture"] == "ds_cnn":
            assert (run.folder / path).read_bytes() == (whole.folder / path).read_bytes(), trial.name


def test_sparse_and_clustered_at_once_is_refused() -> None:
    table = {
        "features": {"mel": {"kind": "log_mel"}},
        "strategy": [{"name": "both", "final_sparsity": [0.0, 0.5], "clusters": [0, 4]}],
    }
    with pytest.raises(SpaceError, match=r"'both' has points with final_sparsity 0.5 and 4 clusters, which are not c"):
        read_space(table)


@pytest.mark.parametrize("clusters", [1, 257, 2.5, -2, True])
def test_no_number_of_clusters_is_refused(clusters: object) -> None:
    with pytest.raises(SpaceError, match=r"clusters: got .*, expected whole numbers from 2 to 256, or 0 for none"):
        read_space({"features": {"a": {"kind": "log_mel"}}, "strategy": [{"name": "c", "clusters": clusters}]})


def test_a_space_without_them_has_the_names_that_it_had(tmp_path: Path) -> None:
    space = load_space("lab4")
    assert "clustering" not in space.to_dict()
    assert all(trial.values["clusters"] == 0 for trial in space.trials)
    assert jobs.training_name(space, space.trials[0].values, 42, "f00", {}, "float32") == "3d2e160bca640245"


def test_a_kernel_with_fewer_weights_than_clusters_holds_as_many_as_it_has() -> None:
    space = read_space({"features": {"mfcc": {"kind": "mfcc", "coefficients": 10}}, "strategy": [
        {"name": "clusters", "clusters": 256, "width_multiplier": 0.03}]})  # fmt: skip
    model = plain_model(space, space.trials[-1].values, 2)
    sizes = {layer.name: layer.get_weights()[0].size for layer in model.layers if type(layer) in PRUNABLE}
    held = values_by_layer(strip(cluster(model, 256)))
    assert held == {name: min(size, 256) for name, size in sizes.items()}
    assert min(sizes.values()) < 256
