"""The one loop, with jobs that only pretend to train."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest
from support.random_policy import RandomPolicy

from kwssearch import runs
from kwssearch.data import load_data
from kwssearch.errors import UserError
from kwssearch.runs import RunFolder
from kwssearch.search import job as jobs
from kwssearch.search import loop
from kwssearch.search.failures import Failure
from kwssearch.search.job import Job, Outcome
from kwssearch.search.loop import Loop
from kwssearch.search.oracles import PolicyOracle
from kwssearch.search.plan import Budget, Plan, opened
from kwssearch.search.tuner import GridSearch, KwsTuner
from kwssearch.space import SearchSpace, load_space
from kwssearch.testing import tiny
from kwssearch.training import KwsHyperModel


def pretend(job: Job) -> Outcome:
    """What a worker would give."""
    figures = dict.fromkeys(runs.records.NUMBERS, 1.0)
    figures |= {"accuracy": 0.5, "predictions": [0] * 16}
    return Outcome({**jobs.identity(job), **figures, "status": "completed"}, {"model.tflite": b"model"})


class Pretending(Executor):
    """Gives every job's end when it is asked for the next one; `started` tells the order."""

    def __init__(self, end: Callable[[Job], Outcome | Failure] = pretend) -> None:
        self.end = end
        self.started: list[tuple[str, int]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        (job,) = args
        self.started.append(job.key)
        future: Future[Any] = Future()
        future.set_result(self.end(job))
        return future


class Watching:
    def __init__(self) -> None:
        self.seen: list[tuple[tuple[str, int], type, bool]] = []

    def under_way(self, jobs: list[Job]) -> None: ...

    def ended(self, job: Job, outcome: Outcome | Failure, last: bool) -> None:
        self.seen.append((job.key, type(outcome), last))

    def added(self, jobs: list[Job]) -> None: ...


@pytest.fixture
def space(tmp_path: Path) -> SearchSpace:
    return load_space(tiny.write_space(tmp_path / "tiny.toml"))


@pytest.fixture
def plan_of(tmp_path: Path, words: Path) -> Callable[..., Plan]:
    def made(space: SearchSpace, oracle: str = "grid", **options: Any) -> Plan:
        (tmp_path / "run").mkdir(exist_ok=True)
        return opened(RunFolder(tmp_path / "run"), space, load_data(words), oracle, **options)

    return made


def go(plan: Plan, executor: Executor, slots: int = 1, tuner: KwsTuner | None = None) -> tuple[KwsTuner, Watching]:
    path = plan.folder.path
    tuner = tuner or GridSearch(KwsHyperModel(plan.space), directory=path.parent, project_name=path.name)
    watching = Watching()
    Loop(tuner, plan, watching).run(executor, lambda: slots)
    return tuner, watching


def test_every_trial_is_asked_for_run_recorded_and_told_to_the_oracle(space, plan_of) -> None:
    executor = Pretending()
    tuner, watching = go(plan_of(space), executor)
    run = runs.load(tuner.folder.path)
    assert [trial.status for trial in run.trials] == ["completed"] * 4
    assert all(trial.declared for trial in run.trials)
    assert len(watching.seen) == 4
    assert tuner.oracle.end_order == [trial_id for trial_id, _ in executor.started]
    assert {trial.status for trial in tuner.oracle.trials.values()} == {"COMPLETED"}
    assert (tuner.folder.path / "trial_0" / "model.tflite").read_bytes() == b"model"


def test_a_free_worker_asks_for_no_more_than_it_needs(space, plan_of) -> None:
    asked: list[int] = []

    class Counting(GridSearch):
        def on_trial_begin(self, trial: Any) -> None:
            asked.append(len(self.oracle.trials))

    plan = plan_of(space)
    go(plan, Pretending(), tuner=Counting(KwsHyperModel(space), directory=plan.folder.path.parent, project_name="run"))
    assert asked == [1, 2, 3, 4]


def test_first_executions_come_before_second_ones(space, plan_of) -> None:
    executor = Pretending()
    go(plan_of(space.with_recipe(executions_per_trial=2)), executor)
    assert [execution for _, execution in executor.started] == [0] * 4 + [1] * 4


def test_kerastuners_hooks_are_called(space, plan_of) -> None:
    heard: list[str] = []

    class Hearing(GridSearch):
        def on_search_begin(self) -> None:
            heard.append("search begins")

        def on_search_end(self) -> None:
            heard.append("search ends")

        def on_trial_begin(self, trial: Any) -> None:
            heard.append(f"{trial.trial_id} begins")

        def on_trial_end(self, trial: Any) -> None:
            heard.append(f"{trial.trial_id} {trial.status}")
            super().on_trial_end(trial)

    plan = plan_of(space)
    go(plan, Pretending(), tuner=Hearing(KwsHyperModel(space), directory=plan.folder.path.parent, project_name="run"))
    assert heard[0] == "search begins" and heard[-1] == "search ends"
    assert sorted(heard[1:-1]) == sorted(f"{i} {what}" for i in range(4) for what in ("begins", "COMPLETED"))


def test_a_job_is_tried_twice_and_then_recorded_as_failed(space, plan_of) -> None:
    def end(job: Job) -> Outcome | Failure:
        return Failure("no luck", "Traceback ...") if job.planned.trial_id == "2" else pretend(job)

    executor = Pretending(end)
    tuner, watching = go(plan_of(space), executor)
    assert executor.started.count(("2", 0)) == 2
    assert [(kind, last) for key, kind, last in watching.seen if key[0] == "2"] == [(Failure, False), (Failure, True)]
    run = runs.load(tuner.folder.path)
    assert [trial.status for trial in run.trials] == ["completed", "completed", "failed", "completed"]
    assert run.trials[2].failures[0]["reason"] == "no luck"
    assert tuner.oracle.trials["2"].status == "FAILED"


def test_a_fault_of_the_surroundings_ends_the_search_and_fails_no_trial(space, plan_of) -> None:
    def end(job: Job) -> Outcome | Failure:
        return Failure("the disk is full", "", fatal=True) if job.planned.trial_id == "2" else pretend(job)

    plan = plan_of(space)
    with pytest.raises(UserError, match="the disk is full"):
        go(plan, Pretending(end))
    assert not any(trial.failures for trial in plan.folder.load().trials)


def test_a_worker_that_dies_is_a_failure_that_is_tried_again(space, plan_of) -> None:
    class Dying(Pretending):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future = super().submit(fn, *args)
            if len(self.started) == 1:
                future = Future()
                future.set_exception(RuntimeError("gone"))
            return future

    _, watching = go(plan_of(space), Dying())
    assert watching.seen[0][1:] == (Failure, False)
    assert [kind for _, kind, _ in watching.seen[1:]] == [Outcome] * 4


def test_what_was_begun_is_taken_up_first(space, plan_of) -> None:
    plan = plan_of(space)
    plan.folder.begin_trial(space.trials[3], "grid")
    executor = Pretending()
    go(plan_of(space), executor)
    assert executor.started[0] == ("3", 0)
    assert sorted(executor.started) == [(trial_id, 0) for trial_id in "0123"]


def test_more_executions_are_added_to_what_is_there(space, plan_of) -> None:
    go(plan_of(space), Pretending())
    executor = Pretending()
    tuner, _ = go(plan_of(space.with_recipe(executions_per_trial=2)), executor)
    assert sorted(executor.started) == [(trial_id, 1) for trial_id in "0123"]
    assert {len(trial.executions) for trial in runs.load(tuner.folder.path).trials} == {2}


def test_any_oracle_goes_through_the_same_loop(space, plan_of) -> None:
    plan = plan_of(space, "random")
    path = plan.folder.path
    oracle = PolicyOracle(RandomPolicy(space, seed=3), max_trials=3)
    tuner = KwsTuner(oracle, KwsHyperModel(space), directory=path.parent, project_name=path.name)
    go(plan, Pretending(), tuner=tuner)
    run = runs.load(path)
    assert [trial.trial_id for trial in run.trials] == ["0", "1", "2"]
    assert {trial.status for trial in run.trials} == {"completed"}
    assert len({tuple(trial.values.items()) for trial in run.trials}) == 3


def test_trials_that_share_a_beginning_have_its_name(space, plan_of) -> None:
    plan = plan_of(space)
    names = {trial.trial_id: plan.beginning(trial, 0) for trial in space.trials}
    assert names["0"] == names["2"] == names["3"] is not None
    assert names["1"] is None
    assert plan.beginning(space.trials[0], 1) != names["0"]


def test_a_budget_of_time_stops_the_search_and_what_is_left_goes_on(space, plan_of) -> None:
    plan = plan_of(space, budget=Budget(hours=1e-9))
    executor = Pretending()
    tuner = GridSearch(KwsHyperModel(space), directory=plan.folder.path.parent, project_name="run")
    assert Loop(tuner, plan, Watching()).run(executor, lambda: 1) is False
    assert len(executor.started) == 1
    rest = Pretending()
    assert Loop(tuner, plan_of(space), Watching()).run(rest, lambda: 1) is True
    assert len(rest.started) == 3


def test_what_a_second_try_cannot_mend_is_not_tried_twice(space, plan_of) -> None:
    executor = Pretending(lambda job: Failure("diverged", "Traceback ...", final=True))
    go(plan_of(space), executor)
    assert sorted(executor.started) == [(trial_id, 0) for trial_id in "0123"]


@pytest.mark.parametrize("executions, jobs", [(2, 6), (2, 8), (1, 4)])
def test_time_that_is_up_is_told_only_where_something_is_left(space, plan_of, monkeypatch, executions, jobs) -> None:
    """The deadline passes after so many jobs: with seeds still to train, or with the very last one."""
    executor = Pretending()
    clock = lambda: 1e9 if len(executor.started) >= jobs else 0.0  # noqa: E731
    monkeypatch.setattr(loop.time, "monotonic", clock)
    plan = plan_of(space.with_recipe(executions_per_trial=executions), budget=Budget(hours=1.0))
    tuner = GridSearch(KwsHyperModel(space), directory=plan.folder.path.parent, project_name="run")
    ended = Loop(tuner, plan, Watching()).run(executor, lambda: 1)
    assert len(executor.started) == jobs
    assert ended is (jobs == 4 * executions)


def wide_first(plan: Plan) -> Callable[[Job], Outcome]:
    """Ends of jobs of which the first trial's models alone are right, and the smallest and fastest."""
    labels = [int(label) for label in plan.data.labels("test")]

    def end(job: Job) -> Outcome:
        place = int(job.planned.trial_id)
        guess = labels if place == 0 else [(label + 1) % 2 for label in labels]
        own = {
            "accuracy": float(place == 0),
            "predictions": guess,
            "memory_bytes": 1 + place,
            "latency_ms": 1.0 + place,
        }
        return Outcome({**pretend(job).record, **own}, {"model.tflite": b"model"})

    return end


def executions(path: Path) -> dict[str, int]:
    return {trial.trial_id: len(trial.executions) for trial in runs.load(path).trials}


def test_further_seeds_are_for_the_front_alone(space, plan_of) -> None:
    plan = plan_of(space.with_recipe(executions_per_trial=3, repeated="front"))
    executor = Pretending(wide_first(plan))
    tuner, _ = go(plan, executor)
    assert [execution for _, execution in executor.started] == [0] * 4 + [1, 2]
    assert executions(tuner.folder.path) == {"0": 3, "1": 1, "2": 1, "3": 1}
    again = plan_of(space.with_recipe(executions_per_trial=3, repeated="front"))
    assert (again.left, again.done) == (0, 6)


@pytest.mark.parametrize("jobs", [3, 4, 5])
def test_seeds_for_the_front_go_on_where_they_stopped(space, plan_of, monkeypatch, jobs) -> None:
    declared = space.with_recipe(executions_per_trial=3, repeated="front")
    plan = plan_of(declared, budget=Budget(hours=1.0))
    executor = Pretending(wide_first(plan))
    clock = lambda: 1e9 if len(executor.started) == jobs else 0.0  # noqa: E731
    monkeypatch.setattr(loop.time, "monotonic", clock)
    tuner = GridSearch(KwsHyperModel(declared), directory=plan.folder.path.parent, project_name="run")
    assert not Loop(tuner, plan, Watching()).run(executor, lambda: 1)
    resumed = plan_of(declared)
    assert resumed.left > 0
    go(resumed, executor)
    assert executions(plan.folder.path) == {"0": 3, "1": 1, "2": 1, "3": 1}
    assert len(executor.started) == 6


def test_a_run_of_seeds_for_the_front_can_have_them_of_all(space, plan_of) -> None:
    plan = plan_of(space.with_recipe(executions_per_trial=2, repeated="front"))
    go(plan, Pretending(wide_first(plan)))
    go(plan_of(space.with_recipe(executions_per_trial=2)), Pretending(wide_first(plan)))
    assert set(executions(plan_of(space).folder.path).values()) == {2}


def test_an_oracle_that_learns_sees_a_trial_before_it_proposes_the_next(space, plan_of) -> None:
    seen: list[int] = []

    class Learning(RandomPolicy):
        def propose(self, ended, pending):
            seen.append(len(ended))
            return super().propose(ended, pending)

    plan = plan_of(space.with_recipe(executions_per_trial=3), "random")
    oracle = PolicyOracle(Learning(space, seed=3), max_trials=3)
    path = plan.folder.path
    go(plan, Pretending(), tuner=KwsTuner(oracle, KwsHyperModel(space), directory=path.parent, project_name=path.name))
    assert seen == [0, 1, 2]
