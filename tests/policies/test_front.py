"""The policy that finds a front: its parts against plain definitions, and itself on made-up accuracies."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from kwssearch.policies import Front, Known, Seen, Signal, key_of
from kwssearch.policies.domination import Domination
from kwssearch.policies.known import encoded
from kwssearch.policies.surrogate import Surrogate, odds
from kwssearch.space import SearchSpace, load_space, read_space
from kwssearch.testing.recorded import lab_figures

FULL = load_space("full")
QUALITIES = {
    "features": {"mfcc": {"kind": "mfcc", "coefficients": 10}},
    "strategy": [{"name": "all", "architecture": ["cnn", "ds_cnn"], "width_multiplier": [0.25, 0.5, 0.75, 1.0]}],
}


def known(space: SearchSpace) -> Known:
    figures = [lab_figures(trial.values) for trial in space.trials]
    costs = np.array([(f.memory_bytes, round(f.feature_ms + f.model_ms, 4)) for f in figures], dtype=np.float64)
    slower = np.array([1 + 3 * (trial.values["features"] == "log_mel") for trial in space.trials])
    work = slower * np.array([f.model_ms for f in figures])
    return Known(costs, work, 1000)


def search(
    policy: Front, accuracy: Callable[[Mapping[str, Any]], float | None], workers: int = 2, most: int = 1000
) -> list[Seen]:
    """All that the policy asks for, workers ending in the order of their beginning."""
    seen: list[Seen] = []
    pending: list[Mapping[str, Any]] = []
    while len(seen) < most:
        following = policy.propose(seen, pending) if len(pending) < workers else Signal.WAIT
        if isinstance(following, Signal):
            if not pending:
                assert following is Signal.STOP
                break
            values = pending.pop(0)
            found = accuracy(values)
            seen.append(Seen(values, None if found is None else {"accuracy": found}))
        else:
            assert key_of(following) not in [key_of(values) for values in (*pending, *(t.values for t in seen))]
            pending.append(following)
    return seen


def truth(values: Mapping[str, Any]) -> float:
    """As in the recorded grid: with MFCC, which is cheap, models are better."""
    return round(lab_figures(values).accuracy + 0.05 * (values["features"] == "mfcc"), 3)


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_fronts_are_those_of_the_definition(objectives: int) -> None:
    rng = np.random.default_rng(objectives)
    costs, accuracies = rng.integers(0, 5, (40, objectives)).astype(float), rng.integers(0, 6, (20, 40)) / 6
    found = Domination(costs).fronts(accuracies)
    for accuracy, on in zip(accuracies, found, strict=True):
        for i in range(40):
            no_worse = (costs <= costs[i]).all(axis=1) & (accuracy >= accuracy[i])
            better = (costs < costs[i]).any(axis=1) | (accuracy > accuracy[i])
            assert on[i] == (not (no_worse & better).any())


def test_front_ends_are_told_apart_by_what_they_compute() -> None:
    space = load_space("homework")
    encoding = encoded(space)
    assert encoding.x.shape == (2304, 7)  # rate, frame, bands, width, sparsity; architecture, quantization
    assert encoding.is_number.tolist() == [True] * 5 + [False] * 2
    assert encoding.x.min() == -1 and encoding.x.max() == 1


def test_the_surrogate_learns_a_surface_and_knows_its_doubt() -> None:
    encoding = encoded(FULL)
    surface = 2 + 0.5 * encoding.x[:, 0] - 0.4 * encoding.x[:, 1] ** 2 + 0.3 * encoding.x[:, 2]
    rng = np.random.default_rng(0)
    seen = rng.permutation(80)[:40]
    surrogate = Surrogate(encoding, np.log(known(FULL).costs[:, 0]))
    drawn = surrogate.draw(seen, surface[seen] + 0.05 * rng.standard_normal(40), np.arange(80), 300, rng)
    rest = np.setdiff1d(np.arange(80), seen)
    error = np.abs(drawn.mean(axis=0) - surface)[rest]
    assert error.mean() < 0.1
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    assert np.mean((low < surface) & (surface < high)) > 0.9
    assert (
        drawn.std(axis=0)[rest].mean()
        < 0.5 * surrogate.draw(seen[:1], surface[seen[:1]], rest, 300, rng).std(axis=0).mean()
    )


def test_odds_are_finite_at_their_ends() -> None:
    assert np.isfinite(odds([0.0, 1.0], 50)).all()


def test_the_front_is_found_at_a_part_of_the_cost() -> None:
    policy = Front(FULL, known(FULL))
    seen = search(policy, truth)
    accuracies = np.array([truth(trial.values) for trial in FULL.trials])
    on = Domination(policy.known.costs).fronts(accuracies)[0]
    trained = policy.begun(seen, ())
    assert on[trained].sum() >= 0.9 * on.sum()
    assert policy.known.work[trained].sum() < 0.4 * policy.known.work.sum()
    skipped = policy.skipped(seen, policy.outlook(seen, ()))
    assert {key_of(s.values) for s in skipped} == {key_of(t.values) for t in FULL.trials} - {
        key_of(t.values) for t in seen
    }
    assert all(s.low <= s.good <= s.high and 0 <= s.chance <= 1 for s in skipped)
    assert sum(s.dominated_by is not None for s in skipped) > len(skipped) / 2


def test_a_dear_point_needs_a_better_chance_than_a_cheap_one() -> None:
    frugal, lavish = (search(Front(FULL, known(FULL), worth=worth), truth) for worth in (0.5, 0.1))
    assert len(frugal) < len(lavish)
    policy = Front(FULL, known(FULL))
    seen = search(policy, truth)
    outlook, work = policy.outlook(seen, ()), policy.known.work
    left = ~policy.begun(seen, ())
    assert np.all(outlook.chance[left] <= policy.worth * work[left] / work.mean())
    enough = search(Front(FULL, known(FULL), enough=0.3), truth)
    assert len(policy.design) <= len(enough) < len(seen)


def test_accuracies_that_follow_the_axes_are_learnt_from_fewer_points_than_chance() -> None:
    encoding, size = encoded(FULL), np.log(known(FULL).costs[:, 0])
    rng = np.random.default_rng(1)
    seen = rng.permutation(80)[:30]
    smooth, rough = 2 + 0.2 * encoding.x[:, 0], 2 + 0.5 * rng.standard_normal(80)
    doubts = [Surrogate(encoding, size).rough(seen, y[seen])[1].mean() for y in (smooth, rough)]
    assert doubts[0] < 0.5 * doubts[1]


def test_every_level_is_seen_before_anything_is_skipped() -> None:
    policy = Front(FULL, known(FULL))
    chosen = [FULL.trials[i].values for i in policy.design]
    for axis in ("features", "architecture", "width_multiplier", "final_sparsity"):
        assert {values[axis] for values in chosen} == {trial.values[axis] for trial in FULL.trials}
    assert {(v["features"], v["architecture"]) for v in chosen} == set(
        itertools.product(("log_mel", "mfcc"), ("cnn", "ds_cnn"))
    )
    probing = Front(FULL, known(FULL), probe=True)
    assert probing.design[-1] == int(np.argmax(probing.known.work))


def test_the_same_results_lead_to_the_same_point_in_whatever_order_they_are_told() -> None:
    policy = Front(FULL, known(FULL))
    seen = search(policy, truth, most=20)
    again = Front(FULL, known(FULL))
    assert policy.propose(seen, ()) == again.propose(seen[::-1], ())
    resumed = search(again, truth)
    assert [trial.values for trial in resumed[:20]] == [trial.values for trial in seen]


def test_files_of_one_training_come_almost_for_nothing() -> None:
    space = load_space("full-int8")
    policy = Front(space, known(space))
    twin = next(
        i for i, t in enumerate(space.trials) if {**t.values, "quantization": "none"} == space.trials[0].values and i
    )
    first = space.trials[0].values
    work = policy.work_left([Seen(first, {"accuracy": 0.9})], ())
    assert work[twin] < 0.02 * np.median(policy.known.work)
    assert work[1] == policy.known.work[1]
    assert np.array_equal(policy.work_left([], [first]), work)
    assert np.array_equal(policy.work_left([Seen(first, None)], ()), policy.known.work), "a failure trains nothing"


@pytest.mark.parametrize("accuracy", [lambda values: None, lambda values: 0.5])
def test_trials_that_fail_or_are_all_alike_end_the_search(accuracy) -> None:
    seen = search(Front(FULL, known(FULL)), accuracy)
    assert 11 <= len(seen) <= 80


def test_points_that_all_fail_are_no_reason_to_skip_the_others() -> None:
    def only_mfcc(values: Mapping[str, Any]) -> float | None:
        return truth(values) if values["features"] == "mfcc" else None

    seen = search(Front(FULL, known(FULL)), only_mfcc)
    accuracies = np.array([only_mfcc(trial.values) or 0.0 for trial in FULL.trials])
    on = Domination(known(FULL).costs).fronts(accuracies)[0] & (accuracies > 0)
    trained = Front(FULL, known(FULL)).begun(seen, ())
    assert on[trained].sum() >= 0.8 * on.sum()


def test_a_large_space_is_decided_upon_in_time_and_memory() -> None:
    """0.3 s is the aim; the bound leaves room for a busy machine."""
    space = load_space("homework")
    policy = Front(space, known(space))
    seen = [Seen(t.values, {"accuracy": truth(t.values)}) for t in space.trials[::40]]
    policy.propose(seen, ())
    assert policy.begun(seen, ()).sum() == len(seen)
    assert policy.outlook(seen[:3], ()).chance.max() <= 1
    began = time.perf_counter()
    assert not isinstance(policy.propose(seen, ()), Signal)
    assert time.perf_counter() - began < 5


def test_a_space_of_one_point() -> None:
    space = read_space({"features": {"mfcc": {"kind": "mfcc", "coefficients": 10}}})
    assert len(search(Front(space, Known(np.array([[1.0, 2.0]]), np.ones(1), 10)), truth)) == 1


def test_a_start_from_a_dense_model_costs_that_model_unless_it_is_there() -> None:
    space = read_space({
        "features": {"mfcc": {"kind": "mfcc", "coefficients": 10}},
        "pruning": {"lab": {}, "from_dense": {"start": "dense", "epochs": 5}},
        "strategy": [{"name": "p", "final_sparsity": [0.5, 0.9], "pruning": "from_dense"}],
    })  # fmt: skip
    dense, *sparse = (trial.values for trial in space.trials)
    policy = Front(space, Known(np.ones((3, 2)), np.array([20.0, 5.0, 5.0]), 100))
    np.testing.assert_allclose(policy.work_left([], []), [20, 25, 25])
    np.testing.assert_allclose(policy.work_left([], [dense])[1:], [5, 5])
    np.testing.assert_allclose(policy.work_left([Seen(sparse[0], {"accuracy": 0.9})], [])[2], 5)
    np.testing.assert_allclose(policy.work_left([Seen(dense, None)], []), [20, 25, 25])


def test_both_qualities_decide_where_both_are_judged() -> None:
    space = read_space({**QUALITIES, "objectives": ["accuracy", "mean_miss_rate", "memory_bytes"]})
    policy = Front(space, known(space))

    def found(values: Mapping[str, Any]) -> dict[str, float]:
        wide = values["width_multiplier"]
        return {"accuracy": 0.9 + 0.05 * wide, "mean_miss_rate": 0.6 - 0.3 * wide * (values["architecture"] == "cnn")}

    seen = [Seen(trial.values, found(trial.values)) for trial in space.trials[:-1]]
    outlook = policy.outlook(seen, ())
    drawn = [[s.figures["accuracy"] for s in seen], [1 - s.figures["mean_miss_rate"] for s in seen]]
    on = Domination(policy.known.costs[:-1]).fronts(*map(np.array, drawn))[0]
    np.testing.assert_array_equal(on[outlook.chance[:-1] > 0.5], True)
    misses = Front(read_space({**QUALITIES, "objectives": ["mean_miss_rate", "memory_bytes"]}), known(space))
    heard = misses.outlook([Seen(t.values, {"mean_miss_rate": 0.25}) for t in space.trials[:-1]], ())
    np.testing.assert_allclose(heard.good[:, :-1], 0.75)


def test_a_front_of_two_qualities_is_that_of_the_definition() -> None:
    rng = np.random.default_rng(3)
    costs = rng.integers(0, 4, (25, 1)).astype(float)
    drawn = rng.integers(0, 4, (2, 10, 25)) / 4
    found = Domination(costs).fronts(*drawn)
    for world, on in enumerate(found):
        points = np.column_stack([costs, -drawn[0, world], -drawn[1, world]])
        no_worse = np.all(points[:, None] <= points[None], axis=2)
        better = np.any(points[:, None] < points[None], axis=2)
        beaten = (no_worse & better).any(axis=0)
        same_but_for_cost = np.all(points[:, None, 1:] == points[None, :, 1:], axis=2) & (costs < costs.T)
        np.testing.assert_array_equal(on, ~(beaten | same_but_for_cost.any(axis=0)))
