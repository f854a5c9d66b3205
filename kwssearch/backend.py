"""Where the two Kerases meet: import TensorFlow, Keras 2, tfmot and KerasTuner from here, nowhere else.

tfmot needs Keras 2 (`tf_keras`), KerasTuner brings Keras 3; they work together as long as
`tf.keras` is not touched before tfmot is imported.
"""

import gc
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache

from kwssearch.system.surroundings import lean_worker, own_keras

warnings.filterwarnings("ignore", module=r"tensorflow|tf_keras|keras|jax")


@contextmanager
def silence() -> Iterator[None]:
    """Keeps native logging, which no setting turns off, from standard error."""
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)


with silence(), own_keras(), lean_worker():
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot
    import tf_keras as keras

    import keras_tuner  # isort: skip
    from keras_tuner.engine.base_tuner import BaseTuner  # isort: skip
    from keras_tuner.engine.trial import Trial, TrialStatus  # isort: skip

tf.get_logger().setLevel("ERROR")
keras.backend.set_floatx("float32")
keras.backend.set_epsilon(1e-7)
keras.backend.set_image_data_format("channels_last")

__all__ = [
    "BaseTuner", "Trial", "TrialStatus", "configure", "device", "keras", "keras_tuner",
    "precision", "silence", "start_anew", "tf", "tfmot",
]  # fmt: skip


@lru_cache(maxsize=1)
def configure(threads: int = 1, deterministic: bool = False, gpu: bool = False) -> str:
    """Sets the process up for training, once; if it has computed already, it keeps its threads and devices.

    Many workers of one thread each train more samples a second than one worker with many
    threads (docs/performance.md). A GPU is hidden, or used alone with memory that grows as needed.

    Returns:
        the device that trains: 'CPU', or the GPU's name.
    """
    gpus = tf.config.list_physical_devices("GPU")
    with suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.set_visible_devices(gpus[:1] if gpu else [], "GPU")
        for first in gpus[:1] if gpu else []:
            tf.config.experimental.set_memory_growth(first, True)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    return device()


def device() -> str:
    """What this process trains on: 'CPU', or the name of the GPU that it sees."""
    seen = tf.config.get_visible_devices("GPU")
    return str(tf.config.experimental.get_device_details(seen[0]).get("device_name", "GPU")) if seen else "CPU"


def start_anew(seed: int) -> None:
    """Forgets earlier models and seeds Python, NumPy and TensorFlow."""
    keras.backend.clear_session()
    gc.collect()
    keras.utils.set_random_seed(seed)


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Layers made inside compute in this Keras dtype policy."""
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(policy)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)
