"""From sound to a model's input, the same for training, timing and devices; and its cache."""

from kwssearch.features.front_end import FrontEnd, cached_features, mel_matrix

__all__ = ["FrontEnd", "cached_features", "mel_matrix"]
