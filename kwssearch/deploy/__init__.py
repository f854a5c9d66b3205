"""A trial's model as people take it away: a bundle, C for a microcontroller, ways to try, score and time it."""

from kwssearch.deploy.bundle import bundle_files, export
from kwssearch.deploy.bundled.answers import line as answer_line
from kwssearch.deploy.shipped import find_model
from kwssearch.deploy.target import Target
from kwssearch.deploy.trying import model_named, try_files, try_microphone
from kwssearch.deploy.visit import Visit, visit

__all__ = [
    "Target", "Visit", "answer_line", "bundle_files", "export", "find_model", "model_named", "try_files",
    "try_microphone", "visit",
]  # fmt: skip
