"""The oracles that are there keep the contract, and the grid's own promises."""

import pytest
from keras_tuner.oracles import GridSearchOracle
from support.random_policy import RandomPolicy

from kwssearch import runs
from kwssearch.errors import UserError
from kwssearch.policies import Signal
from kwssearch.search.oracles import GridOracle, PolicyOracle
from kwssearch.space import SearchSpace, load_space
from kwssearch.testing import recorded
from kwssearch.testing.oracles import OracleConformance, simulate

SPACE = load_space("lab4")


class TestGrid(OracleConformance):
    def make(self, space: SearchSpace) -> PolicyOracle:
        return GridOracle(space)


class TestGridOfKnownCosts(OracleConformance):
    def make(self, space: SearchSpace) -> PolicyOracle:
        oracle = GridOracle(space)
        oracle.prepare({planned.trial_id: float(planned.trial_id) % 3 for planned in space.trials})
        return oracle


class TestRandom(OracleConformance):
    def make(self, space: SearchSpace) -> PolicyOracle:
        return PolicyOracle(RandomPolicy(space, seed=7), max_trials=5)


def test_the_grid_is_keras_tuners_and_proposes_every_point_once_in_declared_order() -> None:
    oracle = GridOracle(SPACE)
    assert isinstance(oracle, GridSearchOracle)
    assert [(p.trial_id, p.values) for p in simulate(oracle)] == [(t.trial_id, t.values) for t in SPACE.trials]


def test_the_cheapest_third_is_proposed_first_then_the_longest() -> None:
    oracle = GridOracle(SPACE)
    costs = {planned.trial_id: (7 * i) % 22 for i, planned in enumerate(SPACE.trials)}
    oracle.prepare(costs)
    assert [costs[p.trial_id] for p in simulate(oracle)] == [*range(7), *range(21, 6, -1)]


@pytest.mark.parametrize("most", [1, 5, 22, 100])
def test_no_more_than_max_trials(most: int) -> None:
    assert len(simulate(GridOracle(SPACE, max_trials=most))) == min(most, 22)


def test_a_number_of_trials_that_is_none_is_refused() -> None:
    with pytest.raises(UserError, match=r"max_trials: got 0, expected at least one trial"):
        GridOracle(SPACE, max_trials=0)


def test_best_trials_are_the_front_not_a_sum_of_units() -> None:
    oracle = GridOracle(SPACE)
    for accuracy, memory, latency in [(0.9, 1e6, 2.0), (0.8, 1e5, 1.0), (0.8, 2e5, 1.0), (0.7, 1e6, 3.0)]:
        trial = oracle.create_trial("one")
        oracle.update_trial(trial.trial_id, {"accuracy": accuracy, "memory_bytes": memory, "latency_ms": latency})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    assert [trial.trial_id for trial in oracle.get_best_trials()] == ["00", "01"]
    assert [trial.trial_id for trial in oracle.get_best_trials(4)] == ["00", "01", "02", "03"]
    assert [trial.score for trial in oracle.get_best_trials(4)] == [0, 0, 1, 2]


def test_no_number_of_failures_ends_a_search() -> None:
    oracle = GridOracle(SPACE)
    assert len(simulate(oracle, fails=lambda number: True)) == 22
    assert oracle.create_trial("one").status == "STOPPED"
    assert oracle.get_best_trials() == []


def test_a_recorded_run_is_taken_up(finished) -> None:
    run = runs.load(finished)
    oracle = GridOracle(run.space)
    assert oracle.take_up(run) == []
    assert oracle.create_trial("one").status == "STOPPED"
    assert {trial.trial_id for trial in oracle.get_best_trials(4)} == set("0123")


class Waiting(RandomPolicy):
    """Proposes its second point when the first has ended."""

    def propose(self, seen, pending):
        return Signal.WAIT if pending else super().propose(seen, pending)


def test_an_oracle_may_wait_for_what_is_under_way() -> None:
    oracle = PolicyOracle(Waiting(SPACE, seed=1), max_trials=3)
    oracle.create_trial("one")
    assert oracle.create_trial("two").status == "IDLE"
    assert len(simulate(oracle, workers=2)) == 3


class Stuck(RandomPolicy):
    def propose(self, seen, pending):
        return Signal.WAIT


def test_an_oracle_that_waits_for_nothing_has_stopped() -> None:
    assert PolicyOracle(Stuck(SPACE, seed=1)).create_trial("one").status == "STOPPED"


class Wrong(RandomPolicy):
    def __init__(self, space, values):
        super().__init__(space, 0)
        self.values = values

    def propose(self, seen, pending):
        return self.values


def test_an_oracle_that_breaks_the_contract_is_told_of() -> None:
    outside = {**SPACE.trials[0].values, "width_multiplier": 0.123}
    with pytest.raises(RuntimeError, match="expected a new point of the space"):
        PolicyOracle(Wrong(SPACE, outside)).create_trial("one")
    twice = PolicyOracle(Wrong(SPACE, SPACE.trials[0].values))
    twice.create_trial("one")
    with pytest.raises(RuntimeError, match="expected a new point of the space"):
        twice.create_trial("two")


@pytest.mark.parametrize("name", runs.BUILT_IN)
def test_a_policy_of_ones_own_does_not_go_by_the_name_of_a_built_in_oracle(name: str) -> None:
    policy = RandomPolicy(SPACE, seed=1)
    policy.name = name
    with pytest.raises(UserError, match="give it another name"):
        PolicyOracle(policy)


def test_more_executions_are_asked_for_of_a_run_that_has_fewer() -> None:
    run = recorded.build(SPACE, executions=1)
    oracle = GridOracle(SPACE.with_recipe(executions_per_trial=3))
    oracle.take_up(run)
    assert oracle.space.recipe.executions_per_trial == 3
