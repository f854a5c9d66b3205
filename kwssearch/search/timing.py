"""Times all artefacts of a run in interleaved rounds, alone on the machine."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from kwssearch.artefact import MODEL_FILE, Classifier, sample
from kwssearch.errors import UserError
from kwssearch.features import FrontEnd
from kwssearch.runs import Run, Trial, now, trial_folder
from kwssearch.search.job import open_data
from kwssearch.space import SearchSpace
from kwssearch.system import environment

Times = npt.NDArray[np.floating[Any]]
CLIPS = 50
WARM_UP = 1
LEAST_SECONDS = 0.003
FEWEST_CALLS = 3
FEWEST_ROUNDS = 20
CHECK_EVERY = 10
WIDEST_INTERVAL = 0.02
SECONDS_A_TRIAL = 1.0
NOISY_SPREAD = 0.25
NOISE_RULE = (
    f"the 5th and 95th percentile of a trial's rounds lie more than {100 * NOISY_SPREAD:.0f} % of the median apart"
)


@dataclass(frozen=True)
class Timed:
    """One artefact to time.

    Attributes:
        baseline: id of the trial that its ratio is relative to; its own id where there is none.
        path: of the file; None if it is gone, so that an untrained model of the same shape stands in for it.
    """

    trial_id: str
    baseline: str
    path: Path | None
    front_end: FrontEnd
    values: Mapping[str, Any]


def timed_artefacts(run: Run, sampling_rate: int) -> list[Timed]:
    """What is to be timed of every completed trial."""
    found = []
    for trial in run.completed:
        setting = run.space.features[trial.values["features"]]
        baseline = run.baseline_of(trial) or trial
        path = artefact_of(run, trial)
        found.append(Timed(trial.trial_id, baseline.trial_id, path, FrontEnd(setting, sampling_rate), trial.values))
    return found


def artefacts_to_time(run: Run, again: bool = False) -> list[Timed]:
    """One artefact of every completed trial, or none if each has been timed and `again` is not set."""
    artefacts = timed_artefacts(run, run.record["data"]["sampling_rate"])
    done = {trial.trial_id for trial in run.completed if trial.latency is not None}
    return [] if not again and done >= {artefact.trial_id for artefact in artefacts} else artefacts


def artefact_of(run: Run, trial: Trial) -> Path | None:
    paths = (trial_folder(run.folder, trial.trial_id, e.index) / MODEL_FILE for e in trial.executions)
    return next((path for path in paths if path.is_file()), None)


def measure(
    artefacts: Sequence[Timed],
    space: SearchSpace,
    classes: int,
    source: str,
    fingerprint: str,
    threads: int = 1,
    budget: float | None = None,
) -> dict[str, Any]:
    """Times every artefact once per round, in an order that is shuffled for each round, on the same clips.

    A round's figure for a trial is the median over enough invocations to fill 3 ms, after one that is dropped: noise
    lasts longer than that, so that many short rounds tell more than few long ones. They go on until each ratio to its
    baseline has a 95 % interval narrower than 2 %, or the budget ends.

    Args:
        space, classes: of the run.
        source, fingerprint: the data set whose test clips are classified.
        budget: seconds; 1 a trial by default.

    Returns:
        The content of latency.json: for each trial its figures per round, in ms.

    Raises:
        UserError: this is not the data set that the run was made with.
    """
    data = open_data(source, space.data_settings, fingerprint)
    files = {artefact.trial_id: artefact.path or stand_in(artefact, space, classes) for artefact in artefacts}
    budget = SECONDS_A_TRIAL * len(artefacts) if budget is None else budget
    clips = [data.audio("test", i) for i in range(min(CLIPS, len(data.splits["test"])))]
    generator = np.random.default_rng(0)
    deadline = time.monotonic() + budget
    with pinned(threads) as cores, threadpool_limits(threads):
        classifiers = {artefact.trial_id: opened(files[artefact.trial_id], threads) for artefact in artefacts}
        counts = {
            artefact.trial_id: invocations(artefact, classifiers[artefact.trial_id], clips) for artefact in artefacts
        }
        rounds: list[dict[str, Times]] = []
        while len(rounds) < FEWEST_ROUNDS or (
            time.monotonic() < deadline and (len(rounds) % CHECK_EVERY or widest(artefacts, rounds) > WIDEST_INTERVAL)
        ):
            figures: dict[str, Times] = {}
            for index in generator.permutation(len(artefacts)):
                artefact = artefacts[index]
                chosen = [clips[i] for i in generator.integers(len(clips), size=WARM_UP + counts[artefact.trial_id])]
                times = sample(artefact.front_end, classifiers[artefact.trial_id], chosen)[WARM_UP:]
                figures[artefact.trial_id] = np.median(times, axis=0) * 1000
            rounds.append(figures)
    return record(artefacts, rounds, threads, cores)


def stand_in(artefact: Timed, space: SearchSpace, classes: int) -> bytes:
    """An untrained file that takes as long: neither weights nor their zeros make a dense kernel faster."""
    from kwssearch.compression.forecast import point_of
    from kwssearch.compression.untrained import untrained_file

    return untrained_file(space, classes, point_of(artefact.values))


def opened(file: Path | bytes, threads: int) -> Classifier:
    """Raises: UserError: the file is no model any interpreter can run."""
    try:
        return Classifier(file, threads)
    except (ValueError, RuntimeError) as error:
        path = file if isinstance(file, Path) else "an untrained model"
        raise UserError(
            f"{path}: is damaged ({' '.join(str(error).split())[:120]}), expected the model that its training left; "
            "copy it back, or remove it: an untrained one of its shape is timed instead."
        ) from error


def invocations(artefact: Timed, classifier: Classifier, clips: Sequence[Any]) -> int:
    """How many invocations fill the minimum time of a sample; finding out is also the first warm-up."""
    typical = float(np.median(sample(artefact.front_end, classifier, clips)[:, 2]))
    return max(FEWEST_CALLS, round(LEAST_SECONDS / typical))


def widest(artefacts: Sequence[Timed], rounds: Sequence[Mapping[str, Any]]) -> float:
    """The widest 95 % bootstrap interval of a median ratio to the baseline, as a share of the ratio."""
    totals = {
        artefact.trial_id: np.array([figures[artefact.trial_id][2] for figures in rounds]) for artefact in artefacts
    }
    resampled = np.random.default_rng(0).integers(len(rounds), size=(300, len(rounds)))
    widths = [0.0]
    for artefact in artefacts:
        ratios = totals[artefact.trial_id] / totals[artefact.baseline]
        low, high = np.quantile(np.median(ratios[resampled], axis=1), (0.025, 0.975))
        widths.append(float((high - low) / np.median(ratios)))
    return max(widths)


def record(
    artefacts: Sequence[Timed], rounds: Sequence[Mapping[str, Any]], threads: int, cores: Sequence[int]
) -> dict[str, Any]:
    figures = {artefact.trial_id: np.array([r[artefact.trial_id] for r in rounds]) for artefact in artefacts}
    return {
        "measured": now(),
        "threads": threads,
        "pinned_to": list(cores),
        "governor": environment.governor(),
        "rounds": len(rounds),
        "widest_interval": round(widest(artefacts, rounds), 4),
        "noisy": bool(max(spread(f[:, 2]) for f in figures.values()) > NOISY_SPREAD),
        "noise_rule": NOISE_RULE,
        "stand_ins": [artefact.trial_id for artefact in artefacts if artefact.path is None],
        "files": {
            artefact.trial_id: hashlib.sha256(artefact.path.read_bytes()).hexdigest()
            for artefact in artefacts
            if artefact.path is not None
        },
        "environment": environment.describe(),
        "versions": environment.versions(),
        "trials": {
            trial_id: {
                name: [round(float(value), 5) for value in values[:, column]]
                for column, name in enumerate(("feature", "model", "total"))
            }
            for trial_id, values in figures.items()
        },
    }


def spread(values: Times) -> float:
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    return float((high - low) / middle)


@contextlib.contextmanager
def pinned(threads: int) -> Iterator[list[int]]:
    """Keeps this process on as many cores as it has threads, where the system allows; yields their numbers."""
    if not hasattr(os, "sched_setaffinity"):
        yield []
        return
    before = os.sched_getaffinity(0)
    chosen = sorted(before)[-threads:]
    os.sched_setaffinity(0, chosen)
    try:
        yield chosen
    finally:
        os.sched_setaffinity(0, before)
