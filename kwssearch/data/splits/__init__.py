"""Which clip is for what: lists that people have, speakers who are kept apart, and writing it down."""

from kwssearch.data.splits.dealing import (
    SPLITS,
    Shares,
    deal_clips,
    deal_speakers,
    place_of,
    split_by_speaker,
)
from kwssearch.data.splits.deciding import Split, choose, split_clips, tell_of_lines
from kwssearch.data.splits.lists import Meaning, find_lists
from kwssearch.data.splits.writing import write_split

__all__ = [
    "SPLITS", "Meaning", "Shares", "Split", "choose", "deal_clips", "deal_speakers", "find_lists", "place_of",
    "split_by_speaker", "split_clips", "tell_of_lines", "write_split",
]  # fmt: skip
