"""What only streams tell, on runs whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr
from support.heard import with_heard

from kwssearch.analysis import Worlds, answers, front, hypervolume, pick, plain_front, reference_note
from kwssearch.analysis.in_streams import in_streams, spearman
from kwssearch.runs import Run
from kwssearch.space import MISSES, QuantityError
from kwssearch.testing import recorded

SPACE = {
    "features": {"mfcc": {"kind": "mfcc", "coefficients": 10}},
    "augmentation": {"room": {}},
    "baseline": {},
    "strategy": [
        {"name": "width", "width_multiplier": [0.25, 0.5]},
        {"name": "noise", "augmentation": "room", "width_multiplier": [0.25, 0.5, 1.0]},
    ],
}


def misses(values: Mapping[str, Any]) -> float:
    """Wide models miss less, and noise in training helps."""
    return 0.9 - 0.3 * values["width_multiplier"] - 0.2 * (values["augmentation"] == "room")


def accuracy(values: Mapping[str, Any]) -> recorded.Figures:
    return recorded.Figures(
        0.95 - 0.05 * (1 - values["width_multiplier"]) - 0.1 * (values["augmentation"] == "room"), 100_000, 0.1, 0.5
    )


@pytest.fixture(scope="module")
def run() -> Run:
    return with_heard(recorded.build(SPACE, accuracy, validation=200), misses)


def test_ranks_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 5, (2, 6, 12)).astype(float)
    np.testing.assert_allclose(spearman(one, other), [spearmanr(*each)[0] for each in zip(one, other, strict=True)])
    assert spearman(np.ones((1, 3)), np.array([[1.0, 2.0, 3.0]]))[0] == 0


def test_augmentation_is_told_by_pairs_that_differ_in_it_alone(run: Run) -> None:
    found = in_streams(Worlds(run))
    assert found is not None
    effect = found.augmentations["room"]
    assert len(effect.pairs) == 3
    assert effect.change(MISSES).value == pytest.approx(-0.2)
    assert effect.change(MISSES).high < 0
    told = found.to_dict()
    assert told["augmentation"]["room"]["misses_points_by_snr_db"]["20"] == pytest.approx(-20)
    assert "room changes accuracy on clips by -" in found.augmentation_sentences[0]


def test_the_choice_of_the_clips_is_held_against_that_of_the_stream(run: Run) -> None:
    found = in_streams(Worlds(run))
    assert found is not None
    by_clips, by_stream = found.chosen
    assert by_clips.values["augmentation"] == "none"
    assert (by_stream.values["augmentation"], by_stream.values["width_multiplier"]) == ("room", 1.0)
    assert found.regret.value == pytest.approx(misses(by_clips.values) - misses(by_stream.values))
    assert -1 <= found.correlation.low <= found.correlation.value <= found.correlation.high <= 1
    assert "none will do" in found.threshold_sentences[0]
    sentences = [question for question, _ in answers(run).brief]
    assert sentences[3] == "Which strategy misses the fewest keywords in a stream?"
    assert sentences[-3:] == [question for question, _ in found.questions]


def test_missed_keywords_are_judged_like_accuracy_by_their_difference(run: Run) -> None:
    worlds = Worlds(run)
    assert plain_front(run.trials, run.objectives) == plain_front(run.trials, run.objectives[::-1])
    on = {trial.trial_id for trial, is_on in zip(run.trials, front(worlds, run.trials), strict=True) if is_on}
    best = min(run.trials, key=lambda trial: trial.figure("mean_miss_rate"))
    assert best.trial_id in on
    assert "the share of missed keywords" in reference_note(run.objectives)
    assert 0 < hypervolume(run.trials, run.objectives) < 1
    (room,) = [e for e in answers(run).effects if e.strategy == "noise" and e.level is None]
    assert room.to_dict()["misses_points"]["value"] < 0


def test_pick_by_hearing_goes_by_the_validation_stream(run: Run) -> None:
    found = pick(run, prefer="hearing")
    assert found.trial.values["augmentation"] == "room"
    assert found.by == "validation"
    assert found.to_dict()["prefer"] == "hearing"
    assert "It misses 40 % of the test stream's keywords" in found.figures
    with pytest.raises(QuantityError, match="have heard the same streams"):
        pick(recorded.build(SPACE, accuracy), prefer="hearing")


def test_what_listen_found_answers_too_without_being_an_objective() -> None:
    run = with_heard(recorded.build(SPACE, accuracy), misses, asked=False)
    assert MISSES not in run.objectives
    assert answers(run).heard is not None
    assert pick(run, prefer="hearing").trial.values["width_multiplier"] == 1.0
