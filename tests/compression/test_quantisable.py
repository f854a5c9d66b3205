"""Architectures of a user's own that cannot become the files that a space asks of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import own_models

from kwssearch.compression.untrained import check_quantisable
from kwssearch.errors import SpaceError
from kwssearch.space import SearchSpace, load_space

NORMALISED = """

def normalised(input_shape, classes, width_multiplier):
    inputs = layers.Input(input_shape, name="features")
    x = layers.LayerNormalization(name="norm")(inputs)
    x = layers.Dense(classes, name="dense")(layers.Flatten(name="flatten")(x))
    return Model(inputs, layers.Softmax(dtype="float32", name="softmax")(x), name="normalised")
"""


def declared(folder: Path, architecture: str, kind: str) -> SearchSpace:
    (folder / "quantised_models.py").write_text(own_models.TC_RESNET + NORMALISED)
    space = own_models.SPACE.format(architecture=f"quantised_models:{architecture}")
    space = space.replace("final_sparsity = 0.5", f'quantization = "{kind}"')
    (folder / "own.toml").write_text(space)
    return load_space(folder / "own.toml")


@pytest.mark.parametrize("kind", ["float16", "int8"])
def test_what_can_be_quantised_passes(tmp_path: Path, kind: str) -> None:
    check_quantisable(declared(tmp_path, "tc_resnet", kind), 3)


def test_what_cannot_is_refused_before_it_trains(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match=r"normalised'?: cannot become a file of quantization 'int8'.*do not vary"):
        check_quantisable(declared(tmp_path, "normalised", "int8"), 3)
