"""From sound to a model's input, the same for training, timing and devices; and its cache."""

from kwssearch.features.augmentation import Augmented, Epoch, seconds_a_clip
from kwssearch.features.front_end import VERSION, mel_matrix
from kwssearch.features.kept import cached_features, cached_levels
from kwssearch.features.noise import noise_bank
from kwssearch.features.scipy_front_end import FrontEnd

__all__ = [
    "VERSION", "Augmented", "Epoch", "FrontEnd", "cached_features", "cached_levels", "mel_matrix", "noise_bank",
    "seconds_a_clip",
]  # fmt: skip
