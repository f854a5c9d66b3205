"""Files of untrained models whose weights are spread as training spreads them, to see what they weigh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from kwssearch.artefact import Artefact, check_int8
from kwssearch.backend import keras
from kwssearch.compression.converting import convert, zipped
from kwssearch.compression.forecast import Forecast, Point, point_of
from kwssearch.errors import SpaceError
from kwssearch.models import resolve
from kwssearch.models.architectures import PRUNABLE
from kwssearch.models.building import built
from kwssearch.space import SearchSpace

# Channels of a trained kernel differ in scale, by about exp(0.3 n) of inputs and exp(0.1 n) of outputs after batch
# normalisation, where n is normal: with none, or with Glorot's uniform weights, zipped files come out smaller.
INPUT_SPREAD = 0.3
OUTPUT_SPREAD = 0.1
CLIPS = 4  # sizes do not depend on what int8 is calibrated with

Floats = npt.NDArray[np.float32]


def untrained_files(space: SearchSpace, classes: int, points: Sequence[Point]) -> Iterator[tuple[Point, Forecast]]:
    """The forecast of each point, from a file that is made and thrown away."""
    for point in points:
        content = untrained_file(space, classes, point)
        yield point, Forecast(len(content), Artefact(content).activation_bytes, len(zipped(content)))


def untrained_file(space: SearchSpace, classes: int, point: Point) -> bytes:
    """A .tflite of a point's shape, sparsity and quantisation, which weighs and takes as long as the trained one."""
    features, architecture, width, sparsity, quantization, clusters = point
    shape = space.features[features].shape
    model = built(architecture, resolve(architecture, space.architectures), shape, classes, width)
    rng = np.random.default_rng(0)
    fill(model, sparsity, rng, clusters)
    clips = rng.standard_normal((CLIPS, *shape), dtype=np.float32)
    content = convert(model, quantization, clips, space.quantization.per_channel or bool(clusters))
    keras.backend.clear_session()
    return content


def check_quantisable(space: SearchSpace, classes: int) -> None:
    """Converts each of a user's own architectures, untrained, to each kind of file that the space asks of it.

    Raises:
        SpaceError: one of them cannot be converted, or does not come out as it should.
    """
    smallest: dict[tuple[str, str], Point] = {}
    for trial in space.trials:
        point = point_of(trial.values)
        known = smallest.get((point.architecture, point.quantization), point)
        if point.architecture in space.architectures and point.quantization != "none":
            smallest[point.architecture, point.quantization] = min(point, known, key=lambda each: each.width)
    for (architecture, kind), point in smallest.items():
        try:
            content = untrained_file(space, classes, point)
            if kind == "int8":
                check_int8(content, untrained_file(space, classes, point._replace(quantization="none")))
        except Exception as error:  # whatever TensorFlow's converter raises
            raise SpaceError(
                f"architecture {architecture!r}: cannot become a file of quantization {kind!r} "
                f"({' '.join(str(error).split())[:200]}), expected layers that TensorFlow Lite quantises; "
                "do not vary quantization with it."
            ) from error


def fill(model: keras.Model, sparsity: float, rng: np.random.Generator, clusters: int = 0) -> None:
    """Gives a model random weights, of which the smallest are zero where pruning reaches, or few where clustering does.

    No weights are all alike, since a zip would profit from it.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            drawn = [normalisation(weight.shape[0], weight.name, rng) for weight in layer.weights]
        else:
            reached = type(layer) in PRUNABLE
            share, few = (sparsity, clusters) if reached else (0.0, 0)
            drawn = [kernel(tuple(weight.shape), share, rng, few) for weight in layer.weights]
        layer.set_weights(drawn)


def normalisation(channels: int, name: str, rng: np.random.Generator) -> Floats:
    """Scales near 1, variances of 1, anything for offsets and means; shape (channels,)."""
    drawn = rng.standard_normal(channels, dtype=np.float32)
    if "gamma" in name:
        np.exp(OUTPUT_SPREAD * drawn, out=drawn)
    if "variance" in name:
        drawn[:] = 1
    return drawn


def kernel(shape: tuple[int, ...], sparsity: float, rng: np.random.Generator, clusters: int = 0) -> Floats:
    """Normal weights; `sparsity` is the share of zeros, `clusters` how many different values there are, if not 0."""
    values = rng.standard_normal(shape, dtype=np.float32)
    if len(shape) < 2:
        return values
    values *= np.exp(INPUT_SPREAD * rng.standard_normal((shape[-2], 1), dtype=np.float32))
    if clusters:
        centroids = values.std() * np.linspace(-2, 2, clusters, dtype=np.float32)
        return np.asarray(centroids[np.abs(values[..., None] - centroids).argmin(axis=-1)])
    if zeros := min(round(sparsity * values.size), values.size - 1):
        flat = values.reshape(-1)
        flat[np.argpartition(np.abs(flat), zeros)[:zeros]] = 0
    return values
