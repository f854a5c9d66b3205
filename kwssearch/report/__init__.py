"""What people look at: rows, tables, plots, pages."""

from kwssearch.report.answer_lines import answer_lines
from kwssearch.report.diff_tables import diff_record, show_diff
from kwssearch.report.layout import terminal_width, wrapped
from kwssearch.report.markdown import to_csv
from kwssearch.report.page import write_report
from kwssearch.report.recorded_run import RecordedRun, load_run
from kwssearch.report.rows import columns, front_rows, nearest_misses, trial_details, trial_rows
from kwssearch.report.space_tables import device_rows, show_devices, show_space
from kwssearch.report.tables import as_json, show_trial, show_trials

__all__ = [
    "RecordedRun", "answer_lines", "as_json", "columns", "device_rows", "diff_record", "front_rows", "load_run",
    "nearest_misses", "show_devices", "show_diff", "show_space", "show_trial", "show_trials", "terminal_width",
    "to_csv", "trial_details", "trial_rows", "wrapped", "write_report",
]  # fmt: skip
