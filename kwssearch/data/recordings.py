"""Recordings of any length and format, read in pieces at the rate of the models' clips."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.data.wav import Samples
from kwssearch.errors import UserError
from kwssearch.system.sounds import sound_files

Audio = npt.NDArray[np.float64]
TAPS = 10  # half of resample_poly's filter, in samples of the lower rate
BLOCK_S = 10


@dataclass(frozen=True)
class Recording:
    """A file that libsndfile reads.

    Args:
        rate: samples a second that are wanted of it.
    """

    path: Path
    rate: int

    @cached_property
    def _info(self) -> Any:
        import soundfile

        with told_of(self.path):
            return soundfile.info(str(self.path))

    @property
    def length(self) -> int:
        """Samples at the wanted rate.

        Raises:
            UserError: it is no sound.
        """
        return int(self._info.frames) * self.rate // int(self._info.samplerate)

    def read(self, start: int, count: int) -> Audio:
        """Samples from `start` on at the wanted rate, the mean of all channels, in [-1, 1]; shape (count,) or less.

        They are those of the whole recording resampled at once: what stands around them is read too.

        Raises:
            UserError: it is no sound, or gone.
        """
        import soundfile
        from scipy.signal import resample_poly

        own = int(self._info.samplerate)
        factor = gcd(self.rate, own)
        up, down = self.rate // factor, own // factor
        around = 0 if up == down else -(-(TAPS * max(up, down) + 1) // (up * down)) + 1
        first = max(0, start // up - around)
        last = -(-(start + count) // up) + around
        with told_of(self.path):
            found, _ = soundfile.read(
                str(self.path), (last - first) * down, first * down, dtype="float64", always_2d=True
            )
        resampled = resample_poly(found.mean(axis=1), up, down)
        piece: Audio = resampled[start - first * up : start - first * up + count]
        return piece

    def blocks(self) -> Iterator[Samples]:
        """All of it."""
        size = BLOCK_S * self.rate
        for start in range(0, self.length, size):
            yield as_samples(self.read(start, min(size, self.length - start)))


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Tells what is wrong with a recording in one sentence."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # libsndfile's own are RuntimeErrors
        raise UserError(
            f"{path}: cannot be read as sound ({' '.join(str(error).split())}); expected a WAV or another format of "
            "libsndfile, convert it."
        ) from error


def as_samples(audio: Audio) -> Samples:
    """Audio in [-1, 1] as 16-bit samples."""
    samples: Samples = np.clip(np.rint(audio * 32768), -32768, 32767).astype(np.int16)
    return samples


def sounds_in(folder: Path, rate: int) -> list[Recording]:
    """Every sound below a folder, by its path; hidden ones are left out.

    Raises:
        UserError: there is no such folder, or no sound in it.
    """
    return [Recording(path, rate) for path in sound_files(folder)]
