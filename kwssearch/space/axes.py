"""What may vary: one row an axis. Everything else looks the table up when it is called."""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from kwssearch.space.schema import Field, choice, integer, is_integer, is_number

Values = Mapping[str, Any]

SHIPPED = {"cnn": "CNN", "ds_cnn": "DS-CNN", "mlperf_ds_cnn": "MLPerf DS-CNN", "bc_resnet": "BC-ResNet"}
QUANTIZATIONS = ("none", "float16", "dynamic", "int8")
UNCLUSTERED = 512  # values of a kernel that count for no clusters
UNUSUAL: Values = {}
UNALTERED = "none"  # the augmentation of clips as they were recorded
PLAIN = "plain"  # the pruning of a space that declares one
REGISTERED: set[str] = set()  # names of architectures that a program has added


class Stage(IntEnum):
    """The first part of a trial that an axis changes; everything after it changes too."""

    FEATURES = 0
    SHAPE = 1
    TRAINING = 2
    ENDING = 3  # what only the end of a training knows
    FILE = 4  # what only the converted file knows


@dataclass(frozen=True)
class Axis:
    """One thing that may vary.

    Attributes:
        name: its key in a space, a record and a row.
        heading: its column's heading.
        stage: the first thing that a value changes.
        field: what a value may be, from the names of the space's `[<name>.*]` tables.
        show: a value in a sentence.
        short: a value beside a point of a plot.
        default: the baseline's value; None for the space's own: all its named tables, or what its recipe says.
        neutral: a value that goes without saying; None if every value is said.
        convert: turns a declared value into the one that is kept.
        scale: turns a value into a number of which equal steps matter about alike; None for a choice.
        applies: whether a value makes a difference at a point; where none does, it is the baseline's.
        has_settings: whether its values are names of settings that a space declares, which stand for them in the name
            of a training.
        of_recipe: whether it varies a number of the recipe, which is the baseline's value and goes without saying.
    """

    name: str
    heading: str
    stage: Stage
    field: Callable[[tuple[str, ...]], Field]
    show: Callable[[Any], str]
    short: Callable[[Any], str]
    default: Any = None
    neutral: Any = None
    convert: Callable[[Any], Any] = lambda value: value
    scale: Callable[[Any], float] | None = None
    applies: Callable[[Values], bool] = lambda values: True
    has_settings: bool = False
    of_recipe: bool = False


def architecture_field(names: tuple[str, ...] = ()) -> Field:
    """A shipped or registered name, or a function in a module."""
    known = tuple(dict.fromkeys((*SHIPPED, *names, *sorted(REGISTERED))))
    listed = ", ".join(map(repr, known))
    return Field(
        f"one of {listed}, or a function that builds a model as 'module:function'",
        lambda value: isinstance(value, str) and (value in known or is_reference(value)),
        known=known,
    )


def is_reference(value: str) -> bool:
    """Whether a text is 'module:function', the module with or without dots."""
    module, separator, function = value.partition(":")
    names = [*module.split("."), function]
    return bool(separator) and all(name.isidentifier() and not keyword.iskeyword(name) for name in names)


def short_architecture(value: str) -> str:
    return SHIPPED.get(value, value.rpartition(":")[2])


def count_of_recipe(name: str, heading: str, show: str, short: str) -> Axis:
    """A whole number of the recipe that may vary."""
    return Axis(
        name, heading, Stage.TRAINING, lambda names: integer(1, 100_000, "whole numbers from 1"), show.format,
        short.format, convert=int, scale=math.log2, of_recipe=True,
    )  # fmt: skip


