"""A plain trained model as the bytes of a .tflite, and those bytes zipped."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.backend import keras, silence, tf

KERAS_MODEL = 2  # in the metadata of a .tflite: what it was made of
QUANTIZATIONS = ("none", "float16", "dynamic", "int8")


def convert(
    model: keras.Model,
    quantization: str = "none",
    clips: npt.NDArray[np.float32] | None = None,
    per_channel: bool = False,
) -> bytes:
    """A .tflite from a float32 model without pruning wrappers; the same bytes for the same weights and clips.

    Zeros lose their sign on the way: half of the pruned weights would be -0.0, each of which costs the zipped
    file a bit and changes nothing.

    Args:
        quantization: 'none' (float32); 'float16' (kernels alone, written out in float32 at the start); 'dynamic'
            (int8 kernels of 1,024 elements or more, float32 between); 'int8' (everything, input and output too).
        clips: features for 'int8' to find the ranges of activations with, float32, shape (clips, frames, bands, 1).
        per_channel: for 'int8', a scale for each output channel instead of one a kernel. Files become larger
            (docs/decisions.md) and no more accurate.

    Raises:
        ValueError: `quantization` is unknown, or 'int8' has no clips or some of another shape.
    """
    if quantization not in QUANTIZATIONS:
        raise ValueError(f"quantization {quantization!r} is unknown, expected one of {', '.join(QUANTIZATIONS)}")
    for layer in model.layers:
        layer.set_weights([np.asarray(w) + 0.0 for w in layer.get_weights()])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([inference(model)], holder(model))
    converter._metadata.environment.modelType = KERAS_MODEL
    if quantization != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if quantization == "int8":
        make_int8(converter, checked(clips, model.input_shape[1:]), per_channel)
    with silence():
        return bytes(converter.convert())


def inference(model: keras.Model) -> Any:
    """The model's forward pass as a function with the names that `from_keras_model` gives, which would trace every
    layer by itself and take three times as long for the same bytes."""
    shape = (1, *model.input_shape[1:]) if takes_one_clip(model) else model.input_shape
    spec = tf.TensorSpec(shape, tf.float32, name=model.input_names[0])
    output = model.output_names[0]
    traced = tf.function(lambda features: {output: model(features, training=False)}, input_signature=[spec])
    return traced.get_concrete_function()


def takes_one_clip(model: keras.Model) -> bool:
    """Whether a file has to be for batches of one: where layers reshape or dilate.

    For batches of any size the converter writes dilated convolutions as ones of several smaller clips, and computes
    shapes as it goes. TensorFlow Lite Micro goes by the shapes in the file, where a batch is one, and answers wrongly.
    """
    dilated = (max(getattr(layer, "dilation_rate", (1,))) > 1 for layer in model.layers)
    return any(dilated) or any(isinstance(layer, keras.layers.Reshape) for layer in model.layers)


def holder(model: keras.Model) -> tf.Module:
    """An object that owns the weights and no layers."""
    module = tf.Module()
    module.weights = model.variables
    return module


def make_int8(converter: Any, clips: npt.NDArray[np.float32], per_channel: bool) -> None:
    """Sets a converter up for files that compute with integers alone, input and output included."""
    converter.representative_dataset = lambda: ([clip[np.newaxis]] for clip in clips)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel = not per_channel


def checked(clips: npt.NDArray[np.float32] | None, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """The clips, if there are any of the right shape: with none, TensorFlow writes a float32 file without a word."""
    if clips is None or len(clips) == 0:
        raise ValueError(
            "quantization 'int8' got no clips to calibrate with, expected at least one; give features of the training "
            f"split as float32 of shape (clips, {', '.join(map(str, shape))})"
        )
    if clips.shape[1:] != shape or clips.dtype != np.float32:
        raise ValueError(
            f"quantization 'int8' got clips of {clips.dtype} and shape {clips.shape}, expected float32 of shape "
            f"(clips, {', '.join(map(str, shape))}); calibrate with the features that the model is trained on"
        )
    return clips


def zipped(content: bytes, name: str = "model.tflite") -> bytes:
    """A zip archive of one deflated file; the same bytes for the same content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
