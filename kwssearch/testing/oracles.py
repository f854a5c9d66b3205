"""What every oracle must do, as tests to inherit: say how yours is made, and pytest runs them.

class TestMine(OracleConformance):
    def make(self, space):
        return PolicyOracle(MyPolicy(space, seed=7), max_trials=6)
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kwssearch.runs import Execution, Run, Trial
from kwssearch.space import SearchSpace, read_space
from kwssearch.testing.recorded import lab_figures

if TYPE_CHECKING:
    from kwssearch.search.oracles import PolicyOracle

SPACE = {
    "name": "conformance",
    "features": {"mfcc": {"kind": "mfcc", "coefficients": 10}},
    "strategy": [
        {"name": "DS-CNN", "architecture": "ds_cnn"},
        {"name": "narrow", "width_multiplier": [0.25, 0.5]},
        {"name": "pruned", "architecture": ["cnn", "ds_cnn"], "final_sparsity": [0.8, 0.9]},
    ],
}


@dataclass(frozen=True)
class Proposed:
    """A trial of a simulated search; `failed` if it ended without figures."""

    trial_id: str
    values: Mapping[str, Any]
    failed: bool


def simulate(
    oracle: PolicyOracle,
    recorded: Sequence[Proposed] = (),
    workers: int = 1,
    fails: Callable[[int], bool] = lambda number: False,
    most: int = 1000,
) -> list[Proposed]:
    """A search without training: picks up what is recorded, then goes on with `workers` workers.

    Args:
        fails: whether the trial that ends as the n-th one, counted from the first that is recorded, fails.
        most: stops after so many trials in all.

    Returns:
        all trials in the order of their ends.
    """
    ended = list(recorded)
    oracle.take_up(run_of(oracle.space, ended))
    running: list[Any] = []
    asked = 0
    while True:
        while len(running) < workers and len(ended) + len(running) < most:
            trial = oracle.create_trial(f"worker {(asked := asked + 1)}")
            if trial.status != "RUNNING":
                break
            running.append(trial)
        if not running:
            return ended
        trial = running.pop(0)
        done = Proposed(trial.trial_id, dict(trial.hyperparameters.values), fails(len(ended)))
        oracle.conclude(trial, trial_of(oracle.space, done))
        oracle.end_trial(trial)
        ended.append(done)


def run_of(space: SearchSpace, proposed: Sequence[Proposed]) -> Run:
    """The same trials as they would be read from a run's folder."""
    none = np.zeros(0, dtype=np.int64)
    return Run(Path("run"), {}, space, tuple(trial_of(space, each) for each in proposed), (), none, none)


def trial_of(space: SearchSpace, proposed: Proposed) -> Trial:
    planned = space.planned(proposed.trial_id, str(space.strategy_of(proposed.values)), proposed.values)
    if proposed.failed:
        return Trial(planned, failures=(Execution(0, "failed", {"reason": "no luck"}),), declared=True)
    figures = lab_figures(proposed.values)
    record = {
        "accuracy": figures.accuracy,
        "memory_bytes": figures.memory_bytes,
        "latency_ms": figures.feature_ms + figures.model_ms,
        "tflite_bytes": 2 * figures.memory_bytes,
        "macs": 1_000_000,
    }
    return Trial(planned, executions=(Execution(0, "completed", record),), declared=True)


class OracleConformance(ABC):
    """The contract between oracles and the loop of a search."""

    @abstractmethod
    def make(self, space: SearchSpace) -> PolicyOracle:
        """A new oracle, seeded, that knows nothing yet."""

    @property
    def space(self) -> SearchSpace:
        """Seven points by default."""
        return read_space(SPACE)

    def fresh(self) -> PolicyOracle:
        return self.make(self.space)

    def test_proposes_points_of_the_space_and_none_twice(self) -> None:
        proposed = simulate(self.fresh(), workers=3)
        assert proposed
        keys = [tuple(sorted(each.values.items())) for each in proposed]
        assert len(set(keys)) == len(keys)
        assert len({each.trial_id for each in proposed}) == len(proposed)
        assert all(self.space.strategy_of(each.values) for each in proposed)

    def test_asked_again_gives_the_trial_that_is_under_way(self) -> None:
        oracle = self.fresh()
        oracle.take_up(run_of(oracle.space, []))
        first = oracle.create_trial("one")
        assert oracle.create_trial("one") is first
        assert oracle.create_trial("other").trial_id != first.trial_id

    def test_is_deterministic(self) -> None:
        assert simulate(self.fresh()) == simulate(self.fresh())
        assert simulate(self.fresh(), workers=2) == simulate(self.fresh(), workers=2)

    def test_failed_trials_end_nothing_and_are_not_proposed_again(self) -> None:
        for fails in (lambda number: number % 2 == 0, lambda number: True):
            proposed = simulate(self.fresh(), fails=fails)
            keys = [tuple(sorted(each.values.items())) for each in proposed]
            assert len(set(keys)) == len(keys) >= 2

    def test_goes_on_after_a_restart_at_any_moment(self) -> None:
        whole = simulate(self.fresh(), fails=lambda number: number == 1)
        for moment in range(len(whole) + 1):
            begun = simulate(self.fresh(), fails=lambda number: number == 1, most=moment)
            assert begun == whole[:moment]
            assert simulate(self.fresh(), begun, fails=lambda number: number == 1) == whole

    def test_takes_up_what_is_under_way(self) -> None:
        oracle = self.fresh()
        (first,) = simulate(oracle, most=1)
        planned = oracle.space.planned(first.trial_id, str(oracle.space.strategy_of(first.values)), first.values)
        run = run_of(oracle.space, [])
        again = self.fresh()
        under_way = again.take_up(
            Run(run.folder, {}, run.space, (Trial(planned, declared=True),), (), run.labels, run.labels)
        )
        assert [trial.trial_id for trial in under_way] == [first.trial_id]
        following = again.create_trial("one")
        assert following.status != "RUNNING" or following.trial_id != first.trial_id

    def test_ranks_by_domination_the_front_first(self) -> None:
        oracle = self.fresh()
        proposed = simulate(oracle)
        front = [trial.trial_id for trial in oracle.get_best_trials()]
        ranked = oracle.get_best_trials(len(proposed))
        assert front == [trial.trial_id for trial in ranked[: len(front)]]
        assert [trial.score for trial in ranked] == sorted(trial.score for trial in ranked)

    def test_saves_nothing(self, tmp_path: Path) -> None:
        oracle = self.fresh()
        oracle._set_project_dir(os.fspath(tmp_path), "run")
        simulate(oracle)
        oracle.save()
        oracle.reload()
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
