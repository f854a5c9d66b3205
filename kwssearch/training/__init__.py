"""Where TensorFlow trains: the build and fit hooks, the loop, pruning, precision."""

from kwssearch.training.hypermodel import CHECKPOINT_FILE, KwsHyperModel, TrialError, plain_model
from kwssearch.training.hyperparameters import hyperparameters
from kwssearch.training.weights import WEIGHTS_FILE, load_weights

__all__ = [
    "CHECKPOINT_FILE",
    "WEIGHTS_FILE",
    "KwsHyperModel",
    "TrialError",
    "hyperparameters",
    "load_weights",
    "plain_model",
]
