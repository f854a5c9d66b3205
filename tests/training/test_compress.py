import io
import zipfile

import numpy as np
import pytest

from kwssearch import backend
from kwssearch.artefact.contents import Artefact
from kwssearch.backend import keras
from kwssearch.compression import convert, zipped
from kwssearch.models.architectures import MODELS
from kwssearch.space import Pruning, Schedule
from kwssearch.space.schedule import MAX_FREQUENCY
from kwssearch.training import pruning as compress
from kwssearch.training.trainer import Trainer

LAB = Pruning(0.2, 0.2, 0.8)


@pytest.mark.parametrize("steps", [10, 24, 30, 100, 416, 4160, 30_001])
@pytest.mark.parametrize("pruning", [LAB, Pruning(0.0, 0.0, 1.0), Pruning(0.5, 0.5, 0.6)])
def test_an_update_falls_on_the_last_step(steps: int, pruning: Pruning) -> None:
    schedule = Schedule.over(steps, pruning)
    assert 1 <= schedule.begin < schedule.end <= max(steps, 2)
    assert (schedule.end - schedule.begin) % schedule.frequency == 0
    assert schedule.end >= round(steps * pruning.end) - schedule.frequency
    assert schedule.frequency <= MAX_FREQUENCY


def test_the_labs_schedule_on_speech_commands() -> None:
    assert Schedule.over(20 * 208, LAB) == Schedule(832, 3232, 100)


def trained(architecture: str, sparsity: float, policy: str = "float32", epochs: int = 3):
    """A small model trained on noise, and its trainer."""
    generator = np.random.default_rng(0)
    features = generator.standard_normal((48, 20, 10, 1)).astype(np.float32)
    labels = generator.integers(0, 3, 48)
    backend.start_anew(1)
    with backend.precision(policy):
        model = MODELS[architecture]((20, 10, 1), 3, 0.25)
        if sparsity:
            model = compress.prune(model, sparsity, LAB, 6 * epochs)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy())
    trainer = Trainer(model, features, labels, 8, seed=3)
    trainer.run(6 * epochs)
    return model, trainer, features


def exported(model, architecture: str) -> Artefact:
    twin = MODELS[architecture]((20, 10, 1), 3, 0.25)
    compress.copy_weights(model, twin)
    return Artefact(convert(twin))


@pytest.mark.parametrize(
    "architecture, sparsity, policy",
    [("cnn", 0.9, "float32"), ("cnn", 0.5, "mixed_bfloat16"), ("ds_cnn", 0.9, "mixed_bfloat16")],
)
def test_the_file_has_the_declared_sparsity(architecture: str, sparsity: float, policy: str) -> None:
    model, _, _ = trained(architecture, sparsity, policy)
    artefact = exported(model, architecture)
    assert artefact.sparsity(prunable_only=True) == pytest.approx(sparsity, abs=0.005)
    for weights in artefact.weights:
        expected = sparsity if weights.prunable else 0
        assert weights.sparsity == pytest.approx(expected, abs=0.02), weights.name
    if architecture == "ds_cnn":
        assert sum(not weights.prunable for weights in artefact.weights) == 2
        assert artefact.sparsity(prunable_only=False) < artefact.sparsity(prunable_only=True)


def test_the_files_of_a_broadcasted_network_have_it_too() -> None:
    backend.start_anew(1)
    plain = MODELS["bc_resnet"]((20, 10, 1), 3, 1.0)
    model = compress.prune(plain, 0.8, LAB, 12)
    for layer in compress.pruned_layers(model):
        layer.pruning_step.assign(Schedule.over(12, LAB).end - 1)
    model(np.random.default_rng(0).standard_normal((8, 20, 10, 1)).astype(np.float32), training=True)
    compress.copy_weights(model, plain)
    artefact = Artefact(convert(plain))
    assert artefact.sparsity(prunable_only=True) == pytest.approx(0.8, abs=0.005)
    assert artefact.sparsity(prunable_only=False) < 0.8


def test_pruning_keeps_the_weights_full_precision_in_bfloat16() -> None:
    """tfmot wrote back what mixed precision reads: weights rounded to 8 bits at every step."""
    model, _, _ = trained("cnn", 0.5, "mixed_bfloat16")
    kernel = model.layers[1].layer.get_weights()[0]
    rounded = np.asarray(backend.tf.cast(backend.tf.cast(kernel, "bfloat16"), "float32"))
    kept = kernel != 0
    assert np.mean(kernel[kept] == rounded[kept]) < 0.1


def test_no_weight_is_a_negative_zero() -> None:
    model, _, _ = trained("cnn", 0.9)
    for weights in exported(model, "cnn").weights:
        zeros = weights.values[weights.values == 0]
        assert not np.signbit(zeros).any()


def test_sparse_files_zip_smaller_and_the_zip_is_reproducible() -> None:
    dense, sparse = (exported(trained("cnn", s)[0], "cnn").content for s in (0.0, 0.9))
    assert len(dense) == len(sparse)
    assert len(zipped(sparse)) < 0.4 * len(zipped(dense))
    assert zipped(sparse) == zipped(sparse)
    with zipfile.ZipFile(io.BytesIO(zipped(sparse))) as archive:
        assert archive.namelist() == ["model.tflite"]
        assert archive.read("model.tflite") == sparse


def test_tensor_sizes_add_up_to_the_parameters() -> None:
    model, _, _ = trained("cnn", 0.0)
    artefact = exported(model, "cnn")
    kernels = sum(weights.values.size for weights in artefact.weights)
    assert kernels == 9 * 32 + 2 * 9 * 32 * 32 + 32 * 3
    assert 4 * kernels < sum(artefact.tensor_bytes.values()) < len(artefact.content)
