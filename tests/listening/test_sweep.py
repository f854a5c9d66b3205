"""What a detector hears is counted for what it is, at each threshold."""

import numpy as np
import pytest

from kwssearch.artefact import Detector, DetectorSetting
from kwssearch.listening.hearing import Heard
from kwssearch.listening.sweep import THRESHOLDS, heard_at, sweep
from kwssearch.listening.truth import Keyword, Part, Truth

PARTS = (Part("keywords", 0, 10), Part("speech", 10, 10), Part("noise", 20, 10))


def truth(*keywords: tuple[int, float]) -> Truth:
    return Truth(
        30.0, 1.0, PARTS, tuple(Keyword(label, start, start + 1, int(start // 10)) for label, start in keywords)
    )


def heard(*events: tuple[float, int]) -> Heard:
    """Windows each 0.2 s; the score is certain where something is heard and none elsewhere."""
    ends = 1 + 0.2 * np.arange(146)
    scores, best = np.zeros(146, np.float32), np.zeros(146, np.int64)
    for at, word in events:
        place = int(np.argmin(np.abs(ends - at)))
        scores[place], best[place] = 1, word
    return Heard(ends, scores, best, 5)


@pytest.mark.parametrize("threshold", THRESHOLDS[::6])
@pytest.mark.parametrize("suppression_s", [0.1, 1.0, 1.7])
def test_it_hears_what_the_detector_hears(threshold: np.float32, suppression_s: float) -> None:
    rng = np.random.default_rng(3)
    odds = rng.normal(0, 8, (400, 3)).cumsum(axis=0) % 30 - 12
    probabilities = (1 / (1 + np.exp(-odds))).astype(np.float32)
    low = DetectorSetting(0.2, 3, 1.0, suppression_s)
    listener = Detector([0, 2], low)
    scores = []
    for window in probabilities:
        listener(window)
        scores.append(listener.smoothed[listener.best])
    detector = Detector([0, 2], DetectorSetting(0.2, 3, float(threshold), suppression_s))
    expected = [place for place, window in enumerate(probabilities) if detector(window) is not None]
    assert heard_at(np.array(scores, np.float32), threshold, low.suppression).tolist() == expected


@pytest.mark.parametrize(
    "events, false_accepts, missed, said",
    [
        ([], [0, 0, 0], [True], [-1]),
        ([(4.2, 1)], [0, 0, 0], [False], [-1]),
        ([(3.2, 1)], [1, 0, 0], [True], [-1]),  # 0.2 s after the beginning is too soon
        ([(4.8, 1)], [1, 0, 0], [True], [-1]),  # 1.8 s is too late
        ([(4.2, 0)], [0, 0, 0], [True], [0]),
        ([(3.4, 0), (4.6, 1)], [0, 0, 0], [False], [-1]),
        ([(4.2, 1), (15.0, 0), (24.0, 1), (26.0, 1)], [0, 1, 2], [False], [-1]),
        ([(10.4, 0)], [1, 0, 0], [True], [-1]),  # most of its window lies in the first part
    ],
    ids=["nothing", "a hit", "too soon", "too late", "confused", "first wrong, then right", "elsewhere", "at an edge"],
)
def test_hits_confusions_and_false_accepts(
    events: list, false_accepts: list[int], missed: list[bool], said: list[int]
) -> None:
    found = sweep(heard(*events), truth((1, 3.0)))
    for index in (0, len(THRESHOLDS) - 1):
        assert found.false_accepts[index].tolist() == false_accepts
        assert found.missed[index].tolist() == missed
        assert found.said[index].tolist() == said


def test_above_all_thresholds_nothing_is_heard() -> None:
    found = sweep(heard((4.2, 1), (15.0, 0)), truth((1, 3.0)))
    assert len(found.false_accepts) == len(THRESHOLDS) + 1
    assert not found.false_accepts[-1].any()
    assert found.missed[-1].all()


def test_an_earlier_false_accept_suppresses_a_word() -> None:
    """So misses need not rise with the threshold."""
    scores = np.zeros(146, np.float32)
    scores[[9, 12]] = 0.7, 0.99  # at 2.8 and 3.4 s
    found = sweep(Heard(1 + 0.2 * np.arange(146), scores, np.zeros(146, np.int64), 5), truth((0, 3.0)))
    missed, between = found.missed[:-1, 0], (THRESHOLDS > 0.7) & (THRESHOLDS < 0.99)
    assert between.any()
    assert missed[THRESHOLDS < 0.7].all()
    assert not missed[between].any()


def test_negative_time_is_what_lies_in_no_span() -> None:
    plain, one, overlapping = truth(), truth((0, 3.0)), truth((0, 3.0), (1, 3.5))
    assert plain.negative_seconds.tolist() == [10, 10, 10]
    np.testing.assert_allclose(one.negative_seconds, [8.5, 10, 10])
    np.testing.assert_allclose(overlapping.negative_seconds, [8.0, 10, 10])
    np.testing.assert_allclose(truth((0, 9.0)).negative_seconds, [8.75, 9.75, 10])
