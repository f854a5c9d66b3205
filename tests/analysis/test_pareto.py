from dataclasses import replace

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwssearch.analysis import advantages, misses, pareto
from kwssearch.analysis.worlds import Worlds
from kwssearch.runs import Execution, Latency, Trial
from kwssearch.space import Limits, objectives_named, parse_share
from kwssearch.testing import recorded as synthetic_run

LAB4 = synthetic_run.build("lab4", clips=20, speakers=20)


def trials_of(*figures):
    """Trials with the given (accuracy, memory, latency); None for one that is not done."""
    run = LAB4
    found = []
    for trial, own in zip(run.trials, figures, strict=False):
        if own is None:
            found.append(Trial(trial.planned))
            continue
        first = trial.executions[0]
        values = dict(zip(("accuracy", "memory_bytes", "latency_ms"), own, strict=True))
        found.append(Trial(trial.planned, (type(first)(0, "completed", {**first.record, **values}),)))
    return found


@pytest.mark.parametrize(
    "figures, expected",
    [
        ([], []),
        ([(0.9, 100, 1)], [True]),
        ([None], [False]),
        ([(0.9, 100, 1), (0.8, 200, 2)], [True, False]),
        ([(0.9, 100, 1), (0.8, 50, 2)], [True, True]),
        ([(0.9, 100, 1), (0.9, 100, 1)], [True, True]),
        ([(0.9, 100, 1), (0.9, 100, 2)], [True, False]),
        ([(0.8, 50, 1), None, (0.9, 50, 1), (0.7, 40, 3)], [False, False, True, True]),
    ],
)
def test_front(figures, expected):
    assert pareto.plain_front(trials_of(*figures)) == expected


def test_front_of_two_objectives():
    trials = trials_of((0.9, 100, 1), (0.8, 100, 0.5))
    assert pareto.plain_front(trials, objectives_named(["accuracy", "memory_bytes"])) == [True, False]


@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 12), st.just(3)), elements=st.integers(0, 4).map(float)))
def test_non_dominated_as_defined(points):
    def dominated(b):
        return any(np.all(a <= b) and np.any(a < b) for a in points)

    assert pareto.non_dominated(points).tolist() == [not dominated(b) for b in points]


@pytest.mark.parametrize(
    "figures, volume",
    [
        ([], 0),
        ([(1.0, 1e3, 0.01)], 1),
        ([(0.5, 1e5, 1.0)], 0.5 * 0.5 * 0.5),
        ([(0.5, 1e5, 1.0), (0.4, 2e5, 2.0)], 0.125),
        ([(0.9, 1e8, 0.01)], 0),
        ([(0.9, 10, 0.001)], 0.9),
    ],
    ids=["none", "ideal", "middle", "dominated adds nothing", "beyond the reference", "better than the scale"],
)
def test_hypervolume(figures, volume):
    assert pareto.hypervolume(trials_of(*figures)) == pytest.approx(volume)


def test_hypervolume_of_the_front_is_that_of_all():
    trials = synthetic_run.build("lab4").trials
    kept = [trial for trial, on in zip(trials, pareto.plain_front(trials), strict=True) if on]
    assert pareto.hypervolume(kept) == pytest.approx(pareto.hypervolume(trials))


def test_front_share_is_one_for_the_unbeatable_and_zero_for_the_hopeless():
    def figures(values):
        place = {0.7: (0.95, 50_000, 0.1, 0.8), 0.95: (0.5, 2_000_000, 0.1, 2.0)}
        return synthetic_run.Figures(*place.get(values["final_sparsity"], (0.85, 100_000, 0.1, 1.0)))

    run = synthetic_run.build("lab4", figures=figures)
    share = pareto.front_share(Worlds(run))
    by_sparsity = {trial.values["final_sparsity"]: share[trial.trial_id] for trial in run.trials}
    assert by_sparsity[0.7] > 0.9
    assert by_sparsity[0.95] == 0
    assert all(0 <= s <= 1 for s in share.values())


def test_front_share_among_the_given_trials_only():
    run = synthetic_run.build("lab4")
    assert pareto.front_share(Worlds(run), run.trials[:1]) == {run.trials[0].trial_id: 1.0}
    assert pareto.front_share(Worlds(run), []) == {}


def test_equal_trials_tie_and_different_ones_do_not():
    flat = synthetic_run.build("lab4", figures=synthetic_run.flat_figures, seed=2)
    found = advantages.ties(Worlds(flat), flat.trials)
    assert sum(map(len, found.values())) > 0.7 * len(found) * (len(found) - 1)
    assert all(a in found[b] for a in found for b in found[a])
    lab = synthetic_run.build("lab4")
    assert not any(t in ("04", "07") for t in advantages.ties(Worlds(lab), lab.trials)["00"])


