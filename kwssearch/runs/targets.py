"""Latencies of other machines than the one that searched: where a run keeps them, and its trials as they time them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from kwssearch.errors import UserError, did_you_mean
from kwssearch.runs.records import TARGETS
from kwssearch.runs.run import Execution, Trial
from kwssearch.space import QuantityError
from kwssearch.system.storage import read_json

UNMEASURED = "unmeasured"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def target_record(folder: Path, name: str) -> Path:
    """RUN/targets/NAME.json.

    Raises:
        QuantityError: no name that a file may have everywhere.
    """
    if not NAME.fullmatch(name):
        raise QuantityError(
            f"name of a target: got {name[:80]!r}, expected letters, digits, '.', '_' and '-', at most 64 and the "
            "first a letter or digit; name it so."
        )
    return folder / TARGETS / f"{name}.json"


def known_targets(folder: Path) -> list[str]:
    """Names of the machines that a run was measured on, but for the one that searched."""
    return sorted(path.stem for path in (folder / TARGETS).glob("*.json") if NAME.fullmatch(path.stem))


def read_target(folder: Path, name: str) -> dict[str, Any]:
    """What was measured on a target.

    Raises:
        QuantityError: nothing was.
        UserError: its record is damaged.
    """
    path = target_record(folder, name)
    try:
        return read_json(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        known = known_targets(folder)
        listed = f"one of {', '.join(known)}" if known else "a machine that 'kwssearch measure' has timed the models on"
        raise QuantityError(f"target: got {name!r}, expected {listed}.{did_you_mean(name, known)}") from error
    except (OSError, ValueError, RecursionError) as error:
        told = " ".join(str(error).split())[:120]
        raise UserError(f"{path}: is damaged ({told}); measure on that machine again.") from error


def as_measured(trial: Trial, target: str) -> Trial:
    """The trial, without its executions unless it was timed on the target: other times are not to stand in."""
    if not trial.executions or trial.latency is not None:
        return trial
    unmeasured = Execution(0, UNMEASURED, {"reason": f"not measured on {target}"})
    return replace(trial, executions=(), failures=(), left_out=unmeasured)
