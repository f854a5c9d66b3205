"""One trial for a device: the rule, its doubt, and what is said where nothing fits."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from support.heard import with_heard
from support.spaces import MINI

from kwssearch.analysis import Worlds, pick
from kwssearch.errors import UserError
from kwssearch.runs import Run, load
from kwssearch.space import ACCURACY, LATENCY, MEMORY, Limits, QuantityError
from kwssearch.testing import recorded

PREFER = {"accuracy": (ACCURACY, MEMORY, LATENCY), "memory": (MEMORY, ACCURACY, LATENCY)}
PREFER["latency"] = (LATENCY, ACCURACY, MEMORY)


@pytest.fixture(scope="module")
def run() -> Run:
    return recorded.build("lab4", validation=600, executions=2)


def plainly(figures: dict[str, list[float]], fitting: list[int], prefer: str) -> int | None:
    """The rule, written once more with loops."""
    left = list(fitting)
    for objective in PREFER[prefer]:
        if not left:
            return None
        losses = {i: objective.sign * figures[objective.name][i] for i in left}
        best = min(losses.values())
        most = best + objective.resolution if not objective.is_cost else best * (1 + objective.resolution)
        left = [i for i in left if losses[i] <= most]
    return left[0]


@pytest.mark.parametrize("prefer", PREFER)
@pytest.mark.parametrize("limits", [Limits(), Limits(min_accuracy=0.86, max_memory=4e5, max_latency=0.9)])
def test_the_pick_and_its_doubt_are_those_of_the_rule(run: Run, prefer: str, limits: Limits) -> None:
    found = pick(run, limits, prefer)
    judged = run.on_validation
    assert judged is not None
    worlds, names = Worlds(judged), [trial.trial_id for trial in judged.trials]

    def one(figures: dict[str, list[float]]) -> str | None:
        fitting = [i for i in range(len(names)) if not limits.misses({k: v[i] for k, v in figures.items()})]
        place = plainly(figures, fitting, prefer)
        return None if place is None else names[place]

    observed = {o.name: [trial.figure(o.name) for trial in judged.trials] for o in PREFER[prefer]}
    assert found.trial_id == one(observed)
    drawn = [{o.name: worlds.drawn[o.name][w].tolist() for o in PREFER[prefer]} for w in range(worlds.worlds)]
    counts = Counter(map(one, drawn))
    assert found.shares == {name: count / worlds.worlds for name, count in counts.items()}
    assert sum(found.shares.values()) == pytest.approx(1)


def test_validation_decides_and_the_test_split_reports(run: Run) -> None:
    """The trial with the best validation answers is taken although the test split says otherwise."""
    assert run.validation is not None
    lucky, *others = run.trials
    perfect = [recorded.with_answers(e, run.validation, run.validation.labels) for e in lucky.executions]
    wrong = replace(lucky, executions=tuple(replace(e, record={**e.record, "accuracy": 0.3}) for e in perfect))
    found = pick(recorded.with_trial(run, wrong))
    assert found.trial_id == lucky.trial_id
    assert (found.decided.accuracy, found.trial.accuracy) == (1.0, 0.3)
    assert "the highest accuracy on the validation split" in found.choice
    assert "Accuracy on the test split 30.0 % (95 % interval" in found.figures
    assert "what decided is the validation split's 100.0 %" in found.figures
    assert found.share > 0.9
    assert others


def test_without_validation_answers_the_test_split_decides_and_that_is_said(run: Run) -> None:
    old = replace(run, validation=None)
    found = pick(old)
    assert (found.by, found.trial_id) == ("test", max(old.trials, key=lambda t: round(t.accuracy, 3)).trial_id)
    assert "it decided too, so expect somewhat less" in found.figures
    first = run.trials[0].executions[0]
    bare = replace(first, record={k: v for k, v in first.record.items() if k != "validation_predictions"})
    mixed = recorded.with_trial(run, replace(run.trials[0], executions=(bare,)))
    assert pick(mixed).by == "test"


def test_confident_is_a_share_of_worlds(run: Run) -> None:
    judged = run.on_validation
    assert judged is not None
    least = sorted(trial.accuracy for trial in judged.trials)[-4]
    kept = (Worlds(judged).accuracy >= least).mean(axis=0)
    sure = [t for t, share in zip(judged.trials, kept, strict=True) if share >= 0.6 and t.accuracy >= least]
    assert 0 < len(sure) < 4
    found = pick(run, Limits(min_accuracy=least), "memory", confident=0.6)
    assert found.trial_id == min(sure, key=lambda trial: trial.memory_bytes).trial_id
    assert found.fitting == len(sure)
    with pytest.raises(
        UserError, match=r"in 100 % of the bootstrap worlds: the nearest, trial \d\d .* has it in \d+ %"
    ):
        pick(run, Limits(min_accuracy=least), confident=1.0)


NONE = [
    (Limits(max_memory=9e3), r"none has memory at most 9.00 kB: the nearest, trial \d\d .*, has .* kB, \d+ % too much"),
    (Limits(min_accuracy=0.99), r"accuracy at least 99.0 %: .* points too few. Accuracies are those of the validation"),
    (Limits(max_memory=9e3, max_latency=1e-3), r"none has memory .*; none has latency"),
    (Limits(min_accuracy=0.875, max_memory=1e5), r"each is kept by some\. Trial \d\d .* misses it by: "),
]


@pytest.mark.parametrize("limits, told", NONE)
def test_what_excludes_all_is_named_with_the_nearest(run: Run, limits: Limits, told: str) -> None:
    with pytest.raises(UserError, match=told):
        pick(run, limits)


def test_what_is_not_recorded_is_no_miss(run: Run) -> None:
    bare = [
        replace(t, executions=tuple(replace(e, record=without(e.record, "activation_bytes")) for e in t.executions))
        for t in run.trials
    ]
    with pytest.raises(UserError, match="RAM is not recorded in this run"):
        pick(replace(run, trials=tuple(bare)), Limits(max_ram=1e6))


def without(record: dict, key: str) -> dict:
    return {name: value for name, value in record.items() if name != key}


@pytest.mark.parametrize(
    "options, told",
    [
        ({"prefer": "memroy"}, "prefer: got 'memroy', expected one of .*Did you mean 'memory'"),
        ({"confident": 2}, "confident: got 2, expected a share"),
        ({"confident": 0.9}, "without a limit on accuracy"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(run: Run, options: dict, told: str) -> None:
    with pytest.raises(QuantityError, match=told):
        pick(run, **options)


def test_trials_that_are_as_good_go_on_to_what_decides_next() -> None:
    same = recorded.build(MINI, figures=recorded.flat_figures, rounds=None, executions=1)
    found = pick(same, prefer="memory")
    assert found.alike == found.fitting == len(same.trials)
    assert found.trial.accuracy == max(trial.accuracy for trial in same.trials)
    assert "come within 1 % of the least memory, and it is the most accurate of them on the test split" in found.choice
    assert pick(same, Limits(max_latency=9), "latency").doubt.endswith("Latencies are provisional: measure them.")


def test_validation_answers_are_read_from_disk(tmp_path) -> None:
    made = recorded.write(tmp_path, space=MINI, validation=80, clips=160, speakers=40)
    read = load(tmp_path)
    assert read.on_validation is not None
    assert np.array_equal(read.on_validation.labels, made.on_validation.labels)
    assert pick(read).sentences == pick(made).sentences


def test_a_limit_on_misses_is_held_against_the_validation_stream(run: Run) -> None:
    heard = with_heard(run, lambda values: 0.6 - 0.3 * values["width_multiplier"])
    found = pick(heard, Limits(max_misses=0.45), "memory")
    assert found.trial.figure("mean_miss_rate") <= 0.45 < max(t.figure("mean_miss_rate") for t in heard.completed)
    with pytest.raises(UserError, match=r"missed keywords at most 20.0 %: .* 10.0 points too many.* validation stream"):
        pick(heard, Limits(max_misses=0.2))
    with pytest.raises(UserError, match="missed keywords is not recorded in this run"):
        pick(run, Limits(max_misses=0.2))
