"""What a person sees of a search, on a terminal, in a log and in a notebook."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from kwssearch import runs
from kwssearch.data import load_data
from kwssearch.runs import RunFolder
from kwssearch.search import progress
from kwssearch.search.failures import Failure
from kwssearch.search.job import Job, Outcome
from kwssearch.search.pace import Pace, in_words
from kwssearch.search.plan import Budget, Plan, opened
from kwssearch.search.progress import Display, Progress
from kwssearch.search.telling import budget_sentence, conclusion, foretold
from kwssearch.search.trainers import Trainers
from kwssearch.space import load_space
from kwssearch.system.storage import write_json
from kwssearch.testing import tiny


@pytest.fixture
def plan(tmp_path: Path, words: Path) -> Plan:
    space = load_space(tiny.write_space(tmp_path / "tiny.toml", epochs=4))
    (tmp_path / "run").mkdir()
    return opened(RunFolder(tmp_path / "run"), space, load_data(words))


def printed(progress: Progress) -> str:
    return progress.console.file.getvalue()


def writer(terminal: bool = False) -> Progress:
    return Progress(Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None))


def job_of(plan: Plan, trial: int) -> Job:
    return next(plan.jobs(runs.Trial(plan.space.trials[trial])))


def outcome() -> Outcome:
    return Outcome({"accuracy": 0.5, "memory_bytes": 4000, "train_seconds": 3.2, "seconds": 4.0})


def test_the_plan_is_told_in_good_english(plan) -> None:
    told = writer()
    told.announce(plan, Trainers(1))
    assert "4 trials, 0 done already, 4 to run, 4 epochs each." in printed(told)
    assert "with 1 worker." in printed(told)
    one = writer()
    space = plan.space.with_recipe(epochs=1)
    one.announce(replace(plan, run=replace(plan.run, space=space), budget=Budget(trials=1)), Trainers(2))
    assert "1 trial, 0 done already, 1 to run, 1 epoch each." in printed(one)


def test_a_log_has_a_line_for_each_beginning_and_end(plan) -> None:
    told = writer()
    with told.watching(plan) as display:
        job = job_of(plan, 0)
        display.under_way([job])
        display.under_way([job])
        display.ended(job, outcome(), True)
    lines = printed(told).splitlines()
    assert lines[0] == "trial 0 (mfcc cnn α 0.05): begins"
    assert "accuracy 50.0%, 4.00 kB zipped, 3 s of training (1 of 4 done" in lines[1]
    assert len(lines) == 2


def test_the_live_percentage_is_called_training_accuracy(plan, monkeypatch) -> None:
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)
    told = writer()
    with told.watching(plan) as display:
        job = job_of(plan, 0)
        display.under_way([job])
        job.folder.mkdir(parents=True)
        write_json(job.folder / "progress.json", {"epoch": 2, "accuracy": 0.75})
        display.under_way([job])
    assert "epoch 2 of 4, training accuracy 75.0%" in printed(told)


@pytest.mark.parametrize("stage", ["making features", "training"])
def test_what_goes_on_before_the_first_epoch_is_shown(plan, monkeypatch, stage: str) -> None:
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)
    told = writer()
    with told.watching(plan) as display:
        job = job_of(plan, 0)
        display.under_way([job])
        job.folder.mkdir(parents=True)
        write_json(job.folder / "progress.json", {"epoch": 0, "stage": stage})
        display.under_way([job])
    assert f"trial 0 (mfcc cnn α 0.05): {stage}" in printed(told)


def test_a_terminal_has_a_table_that_is_drawn_anew(plan) -> None:
    told = writer(terminal=True)
    with told.watching(plan) as display:
        display.under_way([job_of(plan, 0), job_of(plan, 1)])
    text = re.sub(r"\x1b\[[^m]*m", "", printed(told))
    assert "worker 2" in text and "starting" in text
    assert "0 of 4 done" in text


def test_a_failure_says_whether_it_is_tried_once_more(plan) -> None:
    told = writer()
    with told.watching(plan) as display:
        for last in (False, True):
            display.ended(job_of(plan, 2), Failure("no luck", ""), last)
    assert "no luck; trying once more" in printed(told)
    assert "no luck; given up" in printed(told)
    assert display.failed == 1


def test_the_time_left_goes_down_as_work_is_done(plan) -> None:
    display = Display(plan, writer(), progress.Canvas())
    left = []
    for trial in range(4):
        display.ended(job_of(plan, trial), outcome(), True)
        left.append(display.time_left([]))
    seconds = [float(re.search(r"about ([\d.]+)", text)[1]) for text in left[:3]]
    assert left[3] == ""
    assert seconds == sorted(seconds, reverse=True)


def test_large_models_first_promise_not_too_little_for_small_ones() -> None:
    """Seconds are 1 s of overhead and a second for each hundred million multiply-accumulates."""
    sizes = [4e8, 2e8, 1e8, 5e7, 2e7, 1e7, 1e7, 1e7, 1e7]
    truth = [1 + size / 1e8 for size in sizes]
    pace = Pace()
    for size, seconds in zip(sizes[:4], truth[:4], strict=True):
        pace.took(size, seconds)
    assert pace.expected(sizes[4:]) == pytest.approx(sum(truth[4:]), rel=0.1)


def test_a_notebook_has_a_table_in_its_page(plan, monkeypatch) -> None:
    pages: list[str] = []

    class Handle:
        def update(self, content: dict[str, str], raw: bool = False) -> None:
            assert raw, "a mimetype bundle is shown as text otherwise"
            pages.append(content["text/plain"])

    def display(content: dict[str, str], raw: bool = False, display_id: bool = False) -> Handle:
        pages.append(content["text/plain"])
        return Handle()

    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    told = writer()
    with told.watching(plan) as watcher:
        watcher.under_way([job_of(plan, 0)])
    assert "trial 0 (mfcc cnn α 0.05)" in pages[-1]
    assert printed(told) == ""


def test_silence_is_silent(plan) -> None:
    quiet = Progress(silent=True)
    quiet.announce(plan, Trainers(1))
    with quiet.watching(plan) as display:
        display.ended(job_of(plan, 0), outcome(), True)


@pytest.mark.parametrize("retried, told", [(False, "To try the failed ones again"), (True, "2 of 2 trials completed")])
def test_the_conclusion_names_failures_and_what_is_next(plan, retried: bool, told: str) -> None:
    record: dict[str, Any] = {"reason": "no luck"}
    done = tuple(runs.Execution(0, "completed", {}) for _ in range(1))
    first, second = (runs.Trial(planned, executions=done) for planned in plan.space.trials[:2])
    if not retried:
        second = runs.Trial(second.planned, failures=(runs.Execution(0, "failed", record),))
    shown = writer()
    failed = conclusion(replace(plan.run, trials=(first, second)), shown.say)
    assert failed == (0 if retried else 1)
    assert told in printed(shown)
    assert "Next: kwssearch front" in printed(shown)


def test_nothing_is_next_after_nothing(plan) -> None:
    shown = writer()
    conclusion(replace(plan.run, trials=(runs.Trial(plan.space.trials[0]),)), shown.say)
    assert "Next" not in printed(shown)
    assert "0 of 1 trial completed." in printed(shown)


@pytest.mark.parametrize(
    "most, skipped, told",
    [
        (None, 1, ""),
        (1, 0, "The budget of 1 trial is spent; 3 points of the space were not reached."),
        (1, 1, ""),
        (3, 1, "A grid would have trained 2 more within the budget of 3 trials."),
        (9, 1, "A grid would have trained 3 more within the budget of 9 trials."),
        (3, 0, ""),
    ],
)
def test_fewer_results_than_a_grid_would_have_given_are_told(plan, most, skipped: int, told: str) -> None:
    whole = len(plan.space.trials)
    space = replace(plan.space, max_trials=most)
    first, *others = plan.space.trials
    trials = [runs.Trial(first, executions=(runs.Execution(0, "completed", {}),))]
    trials += [runs.Trial(planned, skipped={"chance": 0.1}) for planned in others[:skipped]]
    assert whole == 4
    assert budget_sentence(replace(plan.run, space=space, trials=tuple(trials)), skipped) == told


@pytest.mark.parametrize(
    "seconds, words", [(0.2, "1 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h")]
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_how_far_a_budget_of_time_will_come(plan) -> None:
    assert "shows in the time left" in foretold(plan, 2)
    done = runs.Trial(plan.space.trials[0], executions=(runs.Execution(0, "completed", {"seconds": 60.0}),))
    begun = replace(plan, run=replace(plan.run, trials=(done, *plan.run.trials[1:])))
    assert foretold(begun, 1 / 60).startswith("In 0.0166667 h about 1 of 3 trainings will end")
    assert "about 3 of 3 trainings will end" in foretold(begun, 2)
    assert "about 0 of 3 trainings will end" in foretold(begun, 0.001)


def test_how_far_it_comes_depends_on_what_is_trained_first(plan, monkeypatch) -> None:
    costs = dict(zip((planned.trial_id for planned in plan.space.trials), (1e9, 4e9, 3e9, 2e9), strict=True))
    monkeypatch.setattr(Plan, "cost_of", lambda self, planned: costs[planned.trial_id])
    done = runs.Trial(plan.space.trials[0], executions=(runs.Execution(0, "completed", {"seconds": 900.0}),))
    begun = replace(plan, run=replace(plan.run, trials=(done, *plan.run.trials[1:])))
    assert "about 1 of 3 trainings will end" in foretold(begun, 1.2)  # 4e9 first, since the cheapest third is done
    record = {**plan.run.record, "oracle": "front"}
    assert "about 2 of 3 trainings will end" in foretold(replace(begun, run=replace(begun.run, record=record)), 1.3)
