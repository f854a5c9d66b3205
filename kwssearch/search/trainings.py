"""Trainings that have ended and whose weights are on disk: what differs from them in its file alone is converted."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kwssearch.artefact import MODEL_FILE, WEIGHTS_FILE, ZIP_FILE
from kwssearch.runs import Run, RunFolder, kept_starts, trial_folder
from kwssearch.search.job import Job, Trained
from kwssearch.space import SearchSpace, Stage, all_axes


@dataclass(frozen=True)
class Kept:
    """An execution whose weights are on disk.

    Attributes:
        folder: of its files.
        file: what determines its file, given the training.
        run: the run that it is in, if that is another one.
        lasting: whether the weights stay with a trial of this run.
    """

    folder: Path
    record: Mapping[str, Any]
    file: tuple[Any, ...]
    run: Run | None = None
    lasting: bool = True

    @property
    def origin(self) -> dict[str, Any]:
        """Where it is, and what it came from itself."""
        place = {"trial_id": self.record["trial_id"], "execution": self.record["execution"]}
        if self.run is None:
            return place
        return {**place, "run": self.run.folder.resolve().name, "run_id": self.run.record["run_id"]}


class Trainings:
    """What a run holds, and what other runs have that it may take over.

    Args:
        folder: the run.
        run: what it holds.
        others: further runs.
    """

    def __init__(self, folder: Path, run: Run, others: Iterable[Run] = ()) -> None:
        self.folder = folder
        self.space = run.space
        self._kept: dict[str, list[Kept]] = {}
        for other in (run, *others):
            for trial in other.trials:
                for execution in trial.executions:
                    self._add(execution.record, other.space, other.folder, None if other is run else other)
        for here, record in kept_starts(folder):
            self.add(record, here)

    def add(self, record: Mapping[str, Any], folder: Path | None = None) -> None:
        """Adds an execution of this run that has ended.

        Args:
            folder: of what is no trial's own.
        """
        self._add(record, self.space, self.folder, None, folder)

    def has_start(self, job: Job) -> bool:
        """Whether the dense training that a job starts from has ended, if it starts from one."""
        return not job.starts or any(True for _ in self.candidates(job.starts))

    def find(self, job: Job) -> Trained | None:
        """The training of a job, the run's own rather than another one's."""
        return self.of(job.trainings)

    def start_of(self, job: Job) -> Trained | None:
        """The dense training that a job starts from."""
        return self.of(job.starts)

    def of(self, names: Iterable[str]) -> Trained | None:
        for kept in list(self.candidates(names)):
            if (weights := whole(kept.folder / WEIGHTS_FILE)) is not None:
                return Trained(kept.record, weights, kept.origin, kept.lasting)
            self._kept[kept.record["training"]].remove(kept)
        return None

    def same_file(self, job: Job) -> Kept | None:
        """What another run has made of the very point of a job, file included."""
        file = file_key(job.space, job.planned.values)
        others = (kept for kept in self.candidates(job.trainings) if kept.run is not None)
        return next((kept for kept in others if kept.file == file), None)

    def candidates(self, names: Iterable[str]) -> Iterator[Kept]:
        for name in names:
            yield from self._kept.get(name, ())

    def _add(
        self,
        record: Mapping[str, Any],
        space: SearchSpace,
        folder: Path,
        other: Run | None,
        here: Path | None = None,
    ) -> None:
        lasting = here is None and other is None
        here = here or trial_folder(folder, record["trial_id"], record["execution"])
        if record.get("training") and (here / WEIGHTS_FILE).is_file():
            kept = Kept(here, record, file_key(space, record["values"]), other, lasting)
            self._kept.setdefault(record["training"], []).append(kept)


def whole(path: Path) -> bytes | None:
    """The content of an archive; None if it is gone or damaged, so that its training has to be done again."""
    try:
        content = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return content if archive.testzip() is None else None
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError):
        return None


def file_key(space: SearchSpace, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """What determines a file, given the training."""
    return (*(values[axis.name] for axis in all_axes() if axis.stage == Stage.FILE), space.quantization)


def take_over(folder: RunFolder, jobs: Iterable[Job], trainings: Trainings, proposed_by: str) -> int:
    """Copies what other runs have made of the very points of jobs; returns how many were copied."""
    taken = 0
    for job in jobs:
        if (kept := trainings.same_file(job)) is None:
            continue
        names = (MODEL_FILE, ZIP_FILE, WEIGHTS_FILE)
        if not all((kept.folder / name).is_file() for name in names):
            continue
        files = {name: (kept.folder / name).read_bytes() for name in names}
        own = {"trial_id": job.planned.trial_id, "strategy": job.planned.strategy, "values": dict(job.planned.values)}
        record = {**kept.record, **own, "execution": job.execution, "origin": kept.origin}
        folder.begin_trial(job.planned, proposed_by)
        folder.end_execution(*job.key, record, files)
        taken += 1
    return taken
