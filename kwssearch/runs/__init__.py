"""The folder of a run: what it records, and reading it back without TensorFlow."""

from kwssearch.runs.changes import more_executions
from kwssearch.runs.comparing import run_changes, same_test_clips
from kwssearch.runs.folder import RunFolder
from kwssearch.runs.heard import listening_figures, stream_record
from kwssearch.runs.lock import is_held, now
from kwssearch.runs.naming import beginning_name, training_name
from kwssearch.runs.reading import VOICES_KNOWN, found_share, known_before, load
from kwssearch.runs.records import (
    BUILT_IN,
    FRONT,
    GRID,
    LEFT_OUT,
    LISTENING,
    PROGRESS_RECORD,
    RANDOM,
    SKIPPED,
    left_out_record,
    result_fault,
    shared_folder,
    trial_folder,
)
from kwssearch.runs.run import Clips, Execution, Latency, Run, Trial
from kwssearch.runs.starts import keep_start, kept_starts, start_folder
from kwssearch.runs.targets import UNMEASURED, known_targets, target_record

__all__ = [
    "BUILT_IN", "FRONT", "GRID", "LEFT_OUT", "LISTENING", "PROGRESS_RECORD", "RANDOM", "SKIPPED", "UNMEASURED",
    "VOICES_KNOWN", "Clips", "Execution", "Latency", "Run", "RunFolder", "Trial", "beginning_name", "found_share",
    "is_held", "keep_start", "kept_starts", "known_before", "known_targets", "left_out_record", "listening_figures",
    "load", "more_executions", "now", "result_fault", "run_changes", "same_test_clips", "shared_folder",
    "start_folder", "stream_record", "target_record", "training_name", "trial_folder",
]  # fmt: skip
