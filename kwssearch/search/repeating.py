"""Further seeds where they matter: for the trials that may be on the front, once all have one execution."""

from __future__ import annotations

from dataclasses import replace

from kwssearch.analysis import Worlds, front_share
from kwssearch.runs import Run

LEAST_SHARE = 0.05  # of the bootstrap worlds in which a trial is on the front


def repeated(run: Run) -> dict[str, float]:
    """Ids of the trials that deserve further executions -> share of worlds in which each is on the front.

    First executions decide, on the validation clips where the run has them: the same trials before and after others
    were added.
    """
    firsts = tuple(
        replace(trial, executions=first)
        for trial in run.completed
        if (first := tuple(each for each in trial.executions if each.index == 0))
    )
    once = replace(run, trials=firsts)
    shares = front_share(Worlds(once.on_validation or once))
    return {trial_id: round(share, 4) for trial_id, share in shares.items() if share >= LEAST_SHARE}
