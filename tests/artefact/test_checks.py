"""Faulty int8 files are found, sound ones are not."""

from collections.abc import Callable

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from support import converted

from kwssearch.artefact import FaultyFileError, agreement, check_int8
from kwssearch.backend import silence, tf
from kwssearch.compression import convert

SPARSITY = 0.8
TWIN = {"architecture": "cnn", "sparsity": SPARSITY}
Change = Callable[[schema.ModelT], None]


@pytest.mark.parametrize(
    "architecture, per_channel", [*((name, False) for name in converted.builders()), ("cnn", True), ("ds_cnn", True)]
)
def test_sound_files_pass(architecture: str, per_channel: bool) -> None:
    """Also a user's own, with RESHAPE and ADD, and no convolution at all; also with channels that pruning emptied."""
    choices = {"architecture": architecture, "sparsity": SPARSITY}
    check_int8(converted.content(quantization="int8", per_channel=per_channel, **choices), converted.content(**choices))


def test_an_emptied_channel_has_a_tiny_scale_and_a_bias_of_many_steps() -> None:
    """So the plain bound of half a scale would not hold for it."""
    contents = schema.ModelT.InitFromObj(
        schema.Model.GetRootAs(converted.content(quantization="int8", per_channel=True, **TWIN), 0)
    )
    scales = converted.tensor(contents, 1, 1).quantization.scale
    assert scales[: converted.EMPTIED].max() < 1e-6 < scales[converted.EMPTIED :].min()
    bias = converted.values(contents, converted.tensor(contents, 1, 2), np.int32)
    assert np.abs(bias[: converted.EMPTIED]).min() > 2**24 > np.abs(bias[converted.EMPTIED :]).max()


@pytest.mark.parametrize("kind, ends", [("none", "FLOAT32"), ("float16", "FLOAT32"), ("dynamic", "FLOAT32")])
def test_a_file_of_another_kind_is_found(kind: str, ends: str) -> None:
    with pytest.raises(FaultyFileError, match=rf"takes {ends} and gives {ends}, expected INT8 and INT8; convert with"):
        check_int8(converted.content("cnn", kind), converted.content("cnn"))


def test_what_an_empty_calibration_gives_is_found() -> None:
    """TensorFlow itself writes it without a word: float32 throughout, but for the output."""
    converter = tf.lite.TFLiteConverter.from_keras_model(converted.model("cnn"))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: iter(())
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_output_type = tf.int8
    with silence():
        content = converter.convert()
    with pytest.raises(FaultyFileError, match="takes FLOAT32 and gives INT8, expected INT8 and INT8"):
        check_int8(content, converted.content("cnn"))


@pytest.mark.parametrize(
    "twin, sentence",
    [
        ({"architecture": "ds_cnn"}, r"expected the same; convert both from one model"),
        ({"architecture": "cnn", "width": 0.1}, r"CONV_2D of 32x3x3x1.*CONV_2D of 13x3x3x1.*expected the same"),
        ({"architecture": "cnn", "sparsity": SPARSITY, "seed": 1}, "zeros of the float32 twin became other values"),
        ({"architecture": "cnn", "sparsity": 0.9}, "of the float32 twin became other values, expected none"),
        ({"architecture": "cnn", "sparsity": 0.7}, "a value of the kernel .* more than rounding explains"),
    ],
)
def test_another_model_is_found(twin: dict, sentence: str) -> None:
    with pytest.raises(FaultyFileError, match=sentence):
        check_int8(converted.content(quantization="int8", **TWIN), converted.content(**twin))


def grown_weight(contents: schema.ModelT) -> None:
    kernel = converted.tensor(contents, 1, 1)
    steps = converted.values(contents, kernel, np.int8)
    steps[np.flatnonzero(steps == 0)[0]] = 1
    converted.set_values(contents, kernel, steps)


def changed_weight(contents: schema.ModelT) -> None:
    kernel = converted.tensor(contents, 1, 1)
    steps = converted.values(contents, kernel, np.int8)
    steps[np.flatnonzero(steps)[0]] += 1
    converted.set_values(contents, kernel, steps)


def changed_bias(contents: schema.ModelT) -> None:
    bias = converted.tensor(contents, 1, 2)
    steps = converted.values(contents, bias, np.int32)
    steps[-1] += 2
    converted.set_values(contents, bias, steps)


