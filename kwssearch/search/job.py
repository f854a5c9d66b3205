"""One training of one point, as a job that any process on any machine can run."""

from __future__ import annotations

import shutil
import socket
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwssearch.analysis.binomial import wilson
from kwssearch.data import DataSet, load_data
from kwssearch.errors import UserError
from kwssearch.runs import PROGRESS_RECORD, shared_folder, training_name
from kwssearch.search.failures import Failure, failure_of
from kwssearch.search.hearing import heard
from kwssearch.space import DataSettings, PlannedTrial, SearchSpace
from kwssearch.system import environment
from kwssearch.system.cache import cache_folder, forget_older
from kwssearch.system.storage import write_bytes, write_json
from kwssearch.system.surroundings import altering

if TYPE_CHECKING:
    from kwssearch.training import KwsHyperModel

SECONDS_KEPT = 7 * 24 * 3600


@dataclass(frozen=True)
class Trained:
    """A training that has ended, so that a point which differs from it in its file alone need not train.

    Attributes:
        record: of the execution that trained.
        weights: content of its weights.npz.
        origin: where it is: 'trial_id' and 'execution', and 'run' and 'run_id' if in another run.
        lasting: whether its weights stay with a trial of this run.
    """

    record: Mapping[str, Any]
    weights: bytes
    origin: Mapping[str, Any]
    lasting: bool = True


@dataclass(frozen=True)
class Job:
    """Everything a worker needs to know.

    Attributes:
        source, fingerprint: the data set, and what it must turn out to be.
        execution: is added to the recipe's seed.
        folder: for artefacts and checkpoint; None for the worker's own cache, from which the
            artefacts are sent back with the outcome.
        beginning: file name of the state that all jobs of a group share; None if none is shared.
        alone: no other job runs at the same time, so that its latency may count.
        gpu: it may use the graphics processor that its worker sees.
        versions: of what can alter a result, where the search runs.
        given: the training, if it has ended already.
        start: the dense training that this one starts from, if it has ended; `starts` are its names.
        auxiliary: no trial of the run: its weights are what others start from.
        streams: split -> SHA-256 of the stream that its model listens to; none where nobody asks what it hears.
    """

    space: SearchSpace
    source: str
    fingerprint: str
    run_id: str
    planned: PlannedTrial
    execution: int
    folder: Path | None
    beginning: str | None
    alone: bool
    gpu: bool = False
    versions: Mapping[str, str] = field(default_factory=environment.versions)
    given: Trained | None = None
    start: Trained | None = None
    auxiliary: bool = False
    streams: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def trainings(self) -> tuple[str, ...]:
        """The names that its training may have: one for each precision that it may turn out to have."""
        return self.names_of(self.planned.values)

    @cached_property
    def starts(self) -> tuple[str, ...]:
        """The names that the dense training may have which it starts from; none if it starts from scratch."""
        dense = self.space.dense_of(self.planned.values)
        return () if dense is None else self.names_of(dense)

    def names_of(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        parts = self.space, values, self.seed, self.fingerprint, self.versions
        own, dense = self.space.recipe_of(values).precisions, self.space.dense_of(values)
        starts = (None,) if dense is None else self.space.recipe_of(dense).precisions
        return tuple(training_name(*parts, precision, start) for precision in own for start in starts)

    @property
    def key(self) -> tuple[str, int]:
        """Names the job within its run."""
        return self.planned.trial_id, self.execution

    @property
    def seed(self) -> int:
        return self.space.recipe.seed + self.execution

    @property
    def scratch(self) -> Path:
        """Where the worker writes."""
        if self.folder is not None:
            return self.folder
        return cache_folder() / "jobs" / self.run_id / f"{self.planned.trial_id}_{self.execution}"

    @property
    def shared_state(self) -> Path | None:
        """The file of the state that the job shares with others."""
        if self.beginning is None:
            return None
        if self.folder is None:
            return cache_folder() / "jobs" / self.run_id / self.beginning
        return shared_folder(self.folder, self.execution) / self.beginning


@dataclass(frozen=True)
class Outcome:
    """A finished job.

    Attributes:
        record: what result.json will hold.
        files: name -> content of artefacts that are not in RUN yet.
    """

    record: Mapping[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)


def run(job: Job) -> Outcome | Failure:
    """Builds, trains and scores; never raises."""
    try:
        return execute(job)
    except Exception as error:
        return failure_of(error, traceback.format_exc())


def load_libraries() -> None:
    """Imports what `execute` needs, which takes some seconds."""
    from kwssearch import training  # noqa: F401


def execute(job: Job) -> Outcome:
    from kwssearch import backend
    from kwssearch.artefact import MODEL_FILE, WEIGHTS_FILE, ZIP_FILE
    from kwssearch.training import KwsHyperModel

    if job.space.recipe.deterministic and (found := altering()):
        named = ", ".join(f"{name}={value}" for name, value in found.items())
        raise UserError(
            f"deterministic: this process was started with {named}, which can alter results, expected it unset; "
            "start it again without, or train in local workers."
        )
    if (here := environment.versions()) != job.versions:
        names = [name for name in sorted({*here, *job.versions}) if here.get(name) != job.versions.get(name)]
        told = ", ".join(
            f"{name} {here.get(name, 'unset')} instead of {job.versions.get(name, 'unset')}" for name in names
        )
        raise UserError(f"a worker on host {socket.gethostname()} has {told}; install the same versions everywhere.")
    device = backend.configure(threads=1, deterministic=job.space.recipe.deterministic, gpu=job.gpu)
    data = open_data(job.source, job.space.data_settings, job.fingerprint)
    hypermodel = KwsHyperModel(job.space, data)
    folder = job.scratch
    figures = converted(job, job.given, hypermodel) if job.given else trained(job, hypermodel)
    if job.streams and not job.auxiliary:
        figures |= heard((folder / MODEL_FILE).read_bytes(), job.planned, job.space, data, job.streams)
    files = {}
    if job.folder is None:
        made = [folder / name for name in (MODEL_FILE, ZIP_FILE, WEIGHTS_FILE)]
        files = {path.name: path.read_bytes() for path in made if path.exists()}
        shutil.rmtree(folder)
        # What earlier runs left on this host a week ago or more: shared states, checkpoints of lost jobs.
        forget_older(folder.parent.parent.iterdir(), SECONDS_KEPT)
    clips = len(figures["predictions"])
    record = {
        **identity(job),
        "device": device,
        **({"variables": found} if (found := altering()) else {}),
        **figures,
        "training": name_of(job, figures["precision"]),
        **({"origin": dict(job.given.origin)} if job.given else {}),
        **({"start": started_from(job)} if job.starts else {}),
        "accuracy_interval": list(wilson(round(figures["accuracy"] * clips), clips)),
        "status": "completed",
        "latency_provisional": not job.alone,
    }
    return Outcome(record, files)


def name_of(job: Job, precision: str) -> str:
    """The name of a training that has ended, here or before."""
    if job.given is not None:
        return str(job.given.record["training"])
    start = None if job.start is None else job.start.record["precision"]
    return training_name(job.space, job.planned.values, job.seed, job.fingerprint, job.versions, precision, start)


def started_from(job: Job) -> dict[str, Any]:
    """The dense training that a job began with, or whose training did that it was converted from."""
    if job.given is not None:
        return dict(job.given.record.get("start", {}))
    if job.start is None:
        return {}
    record = job.start.record
    return {**job.start.origin, "training": record["training"], "train_cpu_seconds": record.get("train_cpu_seconds")}


def trained(job: Job, hypermodel: KwsHyperModel) -> dict[str, Any]:
    """What a job's record says once its model was trained and its file made."""
    from kwssearch import backend
    from kwssearch.training import hyperparameters

    hp = hyperparameters(job.space, job.planned.values)
    folder = job.scratch
    started = time.time()

    def on_epoch(history: list[dict[str, float]]) -> None:
        write_json(folder / PROGRESS_RECORD, {"epoch": len(history), **history[-1], "started": started})

    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / PROGRESS_RECORD, {"epoch": 0, "stage": "making features", "started": started})
    hypermodel.features(hypermodel.front_end(job.planned.values))
    write_json(folder / PROGRESS_RECORD, {"epoch": 0, "stage": "training", "started": started})
    backend.start_anew(job.seed)
    weights = None if job.start is None else job.start.weights
    return hypermodel.evaluate(hp, hypermodel.build(hp), folder, job.seed, job.shared_state, on_epoch, weights)


