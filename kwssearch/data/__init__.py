"""Recordings: words, speakers, splits, and what is wrong with a folder of them."""

from kwssearch.data.checkup import Checkup, checkup
from kwssearch.data.dataset import (
    NAMED,
    Clip,
    DataError,
    DataSet,
    check,
    difference,
    load_data,
    locate,
    look_through,
    record,
    recorded_labels,
)
from kwssearch.data.speakers import speaker_of, speaker_rule
from kwssearch.data.survey import Problem, grouped

__all__ = [
    "NAMED", "Checkup", "Clip", "DataError", "DataSet", "Problem", "check", "checkup", "difference", "grouped",
    "load_data", "locate", "look_through", "record", "recorded_labels", "speaker_of", "speaker_rule",
]  # fmt: skip
