"""The detector of streams: smoothing, threshold, suppression, and which windows it is given."""

import numpy as np
import pytest

from kwssearch.artefact import Detector, DetectorSetting
from kwssearch.artefact.detector import listen, windows


def heard(first: list[float], keywords: list[int] | None = None, **setting: float) -> list[int]:
    """In which windows a word is heard, if these are the probabilities of the first of two classes."""
    detector = Detector(keywords or [0, 1], DetectorSetting(**{"smoothing": 1, "suppression_s": 0, **setting}))
    found = [detector(np.array([p, 1 - p], np.float32)) for p in first]
    return [place for place, index in enumerate(found) if index == 0]


@pytest.mark.parametrize(
    "first, setting, places",
    [
        ([0.1, 0.9, 0.9, 0.7], {}, [1, 2]),
        ([0.8], {"threshold": 0.8}, [0]),
        ([0.1, 0.9, 0.9, 0.9], {"smoothing": 3, "threshold": 0.85}, [3]),
        ([0.9, 0.1, 0.9], {"smoothing": 3, "threshold": 0.6}, [0, 2]),
        ([0.9] * 11, {"hop_s": 0.2, "suppression_s": 1.0}, [0, 5, 10]),
        ([0.9] * 3, {"hop_s": 0.2, "suppression_s": 0.1}, [0, 1, 2]),
    ],
    ids=["threshold", "on it", "mean of three", "fewer at the start", "once a second", "no shorter than a hop"],
)
def test_where_a_word_is_heard(first: list[float], setting: dict, places: list[int]) -> None:
    assert heard(first, **setting) == places


def test_a_class_that_is_no_word_is_never_heard_and_does_not_hide_one() -> None:
    detector = Detector([1], DetectorSetting(smoothing=1, threshold=0.3))
    assert detector(np.array([0.9, 0.1], np.float32)) is None
    assert detector(np.array([0.6, 0.4], np.float32)) == 1


@pytest.mark.parametrize("figures", [{"hop_s": 0}, {"smoothing": 0}, {"threshold": 1.1}, {"suppression_s": -1}])
def test_figures_out_of_range(figures: dict) -> None:
    with pytest.raises(ValueError, match="expected hop_s above 0"):
        DetectorSetting(**figures)


@pytest.mark.parametrize("size", [1, 7, 30, 1000])
def test_windows_do_not_depend_on_the_size_of_blocks(size: int) -> None:
    stream = np.arange(100, dtype=np.int16)
    blocks = [stream[start : start + size] for start in range(0, 100, size)]
    found = list(windows(blocks, 30, 20))
    assert [end for end, _ in found] == [30, 50, 70, 90]
    for end, window in found:
        np.testing.assert_array_equal(window, stream[end - 30 : end])


def test_a_stream_is_listened_to_window_by_window() -> None:
    stream = np.concatenate([np.zeros(40, np.int16), np.full(40, 9, np.int16)])
    detector = Detector([0, 1], DetectorSetting(smoothing=2, threshold=0.9, suppression_s=0.2))

    def answer(window: np.ndarray) -> np.ndarray:
        loud = np.mean(window == 9)
        return np.array([loud, 1 - loud], np.float32)

    found = list(listen(windows([stream], 20, 20), answer, detector))
    assert [(end, index) for end, _, index in found] == [(20, 1), (40, 1), (60, None), (80, 0)]
    assert [float(smoothed[0]) for _, smoothed, _ in found] == [0, 0, 0.5, 1]
