"""What the samples of clips tell: whether there is anything to learn in them, and which sound alike."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from kwssearch.data.wav import Fault, Samples

FAINT = 65  # steps of 65,536, a thousandth of the range
SHORT_S = 0.1
CLIPPED = 0.05
MOVING = 0.01


def weaknesses(samples: Samples, rate: int) -> Iterator[Fault]:
    """What makes a clip hard or impossible to learn from."""
    low, high = int(samples.min()), int(samples.max())
    if low == high:
        yield Fault("silent", "holds no sound (all its samples are equal); record it again or remove it")
    elif np.count_nonzero(np.diff(samples)) < MOVING * len(samples):
        yield Fault("silent", "holds almost no sound (nearly all its samples are equal); record it again or remove it")
    elif high - low < FAINT:
        text = f"is almost silent (its samples span {high - low} of 65,536 steps)"
        yield Fault("faint", f"{text}; record it again or remove it")
    if len(samples) < SHORT_S * rate:
        yield Fault("short", f"lasts only {len(samples) / rate:.3f} s, too short for a word; remove it")
    limits = np.iinfo(np.int16)
    clipped = np.count_nonzero((samples == limits.min) | (samples == limits.max)) / len(samples)
    if low < high and clipped > CLIPPED:
        yield Fault("clipped", f"is clipped ({clipped:.0%} of its samples are cut off); record it at a lower level")


@dataclass
class Levels:
    """What is seen of clips one after the other.

    Attributes:
        frames: path -> samples.
        rms: path -> root mean square about the mean, in steps of 16 bits.
        alike: digest of samples -> the clips that hold them; silent ones are left out.
    """

    frames: dict[str, int] = field(default_factory=dict)
    rms: dict[str, float] = field(default_factory=dict)
    alike: dict[bytes, list[str]] = field(default_factory=lambda: defaultdict(list))

    def see(self, path: str, samples: Samples) -> None:
        self.frames[path] = len(samples)
        self.rms[path] = float(np.std(samples, dtype=np.float32))
        if self.rms[path] > 0:
            self.alike[hashlib.sha256(samples.tobytes()).digest()[:12]].append(path)

    def repeated(self, mark_of: Mapping[str, str]) -> list[tuple[str, str]]:
        """A clip and another one of the same sound, for each sound that has two marks, such as splits."""
        pairs = []
        for clips in self.alike.values():
            others = [clip for clip in clips if mark_of[clip] != mark_of[clips[0]]]
            if others:
                pairs.append((clips[0], others[0]))
        return sorted(pairs)
