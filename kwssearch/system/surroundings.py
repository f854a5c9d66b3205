"""The user's environment variables: what must not reach a search, and what is recorded because it may alter it."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, cast

# Variables that change how TensorFlow computes; not all of TF_*, a prefix that Terraform uses too.
ARITHMETIC = (
    "TF_ENABLE_", "TF_DISABLE_", "TF_ONEDNN_", "TF_SET_ONEDNN_", "TF_MKL_", "TF_XLA_", "TF_DETERMINISTIC_", "TF_CUDNN_",
    "TF_CUBLAS", "TF_USE_CU", "TF_FP16_", "TF_AUTO_", "TF_NUM_INT", "XLA_", "ONEDNN_", "DNNL_", "NVIDIA_TF32",
)  # fmt: skip
# A worker starts without these.
PREFIXES = (*ARITHMETIC, "TF_USE_LEGACY_KERAS", "KERAS_", "OMP_", "KMP_", "GOMP_", "MKL_", "PYTHONHASHSEED")
WORKER = "KWSSEARCH_WORKER"
SET = {
    WORKER: "1",
    "KERAS_BACKEND": "tensorflow",
    "MPLBACKEND": "agg",
    "PYTHONHASHSEED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
}
# What the arithmetic itself depends on; some processors need it, so it is kept, and recorded like a version.
RECORDED = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES")
UNUSED = ("IPython", "matplotlib", "pandas")
LEVELS = {"TF_CPP_MIN_LOG_LEVEL": "3", "ABSL_MIN_LOG_LEVEL": "3"}


def worker_environment(user: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The user's variables without those that could alter a training, and with those that a worker needs."""
    kept = {name: value for name, value in user.items() if not name.startswith(PREFIXES)}
    return {**kept, **SET}


def recorded(user: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables that alter results and that the user may set."""
    return {name: user[name] for name in RECORDED if user.get(name)}


def altering(user: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables of this process that a worker would not have, and that may alter what it computes."""
    return {name: value for name, value in user.items() if name.startswith(ARITHMETIC) and SET.get(name) != value}


@contextlib.contextmanager
def own_keras() -> Iterator[None]:
    """While both Kerases are imported, they do not see the user's variables or keras.json, and do not write one."""
    for name, level in LEVELS.items():
        os.environ.setdefault(name, level)
    names = [name for name in os.environ if name.startswith(("KERAS_", "TF_USE_LEGACY_KERAS"))]
    before = {name: os.environ.pop(name) for name in names}
    with own_matplotlib(), tempfile.TemporaryDirectory() as home:
        own = {"KERAS_BACKEND": "tensorflow", "KERAS_HOME": home}
        os.environ.update(own)
        try:
            yield
        finally:
            for name in own:
                del os.environ[name]
            os.environ.update(before)


@contextlib.contextmanager
def lean_worker() -> Iterator[None]:
    """While a worker imports Keras 3, that does not find what it plots and shows with: a sixth of a worker's start."""
    unseen = [name for name in UNUSED if WORKER in os.environ and name not in sys.modules]
    cast(dict[str, Any], sys.modules).update(dict.fromkeys(unseen))
    try:
        yield
    finally:
        for name in unseen:
            del sys.modules[name]


@contextlib.contextmanager
def own_matplotlib() -> Iterator[None]:
    """While matplotlib is imported, by Keras 3 too, it sees only a notebook's own backend: a wrong one would raise."""
    chosen = os.environ.get("MPLBACKEND", "")
    if not chosen or chosen.startswith("module://"):
        yield
        return
    del os.environ["MPLBACKEND"]
    try:
        yield
    finally:
        os.environ["MPLBACKEND"] = chosen
