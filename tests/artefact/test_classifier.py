"""Files of every kind take features and give probabilities."""

from pathlib import Path

import numpy as np
import pytest
from support import converted

from kwssearch.artefact import Artefact, Classifier, predict, reference_agreement
from kwssearch.artefact.classifier import Quantiser

KINDS = ("none", "float16", "dynamic", "int8")


def by_hand(features: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    return np.clip(np.round(features / np.float32(scale)) + zero_point, -128, 127).astype(np.int8)


@pytest.mark.parametrize("scale, zero_point", [(0.5, 0), (0.1, -128), (3.25, 127), (1e-3, 17)])
def test_features_become_the_nearest_steps(scale: float, zero_point: int) -> None:
    generator = np.random.default_rng(0)
    quantise = Quantiser((1, 50, 10, 1), scale, zero_point)
    for spread in (0.01, 1, 100, 1e6):
        features = (spread * generator.standard_normal((50, 10, 1))).astype(np.float32)
        np.testing.assert_array_equal(quantise(features)[0], by_hand(features, scale, zero_point))
    ends = np.array([-1e30, 1e30], np.float32)
    np.testing.assert_array_equal(Quantiser((1, 2), scale, zero_point)(ends), [[-128, 127]])


def test_int8_answers_are_those_of_steps_given_by_hand() -> None:
    content = converted.content("ds_cnn", "int8")
    artefact, classifier = Artefact(content), Classifier(content)
    scale, zero_point = artefact.output_quantization
    interpreter = Classifier(content)._interpreter
    for clip in converted.clips(8, seed=1):
        interpreter.set_tensor(
            interpreter.get_input_details()[0]["index"], by_hand(clip, *artefact.input_quantization)[np.newaxis]
        )
        interpreter.invoke()
        steps = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
        np.testing.assert_array_equal(classifier.answers(clip), steps)
        assert classifier.answers(clip).dtype == np.int8
        np.testing.assert_array_equal(classifier.probabilities(clip), (steps.astype(np.float32) - zero_point) * scale)


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_are_near_those_of_the_model(tmp_path: Path, kind: str, reference: bool) -> None:
    clips = converted.clips(8, seed=1)
    path = tmp_path / "model.tflite"
    path.write_bytes(converted.content("cnn", kind))
    found = predict(path, clips, reference=reference)
    wanted = converted.model("cnn")(clips, training=False).numpy()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=0.02)
    tolerance = {"none": 1e-5, "float16": 0.01, "dynamic": 0.1, "int8": 0.15}[kind]
    np.testing.assert_allclose(found, wanted, atol=tolerance)


def test_a_path_and_its_bytes_are_the_same_model(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(converted.content("cnn", "int8"))
    clip = converted.clips(1)[0]
    np.testing.assert_array_equal(Classifier(path).answers(clip), Classifier(path.read_bytes()).answers(clip))


def test_agreement_with_the_reference_kernels_is_a_share_of_clips(tmp_path: Path) -> None:
    clips = converted.clips(8, seed=1)
    path = tmp_path / "model.tflite"
    path.write_bytes(converted.content("cnn", "int8"))
    answers = predict(path, clips, reference=True)
    assert reference_agreement(path, clips, answers) == 1.0
    labels = answers.argmax(axis=1)
    labels[:2] = (labels[:2] + 1) % converted.CLASSES
    assert reference_agreement(path, clips, labels) == 0.75
