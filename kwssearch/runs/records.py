"""The files of a run, and whether each is whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kwssearch.errors import UserError
from kwssearch.space import MISSES, Miss, PlannedTrial, SearchSpace, completed
from kwssearch.space.schema import is_number
from kwssearch.system.storage import read_json

FORMAT = 1
GRID, FRONT, RANDOM = "grid", "front", "random"
BUILT_IN = (GRID, FRONT, RANDOM)  # oracles that the command line can go on with
WHOLE = (GRID, FRONT)  # oracles that have something to say about every point of a space
SKIPPED_RECORD = "skipped.json"
KNOWN_RECORD = "known.json"
REPEATED_RECORD = "repeated.json"
SKIPPED = "skipped"
LEFT_OUT = "left_out"
RUN_RECORD = "run.json"
DATA_RECORD = "data.json"
TRIAL_RECORD = "trial.json"
RESULT_RECORD = "result.json"
PROGRESS_RECORD = "progress.json"
LATENCY_RECORD = "latency.json"
STREAMS_RECORD, LISTEN_RECORD = "streams.json", "listen.json"
TARGETS = "targets"
LISTENING = "listening"  # key of what is known of a model that heard streams
CHECKPOINT_FILE = "checkpoint.npz"
SHARED = "shared"

RUN_FIELDS = {"run_id": str, "space": dict, "data": dict, "versions": dict, "environment": dict}
DATA_FIELDS = {"source": str, "fingerprint": str, "words": list, "sampling_rate": int, "splits": dict}
HEARD_FIGURES = (MISSES.name, f"validation_{MISSES.name}")
NUMBERS = (
    "accuracy", "memory_bytes", "tflite_bytes", "latency_ms", "feature_latency_ms", "model_latency_ms",
    "achieved_sparsity", "overall_sparsity", "parameters", "macs", "epochs", "seconds",
)  # fmt: skip
YOUNGER = (  # numbers that records of earlier versions lack
    "activation_bytes", "training_accuracy", "validation_accuracy", "word_accuracy", "twin_agreement",
    "reference_agreement", *HEARD_FIGURES,
)  # fmt: skip


def trial_folder(run: Path, trial_id: str, execution: int = 0) -> Path:
    """Where an execution's files are; those of the first one are in the trial's own folder."""
    folder = run / f"trial_{trial_id}"
    return folder if execution == 0 else folder / f"execution_{execution}"


def shared_folder(trial: Path, execution: int) -> Path:
    """RUN/shared, from an execution's folder."""
    return (trial.parent if execution == 0 else trial.parent.parent) / SHARED


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
            f"{path}: cannot be read ({' '.join(str(error).split())}); restore it or start afresh in another folder."
        ) from error
    if record.get("format") != FORMAT:
        raise UserError(
            f"{path}: has format {str(record.get('format'))[:40]!r}, expected {FORMAT}; use the version that made it."
        )
    fault = field_fault(record, RUN_FIELDS) or field_fault(record["data"], DATA_FIELDS)
    if fault:
        raise UserError(f"{path}: is damaged ({fault}); restore it or start afresh in another folder.")
    return record


def oracle_of(record: Mapping[str, Any]) -> str:
    """The name of the oracle that proposes a run's trials; runs that do not name one are grids."""
    return str(record.get("oracle", GRID))


def trial_record(planned: PlannedTrial, proposed_by: str) -> dict[str, Any]:
    """What trial.json says of a trial before it trains."""
    return {
        "trial_id": planned.trial_id,
        "strategy": planned.strategy,
        "values": dict(planned.values),
        "proposed_by": proposed_by,
    }


