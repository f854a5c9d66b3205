"""Per word, and what warns where a figure means little."""

from dataclasses import replace

import numpy as np
import pytest
from support.spaces import MINI

from kwssearch.analysis import answers, by_word, split_cautions, trial_cautions
from kwssearch.analysis.cautions import grouped
from kwssearch.analysis.worlds import Worlds
from kwssearch.report import trial_details, trial_rows
from kwssearch.space import QuantityError
from kwssearch.testing import recorded

WORDS = ("go", "stop", "yes")


def answering(*answers_and_counts, executions=1):
    """A run of one trial that gave `said` to `count` clips of `word`, from (word, said, count)."""
    run = recorded.build(MINI, clips=16, speakers=8, executions=executions)
    labels = np.concatenate([np.full(count, WORDS.index(word)) for word, _, count in answers_and_counts])
    said = np.concatenate([np.full(count, WORDS.index(other)) for _, other, count in answers_and_counts])
    trial = run.trials[0]
    share = float(np.mean(said == labels))
    kept = [replace(e, record={**e.record, "predictions": said, "accuracy": share}) for e in trial.executions]
    trial = replace(trial, executions=tuple(kept))
    return replace(run, trials=(trial,), words=WORDS, labels=labels, speakers=np.arange(len(labels))), trial


def test_recall_precision_and_mistakes():
    words = by_word(
        *answering(("go", "go", 8), ("go", "stop", 2), ("stop", "stop", 3), ("stop", "go", 1), executions=2)
    )
    assert words.clips.tolist() == [10, 4, 0]
    assert words.recall[:2].tolist() == [0.8, 0.75]
    assert words.precision[:2].tolist() == [8 / 9, 3 / 5]
    assert words.balanced_accuracy == pytest.approx(0.775)
    assert words.mistakes() == [("go", "stop", 2.0), ("stop", "go", 1.0)]
    table = words.to_dict()["words"]
    assert (table[2]["recall"], table[2]["precision"], table[2]["recall_low"]) == (None, None, None)
    assert table[0]["recall_low"] < 0.8 < table[0]["recall_high"]


def test_ninety_five_percent_of_an_unequal_split_is_chance_and_a_word_is_lost():
    run, trial = answering(("go", "go", 300), ("yes", "go", 5), ("stop", "stop", 10))
    assert trial.accuracy > 0.95
    found = trial_cautions(Worlds(run), trial)
    assert found == ["never recognises 'yes'"]
    run, trial = answering(("go", "go", 300), ("yes", "go", 15))
    (first, *_) = trial_cautions(Worlds(run), trial)
    assert first == "no better than always answering 'go', which is right for 95.2 % of the clips"
    row = trial_rows(run)[0]
    assert row["balanced_accuracy"] == 0.5
    assert row["warnings"] == trial_cautions(Worlds(run), trial)
    assert any(note.startswith("Trial 00: never recognises 'yes'") for note in answers(run).notes)


def test_a_good_trial_on_a_good_split_is_not_warned_of():
    run = recorded.build(MINI)
    assert split_cautions(run) == []
    assert trial_cautions(Worlds(run), run.trials[0]) == []


@pytest.mark.parametrize("clips, speakers, parts", [
    (40, 40, ["only 40 clips", "at least 6 of them (15 points)"]),
    (4, 4, ["only 4 clips", "more than there are"]),
    (400, 1, ["only 1 speaker:"]),
])  # fmt: skip
def test_a_split_that_tells_little_is_said(clips, speakers, parts):
    found = split_cautions(recorded.build(MINI, clips=clips, speakers=speakers))
    assert all(part in " ".join(found) for part in parts)


def test_a_rare_word_is_said():
    run, _ = answering(("go", "go", 100), ("stop", "stop", 100), ("yes", "yes", 3))
    assert any("'yes' (3)" in sentence for sentence in split_cautions(run))


def test_trials_with_the_same_fault_share_a_sentence():
    assert grouped([("03", "is lost"), ("04", "is lost"), ("04", "is slow")]) == [
        "Trials 03, 04: is lost.", "Trial 04: is slow.",
    ]  # fmt: skip
    assert grouped([(str(i), "x") for i in range(20)])[0].count(",") == 12


def test_details_of_a_trial():
    run = recorded.build(MINI, waiting=("03",), failed={"04": "broken"})
    assert trial_details(run, "0")["words"][0]["word"] == run.words[0]
    assert trial_details(run, "3")["words"] == []
    assert trial_details(run, "4")["reason"] == "broken"
    with pytest.raises(QuantityError, match="trial: got '99', expected one of"):
        trial_details(run, "99")


def test_a_file_that_micro_answers_otherwise_is_told():
    run = recorded.build(MINI)
    (execution,) = run.trials[0].executions
    for steps, told in ((1, False), (146, True)):
        record = {**execution.record, "micro": {"accepted": True, "clips": 50, "largest_step": steps}}
        trial = replace(run.trials[0], executions=(replace(execution, record=record),))
        found = trial_cautions(Worlds(replace(run, trials=(trial, *run.trials[1:]))), trial)
        assert any("TensorFlow Lite Micro, by up to 146" in phrase for phrase in found) == told
