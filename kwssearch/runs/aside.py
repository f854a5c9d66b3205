"""What is put aside instead of being deleted."""

from __future__ import annotations

import os
from pathlib import Path

from kwssearch.runs.lock import told_of


def set_aside(path: Path, why: str) -> None:
    """Renames a record or a folder so that it is neither read nor lost.

    Raises:
        UserError: its folder cannot be written.
    """
    number = 1
    while (aside := path.with_name(f"{path.stem}.{why}-{number}{path.suffix}")).exists():
        number += 1
    with told_of(path.parent):
        os.replace(path, aside)
