"""Figures from what was recorded: worlds, front, effects, verdicts, advice, words, cautions."""

from kwssearch.analysis.advantages import has_advantage, ties
from kwssearch.analysis.advice import Recommendation, budget_name, features_name
from kwssearch.analysis.answers import MEASURED_AGAINST, Answers, answers
from kwssearch.analysis.binomial import mcnemar, wilson
from kwssearch.analysis.brief import HELD_AGAINST
from kwssearch.analysis.cautions import grouped, split_cautions, trial_cautions
from kwssearch.analysis.effects import Effect
from kwssearch.analysis.interval import Floats, Interval
from kwssearch.analysis.pareto import (
    fits,
    front,
    front_share,
    hypervolume,
    limited_figures,
    non_dominated,
    plain_front,
    reference_note,
)
from kwssearch.analysis.verdicts import figure, told
from kwssearch.analysis.wording import change_cell, listed, points, ratio_cell, times
from kwssearch.analysis.words import ByWord, by_word
from kwssearch.analysis.worlds import SMALLEST, Worlds

__all__ = [
    "HELD_AGAINST", "MEASURED_AGAINST", "SMALLEST", "Answers", "ByWord", "Effect", "Floats", "Interval",
    "Recommendation", "Worlds", "answers", "budget_name", "by_word", "change_cell", "features_name", "figure",
    "fits", "front", "front_share", "grouped", "has_advantage", "hypervolume", "limited_figures", "listed",
    "mcnemar", "non_dominated", "plain_front", "points", "ratio_cell", "reference_note", "split_cautions", "ties",
    "times", "told", "trial_cautions", "wilson",
]  # fmt: skip
