"""The prose of a whole page, as it was last read by a person.

To renew it after a change that is meant: GOLDEN=write python -m pytest tests/report/test_golden.py, and read the diff.
"""

import os
from pathlib import Path

from support.spaces import MINI

from kwssearch.report import write_report
from kwssearch.testing import recorded

GOLDEN = Path(__file__).with_name("golden.md")


def test_the_page_reads_as_it_was_last_read(tmp_path):
    run = recorded.build(MINI, executions=2, failed={"05": "out of memory"}, waiting=("11",), folder=tmp_path)
    page = write_report(run, tmp_path / "report").read_text()
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(page)
    assert page == GOLDEN.read_text()
