"""Files as another user meets them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

NOBODY = 65534


@contextlib.contextmanager
def as_somebody_else(locked: Iterable[Path] = ()) -> Iterator[None]:
    """Acts without root's rights; who has none loses the right to write to the folders `locked` instead."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)
        return
    modes = {path: path.stat().st_mode for top in locked for path in (top, *top.rglob("*")) if not path.is_symlink()}
    for path, mode in modes.items():
        path.chmod(mode & 0o555)
    try:
        yield
    finally:
        for path, mode in modes.items():
            if path.exists():
                path.chmod(mode)
