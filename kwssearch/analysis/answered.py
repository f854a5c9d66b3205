"""Models that exist on clips that no search saw: accuracies with intervals, by word, and against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.analysis.binomial import wilson
from kwssearch.analysis.interval import Interval
from kwssearch.analysis.words import by_word
from kwssearch.analysis.worlds import Worlds
from kwssearch.runs import Execution, Run, Trial
from kwssearch.space import PlannedTrial, Recipe, SearchSpace

Indices = npt.NDArray[np.int64]
UNTRAINED = Recipe(0, 0, (0.0, 0.0), 0, 1, "float32", deterministic=False)
NO_SPACE = SearchSpace("", "", "", UNTRAINED, {}, {}, {}, ())


def answered(words: Sequence[str], labels: Indices, who: Sequence[Any], answers: Mapping[str, Indices]) -> Run:
    """What models say of clips, as a run of nothing else.

    Args:
        words: class names.
        labels: shape (clips,), class indices.
        who: the speaker of each clip.
        answers: trial id -> shape (clips,), class indices.
    """
    speakers = np.unique(np.asarray(who), return_inverse=True)[1]
    trials = tuple(
        Trial(
            PlannedTrial(name, "", {}),
            (Execution(0, "completed", {"accuracy": float(np.mean(said == labels)), "predictions": said}),),
        )
        for name, said in answers.items()
    )
    return Run(Path(), {}, NO_SPACE, trials, tuple(words), labels, speakers)


def accuracies(run: Run) -> dict[str, Interval]:
    """Trial id -> accuracy; the interval is that of speakers drawn anew, or Wilson's where that is wider."""
    worlds, clips = Worlds(run), len(run.labels)
    found = {}
    for trial in run.completed:
        drawn = worlds.estimate(worlds.weights(trial))
        low, high = wilson(trial.accuracy * clips, clips)
        found[trial.trial_id] = Interval(trial.accuracy, min(low, drawn.low), max(high, drawn.high))
    return found


def difference(first: Interval, second: Interval) -> Interval:
    """First minus second, of estimates on different clips, from their intervals (Newcombe, 1998, method 10).

    It holds for intervals of any kind (Zou and Donner, 2008).
    """
    value = first.value - second.value
    below = np.hypot(first.value - first.low, second.high - second.value)
    above = np.hypot(first.high - first.value, second.value - second.low)
    return Interval(value, float(max(value - below, -1)), float(min(value + above, 1)))


def scores(run: Run, before: Mapping[str, Interval]) -> list[dict[str, Any]]:
    """JSON-ready, of each trial: accuracy, by word, against its own test clips, and paired against the first trial.

    Args:
        run: of `answered`.
        before: trial id -> accuracy on the test clips of the search.
    """
    worlds, known = Worlds(run), accuracies(run)
    first = run.trials[0]
    found = []
    for trial in run.trials:
        accuracy, own = known[trial.trial_id], before[trial.trial_id]
        record: dict[str, Any] = {
            "accuracy": list(accuracy),
            "own_accuracy": list(own),
            "difference": list(difference(accuracy, own)),
            **by_word(run, trial).to_dict(),
        }
        if trial is not first:
            paired = worlds.estimate(worlds.difference(trial, first))
            record["against_first"] = {"trial_id": first.trial_id, "difference": list(paired)}
        found.append(record)
    return found
