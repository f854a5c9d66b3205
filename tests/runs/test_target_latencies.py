"""A run by the latencies of another machine: what was not timed there is said to be so, and nothing is mixed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner, Result
from support.spaces import MINI

from kwssearch import load_run
from kwssearch.cli.commands import main
from kwssearch.errors import UserError
from kwssearch.report.page import write_web_page
from kwssearch.runs import UNMEASURED, known_targets, load
from kwssearch.space import QuantityError
from kwssearch.system.storage import write_json
from kwssearch.testing import recorded

SLOWER = 10


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Measured on a board that is ten times slower, but for its last trial."""
    recorded.write(tmp_path / "run", space=MINI, clips=200, speakers=40)
    record = json.loads((tmp_path / "run" / "latency.json").read_text())
    record["trials"].popitem()
    for times in record["trials"].values():
        times.update({part: [SLOWER * time for time in values] for part, values in times.items()})
    write_json(tmp_path / "run" / "targets" / "board.json", {**record, "target": "board"})
    return tmp_path / "run"


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_latencies_are_those_of_the_target(run: Path) -> None:
    own, there = load(run), load(run, "board")
    *measured, last = there.trials
    assert [t.latency_ms for t in measured] == pytest.approx([SLOWER * t.latency_ms for t in own.trials[:-1]], rel=1e-3)
    assert (last.status, last.reason, last.executions) == (UNMEASURED, "not measured on board", ())
    assert known_targets(run) == ["board"]


def test_every_command_that_reads_takes_a_target(run: Path) -> None:
    own = json.loads(invoke("front", run, "--json").stdout)
    there = invoke("front", run, "--target", "board", "--json")
    latencies = {row["trial_id"]: row["latency_ms"] for row in own}
    for row in json.loads(there.stdout):
        assert row["latency_ms"] == pytest.approx(SLOWER * latencies[row["trial_id"]], rel=1e-3)
    told = "Latencies are those of board; 1 completed trial was not measured there and not compared.\n"
    assert there.stderr == told
    rows = json.loads(invoke("trials", run, "--target", "board", "--json").stdout)
    assert [row["status"] for row in rows][-1] == UNMEASURED
    assert rows[-1]["latency_ms"] is None
    picked = invoke("pick", run, "--target", "board", "--prefer", "latency")
    assert " on board." in " ".join(picked.stdout.split())
    assert f"of the {len(rows) - 1} trials measured on board" in " ".join(picked.stdout.split())
    details = invoke("answers", run, "--target", "board", "--details").stdout
    assert "Latencies are those of board." in details
    assert "not measured on board and not counted" in " ".join(details.split())


def test_a_report_of_a_target_has_a_place_of_its_own(run: Path) -> None:
    page = write_web_page(load(run, "board"))
    assert page == run / "targets" / "board" / "report.html"
    assert "compared on board</h1>" in page.read_text()


def test_the_shell_is_offered_targets(run: Path) -> None:
    completion = BashComplete(main, {}, "kwssearch", "_KWSSEARCH_COMPLETE")
    assert [item.value for item in completion.get_completions(["front", str(run), "--target"], "b")] == ["board"]


def test_from_python(run: Path) -> None:
    there = load_run(run, target="board")
    assert there.pick(prefer="latency").to_dict()["target"] == "board"
    assert set(there.front().index) <= {trial.trial_id for trial in there.run.completed}
    assert "measured on board" in repr(there)


@pytest.mark.parametrize("name", ["bord", "../latency", "", "-x", "a/b", "x" * 65, "board\n"])
def test_targets_that_are_not_there(run: Path, name: str) -> None:
    with pytest.raises(QuantityError, match=r"target: got .*expected"):
        load(run, name)


def test_damaged_records(run: Path) -> None:
    path = run / "targets" / "board.json"
    record = json.loads(path.read_text())
    next(iter(record["trials"].values()))["total"] = ["soon"]
    write_json(path, record)
    (warning,) = load(run, "board").warnings
    assert warning.endswith("passed over, its trial counts as not measured there.")
    path.write_text("{")
    with pytest.raises(UserError, match=r"board\.json: is damaged .*measure on that machine again"):
        load(run, "board")


def test_options_that_exclude_each_other(run: Path) -> None:
    assert invoke("measure", run, "--name", "board").exit_code == 2
    assert invoke("measure", run, "--target", "ssh://board", "--budget", "1").exit_code == 2
    assert invoke("measure", run, "--target", "ssh://-oX").exit_code == 2
    assert invoke("measure", run, "--target", "ssh://board", "--name", "../x").exit_code == 2
    assert invoke("report", run, "--target", "board", "--watch").exit_code == 2
