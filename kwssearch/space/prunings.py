"""Reads how a space prunes, one [pruning] or several by name, and how it clusters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kwssearch.errors import SpaceError
from kwssearch.space.axes import PLAIN
from kwssearch.space.schema import Field, Table, choice, integer, is_number, number, text
from kwssearch.space.settings import DENSE, SCRATCH, Clustering, Pruning

RATES = "two numbers above 0, the first and the last learning rate"


def is_rates(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(is_number(x) and 0 < x < math.inf for x in value)


PRUNING = {
    "initial_sparsity": number(0, 0.99, "a number from 0 to 0.99", 0.2),
    "begin": number(0, 1, "a share of the training from 0 to 1, before end", 0.2),
    "end": number(0, 1, "a share of the training from 0 to 1, after begin", 0.8),
    "start": choice((SCRATCH, DENSE), SCRATCH),
    "epochs": integer(1, 100_000, "a whole number from 1, with start 'dense'", None),
    "learning_rate": Field(f"{RATES}, with start 'dense'", is_rates, None),
}
CLUSTERING = {
    "epochs": integer(1, 100_000, "a whole number from 1, of the training after the dense one", Clustering.epochs),
    "learning_rate": Field(f"{RATES}, of that training", is_rates, list(Clustering.learning_rate)),
}
# What a dense start does best with: 8 epochs at three times the lab's rate, half of the weights gone at once.
AFTER_DENSE = {"initial_sparsity": 0.5, "begin": 0.0, "end": 0.5, "epochs": 8, "learning_rate": [0.03, 1e-5]}


def read_prunings(place: str, content: Mapping[str, Any]) -> dict[str, Pruning]:
    """Name -> how it prunes; the one of a plain [pruning] is called 'plain'.

    Raises:
        SpaceError: the first fault.
    """
    table = Table(f"{place}: pruning", content.get("pruning", {}))
    if not table.content or not all(isinstance(entry, Mapping) for entry in table.content.values()):
        return {PLAIN: read_pruning(table)}
    for name in table.content:
        table.check("name", name, text())
        if name == PLAIN:
            raise SpaceError(f"{table.place}: got the name {PLAIN!r}, expected another one: it is a lone [pruning]'s.")
    return {name: read_pruning(Table(f"{table.place}.{name}", entry)) for name, entry in table.content.items()}


def read_clustering(place: str, content: Mapping[str, Any]) -> Clustering:
    values = Table(f"{place}: clustering", content.get("clustering", {})).read(CLUSTERING)
    return Clustering(values["epochs"], tuple(values["learning_rate"]))


def read_pruning(table: Table) -> Pruning:
    from_dense = table.content.get("start") == DENSE
    values = table.read(PRUNING)
    if from_dense:
        values = {**values, **AFTER_DENSE, **table.content}
    for key in ("epochs", "learning_rate"):
        if not from_dense and values[key] is not None:
            raise table.fault(key, values[key], f"none with start {SCRATCH!r}: the recipe's are used")
    rates = None if values["learning_rate"] is None else tuple(values["learning_rate"])
    pruning = Pruning(**{**values, "learning_rate": rates})
    if not pruning.begin < pruning.end:
        raise table.fault("end", pruning.end, f"a share after begin ({pruning.begin}) and up to 1")
    return pruning
