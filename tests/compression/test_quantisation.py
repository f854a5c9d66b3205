"""A model in each of its quantisations, as LiteRT and the flatbuffer show it."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from support import converted

from kwssearch.artefact import Artefact
from kwssearch.artefact.contents import Types
from kwssearch.backend import tf
from kwssearch.compression import convert

KINDS = ("none", "float16", "dynamic", "int8")
ARCHITECTURES = ("cnn", "ds_cnn")


def types(artefact: Artefact) -> set[int]:
    return {tensor.type for tensor in artefact.graph.tensors}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_kind_holds_the_types_that_it_promises(architecture: str) -> None:
    found = {kind: Artefact(converted.content(architecture, kind)) for kind in KINDS}
    assert types(found["none"]) == {Types.FLOAT32, Types.INT32}
    assert types(found["float16"]) == {Types.FLOAT32, Types.FLOAT16, Types.INT32}
    assert types(found["dynamic"]) == {Types.FLOAT32, Types.INT8, Types.INT32}
    assert types(found["int8"]) == {Types.INT8, Types.INT32}
    sizes = [len(found[kind].content) for kind in KINDS]
    assert sizes[1] < 0.6 * sizes[0] and sizes[2] < 0.6 * sizes[0] and sizes[3] < 0.5 * sizes[0]


@pytest.mark.parametrize("kind", KINDS)
def test_only_int8_has_int8_at_its_ends(kind: str) -> None:
    interpreter = Interpreter(model_content=converted.content("cnn", kind))
    ends = (*interpreter.get_input_details(), *interpreter.get_output_details())
    assert {end["dtype"] for end in ends} == {np.int8 if kind == "int8" else np.float32}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_weights_and_clips_give_the_same_bytes(kind: str) -> None:
    model = converted.model("ds_cnn")
    assert convert(model, kind, converted.clips()) == converted.content("ds_cnn", kind)


def scales_of_kernels(content: bytes) -> list[int]:
    artefact = Artefact(content)
    return [len(artefact.graph.tensors[op.inputs[1]].quantization.scale) for op in artefact.weighted]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_file_has_the_bytes_that_the_slower_way_of_tensorflow_gives(architecture: str) -> None:
    model = converted.model(architecture)
    content = convert(model)
    assert content == bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def test_there_is_one_scale_a_kernel_or_one_a_channel() -> None:
    assert scales_of_kernels(converted.content("ds_cnn", "int8")) == [1] * 6
    assert scales_of_kernels(converted.content("ds_cnn", "int8", per_channel=True)) == [64] * 5 + [converted.CLASSES]


@pytest.mark.parametrize("clips", [None, np.empty((0, *converted.SHAPE), np.float32)], ids=["none", "empty"])
def test_int8_without_clips_is_refused(clips: np.ndarray | None) -> None:
    with pytest.raises(ValueError, match=r"no clips to calibrate with, expected at least one; .* \(clips, 20, 10, 1\)"):
        convert(converted.model("cnn", 0.05), "int8", clips)


@pytest.mark.parametrize(
    "clips",
    [converted.clips(2).astype(np.float64), converted.clips(2)[..., 0], converted.clips(2)[:, :-1]],
    ids=["float64", "no last axis", "too short"],
)
def test_int8_with_clips_of_another_shape_is_refused(clips: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected float32 of shape"):
        convert(converted.model("cnn", 0.05), "int8", clips)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"quantization 'int4' is unknown, expected one of none, float16"):
        convert(converted.model("cnn", 0.05), "int4")
