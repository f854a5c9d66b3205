"""A run's folder: begun once, held by one process at a time, never mixed with another search."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kwssearch import data as data_sets
from kwssearch.data import DataSet
from kwssearch.errors import UserError
from kwssearch.runs import records
from kwssearch.runs.aside import set_aside
from kwssearch.runs.changes import changed_keys, changes, comparable, grows, more_executions, version_changes
from kwssearch.runs.description import describe, recorded_source, recorded_space
from kwssearch.runs.lock import HOLDER, LOCK, held, told_of
from kwssearch.runs.reading import latency_path, load, load_trial, read_recorded_space
from kwssearch.runs.records import trial_folder
from kwssearch.runs.run import Run, Trial
from kwssearch.space import FREE, PLACED, PlannedTrial, SearchSpace
from kwssearch.system.storage import write_bytes, write_json

LOG = "workers.log"
PLACE = "place.json"  # valid on this machine only; not a record
OURS = (LOCK, HOLDER, LOG, PLACE, records.SHARED, records.DATA_RECORD)


class RunFolder:
    """The only writer of a run: every search goes through it, and only it knows the file names.

    Args:
        path: RUN; made if it is missing, once it is held.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.record: dict[str, Any] = {}

    def held(self) -> AbstractContextManager[None]:
        """Keeps other writers out while the block lasts.

        Raises:
            UserError: another process holds the run, or the folder holds other things or cannot be written.
        """
        return held(self.path, OURS)

    @property
    def log(self) -> Path:
        """The file that receives what workers print."""
        return self.path / LOG

    @property
    def source(self) -> str:
        """What `load_data` takes to find the data set of a run that was begun."""
        recorded = str(self.record["data"]["source"])
        if recorded in data_sets.NAMED:
            return recorded
        beside = os.path.normpath(self.path.resolve() / recorded)
        absolute = str((records.read_or_warn(self.path / PLACE, []) or {}).get("data"))
        return absolute if not os.path.isdir(beside) and os.path.isdir(absolute) else beside

    @property
    def exists(self) -> bool:
        """Whether a run was begun here."""
        return (self.path / records.RUN_RECORD).exists()

    def holds(self, space: SearchSpace) -> bool:
        """Whether this very space was begun here, whatever its data set is."""
        if not self.exists:
            return False
        recorded = self.reopen()
        return comparable(recorded) == comparable(space.with_data_settings(recorded.data_settings))

    def set_aside(self) -> None:
        """Renames a run, so that another one can begin under its name; nothing is deleted.

        Raises:
            UserError: it is being searched, or the folder above it cannot be written.
        """
        if self.exists:
            with self.held():
                pass
            set_aside(self.path, "replaced")

    def reopen(self) -> SearchSpace:
        """The space of a run that was begun.

        Raises:
            UserError: no run is there, or its own record is damaged.
        """
        self.record = records.read_run_record(self.path)
        return read_recorded_space(self.path, self.record)

    def built_in_oracle(self) -> str:
        """The name of the oracle that a run was begun with.

        Raises:
            UserError: it is a program's own, so that only that program can go on.
        """
        if (oracle := records.oracle_of(self.record)) not in records.BUILT_IN:
            raise UserError(
                f"{self.path}: its trials were proposed by oracle {oracle!r}, which only the program that made it has; "
                "go on by running that program again."
            )
        return oracle

    def expect(self, space: SearchSpace, oracle: str) -> None:
        """Checks what can be known without the data set: whether a run that was begun has this space.

        Raises:
            UserError: it is another search; the message says what differs.
        """
        if self.exists:
            recorded = self.reopen()
            alike = space.with_data_settings(recorded.data_settings)
            self.refuse([*changed_keys(recorded, alike), *self.changed_oracle(oracle)])
            self.refuse_versions()

    def open(self, space: SearchSpace, data: DataSet, oracle: str) -> None:
        """Begins the run, or checks that it is this very search; the caller holds it.

        A run may grow by further points and by more executions a trial, and its data set may have moved; nothing
        else may change.

        Args:
            oracle: name of what proposes its trials.

        Raises:
            UserError: the folder holds another search; the message says what differs.
        """
        if not self.exists:
            self.record = describe(self.path, space, data, oracle)
            write_json(self.path / records.DATA_RECORD, data_sets.record(data))
            write_json(self.path / records.RUN_RECORD, self.record)
            self.keep_place(data)
            return
        recorded = self.reopen()
        clips = records.read_or_warn(self.path / records.DATA_RECORD, []) or {}
        self.refuse([*changes(self.record, recorded, clips, space, data), *self.changed_oracle(oracle)])
        self.refuse_versions()
        self.grow(recorded, space, data, oracle)
        self.keep_place(data)

    def changed_oracle(self, oracle: str) -> Iterator[str]:
        begun_by = records.oracle_of(self.record)
        if begun_by != oracle and not {begun_by, oracle} <= set(records.BUILT_IN):
            yield f"its trials were proposed by oracle {begun_by!r} and would now be proposed by {oracle!r}"

    def refuse_versions(self) -> None:
        """Raises: UserError: other versions would compute the results; names the command that restores them."""
        if told := version_changes(self.record["versions"]):
            raise UserError(
                f"{self.path}: was begun with other versions: {told}, or start afresh in another folder.",
                about="folder",
            )

    def refuse(self, differences: Sequence[str]) -> None:
        if differences:
            raise UserError(
                f"{self.path}: was begun with another search: {'; '.join(differences)}. "
                "Restore what it was begun with, or start afresh in another folder.",
                about="folder",
            )

    def grow(self, recorded: SearchSpace, space: SearchSpace, data: DataSet, oracle: str) -> None:
        """Writes down what may change: more points or executions, oracle, objectives, limits, the data set's place."""
        grown = grows(recorded, space)
        own = {key: getattr(space, key) for key in (*FREE, *PLACED) if key != "search"}
        kept = replace(space if grown else recorded, **own)
        changed: dict[str, Any] = {
            "space": recorded_space(self.path, kept.with_executions_of(more_executions(recorded, space))),
            "data": {**self.record["data"], "source": recorded_source(self.path, data)},
        }
        if oracle != records.oracle_of(self.record):
            changed["oracle"] = oracle
        if grown or space.objectives != recorded.objectives:
            self.forget_end()
        if grown:
            changed["before"] = [*self.record.get("before", []), recorded_space(self.path, recorded)]
        if self.record != (record := {**self.record, **changed}):
            self.record = record
            write_json(self.path / records.RUN_RECORD, record)

    def moved(self, data: DataSet) -> None:
        """Writes down where the data set of a run is now.

        Raises:
            UserError: it is another data set.
        """
        if data.fingerprint != self.record["data"]["fingerprint"]:
            raise UserError(
                f"{data.source}: is not the data set of {self.path}; name the one it was made with.", about="data"
            )
        source = recorded_source(self.path, data)
        if source != self.record["data"]["source"]:
            self.record = {**self.record, "data": {**self.record["data"], "source": source}}
            write_json(self.path / records.RUN_RECORD, self.record)
        self.keep_place(data)

    def keep_place(self, data: DataSet) -> None:
        """Also records the data set's own place, so that it is found if only the run has moved."""
        if data.source not in data_sets.NAMED:
            place = {"data": str(data.root.resolve())}
            if records.read_or_warn(self.path / PLACE, []) != place:
                write_json(self.path / PLACE, place)

    def load(self) -> Run:
        """What is recorded so far."""
        return load(self.path)

    def load_trial(self, planned: PlannedTrial, executions: int) -> Trial:
        """What is recorded of one trial so far."""
        return load_trial(self.path, planned, executions)

    def tidy(self, run: Run, retry_failed: bool = False) -> Run:
        """Sets damaged records aside, and failed ones if asked; removes what finished trials left behind.

        Returns:
            the run without what was set aside.
        """
        changed = False
        for trial in run.trials:
            executions = run.executions_of(trial.trial_id)
            missing = run.missing(trial)
            failed = {execution.index for execution in trial.failures}
            for index in range(executions):
                here = trial_folder(self.path, trial.trial_id, index)
                path = here / records.RESULT_RECORD
                if index in missing and path.exists():
                    set_aside(path, "damaged")
                elif retry_failed and index in failed:
                    set_aside(path, "failed")
                    changed = True
                elif index not in missing:
                    self.clear(here)
        self.clear(self.path)
        if run.latency_record is None and (self.path / records.LATENCY_RECORD).exists():
            set_aside(self.path / records.LATENCY_RECORD, "damaged")
        return load(self.path) if changed else run

    def begin_trial(self, planned: PlannedTrial, proposed_by: str) -> None:
        """Says what a trial is before it trains."""
        path = trial_folder(self.path, planned.trial_id) / records.TRIAL_RECORD
        if not path.exists():
            write_json(path, records.trial_record(planned, proposed_by))

    def end_execution(self, trial_id: str, index: int, record: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        """Keeps an execution's files and, last of all, its record: from then on it has ended."""
        here = trial_folder(self.path, trial_id, index)
        for name, content in files.items():
            write_bytes(here / name, content)
        write_json(here / records.RESULT_RECORD, {**record, "ended": datetime.now(UTC).isoformat()})
        self.clear(here)

    def leave_out(self, planned: PlannedTrial, proposed_by: str, record: Mapping[str, Any]) -> None:
        """Keeps the record of why a point is not trained."""
        self.begin_trial(planned, proposed_by)
        self.end_execution(planned.trial_id, 0, record, {})

    def take_back(self, trial: Trial) -> None:
        """Forgets that a trial was left out."""
        here = trial_folder(self.path, trial.trial_id)
        set_aside(here / records.RESULT_RECORD, "left-out")
        (here / records.TRIAL_RECORD).unlink(missing_ok=True)  # it is proposed again, or not

    def end_timing(self, record: Mapping[str, Any], target: str | None = None) -> None:
        write_json(latency_path(self.path, target), record)

    def end_search(self, skipped: Mapping[str, Any]) -> None:
        """Keeps what a search that has ended expects of the points that it did not train."""
        write_json(self.path / records.SKIPPED_RECORD, skipped)

    def keep_repeated(self, shares: Mapping[str, float]) -> None:
        """Keeps which trials have further executions, and the share of worlds in which each is on the front."""
        write_json(self.path / records.REPEATED_RECORD, {"trials": dict(shares)})

    def known(self) -> dict[str, Any] | None:
        """What was found out of all points before anything was trained, if it was."""
        return records.read_or_warn(self.path / records.KNOWN_RECORD, [])

    def keep_known(self, figures: Mapping[str, Any]) -> None:
        write_json(self.path / records.KNOWN_RECORD, figures)

    def forget_end(self) -> None:
        """A search goes on: what is skipped, and what is repeated, shows at its end."""
        with told_of(self.path):
            for name in (records.SKIPPED_RECORD, records.REPEATED_RECORD):
                (self.path / name).unlink(missing_ok=True)

    def clear(self, folder: Path) -> None:
        """Removes what only a running execution needs.

        Raises:
            UserError: the folder cannot be written.
        """
        with told_of(folder):
            for name in (records.CHECKPOINT_FILE, records.PROGRESS_RECORD):
                (folder / name).unlink(missing_ok=True)
            for temporary in folder.glob(".*.tmp"):
                temporary.unlink(missing_ok=True)

    def clear_shared(self) -> None:
        """Removes the states that trials shared, once none of them is still to run."""
        shutil.rmtree(self.path / records.SHARED, ignore_errors=True)
