"""One .tflite, read without TensorFlow: what is in it, what it answers, how long that takes."""

from kwssearch.artefact.classifier import Array, Classifier, latency, predict, sample
from kwssearch.artefact.contents import Artefact

MODEL_FILE = "model.tflite"
ZIP_FILE = "model.tflite.zip"

__all__ = ["MODEL_FILE", "ZIP_FILE", "Array", "Artefact", "Classifier", "latency", "predict", "sample"]
