"""`kwssearch pick`, and the same from Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import kwssearch as kws
from kwssearch.cli.commands import main
from kwssearch.testing import recorded


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("picked") / "run"
    recorded.write(folder, space="lab4", validation=300, clips=300, speakers=100)
    return folder


def picked(*arguments: object) -> Any:
    return CliRunner().invoke(main, ["pick", *map(str, arguments)])


def test_one_trial_is_named_with_why_its_figures_and_its_doubt(run: Path) -> None:
    ended = picked(run, "--max-memory", "300kB", "--prefer", "latency")
    assert ended.exit_code == 0
    choice, figures, doubt = ended.stdout.splitlines()
    assert choice.startswith("Take trial ")
    assert "95 % interval" in figures
    assert doubt.startswith("Doubt: in ")


def test_python_and_the_command_say_the_same(run: Path) -> None:
    ended = picked(run, "--min-accuracy", "80%", "--confident", "0.9", "--prefer", "memory", "--json")
    found = kws.load_run(run).pick(min_accuracy="80%", confident="90%", prefer="memory")
    assert json.loads(ended.stdout) == found.to_dict()
    assert str(found).startswith(f"Take trial {found.trial_id} (")


def test_a_devices_limits_and_ones_own(run: Path) -> None:
    limits = json.loads(picked(run, "--device", "nano33ble", "--max-flash", "10MB", "--json").stdout)["limits"]
    assert limits == {"max_flash": 1e7, "max_ram": 131072}


@pytest.mark.parametrize(
    "arguments, code, told",
    [
        (("--max-memory", "5"), 1, "Memory of at most 5 bytes was asked for; did you mean kB?"),
        (("--max-memory", "5kB"), 1, "none has memory at most 5.00 kB: the nearest, trial "),
        (("--confident", "0.9"), 2, "without a limit on accuracy"),
        (("--prefer", "size"), 2, "Invalid value for '--prefer'"),
    ],
)
def test_a_script_sees_that_nothing_was_picked(run: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    ended = picked(run, *arguments)
    assert (ended.exit_code, ended.stdout) == (code, "")
    assert told in ended.stderr
