"""What the names in a space mean: front ends, recipe, pruning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

PRECISIONS = ("float32", "mixed_bfloat16")
SCRATCH, DENSE = "scratch", "dense"  # what a pruned training starts from


@dataclass(frozen=True)
class FeatureSetting:
    """A front end: what `features.FrontEnd` computes from a window of audio.

    Attributes:
        window_s: seconds of the window; from the data settings, the same for all front ends of a space.
    """

    name: str
    kind: str
    sampling_rate: int
    frame_length_ms: float
    overlap: float
    mel_bins: int
    lower_hz: float
    upper_hz: float
    coefficients: int | None = None
    window_s: float = 1.0

    @property
    def samples(self) -> int:
        """Samples in a window."""
        return round(self.sampling_rate * self.window_s)

    @property
    def frame_length(self) -> int:
        """Samples per frame."""
        return round(self.sampling_rate * self.frame_length_ms / 1000)

    @property
    def frame_step(self) -> int:
        """Samples from one frame's start to the next one's."""
        return max(1, round(self.frame_length * (1 - self.overlap)))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(frames, bands or coefficients, 1) of one window."""
        frames = 1 + (self.samples - self.frame_length) // self.frame_step
        return frames, self.coefficients or self.mel_bins, 1


@dataclass(frozen=True)
class Recipe:
    """How every trial is trained.

    Attributes:
        executions_per_trial: trainings with different seeds.
        repeated: which trials have more than the first of them: 'all', or those on the 'front'.
    """

    epochs: int
    batch_size: int
    learning_rate: tuple[float, float]
    seed: int
    executions_per_trial: int
    precision: str
    deterministic: bool
    repeated: str = "all"

    def steps(self, clips: int) -> int:
        """Optimizer steps of a whole training on so many clips."""
        return self.epochs * -(-clips // self.batch_size)

    def number(self, name: str) -> Any:
        """What an axis of the same name varies; of the learning rate the first one."""
        return float(self.learning_rate[0]) if name == "learning_rate" else getattr(self, name)

    def varied(self, numbers: Mapping[str, Any]) -> Recipe:
        """The same with other numbers, by the names of axes."""
        changes = dict(numbers)
        if (first := changes.pop("learning_rate", None)) is not None:
            changes["learning_rate"] = (first, self.learning_rate[1])
        return replace(self, **changes)

    @property
    def executions(self) -> int | str:
        """As a space declares them: a number, or one for the front, such as 'front:3'."""
        return self.executions_per_trial if self.repeated == "all" else f"{self.repeated}:{self.executions_per_trial}"

    @property
    def precisions(self) -> tuple[str, ...]:
        """Those that a training may turn out to have: `auto` chooses by measurement, unless it must be repeatable."""
        if self.precision != "auto":
            return (self.precision,)
        return PRECISIONS[:1] if self.deterministic else PRECISIONS


@dataclass(frozen=True)
class Quantization:
    """How trained models become int8 files.

    Attributes:
        clips: random ones of the training split, from whose activations the scales are found.
        per_channel: one scale for each output channel of a kernel instead of one for the kernel.
    """

    clips: int = 100
    per_channel: bool = False


@dataclass(frozen=True)
class Clustering:
    """How the finished dense model becomes one whose layers hold few different values.

    Attributes:
        epochs, learning_rate: of that training, which is in float32.
    """

    epochs: int = 3
    learning_rate: tuple[float, float] = (0.003, 1e-5)

    def to_dict(self) -> dict[str, Any]:
        return {"epochs": self.epochs, "learning_rate": list(self.learning_rate)}


@dataclass(frozen=True)
class Pruning:
    """tfmot's PolynomialDecay, from scratch or from the finished dense model of the same shape.

    Attributes:
        begin, end: shares of the training in which masks are made.
        start: 'scratch' or 'dense'.
        epochs, learning_rate: of the training after a dense start; the recipe's from scratch.
    """

    initial_sparsity: float
    begin: float
    end: float
    start: str = SCRATCH
    epochs: int | None = None
    learning_rate: tuple[float, float] | None = None

    @property
    def from_dense(self) -> bool:
        return self.start == DENSE

    def to_dict(self) -> dict[str, Any]:
        """Its keys in a space; those of a dense start only where it has one."""
        own = {"initial_sparsity": self.initial_sparsity, "begin": self.begin, "end": self.end}
        if not self.from_dense:
            return own
        return {**own, "start": self.start, "epochs": self.epochs, "learning_rate": list(self.learning_rate or ())}
