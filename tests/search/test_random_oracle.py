"""An oracle that is no grid, through the whole tool: run, kill, resume, front, report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import shell

from kwssearch import runs
from kwssearch.testing import tiny

SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
import kwssearch as kws
from kwssearch.search.oracles import PolicyOracle
from kwssearch.search.tuner import KwsTuner
from support.random_policy import RandomPolicy

space = kws.load_space("tiny.toml")
oracle = PolicyOracle(RandomPolicy(space, seed=5), max_trials=3)
tuner = KwsTuner(oracle, kws.KwsHyperModel(space), directory=".", project_name="run")
tuner.search({words!r}, workers=1)
tuner.results_summary()
"""


@pytest.mark.damage
def test_run_kill_resume_front_report(tmp_path: Path, words: Path, cache: Path) -> None:
    tiny.write_space(tmp_path / "tiny.toml", epochs=30)
    tests = str(Path(__file__).parents[1])
    (tmp_path / "search.py").write_text(SCRIPT.format(tests=tests, words=str(words)))
    command = [sys.executable, "search.py"]
    options = {"cwd": tmp_path, "env": shell.environment(cache), "text": True}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, start_new_session=True, **pipes, **options)
    shell.wait_for(lambda: len(list(tmp_path.rglob("trial.json"))) > 1 and list(tmp_path.rglob("progress.json")))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    done = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("result.json")}
    begun = [trial.values for trial in runs.load(tmp_path / "run").trials]
    assert 2 <= len(begun) <= 3

    ended = subprocess.run(command, capture_output=True, timeout=240, **options)
    assert ended.returncode == 0, ended.stderr
    run = runs.load(tmp_path / "run")
    assert [trial.status for trial in run.trials] == ["completed"] * 3
    assert [trial.values for trial in run.trials][: len(begun)] == begun
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert {json.loads((p / "trial.json").read_text())["proposed_by"] for p in (tmp_path / "run").glob("trial_*")} == {
        "shuffled"
    }
    rows = json.loads(shell.kwssearch("front", tmp_path / "run", "--json", cache=cache).stdout)
    assert rows and all(row["on_front"] for row in rows)
    reported = shell.kwssearch("report", tmp_path / "run", cache=cache)
    assert reported.returncode == 0, reported.stderr
    refused = shell.kwssearch("resume", tmp_path / "run", cache=cache)
    assert refused.returncode == 1
    assert "were proposed by oracle 'shuffled'" in refused.stderr
