from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, binomtest
from support.spaces import MINI

from kwssearch.analysis.binomial import mcnemar, wilson
from kwssearch.analysis.interval import Interval
from kwssearch.analysis.rounds import drawn_rounds, resampled_medians
from kwssearch.analysis.worlds import Worlds
from kwssearch.runs import Latency
from kwssearch.testing import recorded as synthetic_run

RUNS = 200
WITHOUT_SEED = {**synthetic_run.SHARES, "trial_seed": 0.0, "flip": 0.302}
LARGE_SEED = {**synthetic_run.SHARES, "trial_seed": 0.02, "flip": 0.282}
SHARED_SEED = {**synthetic_run.SHARES, "seed": 0.01, "flip": 0.29}


def within_binomial_band(hits, runs=RUNS, rate=0.95):
    """Whether a count of hits is one that the rate gives, but for one time in a thousand on each side."""
    return binom.ppf(0.001, runs, rate) <= hits <= binom.ppf(0.999, runs, rate)


def simulated(runs=RUNS, **options):
    for seed in range(runs):
        run = synthetic_run.build(MINI, seed=1000 + seed, rounds=None, **options)
        yield run, Worlds(run, worlds=500, seed=seed)


def contrasts(run, worlds):
    """(weights, truth) of the best and the worst trial, of a matched pair, and of a strategy's mean over four pairs."""
    truth = {t.trial_id: synthetic_run.lab_figures(t.values).accuracy for t in run.trials}
    ranked = sorted(run.trials, key=lambda trial: truth[trial.trial_id])
    single = [(worlds.weights(trial), truth[trial.trial_id]) for trial in (ranked[-1], ranked[0])]
    pairs = [(t, run.baseline_of(t)) for t in run.trials if t.strategy == "pruning"]
    differences = [(worlds.difference(*pair), truth[pair[0].trial_id] - truth[pair[1].trial_id]) for pair in pairs]
    mean = np.mean([w for w, _ in differences], axis=0), np.mean([t for _, t in differences])
    return [*single, differences[0], mean]


@pytest.mark.parametrize(
    "executions, speakers, shares",
    [
        (1, 400, WITHOUT_SEED),
        (2, 400, synthetic_run.SHARES),
        (3, 400, LARGE_SEED),
        (3, 400, SHARED_SEED),
    ],
    ids=["one execution", "two seeds", "large seed effect", "seed effect shared by trials"],
)
def test_intervals_cover_the_truth_at_their_nominal_rate(executions, speakers, shares):
    hits = np.zeros(4, dtype=int)
    for run, worlds in simulated(executions=executions, speakers=speakers, shares=shares):
        hits += [worlds.estimate(weights).includes(truth) for weights, truth in contrasts(run, worlds)]
    if shares is SHARED_SEED:
        hits = hits[2:]  # what all trials share is seen through three seeds only: their differences are free of it
    assert all(within_binomial_band(h) for h in hits), hits


def test_a_paired_interval_is_narrower_than_an_unpaired_one():
    run = synthetic_run.build(MINI)
    worlds = Worlds(run)
    first, second = run.trials[0], run.trials[2]
    paired = worlds.estimate(worlds.difference(first, second))
    drawn = [worlds.draws(worlds.weights(trial)) for trial in (first, second)]
    unpaired = Interval.of(0, np.random.default_rng(0).permutation(drawn[0]) - drawn[1])
    assert paired.high - paired.low < 0.9 * (unpaired.high - unpaired.low)


def test_speakers_are_resampled_not_clips():
    run = synthetic_run.build(MINI, speakers=30, shares={**WITHOUT_SEED, "speaker": 0.5, "clip": 0.0})
    interval = Worlds(run).estimate(Worlds(run).weights(run.trials[0]))
    low, high = wilson(round(run.trials[0].accuracy * len(run.labels)), len(run.labels))
    assert interval.high - interval.low > 1.5 * (high - low)


def test_worlds_are_the_same_for_the_same_seed():
    run = synthetic_run.build(MINI, executions=2)
    assert np.array_equal(Worlds(run, seed=3).accuracy, Worlds(run, seed=3).accuracy)
    assert not np.array_equal(Worlds(run, seed=3).accuracy, Worlds(run, seed=4).accuracy)


def test_shapes_and_one_speaker():
    run = synthetic_run.build(MINI, executions=2, speakers=1, clips=20)
    worlds = Worlds(run, worlds=50)
    for figures in worlds.drawn.values():
        assert figures.shape == (50, len(run.trials))
        assert np.isfinite(figures).all()


