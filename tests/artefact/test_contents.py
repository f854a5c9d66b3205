"""What is read back from files of every kind."""

import numpy as np
import pytest
from support import converted

from kwssearch.artefact import Artefact
from kwssearch.artefact.contents import Kinds, Types
from kwssearch.artefact.memory import Lifetime, planned_bytes, rounded_size

SPARSITY = 0.8
KINDS = ("float16", "dynamic", "int8")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("architecture", ["cnn", "ds_cnn"])
def test_kernels_stand_for_those_of_the_float_file(architecture: str, kind: str) -> None:
    """Behind a DEQUANTIZE, in hybrid operators, as steps: off by no more than half a step of the largest weight."""
    wanted = Artefact(converted.content(architecture)).weights
    found = Artefact(converted.content(architecture, kind)).weights
    assert [w.prunable for w in found] == [w.prunable for w in wanted]
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.values.dtype == np.float32
        tolerance = np.abs(theirs.values).max() * (2.0**-11 if kind == "float16" else 0.51 / 127)
        np.testing.assert_allclose(ours.values, theirs.values, rtol=0, atol=tolerance)


@pytest.mark.parametrize("kind, per_channel", [*((kind, False) for kind in KINDS), ("int8", True)])
def test_masks_keep_their_zeros(kind: str, per_channel: bool) -> None:
    wanted = Artefact(converted.content("cnn", sparsity=SPARSITY))
    found = Artefact(converted.content("cnn", kind, sparsity=SPARSITY, per_channel=per_channel))
    for ours, theirs in zip(found.weights, wanted.weights, strict=True):
        assert not ours.values[theirs.values == 0].any()
        assert ours.sparsity >= theirs.sparsity
    assert found.sparsity(prunable_only=True) == pytest.approx(wanted.sparsity(prunable_only=True), abs=0.01)
    assert wanted.sparsity(prunable_only=True) > 0.79


def test_zeros_are_counted_at_the_zero_point() -> None:
    """The converter puts it at 0; where another one is declared, other steps are zeros."""

    def moved(contents: object) -> None:
        kernel = converted.tensor(contents, 0, 1)
        steps = converted.values(contents, kernel, np.int8)
        converted.set_values(contents, kernel, np.minimum(steps.astype(int) + 5, 127).astype(np.int8))
        kernel.quantization.zeroPoint = np.array([5])

    content = converted.content("cnn", "int8", sparsity=SPARSITY)
    wanted, found = Artefact(content).weights[0], Artefact(converted.edited(content, moved)).weights[0]
    assert wanted.sparsity > 0.7
    assert found.sparsity == wanted.sparsity


def test_ends_have_their_quantisation() -> None:
    assert Artefact(converted.content("cnn")).input_quantization is None
    assert Artefact(converted.content("cnn", "dynamic")).output_quantization is None
    artefact = Artefact(converted.content("cnn", "int8"))
    scale, zero_point = artefact.input_quantization
    clips = converted.clips()
    assert scale == pytest.approx((clips.max() - clips.min()) / 255, rel=1e-5)
    assert zero_point == round(-128 - clips.min() / scale)
    assert artefact.output_quantization == (1 / 256, -128)


def test_tensor_sizes_are_those_of_the_stored_constants() -> None:
    sizes = {kind: sum(Artefact(converted.content("cnn", kind)).tensor_bytes.values()) for kind in ("none", *KINDS)}
    assert sizes["float16"] == pytest.approx(sizes["none"] / 2, rel=0.02)
    assert sizes["int8"] == pytest.approx(sizes["none"] / 4, rel=0.05)


def test_memory_is_that_of_the_two_largest_neighbours() -> None:
    """Three convolutions of 32 filters over 9x4 positions, each reading what the last one wrote."""
    assert Artefact(converted.content("cnn", "int8")).activation_bytes == 2 * 9 * 4 * 32
    for kind in ("none", "float16", "dynamic"):
        assert Artefact(converted.content("cnn", kind)).activation_bytes == 4 * 2 * 9 * 4 * 32


def test_kernels_that_are_written_out_count_as_weights() -> None:
    artefact = Artefact(converted.content("cnn", "float16"))
    unfolding = [op for op in artefact.graph.operators if artefact.kind(op) == Kinds.DEQUANTIZE]
    assert len(unfolding) == 8
    assert all(artefact.unfolds(op) for op in unfolding)


@pytest.mark.parametrize(
    "lifetimes, wanted",
    [
        ([], 0),
        ([Lifetime(16, 0, 1), Lifetime(16, 2, 3)], 16),
        ([Lifetime(16, 0, 1), Lifetime(16, 1, 2)], 32),
        ([Lifetime(32, 0, 1), Lifetime(64, 1, 2), Lifetime(32, 2, 3)], 96),
        # A residual connection: what is kept aside needs a place of its own.
        ([Lifetime(64, 0, 3), Lifetime(64, 1, 2), Lifetime(64, 2, 3)], 192),
        # The gap that the second leaves is wide enough for the last; that beside the third is not.
        ([Lifetime(64, 0, 2), Lifetime(48, 0, 1), Lifetime(32, 0, 2), Lifetime(16, 2, 3)], 144),
        ([Lifetime(64, 0, 0), Lifetime(48, 0, 2), Lifetime(48, 2, 2), Lifetime(32, 1, 2)], 144),
        ([Lifetime(64, 0, 1), Lifetime(48, 0, 9), Lifetime(80, 2, 3)], 128),
    ],
)
def test_the_planner_takes_the_largest_first_and_the_first_gap(lifetimes: list[Lifetime], wanted: int) -> None:
    assert planned_bytes(lifetimes) == wanted


@pytest.mark.parametrize(
    "name, wanted",
    [("BOOL", 16), ("INT8", 16), ("FLOAT16", 32), ("INT32", 48), ("FLOAT32", 48), ("INT64", 96), ("RESOURCE", 0)],
)
def test_sizes_of_all_types_are_rounded_up(name: str, wanted: int) -> None:
    class Tensor:
        shape = np.array([1, 3, 4])
        type = getattr(Types, name)

    assert rounded_size(Tensor()) == wanted
