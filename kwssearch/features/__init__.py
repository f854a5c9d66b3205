"""From sound to a model's input, the same for training, timing and devices; and its cache."""

from kwssearch.features.front_end import VERSION, mel_matrix
from kwssearch.features.kept import cached_features
from kwssearch.features.scipy_front_end import FrontEnd

__all__ = ["VERSION", "FrontEnd", "cached_features", "mel_matrix"]
