"""Comments claim no more than the data can tell."""

import re

import pytest
from support.spaces import MINI

from kwssearch.analysis import Worlds, answers
from kwssearch.report.comments import strategy_comment
from kwssearch.testing import recorded

PRUNED = {**MINI, "strategy": [{"name": "pruning", "final_sparsity": [0.7, 0.8, 0.95]}]}


def comment(accuracies, **options):
    """On a strategy whose levels have these accuracies, by sparsity; 0.9 elsewhere."""

    def figures(values):
        return recorded.flat_figures(values)._replace(accuracy=accuracies.get(values["final_sparsity"], 0.9))

    run = recorded.build(PRUNED, figures=figures, **options)
    worlds = Worlds(run)
    effects = [effect for effect in answers(run, 1, worlds).effects if effect.strategy == "pruning"]
    return " ".join(strategy_comment(worlds, "pruning", effects))


def test_levels_that_are_alike_are_named_together():
    text = comment({0.7: 0.88, 0.8: 0.88, 0.95: 0.6})
    assert "keep accuracy best and cannot be told apart" in text
    assert "sparsity 0.95 keeps accuracy worst" in text
    assert "sparsity 0.7 keeps accuracy best" not in text


def test_a_level_that_is_surely_best_is_called_so():
    assert "sparsity 0.7 keeps accuracy best" in comment({0.7: 0.9, 0.8: 0.8, 0.95: 0.6})


def test_nothing_is_best_or_worst_at_chance():
    text = comment({0.7: 0.13, 0.8: 0.13, 0.95: 0.13})
    assert "Its 3 levels cannot be told apart in accuracy" in text
    assert "worst" not in text
    assert "no better than always answering" in text


@pytest.mark.parametrize("rounds", [None, 50])
def test_a_latency_that_others_share_is_no_record(rounds):
    text = comment({}, rounds=rounds)
    assert "the fastest is trial" in text
    alike = re.search(r"; (\d) others may be as good", text.split("the fastest is")[1])
    assert alike is not None
    assert int(alike[1]) >= 4
