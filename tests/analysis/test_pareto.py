import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwssearch.analysis import pareto
from kwssearch.analysis.worlds import Worlds
from kwssearch.runs import Trial
from kwssearch.space import objectives_named, parse_share
from kwssearch.space.objectives import ACCURACY
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
    assert pareto.front(trials_of(*figures)) == expected


def test_front_of_two_objectives():
    trials = trials_of((0.9, 100, 1), (0.8, 100, 0.5))
    assert pareto.front(trials, objectives_named(["accuracy", "memory_bytes"])) == [True, False]


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
    kept = [trial for trial, on in zip(trials, pareto.front(trials), strict=True) if on]
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
    found = pareto.ties(Worlds(flat), flat.trials)
    assert sum(map(len, found.values())) > 0.7 * len(found) * (len(found) - 1)
    assert all(a in found[b] for a in found for b in found[a])
    lab = synthetic_run.build("lab4")
    assert not any(t in ("04", "07") for t in pareto.ties(Worlds(lab), lab.trials)["00"])


@pytest.mark.parametrize("limits, fitting", [
    ({}, True),
    ({"accuracy": 0.9, "memory_bytes": 100, "latency_ms": 1}, True),
    ({"accuracy": 0.91}, False),
    ({"memory_bytes": 99.9}, False),
    ({"latency_ms": 0.5}, False),
])  # fmt: skip
def test_fits(limits, fitting):
    done, waiting = trials_of((0.9, 100, 1), None)
    by_objective = dict(zip(objectives_named(list(limits)), limits.values(), strict=True))
    assert pareto.fits(done, by_objective) is fitting
    assert not pareto.fits(waiting, by_objective)


@given(st.integers(1, 400), st.data())
def test_a_limit_as_it_is_shown_includes_its_end(clips, data):
    correct = data.draw(st.integers(0, clips))
    share = parse_share(f"{100 * correct / clips!r}%")
    assert pareto.within(figure_only(correct / clips), ACCURACY, share)


@pytest.mark.parametrize("limit", ["95%", "0.95", "95.0 %"])
def test_three_seeds_that_make_95_percent_fit_95_percent(limit):
    mean = float(np.mean([0.94, 0.95, 0.96]))
    assert pareto.within(figure_only(mean), ACCURACY, parse_share(limit))
    assert not pareto.within(figure_only(0.9499), ACCURACY, parse_share(limit))


def figure_only(accuracy):
    (trial,) = trials_of((accuracy, 100, 1))
    return trial
