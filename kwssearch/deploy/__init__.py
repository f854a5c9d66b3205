"""A trial's model as people take it away: a bundle for Python, C for a microcontroller, and a way to try it."""

from kwssearch.deploy.bundle import export
from kwssearch.deploy.bundled.answers import line as answer_line
from kwssearch.deploy.shipped import find_model
from kwssearch.deploy.trying import model_named, try_files, try_microphone

__all__ = ["answer_line", "export", "find_model", "model_named", "try_files", "try_microphone"]
