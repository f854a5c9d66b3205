"""Where the two Kerases meet: import TensorFlow, Keras 2 and tfmot from here, nowhere else.

tfmot needs Keras 2 (`tf_keras`), KerasTuner brings Keras 3; they live together as long as
`tf.keras` is not touched before tfmot is imported.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("ABSL_MIN_LOG_LEVEL", "3")
warnings.filterwarnings("ignore", module=r"tensorflow|tf_keras|keras|jax")

import tensorflow as tf  # noqa: E402
import tensorflow_model_optimization as tfmot  # noqa: E402
import tf_keras as keras  # noqa: E402

tf.get_logger().setLevel("ERROR")

__all__ = ["configure", "keras", "precision", "tf", "tfmot"]


def configure(threads: int = 1, deterministic: bool = False) -> None:
    """Sets the process up for training; only before TensorFlow has run anything.

    One thread a worker and many workers train more samples a second than one worker with
    many threads (docs/performance.md).
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if deterministic:
        tf.config.experimental.enable_op_determinism()


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Layers made inside compute in this Keras dtype policy."""
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(policy)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)
