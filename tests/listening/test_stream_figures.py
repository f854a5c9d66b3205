"""Rates, shares and what they mean: against published values and counts by hand."""

import numpy as np
import pytest

from kwssearch.listening.figures import Figures, StreamWorlds, drawn_parts, garwood, threshold_for
from kwssearch.listening.hearing import Heard
from kwssearch.listening.sweep import THRESHOLDS, Sweep
from kwssearch.listening.truth import Keyword, Part, Truth

ALL = len(THRESHOLDS) + 1


@pytest.mark.parametrize(
    "count, hours, low, high",
    [(0, 1, 0, 3.69), (1, 1, 0.025, 5.57), (5, 1, 1.62, 11.67), (10, 1, 4.80, 18.39), (50, 5, 7.42, 13.18)],
)
def test_garwood(count: int, hours: float, low: float, high: float) -> None:
    """Table of exact Poisson limits (Garwood, 1936; Ulm, 1990)."""
    found = garwood(count, hours)
    assert found.value == count / hours
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.006)


def test_the_threshold_is_the_lowest_from_which_on_no_rate_is_higher() -> None:
    assert threshold_for(np.array([20, 9, 11, 10, 0]), 10) == 3
    assert threshold_for(np.array([3, 2, 0]), 10) == 0
    assert threshold_for(np.array([30, 20, 0]), 10) == 2
    np.testing.assert_array_equal(threshold_for(np.array([[20, 1], [0, 0]]), 10), [1, 0])


def figures(false_accepts: np.ndarray, missed: np.ndarray, kinds: list[str], snrs: list[float | None]) -> Figures:
    """One hour of parts of a minute; keywords in the first parts."""
    parts = tuple(Part(kind, 60.0 * i, 60.0) for i, kind in enumerate(kinds))
    keywords = tuple(Keyword(0, 60.0 * i + 10, 60.0 * i + 11, i, snr) for i, snr in enumerate(snrs))
    truth = Truth(60.0 * len(parts), 1.0, parts, keywords)
    nothing = Heard(np.zeros(0), np.zeros(0, np.float32), np.zeros(0, np.int64), 1)
    return Figures(Sweep(nothing, truth, false_accepts, missed, np.full(missed.shape, -1)))


def falling(parts: int, keywords: int) -> tuple[np.ndarray, np.ndarray]:
    """At threshold i so many false accepts less, and one keyword more missed at every eighth."""
    false_accepts = np.zeros((ALL, parts), np.int64)
    for index in range(ALL):
        false_accepts[index, :] = (ALL - 1 - index) // 15
    missed = np.arange(ALL)[:, np.newaxis] // 8 > np.arange(keywords)
    return false_accepts, missed


def test_what_is_counted_by_snr_and_part() -> None:
    found = figures(*falling(60, 8), ["keywords"] * 8 + ["words"] * 22 + ["noise"] * 30, [20, 20, 20, 20, 5, 5, 5, 5])
    index = 40  # two false accepts a part, the first five keywords missed
    assert found.hours == pytest.approx((3600 - 8 * 1.5) / 3600)
    assert {ratio: interval.value for ratio, interval in found.by_snr(index).items()} == {"20": 1.0, "5": 0.25}
    rows = {row["kind"]: row for row in found.by_part(index)}
    assert {kind: row["false_accepts"] for kind, row in rows.items()} == {"keywords": 16, "words": 44, "noise": 60}
    assert rows["noise"]["per_hour"].value == pytest.approx(120)
    assert rows["words"]["share"].value == 1.0
    assert found.clear.tolist() == found.best.tolist() == [True] * 4 + [False] * 4


def test_the_mean_miss_rate_is_over_rates_even_in_logarithm() -> None:
    false_accepts, missed = np.zeros((ALL, 60), np.int64), np.ones((ALL, 10), bool)
    false_accepts[:30, 0], missed[:30] = 20, False  # below threshold 30: 20 an hour, nothing missed
    found = figures(false_accepts, missed, ["keywords"] * 60, [20.0] * 10)
    assert found.rates[0] == pytest.approx(20 / found.hours)
    above = np.sum(np.logspace(0, 2, 13) < 20 / found.hours)
    assert found.mean_miss_rate() == pytest.approx(above / 13)


def test_without_keywords_there_are_rates_alone() -> None:
    found = figures(*falling(60, 0), ["recording"] * 60, [])
    assert found.by_snr(3) == {}
    assert found.hours == 1
    assert next(found.by_part(0))["false_accepts"] == (ALL - 1) // 15 * 60


def test_worlds_spread_as_a_poisson_count_does() -> None:
    rng = np.random.default_rng(5)
    false_accepts, missed = np.zeros((ALL, 600), np.int64), rng.random((ALL, 40)) < 0.4
    false_accepts[:] = rng.poisson(0.05, 600)
    found = figures(false_accepts, missed, ["keywords"] * 40 + ["noise"] * 560, [20.0] * 40)
    worlds = StreamWorlds(found, drawn_parts(found.sweep))
    count = int(false_accepts[0].sum())
    spread = float(np.std(worlds.rates[0])) * found.hours
    assert spread == pytest.approx(count**0.5, rel=0.15)
    assert float(np.mean(worlds.miss_rate(0))) == pytest.approx(found.missed(0, found.best).value, abs=0.02)


def test_worlds_are_the_same_for_all_models() -> None:
    found = figures(*falling(60, 8), ["keywords"] * 8 + ["noise"] * 52, [20.0] * 8)
    one, other = (StreamWorlds(found, drawn_parts(found.sweep)) for _ in range(2))
    np.testing.assert_array_equal(one.mean_miss_rate(), other.mean_miss_rate())
    assert np.std(one.mean_miss_rate()) > 0


def test_keywords_of_one_kind_of_part_stay_as_many() -> None:
    found = figures(*falling(60, 8), ["keywords"] * 8 + ["noise"] * 52, [20.0] * 8)
    drawn = drawn_parts(found.sweep)
    assert set(drawn[:8].sum(axis=0).tolist()) == {8.0}
    assert set(drawn[8:].sum(axis=0).tolist()) == {52.0}
