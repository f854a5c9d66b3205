"""Models that exist, of a run or of a bundle, with what must be known to score them on other recordings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch.analysis import Interval, Worlds, front
from kwssearch.analysis.answered import accuracies, answered
from kwssearch.artefact import MODEL_FILE
from kwssearch.data import speaker_rule
from kwssearch.deploy.bundled.spotter import DESCRIPTION
from kwssearch.deploy.shipped import Shipped, find_model
from kwssearch.deploy.trying import Model, from_bundle
from kwssearch.errors import UserError, counted
from kwssearch.runs import Run, trial_folder
from kwssearch.runs.records import DATA_RECORD, RUN_RECORD, read_or_warn
from kwssearch.space import SILENCE, UNKNOWN, DataSettings


@dataclass(frozen=True)
class Candidates:
    """Models of one run that are scored together.

    Attributes:
        source: their run's folder, or their bundle's.
        words: their classes.
        settings: how the data set was read that they come from.
        fingerprint: of that data set.
        models: trial id -> description and content, in the order of the table.
        shipped: the same as the run knows them; none of a bundle.
        trained_on: digests of the clips they were trained on; none are known of a bundle.
        voices: who speaks in these clips.
        warnings: a sentence each.
    """

    source: Path
    words: tuple[str, ...]
    settings: DataSettings
    fingerprint: str
    models: Mapping[str, Model]
    shipped: Mapping[str, Shipped] = field(default_factory=dict)
    trained_on: frozenset[str] = frozenset()
    voices: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()

    def own_accuracies(self, classes: Collection[int]) -> dict[str, Interval]:
        """Trial id -> accuracy of the very file on the test clips of its search.

        Args:
            classes: those whose clips count, by index; a bundle knows the accuracy over all of its classes alone.
        """
        if not self.shipped:
            return {trial_id: told(description) for trial_id, (description, _) in self.models.items()}
        run = next(iter(self.shipped.values())).run
        kept = np.isin(run.labels, list(classes))
        said = {trial_id: each.execution.predictions[kept] for trial_id, each in self.shipped.items()}
        return accuracies(answered(run.words, run.labels[kept], run.speakers[kept].tolist(), said))


def told(description: Mapping[str, Any]) -> Interval:
    """The accuracy that a bundle's description holds."""
    accuracy = description["figures"]["accuracy"]
    return Interval(accuracy["value"], accuracy["low"], accuracy["high"])


def is_bundle(folder: Path) -> bool:
    """Whether a folder is a bundle; a run otherwise.

    Raises:
        UserError: it is neither.
    """
    found = (folder / DESCRIPTION).is_file()
    if not found and not (folder / RUN_RECORD).is_file():
        raise UserError(
            f"{folder}: is neither a run (there is no {RUN_RECORD}) nor a bundle (there is no {DESCRIPTION}), expected "
            "one of them; name a folder that 'kwssearch run' or 'kwssearch export' made."
        )
    return found


def of_run(run: Run, trial_ids: Sequence[str] = ()) -> Candidates:
    """The trials that are named, or those of the front whose files are there, the most accurate first.

    Raises:
        QuantityError: no such trial.
        UserError: none is completed, or a model is gone or another one.
    """
    warnings: list[str] = []
    named = list(trial_ids) or on_disk(run, warnings)
    shipped = {each.trial.trial_id: each for each in (find_model(run, trial_id) for trial_id in named)}
    settings = run.space.data_settings
    recorded = (read_or_warn(run.folder / DATA_RECORD, []) or {}).get("splits", {}).get("train")
    known = recorded if isinstance(recorded, Mapping) else {}
    return Candidates(
        run.folder,
        run.words,
        settings,
        run.record["data"]["fingerprint"],
        {trial_id: (each.description(), each.content) for trial_id, each in shipped.items()},
        shipped,
        frozenset(known.values()),
        frozenset(map(speaker_rule(settings.speaker), known)),
        tuple(warnings),
    )


def on_disk(run: Run, warnings: list[str]) -> list[str]:
    """Ids of the front's trials whose files are there, the most accurate on the test clips first.

    Raises:
        UserError: there is none.
    """
    if not run.completed:
        raise UserError(f"{run.folder}: no trial is completed yet, so that no model can be scored; search it first.")
    flags = front(Worlds(run), run.completed)
    on_front = [trial for trial, is_on in zip(run.completed, flags, strict=True) if is_on]
    best = sorted(on_front, key=lambda trial: -float(trial.executions[0]["accuracy"]))
    there = [
        trial.trial_id
        for trial in best
        if (trial_folder(run.folder, trial.trial_id, trial.executions[0].index) / MODEL_FILE).is_file()
    ]
    if not there:
        raise UserError(
            f"{run.folder}: holds no {MODEL_FILE} of the {counted(len(best), 'trial')} of its front, expected the "
            "files that the search wrote; copy them from where it was searched, or search again."
        )
    if gone := [trial.trial_id for trial in best if trial.trial_id not in there]:
        warnings.append(
            f"{run.folder}: the model of trial {', '.join(gone)} is gone and not scored; copy it from where the run "
            "was searched."
        )
    return there


def of_bundle(folder: Path) -> Candidates:
    """The one model of a folder that `export` wrote.

    Raises:
        UserError: it cannot be run.
    """
    description, content = from_bundle(folder)
    try:
        provenance, setting = description["provenance"], description["front_end"]
        others = {description["words"][i] for i in range(len(description["words"])) if i not in description["keywords"]}
        settings = DataSettings(
            unknown=UNKNOWN in others,
            silence=SILENCE in others,
            window_s=setting["samples"] / setting["sampling_rate"],
        )
        told(description)
        return Candidates(
            folder,
            tuple(description["words"]),
            settings,
            provenance["data"]["fingerprint"],
            {provenance["trial_id"]: (description, content)},
        )
    except (LookupError, TypeError) as error:
        raise UserError(
            f"{folder / DESCRIPTION}: does not say what its model was trained on, expected what 'kwssearch export' "
            "wrote; export it again."
        ) from error