@pytest.mark.parametrize("limits, fitting", [
    ({}, True),
    ({"min_accuracy": 0.9, "max_memory": 100, "max_latency": 1}, True),
    ({"min_accuracy": 0.91}, False),
    ({"max_memory": 99.9}, False),
    ({"max_latency": 0.5}, False),
    ({"max_ram": 10}, False),
])  # fmt: skip
def test_fits(limits, fitting):
    done, waiting = trials_of((0.9, 100, 1), None)
    assert misses.fits(done, Limits(**limits)) is fitting
    assert not misses.fits(waiting, Limits(**limits))


@given(st.integers(1, 400), st.data())
def test_a_limit_as_it_is_shown_includes_its_end(clips, data):
    correct = data.draw(st.integers(0, clips))
    share = parse_share(f"{100 * correct / clips!r}%")
    assert misses.fits(figure_only(correct / clips), Limits(share))


@pytest.mark.parametrize("limit", ["95%", "0.95", "95.0 %"])
def test_three_seeds_that_make_95_percent_fit_95_percent(limit):
    mean = float(np.mean([0.94, 0.95, 0.96]))
    assert misses.fits(figure_only(mean), Limits(parse_share(limit)))
    assert not misses.fits(figure_only(0.9499), Limits(parse_share(limit)))


def figure_only(accuracy):
    (trial,) = trials_of((accuracy, 100, 1))
    return trial


def measured(*figures, rounds=40, spread=0.02):
    """A run of trials with the given (accuracy, memory, latency), on the same clips and in the same rounds."""
    rng = np.random.default_rng(3)
    labels, trials = np.zeros(1000, dtype=np.int64), []
    for planned, (accuracy, memory, latency) in zip(LAB4.space.trials, figures, strict=False):
        said = (np.arange(1000) >= 1000 * accuracy).astype(np.int64)
        record = {"accuracy": accuracy, "memory_bytes": memory, "latency_ms": latency, "predictions": said}
        times = latency * np.exp(rng.normal(0, spread, rounds))
        times *= latency / np.median(times)
        trials.append(Trial(planned, (Execution(0, "completed", record),), latency=Latency(times, times, times)))
    return replace(LAB4, trials=tuple(trials), labels=labels, speakers=np.arange(1000))


@pytest.mark.parametrize(
    "figures, exact, expected",
    [
        ([(0.935, 419, 0.695), (0.937, 230, 0.697)], True, [True, True]),
        ([(0.935, 419, 0.695), (0.937, 230, 0.697)], False, [False, True]),
        ([(0.935, 419, 0.6), (0.937, 230, 0.697)], False, [True, True]),
        ([(0.95, 419, 0.7), (0.90, 230, 0.7)], False, [True, True]),
        ([(0.9005, 419, 0.7), (0.90, 230, 0.7)], False, [False, True]),
        ([(0.90, 1000, 0.7), (0.90, 1005, 0.7), (0.90, 995, 0.705)], False, [True, False, True]),
        ([(0.90, 1000, 0.7), (0.90, 1000, 0.7)], False, [True, True]),
        ([], False, []),
    ],
    ids=["plain", "latency by chance", "latency for certain", "accuracy for certain", "accuracy below the resolution",
         "memory below the resolution", "alike in all", "none"],
)  # fmt: skip
def test_an_advantage_that_cannot_be_told_puts_nothing_on_the_front(figures, exact, expected):
    run = measured(*figures)
    assert pareto.front(Worlds(run), run.trials, exact) == expected


def test_a_provisional_latency_must_differ_by_much():
    run = measured((0.9, 419, 0.9), (0.9, 230, 1.0), (0.9, 500, 0.5))
    provisional = replace(run, trials=tuple(replace(trial, latency=None) for trial in run.trials))
    assert pareto.front(Worlds(provisional), provisional.trials) == [False, True, True]


@given(arrays.arrays(np.bool_, st.integers(1, 7).map(lambda n: (n, n))))
def test_who_goes_is_beaten_by_one_who_stays(beats):
    np.fill_diagonal(beats, False)
    stays, reaches = pareto.kernel(beats), pareto.closure(beats)
    assert stays.any()
    assert all(beats[stays, i].any() for i in np.flatnonzero(~stays))
    for i, j in np.argwhere(beats & stays & stays[:, None]):
        assert reaches[j, i]


@pytest.mark.parametrize("pairs, staying", [
    ([(0, 1), (1, 2), (2, 0)], [0, 1, 2]),
    ([(0, 1), (1, 2), (2, 0), (3, 1)], [2, 3]),
    ([(0, 1), (1, 2), (2, 0), (0, 3)], [0, 1, 2]),
    ([(0, 1), (1, 2), (2, 3)], [0, 2]),
    ([(0, 1), (1, 0), (2, 0)], [1, 2]),
], ids=["a circle", "a circle broken into", "a circle beats", "a chain", "a pair, one beaten"])  # fmt: skip
def test_circles_and_chains(pairs, staying):
    beats = np.zeros((1 + max(max(pair) for pair in pairs),) * 2, dtype=bool)
    beats[tuple(zip(*pairs, strict=True))] = True
    assert np.flatnonzero(pareto.kernel(beats)).tolist() == staying
