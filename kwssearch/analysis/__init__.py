"""Figures from what was recorded: worlds, front, effects, verdicts, advice."""

from kwssearch.analysis.answers import Answers, answers
from kwssearch.analysis.binomial import mcnemar, wilson
from kwssearch.analysis.pareto import fits, front, front_share, hypervolume
from kwssearch.analysis.worlds import Interval, Worlds

__all__ = [
    "Answers", "Interval", "Worlds", "answers", "fits", "front", "front_share", "hypervolume", "mcnemar", "wilson",
]  # fmt: skip
