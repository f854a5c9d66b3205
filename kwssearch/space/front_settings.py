"""How much a search for the front trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kwssearch.space.schema import Table, boolean, number


@dataclass(frozen=True)
class FrontSettings:
    """The price of a training, and two ways round it.

    Attributes:
        worth: the chance to be on the front that a training of mean length needs.
        enough: the search also stops when such a share of the front is expected to be found.
        probe: also trains the costliest point early, which shows what no cheap point does.
    """

    worth: float = 0.2
    enough: float = 1.0
    probe: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; only what differs from the defaults."""
        usual = asdict(FRONT_DEFAULTS)
        return {name: value for name, value in asdict(self).items() if value != usual[name]}


FRONT_DEFAULTS = FrontSettings()
FRONT = {
    "worth": number(0.01, 10, "a number from 0.01 to 10", FRONT_DEFAULTS.worth),
    "enough": number(0.01, 1, "a share from 0.01 to 1", FRONT_DEFAULTS.enough),
    "probe": boolean(FRONT_DEFAULTS.probe),
}


def read_front(place: str, content: Mapping[str, Any]) -> FrontSettings:
    """The table `[front]` of a space.

    Raises:
        SpaceError: the first fault, with its place, value and what was expected.
    """
    return FrontSettings(**Table(f"{place}: front", content.get("front", {})).read(FRONT))
