"""A plain trained model as the bytes of a .tflite, and those bytes zipped."""

from __future__ import annotations

import io
import zipfile

import numpy as np

from kwssearch.backend import keras, silence, tf


def convert(model: keras.Model) -> bytes:
    """A float32 .tflite from a float32 model without pruning wrappers.

    Zeros lose their sign on the way: half of the pruned weights would be -0.0, each of which costs the zipped
    file a bit and changes nothing.
    """
    for layer in model.layers:
        layer.set_weights([np.asarray(w) + 0.0 for w in layer.get_weights()])
    with silence():
        return bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def zipped(content: bytes, name: str = "model.tflite") -> bytes:
    """A zip archive of one deflated file; the same bytes for the same content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
