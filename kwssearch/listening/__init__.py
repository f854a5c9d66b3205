"""A spotter that listens: streams made of a split's own clips, long recordings, and how models do on them."""

from kwssearch.listening.conduct import data_of, listen, settings_of, trials_to_hear, write_stream
from kwssearch.listening.hearing import Model
from kwssearch.listening.kept import KeptStream, kept_stream
from kwssearch.listening.records import keep_stream, recorded_settings
from kwssearch.listening.report import score
from kwssearch.listening.sources import SPLITS

__all__ = [
    "SPLITS", "KeptStream", "Model", "data_of", "keep_stream", "kept_stream", "listen", "recorded_settings",
    "score", "settings_of", "trials_to_hear", "write_stream",
]  # fmt: skip
