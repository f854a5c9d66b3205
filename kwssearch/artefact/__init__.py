"""One .tflite, read without TensorFlow: what is in it, what it answers, how long that takes, what a device pays."""

from kwssearch.artefact import micro
from kwssearch.artefact.checks import (
    LEAST_AGREEMENT,
    FaultyFileError,
    agreement,
    check_int8,
    reference_agreement,
)
from kwssearch.artefact.classifier import Array, Classifier, predict, sample
from kwssearch.artefact.contents import Artefact
from kwssearch.artefact.detector import Detector, DetectorSetting
from kwssearch.artefact.timing import latency

WEIGHTS_FILE = "weights.npz"
MODEL_FILE = "model.tflite"
ZIP_FILE = "model.tflite.zip"

__all__ = [
    "LEAST_AGREEMENT", "MODEL_FILE", "WEIGHTS_FILE", "ZIP_FILE", "Array", "Artefact", "Classifier", "Detector",
    "DetectorSetting", "FaultyFileError", "agreement", "check_int8", "latency", "micro", "predict",
    "reference_agreement", "sample",
]  # fmt: skip
