"""Recordings: words, speakers, splits, and what is wrong with a folder of them."""

from kwssearch.data.checkup import Checkup, checkup
from kwssearch.data.dataset import (
    NAMED,
    Clip,
    DataError,
    DataSet,
    are_voices_known,
    check,
    difference,
    load_data,
    locate,
    look_through,
    record,
    recorded_labels,
    recorded_speakers,
)
from kwssearch.data.speakers import speaker_of, speaker_rule
from kwssearch.data.survey import Problem, grouped

__all__ = [
    "NAMED", "Checkup", "Clip", "DataError", "DataSet", "Problem", "are_voices_known", "check", "checkup",
    "difference", "grouped", "load_data", "locate", "look_through", "record", "recorded_labels",
    "recorded_speakers", "speaker_of", "speaker_rule",
]  # fmt: skip
