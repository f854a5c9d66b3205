"""The model of a trial that is shipped, and what a device must know of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch.analysis import wilson
from kwssearch.artefact import MODEL_FILE, Artefact, DetectorSetting
from kwssearch.data import NAMED
from kwssearch.errors import UserError
from kwssearch.features import VERSION
from kwssearch.runs import Execution, Run, Trial, trial_folder
from kwssearch.space import SILENCE, UNKNOWN, FeatureSetting

FORMAT = 1
COSTS = ("memory_bytes", "tflite_bytes", "activation_bytes", "parameters", "macs", "achieved_sparsity")
LATENCIES = {"latency_ms": "total", "feature_latency_ms": "feature", "model_latency_ms": "model"}


@dataclass(frozen=True)
class Shipped:
    """One file of a trial: that of its first completed execution.

    Attributes:
        content: the .tflite.
    """

    run: Run
    trial: Trial
    execution: Execution
    content: bytes

    @cached_property
    def artefact(self) -> Artefact:
        return Artefact(self.content)

    @property
    def front_end(self) -> FeatureSetting:
        return self.run.space.features[self.trial.values["features"]]

    @property
    def quantization(self) -> str:
        return str(self.trial.values["quantization"])

    @property
    def keywords(self) -> list[int]:
        """The classes that are words, by index; those of other sounds are never heard in a stream."""
        settings = self.run.space.data_settings
        others = {UNKNOWN: settings.unknown, SILENCE: settings.silence}
        return [index for index, word in enumerate(self.run.words) if not others.get(word)]

    @property
    def detector(self) -> DetectorSetting:
        """As the run's streams are listened to, with a hop of whole frames: a device computes each frame once."""
        stream = self.run.space.stream
        step_s = self.front_end.frame_step / self.front_end.sampling_rate
        hop_s = min(max(1, round(stream.hop_ms / 1000 / step_s)), self.front_end.shape[0]) * step_s
        return DetectorSetting(hop_s=hop_s, smoothing=stream.smoothing, suppression_s=stream.suppression_s)

    def description(self) -> dict[str, Any]:
        """What model.json says, but for digests."""
        setting, detector = self.front_end, self.detector
        return {
            "format": FORMAT,
            "name": self.trial.name,
            "words": list(self.run.words),
            "keywords": self.keywords,
            "front_end": {
                "version": VERSION,
                "kind": setting.kind,
                "sampling_rate": setting.sampling_rate,
                "samples": setting.samples,
                "frame_length": setting.frame_length,
                "frame_step": setting.frame_step,
                "mel_bins": setting.mel_bins,
                "lower_hz": setting.lower_hz,
                "upper_hz": setting.upper_hz,
                "coefficients": setting.coefficients,
            },
            "input": {"shape": [1, *setting.shape], **steps(self.artefact.input_quantization)},
            "output": {"shape": [1, len(self.run.words)], **steps(self.artefact.output_quantization)},
            "quantization": self.quantization,
            "detector": {
                "hop_s": detector.hop_s,
                "smoothing": detector.smoothing,
                "threshold": detector.threshold,
                "suppression_s": detector.suppression_s,
            },
            "figures": self.figures(),
            "provenance": self.provenance(),
        }

    def figures(self) -> dict[str, Any]:
        """What was measured of this file; intervals are those of 95 %, of latencies 90 % of the rounds."""
        record, clips = self.execution.record, len(self.run.labels)
        low, high = record.get("accuracy_interval") or wilson(record["accuracy"] * clips, clips)
        found = {"accuracy": {"value": record["accuracy"], "low": low, "high": high, "clips": clips}}
        found |= {name: record[name] for name in COSTS if name in record}
        if arena := record.get("micro", {}).get("arena_bytes"):
            found["arena_bytes"] = arena
        return {**found, **self.latencies()}

    def latencies(self) -> dict[str, Any]:
        measured = self.trial.latency
        if measured is None:
            return {name: {"value": self.execution[name], "provisional": True} for name in LATENCIES}
        times = {name: getattr(measured, part) for name, part in LATENCIES.items()}
        ends = {name: np.quantile(rounds, [0.05, 0.5, 0.95]).tolist() for name, rounds in times.items()}
        return {name: {"value": value, "low": low, "high": high} for name, (low, value, high) in ends.items()}

    def provenance(self) -> dict[str, Any]:
        """Where the file comes from; of the machines their kind, not their names."""
        data = self.run.record["data"]
        return {
            "run_id": self.run.record["run_id"],
            "trial_id": self.trial.trial_id,
            "execution": self.execution.index,
            "seed": self.execution.record.get("seed"),
            "strategy": self.trial.strategy,
            "values": dict(self.trial.values),
            "data": {
                "name": data["source"] if data["source"] in NAMED else Path(data["source"]).name,
                **{key: data[key] for key in ("fingerprint", "sampling_rate", "splits")},
            },
            "ended": self.execution.record.get("ended"),
            "versions": dict(self.run.record["versions"]),
            "trained_on": without_host(self.execution.record.get("environment", {})),
            "timed_on": without_host((self.run.latency_record or {}).get("environment", {})),
        }


def steps(quantization: tuple[float, int] | None) -> dict[str, Any]:
    """The type of an end of a model, and what its steps stand for: `scale` times (step - `zero_point`)."""
    if quantization is None:
        return {"type": "float32"}
    return {"type": "int8", "scale": quantization[0], "zero_point": quantization[1]}


def without_host(environment: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in environment.items() if key != "host"}


def find_model(run: Run, trial_id: str) -> Shipped:
    """The model of a trial.

    Args:
        trial_id: as it is listed, or without leading zeros.

    Raises:
        QuantityError: no such trial.
        UserError: it is not completed, or its file is not there or another one.
    """
    trial = run.trial(trial_id)
    if not trial.executions:
        raise UserError(
            f"{run.folder}: trial {trial.trial_id} has the status {trial.status!r}, expected 'completed'; "
            "'kwssearch trials' lists such trials."
        )
    execution = trial.executions[0]
    path = trial_folder(run.folder, trial.trial_id, execution.index) / MODEL_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path}: the model cannot be read ({error.strerror}), expected the file that the search wrote; "
            "copy it from where the run was searched, or search again."
        ) from error
    if execution.record.get("sha256") not in (None, hashlib.sha256(content).hexdigest()):
        raise UserError(
            f"{path}: is not the file that was scored (its SHA-256 is another one); copy it from where the run was "
            "searched, or search again."
        )
    return Shipped(run, trial, execution, content)
