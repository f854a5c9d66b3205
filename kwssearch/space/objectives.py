"""What is judged: one row an objective. Everything else looks the table up when it is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from kwssearch.space.quantities import kilobytes, milliseconds, percents


@dataclass(frozen=True)
class Objective:
    """A figure to make large or small.

    Attributes:
        name: its key in a record and a row.
        key: part of the names derived from it, such as memory_ratio.
        direction: 'max' or 'min'.
        interval: where its uncertainty comes from: 'clips' (a share of the test clips), 'parts' (a share, measured on
            parts of a stream), 'rounds' (a time, measured in rounds) or 'seeds' (exact for a file, but not the same
            for each seed).
        noun: its name in sentences and headings.
        label: label of a plot's axis.
        unit: unit of a plot's axis.
        factor: converts its own unit to the plot's.
        show: writes a value with its unit.
        question: asks which strategy is best in it.
        praise: what the best strategy does.
        best: the trial with the best value is 'the ...'.
        resolution: a smaller difference decides nothing: a share of clips, or a share of a cost.
        limits: ends of its scale in the hypervolume, best first; None if it has no scale.
    """

    name: str
    key: str
    direction: Literal["max", "min"]
    interval: Literal["clips", "parts", "rounds", "seeds"]
    noun: str
    label: str
    unit: str
    factor: float
    show: Callable[[float], str]
    question: str
    praise: str
    best: str
    resolution: float = 0.01
    limits: tuple[float, float] | None = None

    @property
    def sign(self) -> int:
        """`sign * value` is a loss."""
        return -1 if self.direction == "max" else 1

    @property
    def is_cost(self) -> bool:
        """Whether it is what a device pays, compared as a ratio to the baseline, and known without a training.

        How good a model is, is compared as a difference of shares.
        """
        return self.interval in ("rounds", "seeds")

    def share_of_good(self, value: float) -> float:
        """Of how good a model is, the share that is right, whichever way the figure goes."""
        return value if self.direction == "max" else 1 - value


class Asked(TypedDict):
    question: str
    praise: str


def saving(noun: str) -> Asked:
    """Question and praise for what a strategy can reduce."""
    return {"question": f"Which strategy reduces {noun} the most?", "praise": f"reduces {noun} most"}


def thousands(number: float) -> str:
    return f"{number / 1e3:,.0f} thousand"


def size(name: str, key: str, noun: str, label: str, best: str) -> Objective:
    """A number of bytes, of a file or in memory."""
    return Objective(
        name,
        key,
        "min",
        "seeds",
        noun=noun,
        label=label,
        unit="kB",
        factor=1e-3,
        show=kilobytes,
        best=best,
        limits=(1e3, 1e7),
        **saving(noun),
    )


ACCURACY = Objective(
    "accuracy",
    "accuracy",
    "max",
    "clips",
    noun="accuracy",
    label="accuracy on the test split",
    unit="%",
    factor=100,
    show=percents,
    question="Which strategy reduces accuracy the least?",
    praise="keeps accuracy best",
    best="most accurate",
    resolution=0.001,
    limits=(1.0, 0.0),
)

MISSES = Objective(
    "mean_miss_rate",
    "misses",
    "min",
    "parts",
    noun="missed keywords",
    label="keywords missed on the test stream",
    unit="%",
    factor=100,
    show=percents,
    question="Which strategy misses the fewest keywords in a stream?",
    praise="hears keywords best",
    best="best at hearing keywords",
    limits=(0.0, 1.0),
)

MEMORY = size("memory_bytes", "memory", "memory", "memory (zipped .tflite)", "smallest")

LATENCY = Objective(
    "latency_ms",
    "latency",
    "min",
    "rounds",
    noun="latency",
    label="latency (front end and model)",
    unit="ms",
    factor=1,
    show=milliseconds,
    best="fastest",
    limits=(0.01, 100.0),
    **saving("latency"),
)

FLASH = size("tflite_bytes", "flash", "flash", "flash (.tflite)", "smallest in flash")

RAM = size("activation_bytes", "ram", "RAM", "RAM (activations)", "smallest in RAM")

OBJECTIVES: tuple[Objective, ...] = (
    ACCURACY,
    MISSES,
    MEMORY,
    LATENCY,
    FLASH,
    RAM,
    Objective(
        "macs",
        "macs",
        "min",
        "seeds",
        noun="multiply-accumulates",
        label="multiply-accumulates",
        unit="thousand",
        factor=1e-3,
        show=thousands,
        best="lightest to compute",
        limits=(1e3, 1e9),
        **saving("multiply-accumulates"),
    ),
)

DEFAULT_OBJECTIVES = ("accuracy", "memory_bytes", "latency_ms")


def objective_names() -> tuple[str, ...]:
    return tuple(objective.name for objective in OBJECTIVES)


def objectives_named(names: Sequence[str] = DEFAULT_OBJECTIVES) -> tuple[Objective, ...]:
    """The rows of these names, in their order."""
    by_name = {objective.name: objective for objective in OBJECTIVES}
    return tuple(by_name[name] for name in names)


def cost_objectives(objectives: Sequence[Objective]) -> tuple[Objective, ...]:
    """What a device pays: all but accuracy and missed keywords."""
    return tuple(objective for objective in objectives if objective.is_cost)


def quality_objectives(objectives: Sequence[Objective]) -> tuple[Objective, ...]:
    """How good a model is, which only its training tells: accuracy, missed keywords."""
    return tuple(objective for objective in objectives if not objective.is_cost)
