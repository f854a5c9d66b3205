"""What people look at: rows, tables, plots, pages."""

from kwssearch.report.markdown import to_csv
from kwssearch.report.page import write_report
from kwssearch.report.rows import columns, front_rows, trial_details, trial_rows
from kwssearch.report.tables import as_json, show_space, show_trials

__all__ = [
    "as_json", "columns", "front_rows", "show_space", "show_trials", "to_csv", "trial_details", "trial_rows",
    "write_report",
]  # fmt: skip
