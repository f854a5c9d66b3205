"""What stands in a run's folder and in its report has the mode that the umask gives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.spaces import MINI

from kwssearch.report.page import write_report
from kwssearch.runs import RunFolder
from kwssearch.testing import recorded


@pytest.fixture(params=[0o022, 0o002, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def strange(folder: Path, umask: int) -> list[str]:
    return [
        f"{path.relative_to(folder.parent)} {path.stat().st_mode & 0o777:o}"
        for path in (folder, *folder.rglob("*"))
        if path.stat().st_mode & 0o777 != (0o777 if path.is_dir() else 0o666) & ~umask
    ]


def test_a_run_that_is_held(tmp_path: Path, umask: int) -> None:
    run = tmp_path / "run"
    folder = RunFolder(run)
    with folder.held():
        folder.end_execution("0", 1, {"accuracy": 1.0}, {"model.tflite": b"model"})
        assert {path.name for path in run.iterdir()} == {"lock", "holder.json", "trial_0"}
        assert strange(run, umask) == []


def test_a_report(tmp_path: Path, umask: int) -> None:
    run = recorded.write(tmp_path / "run", space={**MINI, "strategy": []}, clips=80, speakers=40)
    write_report(run, None)
    assert strange(tmp_path / "run", umask) == []
