"""Limits: ends included, known figures only, and the way there and back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kwssearch.space import QuantityError
from kwssearch.space.limits import Limits

ALL = Limits(0.9, 100_000, 200_000, 50_000, 2)


@pytest.mark.parametrize("limits, figures, missed", [
    (ALL, {"accuracy": 0.9, "memory_bytes": 100_000, "tflite_bytes": 200_000, "activation_bytes": 50_000}, []),
    (ALL, {"accuracy": 0.89, "latency_ms": 2.1}, ["accuracy", "latency_ms"]),
    (ALL, {"tflite_bytes": 200_001, "activation_bytes": 50_001}, ["tflite_bytes", "activation_bytes"]),
    (ALL, {"macs": 1e9}, []),
    (Limits.parsed(max_misses="30%"), {"mean_miss_rate": 0.3}, []),
    (Limits.parsed(max_misses="30%"), {"mean_miss_rate": 0.31}, ["mean_miss_rate"]),
    (Limits(), {"accuracy": 0.0, "memory_bytes": 1e12}, []),
    (Limits.parsed(min_accuracy="95%"), {"accuracy": 190 / 200}, []),
    (Limits.parsed(min_accuracy="95%"), {"accuracy": np.mean([0.95, 0.94, 0.96])}, []),
    (Limits.parsed(min_accuracy="95%"), {"accuracy": 189 / 200}, ["accuracy"]),
])  # fmt: skip
def test_misses(limits: Limits, figures: dict[str, float], missed: list[str]) -> None:
    assert [miss.objective.name for miss in limits.misses(figures)] == missed


def test_a_miss_says_by_how_much() -> None:
    first, second = Limits(0.9, max_ram=50_000).misses({"accuracy": 0.88, "activation_bytes": 100_000})
    assert str(first) == "accuracy 88.0 %, asked for at least 90.0 %"
    assert str(second) == "RAM 100 kB, asked for at most 50.0 kB"
    assert first.excess == pytest.approx(0.2)
    assert second.excess == pytest.approx(np.log(2))
    (heard,) = Limits(max_misses=0.3).misses({"mean_miss_rate": 0.4})
    assert str(heard) == "missed keywords 40.0 %, asked for at most 30.0 %"
    assert heard.excess == pytest.approx(1)
    assert np.isfinite(Limits(max_ram=0).misses({"activation_bytes": 1})[0].excess)


def test_limits_travel_as_json() -> None:
    for limits in (ALL, Limits(), Limits.parsed(min_accuracy="33.3%", max_latency="1us", max_flash="1 GiB")):
        assert Limits.parsed(**json.loads(json.dumps(limits.to_dict()))) == limits
    assert not Limits()
    assert Limits(max_ram=0)


def test_one_beats_the_other_limit_by_limit() -> None:
    assert Limits(0.8, max_ram=60_000).over(ALL) == Limits(0.8, 100_000, 200_000, 60_000, 2)
    assert Limits().over(ALL) == ALL == ALL.over(Limits())


@pytest.mark.parametrize("given, part", [
    ({"min_accuracy": "90"}, "min_accuracy: got '90', expected a share"),
    ({"max_ram": "2ms"}, "max_ram: got '2ms', expected a number with B"),
    ({"max_latency": -1}, "max_latency: got '-1', expected a number with us"),
])  # fmt: skip
def test_a_limit_that_cannot_be_read_is_named(given: dict[str, str], part: str) -> None:
    with pytest.raises(QuantityError, match=part):
        Limits.parsed(**given)
