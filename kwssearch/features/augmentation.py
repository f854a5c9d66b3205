"""Training clips that are moved in time and mixed with noise, anew in each epoch, without going back to waveforms.

What is mixed are mel magnitudes. For the sum of two independent sounds they are near the root of the sum of squares,
as parallel model combination has it (Gales and Young, 1996, Robust continuous speech recognition using PMC).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from kwssearch.features.front_end import EPSILON, Array, dct_matrix
from kwssearch.features.noise import NoiseBank
from kwssearch.space import Augmentation, FeatureSetting

Indices = npt.NDArray[np.int64]
STREAM = 1  # beside the shuffling, which draws from [seed, epoch]
FULL_VOLUME = 0.3  # of noise, a root mean square: the convention of Speech Commands
PROBED_CLIPS, PROBED_EPOCHS = 1280, 4


@dataclass(frozen=True)
class Epoch:
    """The clips of a training split as an epoch hears them; indexed as an array of features is.

    Attributes:
        shift: frames by which each clip comes later, shape (clips,); so are the others.
        power: the noise's mean square; 0 for none.
        start: the frame of the bank at which the noise begins.
    """

    clips: Augmented
    shift: Indices
    power: Array
    start: Indices

    def __len__(self) -> int:
        return len(self.shift)

    def __getitem__(self, chosen: Indices) -> Array:
        """Features of the chosen clips, shape (chosen, frames, bands or coefficients, 1)."""
        started = time.process_time()
        clips, frames = self.clips, np.arange(self.clips.magnitudes.shape[1])
        heard = moved(clips.magnitudes[chosen, :, :, 0], self.shift[chosen])
        noisy = np.flatnonzero(self.power[chosen])
        noise = clips.bank.powers[self.start[chosen[noisy], np.newaxis] + frames]
        noise *= self.power[chosen[noisy], np.newaxis, np.newaxis]
        heard[noisy] = 0.5 * np.log(np.exp(2 * heard[noisy]) + noise)
        features = heard if clips.dct is None else heard @ clips.dct
        clips.seconds += time.process_time() - started
        clips.drawn += len(chosen)
        return features[..., np.newaxis]


class Augmented:
    """A training split that is heard otherwise in each epoch.

    Args:
        magnitudes: log-mel features as recorded, shape (clips, frames, bands, 1); a memory map will do.
        levels: root mean square of the loudest 300 ms of each clip, shape (clips,).
        setting: the front end's; MFCC are made of the altered log-mel features.
        seed: of the training; what is drawn for a clip depends on it, the epoch and the clip alone.

    Attributes:
        seconds: of this process's time so far, for `drawn` clips.
    """

    def __init__(
        self,
        magnitudes: Array,
        levels: npt.NDArray[np.float64],
        bank: NoiseBank,
        augmentation: Augmentation,
        setting: FeatureSetting,
        seed: int,
    ) -> None:
        self.magnitudes, self.levels, self.bank = magnitudes, levels, bank
        self.augmentation, self.seed = augmentation, seed
        self.most = augmentation.shift_frames(setting)
        self.dct = dct_matrix(setting.mel_bins, setting.coefficients) if setting.coefficients else None
        self.seconds, self.drawn = 0.0, 0

    def __len__(self) -> int:
        return len(self.magnitudes)

    def epoch(self, number: int) -> Epoch:
        """What an epoch hears."""
        rng, clips, own = np.random.default_rng([self.seed, number, STREAM]), len(self), self.augmentation
        shift = rng.integers(-self.most, self.most + 1, clips)
        quiet = rng.random(clips) >= own.noise_share
        if own.noise_volume is not None:
            loudness = rng.uniform(0, own.noise_volume, clips) * FULL_VOLUME
        else:
            lowest, highest = own.noise_snr_db or (0.0, 0.0)
            loudness = self.levels / 10 ** (rng.uniform(lowest, highest, clips) / 20)
        loudness[quiet] = 0
        start = self.bank.places(rng, clips, self.magnitudes.shape[1])
        return Epoch(self, shift, (loudness**2).astype(np.float32), start)

    @property
    def epoch_seconds(self) -> float:
        """What drawing all clips anew takes, by those that were drawn."""
        return len(self) * self.seconds / max(1, self.drawn)


@lru_cache
def seconds_a_clip(augmentation: Augmentation, setting: FeatureSetting) -> float:
    """What altering a clip takes on this machine, measured on made-up features; of one core."""
    frames, bands = setting.shape[0], setting.mel_bins
    rng = np.random.default_rng(0)
    magnitudes = rng.standard_normal((PROBED_CLIPS, frames, bands, 1), dtype=np.float32)
    bank = NoiseBank(rng.random((20 * frames, bands), dtype=np.float32), (20 * frames,))
    clips = Augmented(magnitudes, np.ones(PROBED_CLIPS), bank, augmentation, setting, 0)
    for number in range(PROBED_EPOCHS):
        clips.epoch(number)[np.arange(PROBED_CLIPS)]
        if number == 0:  # which also finds the memory
            clips.seconds, clips.drawn = 0.0, 0
    return clips.seconds / clips.drawn


def moved(magnitudes: Array, shift: Indices) -> Array:
    """Log-mel features, shape (clips, frames, bands), later by so many frames; what is left holds digital silence."""
    frames = np.arange(magnitudes.shape[1]) - shift[:, np.newaxis]
    inside = (frames >= 0) & (frames < magnitudes.shape[1])
    taken = np.take_along_axis(magnitudes, np.where(inside, frames, 0)[:, :, np.newaxis], axis=1)
    silence = np.float32(np.log(EPSILON))
    return np.where(inside[:, :, np.newaxis], taken, silence)