def moved_zero_point(contents: schema.ModelT) -> None:
    converted.tensor(contents, 1, 1).quantization.zeroPoint = np.array([3])


def no_bias(contents: schema.ModelT) -> None:
    convolution = converted.operator(contents, 1)
    convolution.inputs = np.array([*convolution.inputs[:2], -1], np.int32)


def custom_operator(contents: schema.ModelT) -> None:
    softmax = contents.operatorCodes[converted.operator(contents, -1).opcodeIndex]
    softmax.builtinCode = schema.BuiltinOperator.CUSTOM


def float_tensor(contents: schema.ModelT) -> None:
    graph = contents.subgraphs[0]
    graph.tensors[graph.operators[0].outputs[0]].type = schema.TensorType.FLOAT32


@pytest.mark.parametrize(
    "change, sentence",
    [
        (grown_weight, r"in the kernel '.*' 1 zero of the float32 twin became other values, expected none"),
        (changed_weight, r"a value of the kernel '.*' is off by .* expected at most half a scale"),
        (changed_bias, r"a bias beside the kernel '.*' is off by .* expected at most half a scale"),
        (no_bias, r"a bias beside the kernel '.*' is off by"),
        (moved_zero_point, r"the kernel '.*' has zero points other than 0, expected 0 alone"),
        (custom_operator, r"needs CUSTOM, expected only operators such as CONV_2D"),
        (float_tensor, r"holds 1 float tensor, the first '.*' of FLOAT32, expected none"),
    ],
)
def test_a_file_that_was_changed_is_found(change: Change, sentence: str) -> None:
    content = converted.content(quantization="int8", **TWIN)
    with pytest.raises(FaultyFileError, match=sentence):
        check_int8(converted.edited(content, change), converted.content(**TWIN))


def test_writing_a_file_anew_is_no_fault() -> None:
    content = converted.edited(converted.content(quantization="int8", **TWIN), lambda contents: None)
    check_int8(content, converted.content(**TWIN))


def answers(labels: np.ndarray, classes: int = 4) -> np.ndarray:
    return np.eye(classes, dtype=np.float32)[labels]


def test_agreement_counts_what_was_lost_and_gained() -> None:
    labels = np.repeat(np.arange(4), 25)
    twin, own = labels.copy(), labels.copy()
    twin[:2] = 3  # wrong in the twin alone
    own[5:8] = 3  # wrong in the file alone
    twin[90], own[90] = 0, 1  # wrong in both, in two ways
    assert agreement(answers(twin), answers(own), labels) == {
        "twin_agreement": 0.94,
        "twin_lost": 3,
        "twin_gained": 2,
        "twin_difference": -0.01,
    }


def test_too_little_agreement_is_a_fault() -> None:
    labels = np.repeat(np.arange(4), 25)
    own = labels.copy()
    own[:10] = 3
    assert agreement(answers(labels), answers(own), labels)["twin_agreement"] == 0.9
    own[10] = 3
    with pytest.raises(
        FaultyFileError, match=r"gives 89 of 100 clips \(89\.0 %\) the answer .* at least 90 %; give each"
    ):
        agreement(answers(labels), answers(own), labels)


def test_a_model_at_the_level_of_chance_is_not_judged() -> None:
    labels = np.repeat(np.arange(4), 25)
    generator = np.random.default_rng(0)
    twin, own = generator.integers(0, 4, (2, 100))
    assert agreement(answers(twin), answers(own), labels)["twin_agreement"] < 0.5


def test_of_answers_that_tie_the_first_counts() -> None:
    tied = np.array([[0.25, 0.5, 0.5, 0.0]], np.float32)
    assert agreement(tied, answers(np.array([1])), np.array([1]))["twin_agreement"] == 1.0


def test_a_model_is_quantised_as_it_is_not_as_it_was() -> None:
    """The twin must be converted from the same weights: a training step between is found."""
    model = converted.model("cnn", sparsity=SPARSITY)
    twin = convert(model)
    kernel, *rest = model.get_layer("dense").get_weights()
    model.get_layer("dense").set_weights([1.05 * kernel, *rest])
    with pytest.raises(FaultyFileError, match="more than rounding explains"):
        check_int8(convert(model, "int8", converted.clips()), twin)