def test_difference_uses_the_seeds_that_both_have():
    run = synthetic_run.build(MINI, executions=3)
    fewer = synthetic_run.with_executions(run, run.trials[2].trial_id, 1)
    worlds = Worlds(fewer)
    first, second = fewer.trials[2], fewer.trials[0]
    observed = worlds.observed @ worlds.difference(first, second)
    assert observed == pytest.approx(first.executions[0]["accuracy"] - second.executions[0]["accuracy"])


@pytest.mark.parametrize("only_first, only_second", [(10, 2), (0, 0), (5, 5), (30, 12)])
def test_mcnemar(only_first, only_second):
    run = synthetic_run.build(MINI, clips=200, speakers=50)
    right, wrong = run.labels.copy(), (run.labels + 1) % 8
    one, two = right.copy(), right.copy()
    one[:only_second] = wrong[:only_second]
    two[100 : 100 + only_first] = wrong[100 : 100 + only_first]
    first, second = (synthetic_run.with_predictions(t, p) for t, p in zip(run.trials, (one, two), strict=False))
    found = mcnemar(run, first, second)
    assert found[:2] == (only_first, only_second)
    discordant = only_first + only_second
    assert found.p_value == pytest.approx(binomtest(only_first, discordant).pvalue if discordant else 1)


@pytest.mark.parametrize(
    "correct, clips, low, high", [(0, 10, 0, 0.2775), (900, 1000, 0.8799, 0.9171), (5, 5, 0.5655, 1)]
)
def test_wilson(correct, clips, low, high):
    assert wilson(correct, clips) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize("correct, clips", [(0, 12), (7, 9), (983, 1063), (40, 40)])
def test_wilson_is_scipys(correct, clips):
    assert wilson(correct, clips) == pytest.approx(
        tuple(binomtest(correct, clips).proportion_ci(0.95, "wilson")), abs=1e-6
    )


def agreeing(clips, speakers, right):
    """Two trials on few clips: the second is right on all, the first on those that are `right`."""
    run = synthetic_run.build(MINI, clips=clips, speakers=speakers)
    first = np.where(right, run.labels, (run.labels + 1) % 8)
    pair = [
        synthetic_run.with_predictions(trial, said)
        for trial, said in zip(run.trials, (first, run.labels), strict=False)
    ]
    worlds = Worlds(replace(run, trials=tuple(pair)))
    return worlds, worlds.estimate(worlds.difference(*pair))


@pytest.mark.parametrize("clips, speakers", [(8, 1), (8, 4), (40, 40), (1000, 400)])
def test_no_interval_is_without_width_because_all_clips_agree(clips, speakers):
    _, interval = agreeing(clips, speakers, np.ones(clips, dtype=bool))
    assert interval.value == 0
    assert 1 / clips < interval.high < 6 / clips
    assert -6 / clips < interval.low < -1 / clips


def test_half_of_eight_clips_is_no_certainty():
    worlds, interval = agreeing(8, 2, np.arange(8) % 2 == 0)
    assert interval.value == -0.5
    assert interval.low < -0.8
    assert interval.high > -0.2
    assert worlds.estimate(worlds.weights(worlds.trials[1])).high == 1


def test_few_speakers_and_clips_are_covered():
    hits = np.zeros(4, dtype=int)
    for run, worlds in simulated(executions=1, speakers=12, clips=60, shares=WITHOUT_SEED):
        hits += [worlds.estimate(weights).includes(truth) for weights, truth in contrasts(run, worlds)]
    assert all(hits >= binom.ppf(0.001, RUNS, 0.95)), hits


