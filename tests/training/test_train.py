import gc
import os
from functools import cache

import numpy as np
import pytest

from kwssearch import backend
from kwssearch.backend import keras, tf, tfmot
from kwssearch.models.architectures import MODELS
from kwssearch.space import Pruning, Schedule
from kwssearch.training import pruning as compress
from kwssearch.training import trainer as train

PRUNING = Pruning(0.2, 0.2, 0.8)
EPOCHS, CLIPS, BATCH = 5, 44, 8
STEPS = EPOCHS * 6
generator = np.random.default_rng(0)
FEATURES = generator.standard_normal((CLIPS, 20, 10, 1)).astype(np.float32)
LABELS = generator.integers(0, 3, CLIPS)


def compiled(sparsity: float, policy: str = "float32") -> keras.Model:
    backend.start_anew(7)
    with backend.precision(policy):
        model = MODELS["cnn"]((20, 10, 1), 3, 0.1)
        if sparsity:
            model = compress.prune(model, sparsity, PRUNING, STEPS)
    rate = keras.optimizers.schedules.PolynomialDecay(0.01, STEPS, 1e-5)
    model.compile(keras.optimizers.Adam(rate), keras.losses.SparseCategoricalCrossentropy())
    return model


def trainer(sparsity: float, policy: str = "float32") -> train.Trainer:
    return train.Trainer(compiled(sparsity, policy), FEATURES, LABELS, BATCH, seed=42)


@cache
def whole(sparsity: float, policy: str) -> train.Arrays:
    """The state after a training without a stop."""
    each = trainer(sparsity, policy)
    each.run(STEPS)
    return each.state()


def assert_same(one: train.Arrays, other: train.Arrays) -> None:
    for name in one.keys() | other.keys():
        if not name.endswith("seconds"):
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.mark.parametrize("sparsity", [0.0, 0.7])
def test_weights_are_those_of_fit(sparsity: float) -> None:
    ours = trainer(sparsity)
    ours.run(STEPS)
    model = compiled(sparsity)
    for epoch in range(EPOCHS):
        order = np.random.default_rng([42, epoch]).permutation(CLIPS)
        batches = tf.data.Dataset.from_tensor_slices((FEATURES[order], LABELS[order])).batch(BATCH)
        callbacks = [tfmot.sparsity.keras.UpdatePruningStep()] if sparsity else []
        model.fit(batches, epochs=epoch + 1, initial_epoch=epoch, shuffle=False, verbose=0, callbacks=callbacks)
    for mine, theirs in zip(compress.inner_layers(ours.model), compress.inner_layers(model), strict=True):
        for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_training_resumed_from_disk_ends_the_same(tmp_path) -> None:
    """In bfloat16, in the middle of an epoch; float32 is in test_hooks and test_augmented_training."""
    first = trainer(0.9, "mixed_bfloat16")
    first.run(13)
    train.save_state(tmp_path / "checkpoint.npz", first.state())
    second = trainer(0.9, "mixed_bfloat16")
    second.restore(train.load_state(tmp_path / "checkpoint.npz"))
    second.run(STEPS)
    assert_same(whole(0.9, "mixed_bfloat16"), second.state())
    assert len(second.history) == EPOCHS


def test_points_that_differ_in_sparsity_only_share_their_beginning() -> None:
    """In bfloat16, where tfmot rounded the weights of pruned models; float32 is in test_hooks."""
    policy = "mixed_bfloat16"
    begin = Schedule.over(STEPS, PRUNING).begin
    states = []
    for sparsity in (0.0, 0.9):
        each = trainer(sparsity, policy)
        each.run(begin - 1)
        states.append({k: v for k, v in each.state().items() if not k.startswith("pruning/")})
    assert_same(*states)
    from_dense = trainer(0.9, policy)
    from_dense.restore(states[0])
    from_dense.run(STEPS)
    assert_same(from_dense.state(), whole(0.9, policy))


def test_sparse_points_share_their_training_until_the_second_masks() -> None:
    policy = "mixed_bfloat16"
    schedule = Schedule.over(STEPS, PRUNING)
    first, second = trainer(0.5, policy), trainer(0.9, policy)
    assert compress.kept_at_first(first.model) == compress.kept_at_first(second.model) != []
    for each in (first, second):
        each.run(schedule.begin + schedule.frequency - 1)
    assert_same(first.state(), second.state())
    kept = [int(mask.numpy().sum()) for each in compress.pruned_layers(first.model) for _, mask, _ in each.pruning_vars]
    assert kept == compress.kept_at_first(first.model)
    for each in (first, second):
        each.run(schedule.begin + schedule.frequency)
    assert any(not np.array_equal(a, b) for a, b in zip(first.state().values(), second.state().values(), strict=True))


def test_every_clip_is_seen_once_an_epoch() -> None:
    seen = []
    each = trainer(0.0)
    each.features = np.arange(CLIPS, dtype=np.float32).reshape(-1, 1, 1, 1) * np.ones((1, 20, 10, 1), np.float32)
    advance = each._advance
    each._advance = lambda clips: (seen.append(clips.copy()), advance(clips))
    each.run(12)
    for epoch in (seen[0], seen[1]):
        assert sorted(epoch) == list(range(CLIPS))
    assert not np.array_equal(seen[0], seen[1])


def test_history_has_losses_and_accuracies_that_fall_and_rise() -> None:
    each = trainer(0.0)
    reported = []
    each.run(STEPS, on_epoch=lambda history: reported.append(len(history)))
    assert reported == [1, 2, 3, 4, 5]
    assert each.history[-1]["loss"] < each.history[0]["loss"]
    assert all(0 <= logs["accuracy"] <= 1 for logs in each.history)


def test_a_loss_that_is_not_finite_stops_the_training(tmp_path) -> None:
    each = trainer(0.0)
    each.run(6, tmp_path / "checkpoint.npz")
    saved = (tmp_path / "checkpoint.npz").read_bytes()
    each.features = np.full_like(FEATURES, np.nan)
    with pytest.raises(train.DivergedError, match="epoch 2"):
        each.run(STEPS, tmp_path / "checkpoint.npz")
    assert (tmp_path / "checkpoint.npz").read_bytes() == saved


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_a_damaged_checkpoint_counts_as_none(tmp_path, damage: bytes | None) -> None:
    path = tmp_path / "checkpoint.npz"
    each = trainer(0.0)
    each.run(6, path)
    assert train.load_state(path) is not None
    path.write_bytes(path.read_bytes()[: 5000 if damage is None else 0] + (damage or b""))
    assert train.load_state(path) is None
    assert train.load_state(tmp_path / "nowhere.npz") is None


def test_another_trainings_checkpoint_counts_as_none(tmp_path) -> None:
    """Whole, and of the same shape, but in the wrong place."""
    train.save_state(tmp_path / "trial_0" / "checkpoint.npz", trainer(0.0).state())
    os.renames(tmp_path / "trial_0" / "checkpoint.npz", tmp_path / "trial_1" / "checkpoint.npz")
    assert train.load_state(tmp_path / "trial_1" / "checkpoint.npz") is None


def test_a_finished_training_leaves_no_graph_behind() -> None:
    """TensorFlow's table of gradient functions kept every traced step alive, some 10 MB a trial."""

    def train_one() -> None:
        trainer(0.7).run(6)

    def graphs_left() -> int:
        backend.start_anew(1)
        return sum(type(o).__name__ == "FuncGraph" and o.name == "_steps" for o in gc.get_objects())

    before = graphs_left()
    for _ in range(2):
        train_one()
    assert graphs_left() <= before
