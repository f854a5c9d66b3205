"""Faults of the user's input or surroundings, told in one sentence each.

A message says what was received, what was expected and what to do.
"""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A fault outside the program: data, disk, an earlier run.

    Args:
        about: which of a search's arguments the remedy is about, such as 'folder' or 'data'.
    """

    exit_code = 1

    def __init__(self, text: str, about: str | None = None) -> None:
        super().__init__(text)
        self.about = about


class SpaceError(UserError):
    """A search space that cannot be run as declared."""

    exit_code = 2


def did_you_mean(received: object, known: Iterable[str]) -> str:
    """A closing question with the nearest known name, or nothing when none is near."""
    near = difflib.get_close_matches(str(received), list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def printable(text: object) -> str:
    """Text as it may be shown on a terminal: whatever moves a cursor or breaks a line is spelt out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def counted(number: int, one: str, many: str | None = None) -> str:
    """'1 clip', '2,000 clips'."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
