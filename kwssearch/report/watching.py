"""A page that is kept fresh while a search goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from kwssearch.report.page import write_report, write_web_page
from kwssearch.runs import Run, is_held, load

EVERY = 5  # seconds between looks at the run's folder
RENEWED = 10  # seconds after which the page loads itself again
SHARE = 0.1  # of the time, at most, is spent on writing


def watch(
    folder: Path,
    target: Path | None = None,
    told: Callable[[str], None] = print,
    pause: Callable[[float], None] = time.sleep,
) -> Path:
    """Writes report.html whenever the search has recorded something, and the whole report when it has ended.

    However it ends, the page that stays behind no longer loads itself again.

    Args:
        target: the report's folder; the run's `report` by default.
        told: is given each sentence for the user.

    Returns:
        The path of report.md.

    Raises:
        UserError: no run is there, or at its end no trial is completed.
    """
    run, seen, written = load(folder), None, False
    told(f"{folder}: {'watching its search; Ctrl-C ends that' if is_held(folder) else 'no search is running there'}.")
    try:
        while is_held(folder):
            begun = time.monotonic()
            if (records := stamps(folder)) != seen:
                run, seen = load(folder), records
                written = renew(run, target, told, first=not written) or written
            pause(max(EVERY, (time.monotonic() - begun) / SHARE))
    except BaseException:
        if written:
            write_web_page(run, target)
        raise
    return write_report(load(folder), target)


def renew(run: Run, target: Path | None, told: Callable[[str], None], first: bool) -> bool:
    """Whether there was anything to write."""
    if not run.completed:
        return False
    path = write_web_page(run, target, reload=RENEWED)
    if first:
        told(str(path))
    return True


def stamps(folder: Path) -> dict[str, int]:
    """When each record of the run was last written."""
    found = {}
    for pattern in ("*.json", "trial_*/result.json", "trial_*/execution_*/result.json"):
        for path in folder.glob(pattern):
            try:
                found[str(path)] = path.stat().st_mtime_ns
            except OSError:
                continue
    return found
