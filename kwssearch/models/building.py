"""Builds models to see what they cost, and checks a user's own builder for what training needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kwssearch.backend import keras
from kwssearch.errors import SpaceError
from kwssearch.models.architectures import DENSE, PRUNABLE, Builder, macs
from kwssearch.models.cost import Cost, Shape
from kwssearch.models.resolving import resolve
from kwssearch.space import SearchSpace

WANTED = "expected a function of (input shape, classes, width multiplier) that gives a tf_keras model"


def measured_costs(space: SearchSpace, classes: int, shapes: Sequence[Shape]) -> dict[Shape, Cost]:
    """The cost of each shape.

    Raises:
        SpaceError: a builder gives no model that can be trained.
    """
    found = {}
    for features, architecture, width in shapes:
        size = space.features[features].shape
        builder = resolve(architecture, space.architectures)
        model = built(architecture, builder, size, classes, width)
        if architecture in space.architectures:
            check(architecture, model, built(architecture, builder, size, classes, width), size, classes)
            if any(t.values["architecture"] == architecture and t.values["final_sparsity"] for t in space.trials):
                check_prunable(architecture, model)
        found[features, architecture, width] = Cost(size, model.count_params(), macs(model))
    keras.backend.clear_session()
    return found


def built(name: str, builder: Builder, size: tuple[int, int, int], classes: int, width: float) -> Any:
    try:
        return builder(size, classes, width)
    except Exception as error:  # whatever a user's builder raises
        raise SpaceError(
            f"architecture {name!r}: building it for inputs of {size} and {classes} classes at width {width:g} failed "
            f"({type(error).__name__}: {' '.join(str(error).split())[:200]}), {WANTED}; correct it."
        ) from error


def check(name: str, model: Any, again: Any, size: tuple[int, int, int], classes: int) -> None:
    """What a builder gets wrong, in one sentence.

    Args:
        again: the same model, built once more.

    Raises:
        SpaceError: the first fault.
    """
    fault = kind_fault(model) or shape_fault(model, size, classes) or name_fault(model, again) or training_fault(model)
    if fault:
        raise SpaceError(f"architecture {name!r}: {fault}.")


def check_prunable(name: str, model: keras.Model) -> None:
    """Raises: SpaceError: pruning would not reach the declared share of the file's weights."""
    weighted = [layer for layer in model.layers if any(len(weight.shape) > 1 for weight in layer.weights)]
    strange = next((layer for layer in weighted if type(layer) not in (*PRUNABLE, *DENSE)), None)
    known = ", ".join(kind.__name__ for kind in PRUNABLE)
    if strange is not None:
        raise SpaceError(
            f"architecture {name!r}: layer {strange.name!r} is a {type(strange).__name__}, which pruning does not "
            f"reach, expected {known}, DepthwiseConv2D or a normalisation; do not vary final_sparsity with it."
        )
    if not any(type(layer) in PRUNABLE for layer in weighted):
        raise SpaceError(
            f"architecture {name!r}: has no layer that pruning reaches, expected at least one of {known}; "
            "do not vary final_sparsity with it."
        )


def kind_fault(model: Any) -> str | None:
    if not isinstance(model, keras.Model):
        return f"gives a {type(model).__module__}.{type(model).__name__}, {WANTED}; import keras from tf_keras"
    if not hasattr(model, "inputs") or not model.inputs or len(model.inputs) != 1 or len(model.outputs) != 1:
        return "gives a model whose layers cannot be listed, expected a functional model of one input and one output"
    nested = next((layer.name for layer in model.layers if isinstance(layer, keras.Model)), None)
    if nested:
        return f"has a model within the model (layer {nested!r}), expected layers only; call its layers one by one"
    return None


def shape_fault(model: keras.Model, size: tuple[int, int, int], classes: int) -> str | None:
    if tuple(model.input_shape) != (None, *size):
        return f"takes inputs of {tuple(model.input_shape)}, expected {(None, *size)}; use the shape that it is given"
    if tuple(model.output_shape) != (None, classes):
        return f"gives outputs of {tuple(model.output_shape)}, expected {(None, classes)}: a probability for each class"
    if model.outputs[0].dtype != "float32":
        return f"gives outputs of {model.outputs[0].dtype.name}, expected float32; end with Softmax(dtype='float32')"
    return None


def name_fault(model: keras.Model, again: keras.Model) -> str | None:
    """A layer without a name of its own: Keras numbers these, and training states go by layer names."""
    for first, second in zip(model.layers, again.layers, strict=False):
        if first.name != second.name and first.weights:
            return f"has a layer without a name of its own ({first.name!r}), expected one; write name='...'"
    return None


def training_fault(model: keras.Model) -> str | None:
    """What the training loop would leave out, or could not do."""
    if model.losses:
        return "has losses of its own (regularisers), which the training here leaves out, expected none; remove them"
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and list(layer.axis) != [len(layer.input_shape) - 1]:
            return (
                f"normalises another axis than the channels in layer {layer.name!r}, expected the last; leave axis out"
            )
    return None
