"""Devices that a model may run on, shipped and a user's own: what they have, and the limits that follow."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import platformdirs

from kwssearch.errors import SpaceError, did_you_mean
from kwssearch.space.limits import ASKED, FIELDS, SIZE, Limits, Quantity, quantity
from kwssearch.space.quantities import parse_bytes
from kwssearch.space.schema import Field, Table, is_number, number, text
from kwssearch.system.text import read_text


def is_range(value: Any) -> bool:
    pair = isinstance(value, list) and len(value) == 2 and all(map(is_number, value))
    return pair and 0 < value[0] <= value[1] < 1e6


DEVICE = {
    "title": text(),
    "source": text("", empty=True),
    "flash": quantity(parse_bytes, SIZE),
    "ram": quantity(parse_bytes, SIZE),
    "for_application": number(0, 0.99, "a share from 0 to 0.99", 0.5),
    "clock_mhz": number(0.001, 1e5, "a clock in MHz from 0.001 to 100000"),
    "int8_cycles_per_mac": Field("two numbers above 0, the lowest and the highest", is_range),
    **FIELDS,
}


@dataclass(frozen=True)
class Device:
    """What a device has, and what it asks of a model.

    Attributes:
        flash, ram: bytes that the device has; None if they set no limit.
        for_application: share of both that is left for everything but the model.
        int8_cycles_per_mac: cycles for a multiply-accumulate of an int8 model, lowest and highest published.
        limits: of a model; flash and RAM follow from what the device has where nothing else is said.
    """

    name: str
    title: str
    source: str
    flash: float | None
    ram: float | None
    for_application: float
    clock_mhz: float | None
    int8_cycles_per_mac: tuple[float, float] | None
    limits: Limits

    def seconds(self, macs: float) -> tuple[float, float] | None:
        """An estimate of an int8 model's time by its multiply-accumulates, without the front end; None if unknown.

        Overheads of each layer are not in it: small models take longer than this.
        """
        if self.clock_mhz is None or self.int8_cycles_per_mac is None:
            return None
        low, high = (macs * cycles / (1e6 * self.clock_mhz) for cycles in self.int8_cycles_per_mac)
        return low, high


def shipped_devices() -> dict[str, Device]:
    return read_devices(Path(str(resources.files("kwssearch"))) / "space" / "devices.toml")


def own_devices_file() -> Path:
    """Where a user's own devices are."""
    return Path(platformdirs.user_config_dir("kwssearch")) / "devices.toml"


def known_devices() -> dict[str, Device]:
    """Name -> device: the shipped ones, then the user's own, which may replace them.

    Raises:
        SpaceError: the user's file is not what it should be.
    """
    own = own_devices_file()
    return {**shipped_devices(), **(read_devices(own) if own.is_file() else {})}


def find_device(name: str, folder: Path = Path()) -> Device:
    """The device of that name, or the only one of a file 'name.toml'.

    Args:
        folder: where a relative path starts.

    Raises:
        SpaceError: there is none.
    """
    if name.endswith(".toml"):
        found = read_devices(folder / Path(name).expanduser())
        if len(found) != 1:
            raise SpaceError(f"{name}: holds devices {', '.join(found)}, expected one; keep each in a file of its own.")
        return next(iter(found.values()))
    known = known_devices()
    if name not in known:
        raise SpaceError(
            f"device: got {name!r}, expected one of {', '.join(known)}, or a TOML file with a [devices.NAME] table."
            f"{did_you_mean(name, known)}"
        )
    return known[name]


def read_devices(path: Path) -> dict[str, Device]:
    """The tables [devices.NAME] of a file.

    Raises:
        SpaceError: it cannot be read, holds none, or declares one wrongly.
    """
    try:
        content = tomllib.loads(read_text(path))
    except FileNotFoundError as error:
        raise SpaceError(f"{path}: there is no such file of devices; name one with a [devices.NAME] table.") from error
    except (OSError, ValueError) as error:
        raise SpaceError(
            f"{path}: cannot be read as TOML ({' '.join(str(error).split())}); correct the file of devices."
        ) from error
    table = Table(str(path), content)
    table.only(("devices",))
    tables = Table(f"{path}: devices", content.get("devices", {})).content
    if not tables:
        raise SpaceError(f"{path}: devices: got none, expected at least one table such as [devices.my_board].")
    return {name: read_device(f"{path}: devices.{name}", name, entry) for name, entry in tables.items()}


def read_device(place: str, name: str, entry: Any) -> Device:
    values = Table(place, entry).read(DEVICE)
    asked = {key: values.pop(key) for key in ASKED}
    flash, ram = (None if values[key] is None else parse_bytes(str(values[key])) for key in ("flash", "ram"))
    left = 1 - values["for_application"]
    sizes = {"max_flash": flash, "max_ram": ram}
    derived = Limits(**{key: None if size is None else left * size for key, size in sizes.items()})
    cycles = values["int8_cycles_per_mac"]
    return Device(
        name,
        **{
            **values,
            "title": values["title"] or name,
            "flash": flash,
            "ram": ram,
            "int8_cycles_per_mac": None if cycles is None else (float(cycles[0]), float(cycles[1])),
        },
        limits=Limits.parsed(**asked).over(derived),
    )


def asked_limits(device: str | None = None, folder: Path = Path(), **given: Quantity) -> Limits:
    """A device's limits, and others that replace them one by one.

    Args:
        folder: where a relative path to a file of devices starts.
        given: limits as `Limits.parsed` reads them.

    Raises:
        QuantityError: a limit that cannot be read.
        SpaceError: no such device.
    """
    own = Limits.parsed(**given)
    return own if device is None else own.over(find_device(device, folder).limits)


def read_limits(place: str, content: Mapping[str, Any], folder: Path = Path()) -> Limits:
    """The table [limits] of a space: a device's limits, and others that replace them one by one.

    Raises:
        SpaceError: a limit that cannot be read, or no such device.
    """
    table = Table(f"{place}: limits", content.get("limits", {}))
    values = table.read({"device": text(), **FIELDS})
    try:
        return asked_limits(**values, folder=folder)
    except SpaceError as error:
        raise SpaceError(f"{table.place}: {error}") from error
