"""Trained weights as they are kept with a trial."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from kwssearch.backend import keras
from kwssearch.errors import UserError
from kwssearch.system.storage import write_bytes


def save_weights(path: Path, model: keras.Model) -> None:
    """The weights of every layer as `layer/number`, in NumPy's compressed archive; equal weights give equal bytes."""
    arrays = {f"{layer.name}/{i}": weights for layer in model.layers for i, weights in enumerate(layer.get_weights())}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_bytes(path, buffer.getbuffer())


def load_weights(source: Path | BinaryIO, model: keras.Model) -> None:
    """Sets a model's weights to those that were kept.

    Raises:
        UserError: the file is not there, damaged or another model's.
    """
    try:
        with np.load(source, allow_pickle=False) as arrays:
            for layer in model.layers:
                layer.set_weights([arrays[f"{layer.name}/{i}"] for i in range(len(layer.weights))])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(
            f"{source}: holds no weights of this model ({type(error).__name__}), expected those of its training; "
            "copy them back, or search the trial again."
        ) from error