def left_out_record(planned: PlannedTrial, misses: Sequence[Miss], forecast: Mapping[str, Any]) -> dict[str, Any]:
    """What result.json says of a point that is not trained.

    Args:
        misses: the limits that it cannot keep.
        forecast: what its file would weigh, by the names of the objectives.
    """
    return {
        "trial_id": planned.trial_id,
        "strategy": planned.strategy,
        "values": dict(planned.values),
        "execution": 0,
        "status": LEFT_OUT,
        "reason": "; ".join(map(str, misses)),
        "limit": {miss.objective.name: miss.limit for miss in misses},
        "forecast": dict(forecast),
    }


def read_trials(folder: Path, space: SearchSpace, warnings: list[str]) -> tuple[PlannedTrial, ...]:
    """The trials that were begun, by id; one whose record is damaged or not a point of the space is skipped."""
    found = []
    for path in folder.glob(f"trial_*/{TRIAL_RECORD}"):
        record = read_or_warn(path, warnings)
        if record is None:
            continue
        values = completed(record.get("values"), space.usual)
        strategy = space.strategy_of(values)
        if strategy is None or path.parent != trial_folder(folder, str(record.get("trial_id"))):
            warnings.append(damaged(path, "it names no point of the space"))
        else:
            found.append(space.planned(record["trial_id"], strategy, values))
    return tuple(sorted(found, key=lambda planned: (len(planned.trial_id), planned.trial_id)))


def field_fault(record: Mapping[str, Any], fields: Mapping[str, type]) -> str | None:
    """The first of `fields` that a record lacks, in words, or None."""
    missing = (
        f"{key} is missing or not {kind.__name__}"
        for key, kind in fields.items()
        if not isinstance(record.get(key), kind)
    )
    return next(missing, None)


def result_fault(
    record: Mapping[str, Any], planned: PlannedTrial, clips: int | None = None, classes: int | None = None
) -> str | None:
    """Why a record is not this trial's whole result, or None when it is."""
    if record.get("trial_id") != planned.trial_id or completed(record.get("values"), planned.usual) != planned.values:
        return "it is another trial's"
    if record.get("status") in ("failed", LEFT_OUT):
        return None if isinstance(record.get("reason"), str) else "it has no reason"
    if record.get("status") != "completed":
        return "it has no status"
    for key in (*NUMBERS, *(key for key in YOUNGER if key in record)):
        value = record.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            return f"{key} is missing or not a number"
    if record["accuracy"] > 1:
        return "accuracy is above 1"
    if not isinstance(record.get("micro", {}), dict):
        return "micro is not an object"
    if LISTENING in record and not (is_heard(record[LISTENING]) and set(HEARD_FIGURES) <= record.keys()):
        return "what its model heard is not whole"
    predictions = record.get("predictions")
    if not isinstance(predictions, list) or clips not in (None, len(predictions)):
        return f"predictions are not those of {clips} clips"
    highest = 1000 if classes is None else classes - 1
    for key in ("predictions", "validation_predictions"):
        if not are_classes(record.get(key, []), highest):
            return f"{key} are not class indices"
    return None


def is_heard(heard: Any) -> bool:
    """Whether it says what a model missed in streams, and in which."""
    if not isinstance(heard, Mapping) or not isinstance(heard.get("streams"), Mapping):
        return False
    draws = heard.get("draws")
    drawn = [draws.get(split) for split in ("validation", "test")] if isinstance(draws, Mapping) else [None]
    intervals = [heard.get(key) for key in HEARD_FIGURES]
    return all(are_numbers(each) for each in drawn) and all(are_numbers(each, 3) for each in intervals)


def are_numbers(values: Any, count: int | None = None) -> bool:
    """Whether it is a list of numbers: so many, or at least one."""
    known = isinstance(values, list) and bool(values) and count in (None, len(values))
    return known and all(is_number(value) for value in values)


def are_classes(values: Any, highest: int) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= highest for value in values
    )


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
    cost = "how models did on streams is not known" if path.name == LISTEN_RECORD else cost
    cost = "its trial counts as not measured there" if path.parent.name == TARGETS else cost
    return f"{path}: damaged ({' '.join(reason.split())[:120]}); passed over, {cost}."
