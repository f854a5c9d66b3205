"""Chooses the training precision by a short measurement on this host."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from kwssearch.backend import device, keras, tf
from kwssearch.space.settings import PRECISIONS
from kwssearch.system.cache import recall, remember
from kwssearch.system.environment import cpu_model, versions

REPEATS = 5
WORTHWHILE = 1.05


def choose(allowed: Sequence[str], model: keras.Model, batch_size: int, cache: Path) -> str:
    """The Keras dtype policy to train with.

    Of two, bfloat16 is taken where the model's largest convolution trains at least 5 % faster with it on this
    host, as on CPUs with AVX-512 BF16 or AMX; a model without convolutions gets float32.

    Args:
        allowed: a recipe's `precisions`.
        model: float32, not wrapped for pruning.
        cache: folder that remembers the choices made on this host.
    """
    if len(allowed) == 1:
        return allowed[0]
    layer = largest_convolution(model)
    if layer is None:
        return "float32"
    shape = [batch_size, *layer.input_shape[1:]]
    kernel = list(layer.kernel.shape)
    described = json.dumps([cpu_model(), os.cpu_count(), device(), versions(), shape, kernel, layer.strides])
    path = cache / "precision" / f"{hashlib.sha256(described.encode()).hexdigest()[:16]}.json"
    if known := recall(path):
        return str(known["policy"])
    seconds = {policy: convolution_seconds(policy, shape, kernel, layer) for policy in PRECISIONS}
    faster = seconds["float32"] / seconds["mixed_bfloat16"] >= WORTHWHILE
    policy = PRECISIONS[int(faster)]
    remember(path, {"policy": policy, "seconds": seconds, "shape": shape, "kernel": kernel})
    return policy


def precision_of(model: keras.Model) -> str:
    """The policy that a model's layers compute in; a float32 softmax at the end does not count."""
    policies = [layer.dtype_policy.name for layer in model.layers]
    return next((policy for policy in policies if policy != "float32"), "float32")


def largest_convolution(model: keras.Model) -> keras.layers.Conv2D | None:
    """The layer with the most multiply-accumulates among plain convolutions; None if there is none."""

    def macs(layer: keras.layers.Conv2D) -> int:
        return int(layer.kernel.shape.num_elements() * layer.output_shape[1] * layer.output_shape[2])

    return max((layer for layer in model.layers if type(layer) is keras.layers.Conv2D), key=macs, default=None)


def convolution_seconds(policy: str, shape: list[int], kernel: list[int], layer: keras.layers.Conv2D) -> float:
    """Best time of one forward and backward pass, casts included."""
    compute = tf.bfloat16 if policy == "mixed_bfloat16" else tf.float32
    inputs = tf.cast(tf.random.stateless_normal(shape, (0, 1)), compute)
    weights = tf.Variable(tf.random.stateless_normal(kernel, (2, 3)))

    def step() -> None:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = tf.nn.conv2d(inputs, tf.cast(weights, compute), layer.strides, layer.padding.upper())
            total = tf.reduce_sum(outputs)
        tape.gradient(total, [inputs, weights])

    step()
    best = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        step()
        best = min(best, time.perf_counter() - started)
    return best
