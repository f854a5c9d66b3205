"""Figures from what was recorded: worlds, front, effects, verdicts, advice, words, cautions."""

from kwssearch.analysis.answers import Answers, answers
from kwssearch.analysis.binomial import mcnemar, wilson
from kwssearch.analysis.cautions import split_cautions, trial_cautions
from kwssearch.analysis.interval import Interval
from kwssearch.analysis.pareto import fits, front, front_share, hypervolume, plain_front
from kwssearch.analysis.words import ByWord, by_word
from kwssearch.analysis.worlds import Worlds

__all__ = [
    "Answers", "ByWord", "Interval", "Worlds", "answers", "by_word", "fits", "front", "front_share", "hypervolume",
    "mcnemar", "plain_front", "split_cautions", "trial_cautions", "wilson",
]  # fmt: skip
