"""Devices: what the data sheets say, a user's own, and the faults of both."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwssearch.errors import SpaceError
from kwssearch.space import devices, read_space
from kwssearch.space.devices import find_device, read_limits, shipped_devices
from kwssearch.space.limits import Limits

BOARD = """
[devices.board]
flash = "512kB"
ram = 64000
for_application = 0.25
clock_mhz = 100
int8_cycles_per_mac = [2, 3]
max_latency = "5ms"
"""


@pytest.mark.parametrize("name, flash, ram, clock", [
    ("nano33ble", 1024, 256, 64), ("l4r5zi", 2048, 640, 120), ("esp32s3", 8192, 512, 240), ("pico", 2048, 264, 133),
])  # fmt: skip
def test_boards_have_what_their_data_sheets_say(name: str, flash: int, ram: int, clock: float) -> None:
    board = find_device(name)
    assert (board.flash, board.ram, board.clock_mhz) == (1024 * flash, 1024 * ram, clock)
    assert board.limits == Limits(max_flash=board.flash / 2, max_ram=board.ram / 2)


@pytest.mark.parametrize("target, limits", [
    ("homework_a", Limits(0.92, 130_000)),
    ("homework_b", Limits(0.915, 50_000, max_latency=40)),
    ("homework_c", Limits(0.91, 25_000, max_latency=40)),
])  # fmt: skip
def test_targets_of_the_course(target: str, limits: Limits) -> None:
    assert find_device(target).limits == limits


def test_every_preset_has_a_source() -> None:
    assert all(device.title and device.source for device in shipped_devices().values())


def test_an_estimate_meets_the_benchmark_it_comes_from() -> None:
    low, high = find_device("l4r5zi").seconds(2.66e6) or (0, 0)
    assert low < 0.0434 <= round(high, 4)  # MLPerf Tiny 1.3, keyword spotting, L4R5ZI-P
    assert find_device("pico").seconds(2.66e6) is None


def test_a_users_own_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "own_devices_file", lambda: tmp_path / "devices.toml")
    assert devices.known_devices().keys() == shipped_devices().keys()
    (tmp_path / "devices.toml").write_text(BOARD + '[devices.pico]\nram = "1kB"\n')
    (tmp_path / "board.toml").write_text(BOARD)
    board = find_device("board")
    assert board == find_device("board.toml", tmp_path)
    assert board.limits == Limits(max_flash=384_000, max_ram=48_000, max_latency=5)
    assert board.seconds(1e6) == (0.02, 0.03)
    assert find_device("pico").ram == 1000
    with pytest.raises(SpaceError, match="holds devices board, pico, expected one"):
        find_device("devices.toml", tmp_path)


@pytest.mark.parametrize("content, part", [
    ("", "devices: got none"),
    ("devices = 3", "got 3, expected a table"),
    ("[devices.x]\nflashs = 3", "unknown key 'flashs'"),
    ("[devices.x]\nram = 'much'", "ram: got 'much', expected bytes, or a size"),
    ("[devices.x]\nfor_application = 1", "expected a share from 0 to 0.99"),
    ("[devices.x]\nint8_cycles_per_mac = [2, 1]", "expected two numbers above 0"),
    ("[devices.x", "cannot be read as TOML"),
])  # fmt: skip
def test_a_fault_of_a_file_is_one_sentence(tmp_path: Path, content: str, part: str) -> None:
    (tmp_path / "mine.toml").write_text(content)
    with pytest.raises(SpaceError) as caught:
        find_device("mine.toml", tmp_path)
    assert part in str(caught.value)
    assert "mine.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name, part", [
    ("pic", "Did you mean 'pico'?"), ("", "expected one of nano33ble"), ("none.toml", "there is no such file"),
])  # fmt: skip
def test_an_unknown_device_is_one_sentence(name: str, part: str) -> None:
    with pytest.raises(SpaceError, match=part.replace("?", r"\?")):
        find_device(name)


def test_limits_of_a_space_may_name_a_device_and_replace_its_own() -> None:
    declared = {"limits": {"device": "pico", "max_ram": "200kB", "min_accuracy": "95%"}}
    assert read_limits("mine", declared) == Limits(0.95, max_flash=2**20, max_ram=200_000)
    assert read_limits("mine", {}) == Limits()


@pytest.mark.parametrize("limits, part", [
    ({"device": "pic"}, "mine: limits: device: got 'pic', expected one of"),
    ({"device": 3}, "mine: limits: device: got 3"),
    ({"max_rams": 3}, "Did you mean 'max_ram'?"),
    ({"max_ram": True}, "max_ram: got True, expected bytes"),
    ({"min_accuracy": 95}, "min_accuracy: got 95, expected a share"),
    ({"max_latency": float("nan")}, "max_latency: got nan"),
    (3, "mine: limits: got 3, expected a table"),
])  # fmt: skip
def test_limits_that_cannot_be_read_are_one_sentence(limits: object, part: str) -> None:
    with pytest.raises(SpaceError) as caught:
        read_limits("mine", {"limits": limits})
    assert part in str(caught.value)


def test_limits_of_a_space_travel_without_the_device() -> None:
    declared = {"features": {"mfcc": {"kind": "mfcc", "coefficients": 10}}, "limits": {"device": "pico"}}
    space = read_space(declared)
    assert space.limits == find_device("pico").limits
    assert space.to_dict()["limits"] == {"max_flash": 2.0**20, "max_ram": 135_168.0}
    assert read_space(space.to_dict()) == space
    assert "limits" not in read_space({**declared, "limits": {}}).to_dict()
