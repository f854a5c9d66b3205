"""Noise as the front end of a training hears it: made, recorded, or of many voices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kwssearch.data import DataSet
from kwssearch.data.recordings import Recording, sounds_in
from kwssearch.data.silence import parts
from kwssearch.errors import UserError
from kwssearch.features.front_end import Array
from kwssearch.features.scipy_front_end import FrontEnd
from kwssearch.sources.noise import EXPONENTS, Audio, at_level, babble, coloured
from kwssearch.space import Augmentation
from kwssearch.system.sounds import content_digest, sound_files

BABBLE = "babble"
VOICES = 6
SEED = 42
WINDOWS, RECORDED_WINDOWS = 60, 300  # of each made kind; at most, of recordings


@dataclass(frozen=True)
class NoiseBank:
    """Noise of a root mean square of one, as squared mel magnitudes.

    Attributes:
        powers: of all kinds, one after the other, shape (frames, bands).
        ends: where each kind ends.
    """

    powers: Array
    ends: tuple[int, ...]

    def places(self, rng: np.random.Generator, count: int, length: int) -> npt.NDArray[np.int64]:
        """Where so many stretches of some frames begin, each within a kind, all kinds alike often; shape (count,)."""
        if not self.ends:
            return np.zeros(count, np.int64)
        starts = np.array([0, *self.ends[:-1]])
        room = np.array(self.ends) - starts - length + 1
        kind = rng.integers(len(self.ends), size=count)
        found: npt.NDArray[np.int64] = starts[kind] + (rng.random(count) * room[kind]).astype(np.int64)
        return found


def noise_bank(augmentation: Augmentation, front_end: FrontEnd, data: DataSet) -> NoiseBank:
    """The noise that an augmentation mixes into clips of a data set, the same each time.

    Args:
        front_end: of log-mel features.

    Raises:
        UserError: recorded noise is gone, cannot be read or holds no sound.
    """
    if not augmentation.noise_share:
        return NoiseBank(np.zeros((0, front_end.setting.mel_bins), np.float32), ())
    kinds = [made(kind, data) for kind in augmentation.noise_kinds]
    if augmentation.noise:
        check_content(augmentation)
        kinds.append(recorded(Path(augmentation.noise), data))
    heard = [front_end.frames(front_end.resample(kind.astype(np.float32))) for kind in kinds]
    return NoiseBank(np.exp(2 * np.concatenate(heard)), tuple(np.cumsum(list(map(len, heard))).tolist()))


def check_content(augmentation: Augmentation) -> None:
    """Raises: UserError: the folder of noise does not hold what it held when the search began."""
    folder = Path(augmentation.noise)
    if augmentation.noise_digest not in ("", content_digest(folder, sound_files(folder))):
        raise UserError(
            f"augmentation: {folder} holds other sounds than when the search began, expected the same; restore them, "
            "or begin another run."
        )


def made(kind: str, data: DataSet) -> Audio:
    """Noise of a kind, each window with a root mean square of one."""
    rng, window = np.random.default_rng([SEED, *kind.encode()]), window_of(data)
    if kind == BABBLE:
        voices = voices_of(data)
        return levelled(kind, (babble([next(voices) for _ in range(VOICES)], window, rng) for _ in range(WINDOWS)))
    return levelled(kind, [coloured(EXPONENTS[kind], WINDOWS * window, data.sampling_rate, rng)])


def voices_of(data: DataSet) -> Iterator[Audio]:
    """Training clips of words, in drawn order, without end."""
    rng = np.random.default_rng([SEED, VOICES])
    spoken = [index for index, clip in enumerate(data.splits["train"]) if data.words[clip.label] in data.keywords]
    while True:
        for place in rng.permutation(len(spoken)).tolist():
            yield data.audio("train", spoken[place]) / 32768


def recorded(folder: Path, data: DataSet) -> Audio:
    """Windows of recordings, from all of them in turn, none of what is kept for validation and test.

    Raises:
        UserError: the folder is gone, or holds no sound for training.
    """
    sounds, window = sounds_in(folder, data.sampling_rate), window_of(data)
    places = sorted(
        (turn, at, start)
        for at, sound in enumerate(sounds)
        for turn, start in enumerate(training_places(sound, window))
    )
    windows = (np.resize(sounds[at].read(start, window), window) for _, at, start in places[:RECORDED_WINDOWS])
    return levelled(f"what {folder} has beside a share for validation and test", windows)


def training_places(sound: Recording, window: int) -> Iterator[int]:
    """Where the windows of a recording begin that are for training."""
    for split, first, last in parts(f"{sound.path.parent.name}/{sound.path.name}", sound.length, window):
        if split == "train":
            yield from range(first, max(first + 1, last - window + 1), window)


def levelled(name: str, windows: Iterable[Audio]) -> Audio:
    """All windows that hold sound, one after the other, each with a root mean square of one."""
    heard = [at_level(window, 1.0) for window in windows if window.any()]
    if not heard:
        raise UserError(f"augmentation: {name} holds no sound, expected noise; add some, or do without it.")
    return np.concatenate(heard)


def window_of(data: DataSet) -> int:
    """Samples of a window."""
    return round(data.window_s * data.sampling_rate)