def converted(job: Job, given: Trained, hypermodel: KwsHyperModel) -> dict[str, Any]:
    """The same where the training has ended; weights that do not last where they are, are kept here too."""
    from kwssearch import backend
    from kwssearch.artefact import WEIGHTS_FILE
    from kwssearch.training import hyperparameters

    write_json(job.scratch / PROGRESS_RECORD, {"epoch": 0, "stage": "converting", "started": time.time()})
    if not given.lasting:
        write_bytes(job.scratch / WEIGHTS_FILE, given.weights)
    backend.start_anew(job.seed)
    hp = hyperparameters(job.space, job.planned.values)
    return hypermodel.variant(hp, given.weights, given.record, job.scratch, job.seed)


def identity(job: Job) -> dict[str, Any]:
    """What identifies an execution in its record."""
    return {
        "trial_id": job.planned.trial_id,
        "strategy": job.planned.strategy,
        "values": dict(job.planned.values),
        "execution": job.execution,
        "seed": job.seed,
        "environment": environment.describe(),
    }


@lru_cache(maxsize=2)
def open_data(source: str, settings: DataSettings, fingerprint: str) -> DataSet:
    """The data set, loaded once per process.

    Raises:
        UserError: it is not the one that the search began with.
    """
    data = load_data(source, settings)
    if data.fingerprint != fingerprint:
        raise UserError(
            f"{source}: is not the data set that this search uses (fingerprint {data.fingerprint[:12]}, "
            f"expected {fingerprint[:12]}); give every worker the same clips."
        )
    return data
