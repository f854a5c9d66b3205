"""Which job is next."""

from __future__ import annotations

from dataclasses import replace

from kwssearch.search.job import Job, Trained
from kwssearch.search.queue import Queue
from kwssearch.space import load_space

SPACE = load_space("lab4")
COSTS = {trial.trial_id: cost for trial, cost in zip(SPACE.trials, [100, 20, 50, 10, *range(18)], strict=True)}


def job(trial: int, execution: int = 0, beginning: str | None = None) -> Job:
    return Job(SPACE, "data", "", "run", SPACE.trials[trial], execution, None, beginning, False)


def queue(jobs: list[Job], has_state: bool = False) -> Queue:
    waiting = Queue(COSTS, has_state=lambda j: has_state)
    waiting.add(jobs)
    return waiting


def order(waiting: Queue, running: list[Job] | None = None) -> list[tuple[str, int]]:
    taken = []
    while (following := waiting.take(running or [])) is not None:
        taken.append(following.key)
    return taken


def test_long_jobs_first_and_first_executions_before_second_ones() -> None:
    jobs = [job(trial, execution) for execution in (1, 0) for trial in (3, 0, 2, 1)]
    ids = ["00", "02", "01", "03"]
    assert order(queue(jobs)) == [(i, 0) for i in ids] + [(i, 1) for i in ids]


def test_jobs_that_come_later_find_their_place() -> None:
    waiting = queue([job(1), job(0, execution=1)])
    waiting.add([job(2)])
    assert order(waiting) == [("02", 0), ("01", 0), ("00", 1)]


def test_a_job_waits_for_a_beginning_that_another_is_making() -> None:
    first, second, other = job(0, beginning="a"), job(2, beginning="a"), job(3, beginning="b")
    assert order(queue([second, other]), [first]) == [other.key, second.key]
    assert order(queue([second, other], has_state=True), [first]) == [second.key, other.key]


def test_a_worker_never_idles_for_a_beginning() -> None:
    first, second = job(0, beginning="a"), job(2, beginning="a")
    waiting = queue([second])
    assert not waiting.has_first([first])
    assert waiting.take([first]) == second


def test_a_second_execution_does_not_keep_the_oracle_from_being_asked() -> None:
    assert not queue([job(0, execution=1)]).has_first([])
    assert queue([job(0, execution=1), job(1)]).has_first([])


def test_another_attempt_comes_first() -> None:
    waiting = queue([job(0), job(1)])
    waiting.put_back(job(3))
    assert order(waiting)[0] == ("03", 0)


def test_nothing_waits() -> None:
    assert queue([]).take([]) is None


def test_a_file_waits_for_its_training_and_starts_once_there_is_one() -> None:
    space = load_space("lab4-int8")
    plain = space.trials[0]
    (twin,) = (trial for trial in space.trials if trial.values == {**plain.values, "quantization": "int8"})
    trains, converts = (Job(space, "data", "", "run", planned, 0, None, None, False) for planned in (plain, twin))
    assert trains.trainings == converts.trainings
    waiting = Queue({})
    waiting.add([converts])
    assert waiting.take([trains]) is None
    assert not waiting.untrained([trains]), "so that the oracle may be asked for something else"
    converting = replace(trains, given=Trained({}, b"", {}))
    assert waiting.take([converting]) == converts
