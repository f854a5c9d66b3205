"""`kwssearch cache` from the command line."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kwssearch.cli.cache import ago, size
from kwssearch.cli.commands import main
from kwssearch.system.cache import made_whole


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / "cache"


def fill(folder: Path) -> None:
    for key, days in (("a" * 32, 0), ("b" * 32, 40)):
        target = folder / "features" / key
        with made_whole(target, f"mfcc, {days} days old") as working:
            (working / "train.npy").write_bytes(bytes(2_000_000))
        os.utime(target, (time.time() - 86_400 * days,) * 2)


def called(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["cache", *arguments])


def test_an_empty_cache(folder: Path) -> None:
    shown = called()
    assert shown.exit_code == 0
    assert shown.stdout == ""
    assert shown.stderr == f"{folder}: 0 things kept, 0 bytes.\n"
    assert called("clear").stderr == "0 things freed, 0 bytes.\n"
    assert not folder.exists()


def test_what_is_kept_is_a_table_and_json(folder: Path) -> None:
    fill(folder)
    shown = called()
    lines = shown.stdout.splitlines()
    assert lines[0].split() == ["kind", "what", "size", "last", "used", "where"]
    assert any("mfcc, 40 days old" in line and "2.0 MB" in line and "40 days ago" in line for line in lines)
    assert shown.stderr == f"{folder}: 2 things kept, 4.0 MB.\n"
    told = json.loads(called("--json").stdout)
    assert told["folder"] == str(folder)
    assert 4_000_000 < told["bytes"] == sum(thing["bytes"] for thing in told["kept"]) < 4_002_000
    assert set(told["kept"][0]) == {"path", "kind", "about", "bytes", "last_used", "in_use"}


def test_the_old_is_freed(folder: Path) -> None:
    fill(folder)
    assert called("clear", "--older-than", "30d").stderr == "1 thing freed, 2.0 MB.\n"
    assert [path.name for path in (folder / "features").iterdir()] == ["a" * 32]
    told = json.loads(called("clear", "--json").stdout)
    assert [thing["about"] for thing in told["freed"]] == ["mfcc, 0 days old"]
    assert (told["in_use"], told["refused"]) == ([], [])


@pytest.mark.parametrize("time", ["30", "d", "-1d", "30y", "1e3d", "30d30d", "", "nan d", "9999999d"])
def test_a_time_that_is_none(folder: Path, time: str) -> None:
    fill(folder)
    shown = called("clear", "--older-than", time)
    assert shown.exit_code == 2
    assert "expected a number of minutes, hours, days or weeks, such as 30d." in shown.stderr
    assert len(list((folder / "features").iterdir())) == 2


def test_without_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", "~nobody-of-this-name/cache")
    shown = called()
    assert shown.exit_code == 1
    assert shown.stderr.endswith(
        "there is no such home folder); name one with the environment variable KWSSEARCH_CACHE.\n"
    )


@pytest.mark.parametrize(
    "number, told", [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (99_960, "100 kB"), (282_240_000, "282 MB")]
)
def test_sizes(number: int, told: str) -> None:
    assert size(number) == told


@pytest.mark.parametrize(
    "seconds, told", [(0, "just now"), (61, "1 minute ago"), (7200, "2 hours ago"), (-9, "just now")]
)
def test_times(seconds: float, told: str) -> None:
    assert ago(time.time() - seconds) == told
