"""Small models with seeded weights, their files in every quantisation, and files with something wrong in them."""

from collections.abc import Callable
from functools import cache

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from kwssearch import backend
from kwssearch.backend import keras
from kwssearch.compression import convert
from kwssearch.models.architectures import MODELS, PRUNABLE
from support.own_models import TC_RESNET

SHAPE = (20, 10, 1)
CLASSES = 4
EMPTIED = 2  # output channels without a weight


def builders() -> dict[str, Callable[..., keras.Model]]:
    """Those that are shipped, and a user's own."""
    own: dict = {}
    exec(TC_RESNET, own)
    return {**MODELS, "tc_resnet": own["tc_resnet"], "perceptron": own["perceptron"]}


def model(architecture: str = "cnn", width: float = 0.25, sparsity: float = 0.0, seed: int = 0) -> keras.Model:
    """Untrained, but with weights as after a training: statistics, biases, and masks with channels that are empty."""
    backend.start_anew(seed)
    made = builders()[architecture](SHAPE, CLASSES, width)
    generator = np.random.default_rng(seed)
    for layer in made.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            scale, variance = generator.uniform(0.5, 1.5, (2, layer.input_shape[-1]))
            shift, mean = generator.normal(0, 0.5, (2, layer.input_shape[-1]))
            layer.set_weights([scale, shift, mean, variance])
        elif type(layer) in PRUNABLE:
            layer.set_weights([trained(weights, sparsity, generator) for weights in layer.get_weights()])
    return made


def trained(weights: np.ndarray, sparsity: float, generator: np.random.Generator) -> np.ndarray:
    """Biases at random; kernels without the smallest weights (`-0.0` and `0.0`), some channels without any."""
    if weights.ndim == 1:
        return generator.normal(0, 0.5, weights.shape)
    kept = np.abs(weights) >= np.quantile(np.abs(weights), sparsity)
    if sparsity:
        kept[..., :EMPTIED] = False
    return weights * kept


def clips(count: int = 16, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (10 * generator.standard_normal((count, *SHAPE)) - 5).astype(np.float32)


def content(
    architecture: str = "cnn",
    quantization: str = "none",
    width: float = 0.25,
    sparsity: float = 0.0,
    per_channel: bool = False,
    seed: int = 0,
) -> bytes:
    """The file of `model`."""
    return _content(architecture, quantization, width, sparsity, per_channel, seed)


@cache
def _content(
    architecture: str, quantization: str, width: float, sparsity: float, per_channel: bool, seed: int
) -> bytes:
    return convert(model(architecture, width, sparsity, seed), quantization, clips(), per_channel)


def edited(file: bytes, change: Callable[[schema.ModelT], None]) -> bytes:
    """The file after `change` has done something to its contents."""
    contents = schema.ModelT.InitFromObj(schema.Model.GetRootAs(file, 0))
    change(contents)
    builder = flatbuffers.Builder(len(file))
    builder.Finish(contents.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def operator(contents: schema.ModelT, number: int) -> schema.OperatorT:
    return contents.subgraphs[0].operators[number]


def tensor(contents: schema.ModelT, number: int, place: int) -> schema.TensorT:
    """What an operator takes at a place: 1 is its kernel, 2 its bias."""
    graph = contents.subgraphs[0]
    return graph.tensors[graph.operators[number].inputs[place]]


def set_values(contents: schema.ModelT, which: schema.TensorT, values: np.ndarray) -> None:
    contents.buffers[which.buffer].data = np.ascontiguousarray(values).view(np.uint8).reshape(-1)


def values(contents: schema.ModelT, which: schema.TensorT, dtype: type) -> np.ndarray:
    """A copy of a constant, flat, as it is stored."""
    return np.asarray(contents.buffers[which.buffer].data, np.uint8).view(dtype).copy()
