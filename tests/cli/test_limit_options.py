"""Limits and devices, as the command line and a notebook take them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support import shell

import kwssearch as kws
from kwssearch.cli.commands import main
from kwssearch.errors import SpaceError
from kwssearch.report import write_report
from kwssearch.runs import load
from kwssearch.space import Limits
from kwssearch.testing import recorded, tiny

BOARD = "[devices.board]\ntitle = 'Ours'\nram = '12kB'\nclock_mhz = 100\nint8_cycles_per_mac = [2, 3]\n"


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(main, [str(word) for word in arguments], catch_exceptions=False)


def with_ram(values: Any) -> recorded.Figures:
    plain = recorded.lab_figures(values)
    large = values["architecture"] == "ds_cnn"
    accuracy = 0.97 if large else plain.accuracy
    return plain._replace(accuracy=accuracy, others={"activation_bytes": 49_152 if large else 24_576})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every trial keeps all limits of its own space but DS-CNN's, which nothing left out."""
    folder = tmp_path_factory.mktemp("limits") / "run"
    space = kws.load_space("lab4").with_limits(Limits(max_ram=30_000))
    recorded.write(folder, space=space, figures=with_ram, clips=200, speakers=80)
    return folder


@pytest.mark.parametrize("asked, largest_ram, largest_memory", [
    ([], 24_576, 1e9),
    (["--max-ram", "50kB"], 49_152, 1e9),
    (["--device", "l4r5zi"], 49_152, 1e9),
    (["--max-memory", "100kB"], 24_576, 100_000),
    (["--device", "homework_a", "--min-accuracy", "50%"], 24_576, 130_000),
])  # fmt: skip
def test_the_front_keeps_limits_given_over_the_devices_over_the_runs(
    run: Path, asked: list[str], largest_ram: int, largest_memory: float
) -> None:
    rows = json.loads(invoke("front", run, "--json", *asked).stdout)
    assert max(row["activation_bytes"] for row in rows) == largest_ram
    assert max(row["memory_bytes"] for row in rows) <= largest_memory


def test_limits_that_a_run_brings_along_are_told(run: Path) -> None:
    assert invoke("front", run, "--max-memory", "1MB").stderr.startswith(
        "Limits: memory at most 1,000 kB; RAM at most 30.0 kB.\n"
    )
    page = write_report(load(run)).read_text()
    assert "The run's limits (RAM at most 30.0 kB) are kept by trial 07." in page
    assert "| limits | RAM at most 30.0 kB |" in page


def test_the_nearest_misses_are_about_every_limit(run: Path) -> None:
    shown = invoke("front", run, "--max-flash", "20kB", "--max-ram", "20")
    assert "RAM of at most 20 bytes was asked for; did you mean kB?" in shown.stderr
    assert "flash" in shown.stderr
    assert "RAM 24.6 kB, asked for at most 0.0200 kB" in shown.stderr


def test_what_is_not_recorded_keeps_no_limit(tmp_path: Path) -> None:
    recorded.write(tmp_path, space="lab4", clips=80, speakers=40)
    for path in tmp_path.glob("trial_*/result.json"):
        record = json.loads(path.read_text())
        del record["activation_bytes"]
        path.write_text(json.dumps(record))
    shown = invoke("front", tmp_path, "--max-ram", "1MB")
    assert shown.stdout == ""
    assert shown.stderr.count("RAM is not recorded") == 3


def test_a_notebook_has_the_same_front(run: Path) -> None:
    recorded_run = kws.load_run(run)
    assert recorded_run.front()["activation_bytes"].max() == 24_576
    assert recorded_run.front(max_ram="50kB")["activation_bytes"].max() == 49_152
    assert recorded_run.front(max_ram=50_000, max_flash="200 kB")["tflite_bytes"].max() <= 200_000
    assert len(recorded_run.front(device="l4r5zi")) == len(recorded_run.front(max_ram="320KiB"))
    with pytest.raises(SpaceError, match="Did you mean 'pico'"):
        recorded_run.front(device="picos")


