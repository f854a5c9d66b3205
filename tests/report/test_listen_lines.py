"""How models did on a stream is told in lines that fit, with what a zero means."""

from typing import Any

import pytest

from kwssearch.report.listen_lines import listen_lines

SETTINGS = {"hop_ms": 200.0, "smoothing": 3, "suppression_s": 1.0, "per_hour": 10.0}
PARTS = [
    {"kind": "words", "parts": 200, "minutes": 6.0, "false_accepts": 2, "per_hour": [20, 2.4, 72.2],
     "share": [0.01, 0.0027, 0.0357]},
    {"kind": "noise", "parts": 60, "minutes": 60.0, "false_accepts": 0, "per_hour": [0, 0, 3.69]},
]  # fmt: skip


def trial(trial_id: str, **others: Any) -> dict[str, Any]:
    figures = {"threshold": 0.9999, "hours": 1.1, "keywords": 40, "confused": 0, "confusions": []}
    rates = {"false_accepts_per_hour": [1.8, 0.22, 6.6], "false_accepts_by_part": PARTS}
    misses = {"missed_by_snr_db": {"20": [0.95, 0.8, 0.99], "5": [1.0, 0.9, 1.0]}, "mean_miss_rate": [0.97, 0.9, 1.0]}
    return {"trial_id": trial_id, "name": f"mfcc cnn {trial_id}", **figures, **rates, **misses, **others}


def against(low: float, high: float) -> dict[str, Any]:
    return {"trial_id": "3", "mean_miss_rate": [0.02, low, high], "miss_rate": [0.0, 0.0, 0.0]}


def told(*trials: dict[str, Any], width: int | None = None) -> str:
    record = {"settings": SETTINGS, "trials": list(trials)}
    return "\n".join(listen_lines(record, [each["trial_id"] for each in trials], width))


def test_what_a_zero_means() -> None:
    text = told(trial("3"))
    assert "noise: 0 in 60.0 min: below 3.7 an hour" in text
    assert "words: 2 in 6.0 min: 20 (2.4–72) an hour; 1.0 % (0.3–3.6) of 200 words said" in text


@pytest.mark.parametrize(
    "interval, sure", [((0.01, 0.03), True), ((-0.01, 0.05), False)], ids=["told apart", "not told apart"]
)
def test_differences_say_whether_they_are_any(interval: tuple[float, float], sure: bool) -> None:
    text = told(trial("3"), trial("7", against_best=against(*interval)))
    assert "Trial 7 misses 2.0 points more on average than 3" in text
    assert ("cannot tell from none" in text) is not sure


def test_a_model_without_a_threshold_hears_nothing() -> None:
    assert "nothing heard" in told(trial("3", threshold=None))


def test_confusions_are_told() -> None:
    text = told(trial("3", confused=4, confusions=[{"said": "go", "heard": "no", "times": 4}]))
    assert "Keywords heard as another one: 4 of 40 (go as no 4 ×)." in text


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_lines_fit_the_terminal(width: int) -> None:
    lines = told(trial("3"), trial("7", against_best=against(-1, 1)), width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert any("95 % (80–99)" in line for line in lines) is (width >= 80)


def test_only_the_trials_that_are_asked_for() -> None:
    record = {"settings": SETTINGS, "trials": [trial("3"), trial("7"), trial("9")]}
    text = "\n".join(listen_lines(record, ["7"]))
    assert "mfcc cnn 7" in text
    assert "mfcc cnn 3" not in text
