"""Problems that can be seen before anything is trained."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kwssearch.analysis.wording import DYNAMIC_IS
from kwssearch.data import DataSet
from kwssearch.errors import SpaceError, counted
from kwssearch.features import mel_matrix
from kwssearch.space import FeatureSetting, Schedule, SearchSpace
from kwssearch.space.axes import PLAIN

FEW_UPDATES = 5
FEW_STEPS = 100  # of a clustered training, whose centroids then hardly move


def space_notes(space: SearchSpace) -> list[str]:
    """Warnings about what a space declares, whatever the data."""
    notes = [note for setting in space.features.values() for note in band_notes(setting)]
    sparsities = {trial.values["final_sparsity"] for trial in space.trials}
    if any(trial.values["quantization"] == "dynamic" for trial in space.trials):
        notes.append(f"quantization: {DYNAMIC_IS}")
    last = space.recipe.learning_rate[1]
    rising = [rate for trial in space.trials if (rate := trial.values["learning_rate"]) < last]
    if rising:
        notes.append(f"learning_rate {min(rising):g} is below the recipe's last one, {last:g}, to which it then rises")
    for name, pruning in space.prunings.items():
        below = sorted(s for s in sparsities if 0 < s < pruning.initial_sparsity)
        if below:
            shown = ", ".join(f"{s:g}" for s in below)
            notes.append(
                f"{title(name)}: initial_sparsity {pruning.initial_sparsity:g} is above final_sparsity {shown}, "
                "which is then reached at the first update"
            )
    return notes


def title(pruning: str) -> str:
    return "pruning" if pruning == PLAIN else f"pruning {pruning}"


def band_notes(setting: FeatureSetting) -> list[str]:
    """Warns of mel bands that are the same for every clip, since no line of the spectrum falls into them."""
    empty = int(np.sum(~mel_matrix(setting).any(axis=0)))
    if not empty:
        return []
    lines = setting.sampling_rate / setting.frame_length
    return [
        f"features {setting.name}: {empty} of {setting.mel_bins} mel bands hold no line of the spectrum ({lines:.3g} "
        "Hz apart) and are the same for every clip; use fewer mel_bins or a longer frame_length_ms"
    ]


def data_notes(space: SearchSpace, data: DataSet) -> list[str]:
    """Warnings about how a space and a data set fit together."""
    notes = []
    for setting in space.features.values():
        edges = band_centres(setting)
        above = int(np.sum(edges >= data.sampling_rate / 2))
        if above:
            notes.append(
                f"features {setting.name}: {above} of {setting.mel_bins} mel bands lie above "
                f"{data.sampling_rate / 2:g} Hz, which recordings of {data.sampling_rate} Hz do not hold; "
                "lower upper_hz"
            )
    return [*notes, *pruning_notes(space, data), *clustering_notes(space, data)]


def band_centres(setting: FeatureSetting) -> npt.NDArray[np.float64]:
    """The centre of each mel band in hertz; shape (mel_bins,)."""
    low, high = (1127 * np.log1p(edge / 700) for edge in (setting.lower_hz, setting.upper_hz))
    mels = np.linspace(low, high, setting.mel_bins + 2)[1:-1]
    return np.asarray(700 * np.expm1(mels / 1127))


def pruning_notes(space: SearchSpace, data: DataSet) -> list[str]:
    """Warnings about trainings that leave little time for pruning.

    Raises:
        SpaceError: a training ends before its last mask is made.
    """
    notes: dict[str, None] = {}
    for trial in space.trials:
        if (pruning := space.pruning_of(trial.values)) is None:
            continue
        recipe = space.recipe_of(trial.values)
        steps = recipe.steps(len(data.splits["train"]))
        schedule = Schedule.over(steps, pruning)
        name = title(trial.values["pruning"])
        told = (
            f"{name}: a training of {counted(steps, 'step')} ({counted(recipe.epochs, 'epoch')}, batches of "
            f"{recipe.batch_size}, {len(data.splits['train']):,} clips) makes masks "
            f"{counted(schedule.updates, 'time')}, at steps {schedule.begin} to {schedule.end}"
        )
        remedy = "train more epochs, use smaller batches, or let pruning end earlier"
        if schedule.end > steps:
            raise SpaceError(f"{told}, expected the last one within the training; {remedy}.")
        if schedule.updates < FEW_UPDATES:
            notes[f"{told}, which is abrupt; {remedy}"] = None
        elif schedule.end == steps:
            notes[f"{told}: no step is left after the last one; {remedy}"] = None
    return list(notes)


def clustering_notes(space: SearchSpace, data: DataSet) -> list[str]:
    """Warnings about clustered trainings that are too short for their centroids to settle."""
    notes: dict[str, None] = {}
    for trial in (trial for trial in space.trials if trial.values["clusters"]):
        recipe = space.recipe_of(trial.values)
        if (steps := recipe.steps(len(data.splits["train"]))) < FEW_STEPS:
            told = f"clustering: {counted(recipe.epochs, 'epoch')} are {counted(steps, 'step')} here"
            remedy = "for the centroids to settle; train more epochs, or use smaller batches"
            notes[f"{told}, expected at least {FEW_STEPS} {remedy}"] = None
    return list(notes)
