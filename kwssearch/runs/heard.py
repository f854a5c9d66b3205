"""How the models of a run did on streams: as their trials record it, or as RUN/listen.json does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kwssearch.runs.records import HEARD_FIGURES, LISTEN_RECORD, LISTENING, STREAMS_RECORD, is_heard, read_or_warn
from kwssearch.runs.run import Trial
from kwssearch.space import MISSES

Heard = Mapping[str, Any]


def listening_figures(heard: Heard) -> dict[str, Any]:
    """What an execution's record holds of how its model did on streams.

    Args:
        heard: as `kwssearch.listening` scores a model.
    """
    return {**{name: heard[name][0] for name in HEARD_FIGURES}, LISTENING: dict(heard)}


def listened(folder: Path, warnings: list[str]) -> dict[str, Heard]:
    """Trial id -> how its first model did, as `kwssearch listen` kept it; without those that heard no keyword."""
    record = read_or_warn(folder / LISTEN_RECORD, warnings) or {}
    trials = record.get("trials")
    shared = {key: record.get(key) for key in ("streams", "settings")}
    known = [{**trial, **shared} for trial in trials if isinstance(trial, Mapping)] if isinstance(trials, list) else []
    return {str(heard["trial_id"]): heard for heard in known if "trial_id" in heard and is_heard(heard)}


def with_heard(trial: Trial, heard: Heard | None) -> Trial:
    """A trial that knows how its model did, if the search that trained it did not ask."""
    if heard is None or not trial.executions or trial.known(MISSES.name):
        return trial
    first, *others = trial.executions
    knowing = replace(first, record={**first.record, **listening_figures(heard)})
    return replace(trial, executions=(knowing, *others))


def heard_by(trials: Sequence[Trial]) -> dict[str, Heard]:
    """Trial id -> how its first model did, of those that recorded it."""
    firsts = {trial.trial_id: trial.executions[0].record for trial in trials if trial.executions}
    return {trial_id: record[LISTENING] for trial_id, record in firsts.items() if LISTENING in record}


def stream_record(folder: Path, name: str) -> dict[str, Any]:
    """What RUN/streams.json says of a stream; empty if it says nothing."""
    record = read_or_warn(folder / STREAMS_RECORD, []) or {}
    streams = record.get("streams")
    found = streams.get(name) if isinstance(streams, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}