def test_devices_are_listed_with_their_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "kwssearch").mkdir()
    (tmp_path / "kwssearch" / "devices.toml").write_text(BOARD)
    rows = {row["name"]: row for row in json.loads(invoke("devices", "--json").stdout)}
    assert rows["nano33ble"]["limits"] == {"max_flash": 2**19, "max_ram": 2**17}
    assert rows["board"]["title"] == "Ours"
    shown = invoke("devices").stdout
    assert "Ours" in shown
    assert "Raspberry Pi Pico product brief." in shown


@pytest.mark.parametrize("command", [
    ["front", "RUN"], ["run", "lab4"], ["resume", "RUN"], ["space", "lab4"],
])  # fmt: skip
def test_an_unknown_device_is_one_sentence(run: Path, command: list[str]) -> None:
    words = [str(run) if word == "RUN" else word for word in command]
    ended = CliRunner().invoke(main, [*words, "--device", "nano33"])
    assert ended.exit_code == 2
    assert ended.stderr.startswith("Error: device: got 'nano33', expected one of nano33ble, ")
    assert ended.stderr.endswith("Did you mean 'nano33ble'?\n")


def test_a_space_says_what_fits_a_device(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    (tmp_path / "board.toml").write_text(BOARD)
    space = tiny.write_space(tmp_path / "tiny.toml")
    space.write_text(space.read_text() + '[[strategy]]\nname = "int8"\nquantization = "int8"\n')
    asked = ["space", space, "--words", "2", "--device", tmp_path / "board.toml"]
    rows = json.loads(invoke(*asked, "--json").stdout)
    assert [row["misses"] for row in rows] == [[], ["activation_bytes"], [], [], []]
    assert rows[0]["estimated_ms"] is None  # no int8
    assert rows[4]["estimated_ms"] == pytest.approx([rows[4]["macs"] * c / 1e5 for c in (2, 3)])
    shown = invoke(*asked)
    assert "not RAM" in shown.stdout
    assert "4 of 5 trials can keep the limits; memory is a forecast" in shown.stderr
    assert "Times are estimated from multiply-accumulates" in shown.stderr
    plain = invoke("space", space)
    assert "fits" not in plain.stdout
    assert "forecast" not in plain.stderr


def test_a_run_that_nothing_fits_ends_before_it_begins(words: Path, cache: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("KWSSEARCH_CACHE", str(cache))
    space = tiny.write_space(tmp_path / "tiny.toml")
    out = tmp_path / "run"
    ended = CliRunner().invoke(main, ["run", str(space), "--data", str(words), "--out", str(out), "--max-ram", "1kB"])
    assert ended.exit_code == 2
    assert "none of its 4 points keeps the limits" in ended.stderr
    assert not out.exists()


def test_limits_given_to_a_run_are_recorded_over_the_spaces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from kwssearch.cli import search

    given: list[Any] = []
    monkeypatch.setattr(search, "search", lambda space, *_, **__: given.append(space.limits))
    space = tiny.write_space(tmp_path / "tiny.toml")
    space.write_text(space.read_text() + '[limits]\ndevice = "pico"\nmin_accuracy = "90%"\n')
    invoke("run", space, "--max-ram", "50kB")
    assert given == [Limits(0.9, max_flash=2**20, max_ram=50_000)]


def test_a_resumed_run_may_have_looser_limits(monkeypatch: pytest.MonkeyPatch, run: Path) -> None:
    from kwssearch.cli import search

    given: list[Any] = []
    monkeypatch.setattr(search, "search", lambda space, *_, **__: given.append(space))
    invoke("resume", run, "--max-ram", "60kB")
    assert given == [replace(load(run).space, limits=Limits(max_ram=60_000))]


def test_a_limit_that_no_model_will_be_judged_by_stops_a_search_before_it_trains(tmp_path, words, cache) -> None:
    space = tiny.write_space(tmp_path / "tiny.toml")
    out = "--out", tmp_path / "run"
    ended = shell.kwssearch("run", space, "--data", words, *out, "--max-misses", "30%", cache=cache)
    assert ended.returncode == 1
    assert "hear no stream, expected mean_miss_rate among its objectives" in ended.stderr
    assert not (tmp_path / "run" / "run.json").exists()
