"""A class of silence: crops of recorded noise, which no two splits share."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kwssearch.data.splits import SPLITS, place_of, split_by_speaker
from kwssearch.data.wav import Samples, faults_of, parse, read_start, samples_of

RECORDING_BYTES = 1 << 28
STEPS_A_SECOND = 100
QUIETEST_DB = -30
HELD_OUT = 0.1


@dataclass(frozen=True)
class Crop:
    """A piece of a recording of noise.

    Attributes:
        file: the recording, relative to the data set's folder.
        start, frames: in samples.
        gain: what its samples are multiplied by.
    """

    file: str
    start: int
    frames: int
    gain: float

    @property
    def path(self) -> str:
        """Names the crop as a clip is named."""
        return f"{self.file}#{self.start}"

    def of(self, samples: Samples) -> Samples:
        """The crop, shape (frames,), of its recording's samples."""
        piece = samples[self.start : self.start + self.frames].astype(np.float64)
        scaled: Samples = np.round(piece * self.gain).astype(np.int16)
        return scaled


def read_noise(path: Path) -> tuple[Samples, int]:
    """Samples of a recording of noise of any length, and their rate.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not a mono 16-bit WAV; the text says why and what to do.
    """
    content = read_start(path, RECORDING_BYTES)
    if len(content) > RECORDING_BYTES:
        raise ValueError(f"is larger than {RECORDING_BYTES} bytes; cut it into shorter recordings")
    recording = parse(content)
    if faults := faults_of(recording, math.inf, whole=True):
        raise ValueError(faults[0].text)
    return samples_of(recording, math.inf), recording.rate


def crops(lengths: Mapping[str, int], counts: Mapping[str, int], frames: int, rate: int) -> Iterator[tuple[str, Crop]]:
    """(split, crop), as many as `counts` says or as there is room for, from all recordings alike.

    A recording's last fifth is for validation and test, its beginning for training; one that is too short
    for that is for one split, by its name's hash. Starts and gains (-30 to 0 dB) come from hashes.

    Args:
        lengths: recording -> samples.
        counts: split -> how many crops are wanted.
    """
    step = max(1, rate // STEPS_A_SECOND)
    for split in SPLITS:
        room = {
            file: (first, 1 + (last - first - frames) // step)
            for file, length in lengths.items()
            for name, first, last in parts(file, length, frames)
            if name == split and last - first >= frames
        }
        taken = shares_of({file: places for file, (_, places) in room.items()}, counts.get(split, 0))
        for file, count in taken.items():
            first, places = room[file]
            for place in draw_places(f"{file} {split}", places, count):
                gain = 10 ** (QUIETEST_DB * place_of(f"gain {file} {split} {place}") / 20)
                yield split, Crop(file, first + place * step, frames, round(gain, 4))


def parts(file: str, length: int, frames: int) -> Iterator[tuple[str, int, int]]:
    """(split, first sample, last sample) of a recording; a short one goes by its name, wherever it is heard from."""
    held = max(frames, int(HELD_OUT * length))
    if length < len(SPLITS) * frames:
        yield split_by_speaker(file.rsplit("/", 1)[-1]), 0, length
    else:
        yield "train", 0, length - 2 * held
        yield "validation", length - 2 * held, length - held
        yield "test", length - held, length


def shares_of(places: Mapping[str, int], count: int) -> dict[str, int]:
    """How many crops each recording gives: all as many, as far as there are places."""
    taken = dict.fromkeys(places, 0)
    while count > 0 and (open_ := [file for file in places if taken[file] < places[file]]):
        for file in open_[:count]:
            taken[file] += 1
        count -= len(open_[:count])
    return taken


def draw_places(name: str, places: int, count: int) -> list[int]:
    """Different places from 0 to `places` - 1, the same on every machine."""
    chosen: dict[int, None] = {}
    turn = 0
    while len(chosen) < count:
        drawn = hashlib.sha256(f"{name} {turn}".encode()).digest()
        chosen[int.from_bytes(drawn[:8], "big") % places] = None
        turn += 1
    return sorted(chosen)
