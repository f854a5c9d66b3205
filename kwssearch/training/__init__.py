"""Where TensorFlow trains: the build and fit hooks, the loop, pruning, precision."""

from kwssearch.training.exporting import TrialError
from kwssearch.training.hypermodel import CHECKPOINT_FILE, KwsHyperModel, plain_model
from kwssearch.training.hyperparameters import hyperparameters
from kwssearch.training.probing import step_seconds
from kwssearch.training.weights import load_weights

__all__ = [
    "CHECKPOINT_FILE",
    "KwsHyperModel",
    "TrialError",
    "hyperparameters",
    "load_weights",
    "plain_model",
    "step_seconds",
]
