"""Recordings: words, speakers, splits, and what is wrong with a folder of them."""

from kwssearch.data.dataset import (
    NAMED,
    Clip,
    DataError,
    DataSet,
    check,
    difference,
    load_data,
    record,
    recorded_labels,
)
from kwssearch.data.speakers import speaker_of, speaker_rule

__all__ = [
    "NAMED", "Clip", "DataError", "DataSet", "check", "difference", "load_data", "record", "recorded_labels",
    "speaker_of", "speaker_rule",
]  # fmt: skip