def test_needed_clips_give_the_power_they_promise():
    large = synthetic_run.build(MINI, seed=5, clips=40_000, speakers=15_000, shares=WITHOUT_SEED, rounds=None)
    worlds = Worlds(large, worlds=300)
    strong = next(t for t in large.trials if t.values["final_sparsity"] == 0.9)
    needed = worlds.needed(worlds.difference(strong, large.baseline_of(strong))).clips
    detected = 0
    for run, few in simulated(150, clips=needed, speakers=needed * 3 // 8, shares=WITHOUT_SEED):
        trial = next(t for t in run.trials if t.trial_id == strong.trial_id)
        detected += not few.estimate(few.difference(trial, run.baseline_of(trial))).includes(0)
    assert within_binomial_band(detected, 150, 0.8), (needed, detected)


def test_seeds_needed_are_more_than_there_are_when_nothing_is_told():
    run = synthetic_run.build(MINI, executions=3, figures=synthetic_run.flat_figures, shares=LARGE_SEED)
    worlds = Worlds(run)
    for trial in run.trials[2:]:
        weights = worlds.difference(trial, run.baseline_of(trial))
        needed = worlds.needed(weights)
        if worlds.estimate(weights).includes(0):
            assert needed.seeds is None or needed.seeds > 3
            assert needed.clips is None or needed.clips > len(run.labels)


def test_resampled_medians_spread_as_medians_of_resamples_do():
    rng = np.random.default_rng(0)
    times = np.exp(rng.normal(0, 0.1, (60, 3)))
    fast = resampled_medians(times, drawn_rounds(60, 4000, 1))
    slow = np.median(times[rng.integers(60, size=(4000, 60))], axis=1)
    assert fast.std(axis=0) == pytest.approx(slow.std(axis=0), rel=0.2)
    assert fast.mean(axis=0) == pytest.approx(slow.mean(axis=0), rel=0.01)


def timed(run, times):
    """The run with its first trials timed so, shape (rounds, trials)."""
    first = [replace(t, latency=Latency(own, own, own)) for t, own in zip(run.trials, times.T, strict=False)]
    return replace(run, trials=(*first, *run.trials[len(first) :]))


def test_a_latency_ratio_is_taken_within_its_round():
    run = synthetic_run.build(MINI, clips=16, speakers=8)
    worlds = Worlds(timed(run, np.array([[1.0, 1.0], [2.0, 10.0], [3.0, 3.0]])), worlds=50)
    value, drawn = worlds.latency_ratio(worlds.trials[1], worlds.trials[0])
    assert value == 1
    assert drawn.shape == (50,)
    assert drawn.min() >= 1


def test_a_provisional_latency_has_the_same_ratio_in_all_worlds():
    worlds = Worlds(synthetic_run.build(MINI, clips=16, speakers=8, rounds=None), worlds=50)
    first, second = worlds.trials[1], worlds.trials[0]
    value, drawn = worlds.latency_ratio(first, second)
    assert value == pytest.approx(first.latency_ms / second.latency_ms)
    assert drawn == pytest.approx(np.full(50, value))


def test_latency_ratios_cover_the_truth_though_the_machine_drifts():
    run = synthetic_run.build(MINI, clips=16, speakers=8)
    hits = 0
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        drift = np.exp(np.cumsum(rng.normal(0, 0.02, 60)))[:, None]
        times = drift * np.array([1.0, 0.5]) * np.exp(rng.normal(0, 0.03, (60, 2)))
        worlds = Worlds(timed(run, times), worlds=600, seed=seed)
        hits += Interval.of(*worlds.latency_ratio(worlds.trials[1], worlds.trials[0])).includes(0.5)
    assert within_binomial_band(hits, rate=0.95), hits


def test_unstable_trials_widen_their_own_intervals_alone():
    run = synthetic_run.build(MINI, executions=3, speakers=400)
    calm = Worlds(run)
    assert not calm.seed_spread.unstable.any()
    wild, other = run.trials[3], run.trials[0]
    executions = []
    for number, execution in enumerate(wild.executions):
        wrong = np.arange(len(run.labels)) % 5 < 2 * number  # two fifths of the answers for each further seed
        predictions = np.where(wrong, (run.labels + 1) % 8, run.labels)
        executions.append(replace(execution, record={**execution.record, "predictions": predictions.tolist()}))
    trials = [replace(wild, executions=tuple(executions)) if trial is wild else trial for trial in run.trials]
    worlds = Worlds(replace(run, trials=tuple(trials)))
    assert np.flatnonzero(worlds.seed_spread.unstable).tolist() == [3]

    def width(worlds: Worlds, trial) -> float:
        return float(np.ptp(np.quantile(worlds.draws(worlds.weights(trial)), (0.025, 0.975))))

    assert width(worlds, other) == pytest.approx(width(calm, other), rel=0.1)
    assert width(worlds, wild) > 5 * width(calm, wild)


def test_trials_that_are_alike_are_hardly_ever_called_unstable():
    found = [worlds.seed_spread.unstable.any() for _, worlds in simulated(60, executions=3, speakers=400)]
    assert sum(found) <= 1
