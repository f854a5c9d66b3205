"""The files of a run, and whether each is whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kwssearch.errors import UserError
from kwssearch.space.search_space import PlannedTrial
from kwssearch.system.storage import read_json

FORMAT = 1
RUN_RECORD = "run.json"
DATA_RECORD = "data.json"
RESULT_RECORD = "result.json"
PROGRESS_RECORD = "progress.json"
LATENCY_RECORD = "latency.json"
CHECKPOINT_FILE = "checkpoint.npz"

RUN_FIELDS = {"run_id": str, "space": dict, "data": dict, "versions": dict, "environment": dict}
DATA_FIELDS = {"source": str, "fingerprint": str, "words": list, "sampling_rate": int, "splits": dict}
NUMBERS = (
    "accuracy", "memory_bytes", "tflite_bytes", "latency_ms", "feature_latency_ms", "model_latency_ms",
    "achieved_sparsity", "overall_sparsity", "parameters", "macs", "epochs", "seconds",
)  # fmt: skip


def read_run_record(folder: Path) -> dict[str, Any]:
    """A run's own record.

    Raises:
        UserError: there is none, it is damaged, or another version made it.
    """
    path = folder / RUN_RECORD
    try:
        record = read_json(path)
    except FileNotFoundError as error:
        raise UserError(
            f"{folder}: holds no run (there is no {RUN_RECORD}); name a folder that 'kwssearch run' made."
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: cannot be read ({' '.join(str(error).split())}); restore it or start afresh with --out elsewhere."
        ) from error
    if record.get("format") != FORMAT:
        raise UserError(
            f"{path}: has format {str(record.get('format'))[:40]!r}, expected {FORMAT}; use the version that made it."
        )
    fault = field_fault(record, RUN_FIELDS) or field_fault(record["data"], DATA_FIELDS)
    if fault:
        raise UserError(f"{path}: is damaged ({fault}); restore it or start afresh with --out elsewhere.")
    return record


def field_fault(record: Mapping[str, Any], fields: Mapping[str, type]) -> str | None:
    """The first of `fields` that a record lacks, in words, or None."""
    missing = (
        f"{key} is missing or no {kind.__name__}"
        for key, kind in fields.items()
        if not isinstance(record.get(key), kind)
    )
    return next(missing, None)


def result_fault(
    record: Mapping[str, Any], planned: PlannedTrial, clips: int | None = None, classes: int | None = None
) -> str | None:
    """Why a record is not this trial's whole result, or None when it is."""
    if record.get("trial_id") != planned.trial_id or record.get("values") != dict(planned.values):
        return "it is another trial's"
    if record.get("status") == "failed":
        return None if isinstance(record.get("reason"), str) else "it has no reason"
    if record.get("status") != "completed":
        return "it has no status"
    for key in NUMBERS:
        value = record.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            return f"{key} is missing or no number"
    if record["accuracy"] > 1:
        return "accuracy is above 1"
    predictions = record.get("predictions")
    if not isinstance(predictions, list) or clips not in (None, len(predictions)):
        return f"predictions are not those of {clips} clips"
    highest = 1000 if classes is None else classes - 1
    if not all(isinstance(p, int) and not isinstance(p, bool) and 0 <= p <= highest for p in predictions):
        return "predictions are not class indices"
    return None


def read_or_warn(path: Path, warnings: list[str]) -> dict[str, Any] | None:
    try:
        return read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        warnings.append(damaged(path, str(error)))
        return None


def damaged(path: Path, reason: str) -> str:
    cost = "its latencies are provisional again" if path.name == LATENCY_RECORD else "its trial counts as not done"
    return f"{path}: damaged ({' '.join(reason.split())[:120]}); passed over, {cost}."
