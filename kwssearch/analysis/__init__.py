"""Figures from what was recorded: worlds, front, effects, verdicts, advice, words, cautions."""

from kwssearch.analysis.advantages import has_advantage, ties
from kwssearch.analysis.advice import Recommendation, budget_name, features_name
from kwssearch.analysis.answers import MEASURED_AGAINST, Answers, answers
from kwssearch.analysis.binomial import accuracy_interval, mcnemar, wilson
from kwssearch.analysis.brief import HELD_AGAINST
from kwssearch.analysis.cautions import grouped, split_cautions, trial_cautions
from kwssearch.analysis.effects import Effect
from kwssearch.analysis.foretold import forecast_errors
from kwssearch.analysis.interval import Floats, Interval
from kwssearch.analysis.misses import distance, fits, limited_figures, miss_sentence
from kwssearch.analysis.pareto import front, front_share, hypervolume, non_dominated, plain_front, reference_note
from kwssearch.analysis.picked import PREFERENCES, Pick
from kwssearch.analysis.picking import pick, preferences
from kwssearch.analysis.side_by_side import SideBySide
from kwssearch.analysis.verdicts import figure, told
from kwssearch.analysis.wording import change_cell, listed, points, ratio_cell, times
from kwssearch.analysis.words import ByWord, by_word
from kwssearch.analysis.worlds import SMALLEST, Worlds

__all__ = [
    "HELD_AGAINST", "MEASURED_AGAINST", "PREFERENCES", "SMALLEST", "Answers", "ByWord", "Effect", "Floats",
    "Interval", "Pick", "Recommendation", "SideBySide", "Worlds", "accuracy_interval", "answers", "budget_name",
    "by_word", "change_cell", "distance", "features_name", "figure", "fits", "forecast_errors", "front",
    "front_share", "grouped", "has_advantage", "hypervolume", "limited_figures", "listed", "mcnemar",
    "miss_sentence", "non_dominated", "pick", "plain_front", "points", "preferences", "ratio_cell",
    "reference_note", "split_cautions", "ties", "times", "told", "trial_cautions", "wilson",
]  # fmt: skip
