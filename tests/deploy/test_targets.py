"""Another machine times a run's models: through a real sshd on loopback, with all that can go wrong on the way."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from support import sshd

from kwssearch.cli.commands import main
from kwssearch.deploy import Target, bundle_files, find_model, visit
from kwssearch.deploy import visit as visiting
from kwssearch.errors import UserError
from kwssearch.runs import load
from kwssearch.space import QuantityError

needs_sshd = pytest.mark.skipif(not sshd.THERE, reason="sshd is not installed (apt install openssh-server)")
STUB = {"model.tflite": b"", "bench.py": b"raise SystemExit('out of memory')"}
CLOCKS = {
    "backwards": "seen = [0]\ndef odd():\n seen[0] -= 1\n return real() + seen[0]\ntime.perf_counter = odd",
    "forwards": "seen = [0]\ndef odd():\n seen[0] += 99\n return real() + seen[0]\ntime.perf_counter = odd",
    "wall clock": "time.time = lambda: 0.0",
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Board]:
    with sshd.board(tmp_path_factory.mktemp("board") / "machine") as there:
        yield there


@pytest.fixture
def board(machine: sshd.Board, monkeypatch: pytest.MonkeyPatch) -> Iterator[sshd.Board]:
    """Reachable, and timed shortly."""
    monkeypatch.setenv("PATH", str(machine.tools), prepend=":")
    monkeypatch.setattr(sys.modules[visiting.__module__], "PASSES", 2)
    monkeypatch.setattr(sys.modules[visiting.__module__], "ROUNDS", 3)
    yield machine
    machine.know_host()
    machine.accept_key()


def interpreter(folder: Path, options: str = "", sitecustomize: str = "") -> str:
    """A Python with a will of its own, under a name that no shell must see unquoted."""
    folder = folder / "it's $(here); my"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(f"import sys, time\nreal = time.perf_counter\n{sitecustomize}\n")
    path = folder / "python"
    path.write_text(f'#!/bin/sh\nPYTHONPATH="$(dirname "$0")" exec {sys.executable} {options} "$@"\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    "text, found",
    [
        ("ssh://pi@raspberrypi.local", Target("raspberrypi.local", "pi")),
        ("ssh://board", Target("board")),
        ("ssh://me@10.0.0.7:2222/", Target("10.0.0.7", "me", 2222)),
        ("ssh://me@[fe80::1]:22", Target("fe80::1", "me", 22)),
    ],
)
def test_a_target_is_read(text: str, found: Target) -> None:
    assert Target.of(text) == found


@pytest.mark.parametrize(
    "text",
    ["pi@board", "http://board", "ssh://", "ssh://-oProxyCommand=x", "ssh://-l@board", "ssh://a@-board", "ssh://a b@c",
     "ssh://$(id)@board", "ssh://a@b;id", "ssh://a@b`id`", "ssh://a@b\n-oX=y", "ssh://a:secret@board", "ssh://b/etc",
     "ssh://b:0", "ssh://b:65536", "ssh://b:-1", "ssh://b:22 -oX=y", "ssh://'b'", "ssh://[-oX]", "ssh://a@b@c"],
)  # fmt: skip
def test_what_could_be_an_option_or_a_command_is_no_target(text: str) -> None:
    with pytest.raises(QuantityError, match="expected ssh://user@host"):
        Target.of(text)


def test_a_remote_command_is_one_quoted_word_and_begins_with_no_dash() -> None:
    command = Target("board", "pi", 22).command(["-oProxyCommand=x", "; touch 'it'"])
    assert command[-3:] == ["--", "board", """exec -oProxyCommand=x '; touch '"'"'it'"'"''"""]


@pytest.mark.parametrize(
    "told, remedy",
    [
        ("@@@\nHOST IDENTIFICATION HAS CHANGED!\nHost key verification failed.", "ssh-keygen -R board"),
        ("ssh: Could not resolve hostname board: Name or service not known", "check the name"),
        ("ssh: connect to host board port 22: Connection timed out\n", r"\(ssh: connect .* timed out\); check that"),
        ("", "no reason given"),
    ],
)
def test_each_refusal_has_its_remedy(told: str, remedy: str) -> None:
    with pytest.raises(UserError, match=f"^pi@board: [^\n]*{remedy}"):
        raise Target("board", "pi").refusal(told)


@needs_sshd
def test_a_run_is_measured_on_a_board(board: sshd.Board, finished: Path, tmp_path: Path) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    python = interpreter(tmp_path)
    options = ["--target", board.url, "--name", "my.board", "--python", python, "--all"]
    ended = CliRunner().invoke(main, ["measure", str(run), *options])
    assert ended.exit_code == 0, ended.stderr
    assert "--target my.board" in ended.stderr
    assert board.left() == []
    text = (run / "targets" / "my.board.json").read_text()
    record, own = json.loads(text), json.loads((run / "latency.json").read_text())
    assert set(record) == {*own, "target"}
    assert list(record["trials"]) == list(own["trials"])
    assert {len(times) for trial in record["trials"].values() for times in trial.values()} == {6}
    assert "127.0.0.1" not in text and str(tmp_path) not in text
    assert {path: path.read_bytes() for path in before} == before
    assert load(run, "my.board").trials[0].latency_ms == pytest.approx(sorted(record["trials"]["0"]["total"])[2], rel=9)


@needs_sshd
@pytest.mark.parametrize(
    "prepare, told",
    [
        ("forget_host", "its host key is not known"),
        ("change_host", "its host key is not the one that is known"),
        ("refuse_key", "it accepts none of your keys"),
    ],
)
def test_a_board_that_cannot_be_entered(board: sshd.Board, prepare: str, told: str) -> None:
    getattr(board, prepare)()
    with pytest.raises(UserError, match=told) as caught:
        visit(Target.of(board.url), {"0": STUB}, sys.executable)
    assert "\n" not in str(caught.value)


@needs_sshd
def test_nothing_listens(board: sshd.Board) -> None:
    with pytest.raises(UserError, match="does not listen for SSH"):
        visit(Target("127.0.0.1", None, sshd.free_port()), {"0": STUB})


def test_no_ssh_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"ssh: cannot be run .* openssh-client"):
        visit(Target("board"), {"0": STUB})


@needs_sshd
@pytest.mark.parametrize(
    "options, sitecustomize, told",
    [
        ("-S", "", "lacks numpy and ai-edge-litert; there, run 'python3 -m venv env'"),
        ("", "sys.version_info = (3, 9, 2)", "expected 3.11 or later"),
        ("--no-such-option", "", "did not begin"),
    ],
)
def test_a_python_that_will_not_do(
    board: sshd.Board, tmp_path: Path, options: str, sitecustomize: str, told: str
) -> None:
    with pytest.raises(UserError, match=told) as caught:
        visit(Target.of(board.url), {"0": STUB}, interpreter(tmp_path, options, sitecustomize))
    assert caught.value.about == "python"
    assert board.left() == []


HELLO = '{"python": "3.12", "old": false, "missing": [], "governor": null}'


@needs_sshd
@pytest.mark.parametrize(
    "lines",
    [["nonsense"], ["[1]"], ["{}"], [HELLO, '{"name": "other", "found": {}}'], [HELLO, '{"name": "0", "found": 5}']],
)
def test_a_board_that_tells_something_else(board: sshd.Board, tmp_path: Path, lines: list[str]) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\n" + "".join(f"echo 'kwssearch:{line}'\n" for line in lines))
    python.chmod(0o755)
    with pytest.raises(UserError, match="tells what nobody asked for, and nothing of it is kept"):
        visit(Target.of(board.url), {"0": STUB}, str(python))


@needs_sshd
def test_hostile_names_of_a_python_reach_no_shell(board: sshd.Board, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for name in (f"python3; touch {mark}", f"$(touch {mark})", f"`touch {mark}`", f"x' ; touch {mark} '", "-oX=y"):
        with pytest.raises(UserError, match=r"has no Python called|did not begin"):
            visit(Target.of(board.url), {"0": STUB}, name)
    assert not mark.exists()


@needs_sshd
def test_a_model_that_cannot_be_run_there(board: sshd.Board) -> None:
    with pytest.raises(UserError, match=r"trial 0 cannot be timed there \(out of memory\)"):
        visit(Target.of(board.url), {"0": STUB}, sys.executable)
    assert board.left() == []


@needs_sshd
def test_a_python_that_dies_there(board: sshd.Board) -> None:
    """As where memory runs out."""
    killing = {**STUB, "bench.py": b"import os, signal; os.kill(os.getppid(), signal.SIGTERM)"}
    with pytest.raises(UserError, match=r"Python ended \(exit code 1\) after 0 of 2 timings"):
        visit(Target.of(board.url), {"0": killing}, sys.executable)
    assert board.left() == []


def stopped(*_: int) -> None:
    raise KeyboardInterrupt


@needs_sshd
def test_a_dropped_line_and_ctrl_c_leave_nothing_there(board: sshd.Board, finished: Path) -> None:
    """In the first pass the second bundle comes first, and the other one would take a minute."""
    slow = {**STUB, "bench.py": b"import time; time.sleep(60)"}
    bundles = {"slow": slow, "0": bundle_files(find_model(load(finished), "0"), c=False)}
    with pytest.raises(UserError, match="dropped after 1 of 4 timings, and none of them is kept"):
        visit(Target.of(board.url), bundles, sys.executable, told=lambda *_: board.drop())
    assert board.left() == []
    with pytest.raises(KeyboardInterrupt):
        visit(Target.of(board.url), bundles, sys.executable, told=stopped)
    assert board.left() == []


@needs_sshd
@pytest.mark.parametrize("clock", CLOCKS)
def test_clocks_that_jump(board: sshd.Board, finished: Path, tmp_path: Path, clock: str) -> None:
    """That of the day does not matter; times that cannot be are refused."""
    bundles = {"0": bundle_files(find_model(load(finished), "0"), c=False)}
    python = interpreter(tmp_path, sitecustomize=CLOCKS[clock])
    if clock == "wall clock":
        assert visit(Target.of(board.url), bundles, python).times["0"].shape == (6, 3)
    else:
        with pytest.raises(UserError, match=r"its times are impossible .* clock jumps"):
            visit(Target.of(board.url), bundles, python)
    assert board.left() == []


@needs_sshd
def test_a_failed_measurement_writes_nothing(board: sshd.Board, finished: Path, tmp_path: Path) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    before = sorted(run.rglob("*"))
    board.refuse_key()
    ended = CliRunner().invoke(main, ["measure", str(run), "--target", board.url, "--name", "board"])
    assert ended.exit_code == 1
    assert ended.stderr.splitlines()[-1].startswith("Error: ") and ended.stderr.endswith("(--target names it.)\n")
    assert sorted(path for path in run.rglob("*") if path.name != "lock") == [p for p in before if p.name != "lock"]