AXES: tuple[Axis, ...] = (
    Axis("features", "features", Stage.FEATURES, field=choice, show=str, short=str, has_settings=True),
    Axis("architecture", "architecture", Stage.SHAPE, architecture_field, str, short_architecture, default="cnn"),
    Axis(
        "width_multiplier",
        "α",
        Stage.SHAPE,
        field=lambda names: Field("numbers above 0 and up to 1", lambda v: is_number(v) and 0 < v <= 1),
        show="α {:g}".format,
        short="α{:g}".format,
        default=1.0,
        neutral=1.0,
        convert=float,
        scale=math.log2,
    ),
    count_of_recipe("epochs", "epochs", "{} epochs", "e{}"),
    count_of_recipe("batch_size", "batch", "batches of {}", "b{}"),
    Axis(
        "learning_rate",
        "rate",
        Stage.TRAINING,
        field=lambda names: Field(
            "numbers above 0, the first learning rate", lambda v: is_number(v) and 0 < v < math.inf
        ),
        show="learning rate {:g}".format,
        short="r{:g}".format,
        convert=float,
        scale=math.log2,
        of_recipe=True,
    ),
    Axis(
        "augmentation",
        "augmentation",
        Stage.TRAINING,
        field=lambda names: choice((UNALTERED, *names)),
        show=lambda name: "as recorded" if name == UNALTERED else f"augmented by {name.replace('_', ' ')}",
        short="+{}".format,
        default=UNALTERED,
        neutral=UNALTERED,
        has_settings=True,
    ),
    Axis(
        "final_sparsity",
        "sparsity",
        Stage.ENDING,
        field=lambda names: Field("numbers from 0 up to 0.99", lambda v: is_number(v) and 0 <= v <= 0.99),
        show="sparsity {:g}".format,
        short="s{:g}".format,
        default=0.0,
        neutral=0.0,
        convert=float,
        scale=lambda sparsity: -math.log2(1 - sparsity),
    ),
    Axis(
        "pruning",
        "pruning",
        Stage.ENDING,
        field=lambda names: choice(names or (PLAIN,)),
        show=lambda name: name.replace("_", " "),
        short=str,
        default=PLAIN,
        neutral=PLAIN,
        applies=lambda values: values["final_sparsity"] > 0,
        has_settings=True,
    ),
    Axis(
        "clusters",
        "clusters",
        Stage.ENDING,
        field=lambda names: Field(
            "whole numbers from 2 to 256, or 0 for none", lambda v: is_integer(v) and (v == 0 or 2 <= v <= 256)
        ),
        show="{} clusters".format,
        short="c{}".format,
        default=0,
        neutral=0,
        convert=int,
        scale=lambda clusters: math.log2(clusters or UNCLUSTERED),
    ),
    Axis(
        "quantization",
        "quantization",
        Stage.FILE,
        field=lambda names: choice(QUANTIZATIONS),
        show=str,
        short=str,
        default="none",
        neutral="none",
    ),
)


def all_axes() -> tuple[Axis, ...]:
    return AXES


def axis_names() -> tuple[str, ...]:
    return tuple(axis.name for axis in AXES)


def recipe_axes() -> tuple[Axis, ...]:
    """Those that vary a number of the recipe."""
    return tuple(axis for axis in AXES if axis.of_recipe)


def shape_axes() -> tuple[Axis, ...]:
    """All axes that a comparison with the baseline of the same features can be about."""
    return tuple(axis for axis in AXES if axis.stage > Stage.FEATURES)


def full_name(values: Values, usual: Values = UNUSUAL) -> str:
    """A point in a few words, such as 'log_mel cnn α 0.5 sparsity 0.9'.

    Args:
        usual: values that go without saying, beside those that always do.
    """
    return " ".join(axis.show(values[axis.name]) for axis in said(AXES, values, usual))


def short_name(values: Values, usual: Values = UNUSUAL) -> str:
    """A point without its features, such as 'CNN α0.5 s0.9'."""
    return " ".join(axis.short(values[axis.name]) for axis in said(shape_axes(), values, usual))


def said(chosen: Sequence[Axis], values: Values, usual: Values) -> list[Axis]:
    """Those axes whose value does not go without saying."""
    return [axis for axis in chosen if axis.applies(values) and values[axis.name] not in neutrals(axis, usual)]


def neutrals(axis: Axis, usual: Values) -> tuple[Any, ...]:
    """The values of an axis that go without saying."""
    return tuple(value for value in (axis.neutral, usual.get(axis.name)) if value is not None)


def differing(values: Values, baseline: Values) -> list[Axis]:
    """The axes, apart from features, in which a point differs from its baseline."""
    return [axis for axis in shape_axes() if values[axis.name] != baseline[axis.name]]


def level_name(values: Values, baseline: Values) -> str:
    """What differs from a baseline, such as 'ds_cnn α 0.5'."""
    return " ".join(axis.show(values[axis.name]) for axis in differing(values, baseline)) or "as it is"


def completed(values: Any, usual: Values) -> dict[str, Any]:
    """A recorded point, in which axes that are younger than its record have the recipe's or their default value."""
    if not isinstance(values, Mapping):
        return {}
    missing = {axis.name: usual.get(axis.name, axis.default) for axis in AXES if axis.name not in values}
    return {**values, **{name: value for name, value in missing.items() if value is not None}}


def point_key(values: Values, up_to: Stage) -> tuple[Any, ...]:
    """What two points have in common if their trainings are the same up to a stage."""
    return tuple(values[axis.name] for axis in AXES if axis.stage <= up_to)
