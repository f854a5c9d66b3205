"""`kwssearch report --watch`: a page that follows a search, and ends with it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from pathlib import Path

import pytest
from support import shell
from support.spaces import MINI

from kwssearch.errors import UserError
from kwssearch.report.watching import watch
from kwssearch.runs import RunFolder, is_held
from kwssearch.system.storage import write_json
from kwssearch.testing import recorded

RENEWS = '"reload":10'


def hold(folder: Path, pid: int | None = None, host: str | None = None) -> Path:
    """As a search in another process would, in this one's name."""
    path = folder / "holder.json"
    write_json(path, {"pid": pid or os.getpid(), "host": host or socket.gethostname(), "since": "now"})
    return path


@pytest.fixture
def searched(tmp_path: Path) -> Path:
    """A run of which one trial is completed, and the others' results lie beside it."""
    recorded.write(tmp_path / "whole", space=MINI, clips=80, speakers=40)
    run = tmp_path / "run"
    shutil.copytree(tmp_path / "whole", run)
    for path in sorted(run.glob("trial_*"))[1:]:
        shutil.rmtree(path)
    return run


def finish(run: Path, number: int) -> None:
    """The search records one more trial."""
    name = f"trial_{number:02d}"
    shutil.copytree(run.parent / "whole" / name, run / name)


def test_the_page_follows_the_search_and_ends_with_it(searched: Path) -> None:
    held, page, seen = hold(searched), searched / "report" / "report.html", []

    def pause(seconds: float) -> None:
        text = page.read_text()
        seen.append((text.count('"status":"completed"'), RENEWS in text, page.stat().st_mtime_ns))
        if len(seen) == 2:
            finish(searched, 1)
        if len(seen) == 3:
            finish(searched, 2)
            held.unlink()

    told: list[str] = []
    assert watch(searched, told=told.append, pause=pause) == page.with_suffix(".md")
    assert [count for count, _, _ in seen] == [1, 1, 2]
    assert seen[0][2] == seen[1][2]  # nothing new, nothing written
    assert all(renews for _, renews, _ in seen)
    assert page.read_text().count('"status":"completed"') == 3
    assert RENEWS not in page.read_text()
    assert (page.parent / "report.md").exists()
    assert told == [f"{searched}: watching its search; Ctrl-C ends that.", str(page)]


def test_before_the_first_trial_it_waits(searched: Path) -> None:
    shutil.rmtree(searched / "trial_00")
    held = hold(searched)

    def pause(seconds: float) -> None:
        assert not (searched / "report").exists()
        held.unlink()

    with pytest.raises(UserError, match="no trial is completed"):
        watch(searched, told=str, pause=pause)


def test_without_a_search_the_report_is_written_once(searched: Path) -> None:
    told: list[str] = []
    assert watch(searched, told=told.append, pause=pytest.fail).exists()
    assert told == [f"{searched}: no search is running there."]


def test_ctrl_c_ends_it_and_the_page_stays_as_it_is(searched: Path, cache: Path) -> None:
    hold(searched)
    process = shell.start("report", searched, "--watch", cache=cache)
    page = searched / "report" / "report.html"
    shell.wait_for(page.exists)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told.endswith("Stopped; the page is as it was last written.\n")
    assert RENEWS not in page.read_text()


def test_who_holds_a_run_is_known(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    with RunFolder(tmp_path / "run").held():
        assert is_held(tmp_path / "run")
    assert not is_held(tmp_path / "run")
    dead = 4_194_300  # above what the system gives out
    hold(tmp_path, pid=dead)
    assert not is_held(tmp_path)
    hold(tmp_path, pid=dead, host="elsewhere")
    assert is_held(tmp_path)
    (tmp_path / "holder.json").write_text("{")
    assert not is_held(tmp_path)
