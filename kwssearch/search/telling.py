"""Sentences on a search: how far it will come, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from shlex import quote

import numpy as np

from kwssearch.errors import counted
from kwssearch.features import seconds_a_clip
from kwssearch.policies import Grid, Known
from kwssearch.runs import FRONT, GRID, SKIPPED, Run, found_share
from kwssearch.search.pace import Pace, in_words
from kwssearch.search.plan import Plan
from kwssearch.space import PlannedTrial, SearchSpace

MANY_TRAININGS = 36


def search_sentence(plan: Plan) -> str:
    """How many trials a search is likely to train, where that is not all of them; or how it could be fewer."""
    oracle = plan.run.record.get("oracle")
    if oracle == FRONT:
        return (
            "Search: front; it trains what may be on the front and is worth the time, the cheapest first, and skips "
            "the others."
        )
    if oracle == GRID and len(plan.trainers) > MANY_TRAININGS:
        return (
            f"Search: grid, all {len(plan.trainers)} trainings; the search 'front' would train those that may be on "
            "the front (a sixth of the time in replays of two grids) and skip the others."
        )
    return ""


def augmentation_sentences(space: SearchSpace, clips: int) -> Iterator[str]:
    """What each augmentation does to the clips of a front end, and what that takes here."""
    for features, name in {(t.values["features"], t.values["augmentation"]): None for t in space.trials}:
        if (own := space.augmentations.get(name)) is not None:
            setting = space.features[features]
            took = clips * seconds_a_clip(own, setting)
            yield (
                f"Augmentation {name} of {features}: clips are moved by up to "
                f"{counted(own.shift_frames(setting), 'frame')}, {own.noise_share:.0%} of them get noise; "
                f"{took:.2g} s of one core for {counted(clips, 'clip')}, in each epoch."
            )


def likely_cost(known: Known) -> str:
    """What a search for the front is likely to take, where the seconds of all trainings are known."""
    whole = float(np.sum(known.seconds))
    return (
        f"All {counted(len(known.seconds), 'training')} would take {in_words(whole)} of one core; in replays of two "
        f"grids the search for the front took a sixth of that ({in_words(whole / 6)}), and found 97 % of its members."
    )


def foretold(plan: Plan, hours: float) -> str:
    """How far a budget of time will come, going by the trainings that have ended."""
    pace = Pace()
    for trial in plan.run.trials:
        for execution in trial.executions:
            if "origin" not in execution.record:
                pace.took(plan.cost_of(trial.planned), float(execution["seconds"]))
    if not pace.known():
        return f"How far {hours:g} h will come shows in the time left, once a training has ended."
    ended = {(trial.trial_id, e.index) for trial in plan.run.trials for e in (*trial.executions, *trial.failures)}
    order = [planned for planned in likely_order(plan) if planned.trial_id in plan.trainers]
    waiting = [
        plan.cost_of(planned)
        for index in range(plan.executions_of_new)
        for planned in order
        if (planned.trial_id, index) not in ended
    ]
    room, fitting = 3600 * hours * max(1, plan.workers), 0
    for cost in waiting:
        room -= pace.expected([cost])
        fitting += room >= 0
    trainings = counted(len(waiting), "training")
    return f"In {hours:g} h about {fitting} of {trainings} will end, going by those that have."


def likely_order(plan: Plan) -> Sequence[PlannedTrial]:
    """In which its oracle will propose points, as far as that is known."""
    oracle = plan.run.record.get("oracle")
    if oracle == FRONT:
        return sorted(plan.space.trials, key=plan.cost_of)
    if oracle == GRID:
        return Grid(plan.space, {planned.trial_id: plan.cost_of(planned) for planned in plan.space.trials}).order
    return plan.space.trials


def budget_sentence(run: Run, skipped: int) -> str:
    """What a grid of the same budget would have trained more, or what a budget that is spent left unseen."""
    whole, most = len(run.space.trials), run.space.max_trials
    if most is None:
        return ""
    begun = sum(trial.begun and trial.left_out is None for trial in run.trials)
    if skipped and (fewer := min(most, whole) - begun) > 0:
        return f"A grid would have trained {fewer} more within the budget of {counted(most, 'trial')}."
    if not skipped and begun >= most and whole > len(run.trials):
        return f"The budget of {counted(most, 'trial')} is spent; {whole - begun} points of the space were not reached."
    return ""


def conclusion(run: Run, say: Callable[[str], None]) -> int:
    """Names what failed and where to look; the number of failures."""
    failures = [(trial, failure) for trial in run.trials for failure in trial.failures]
    shown = quote(str(run.folder))
    for trial, failure in failures:
        which = f", execution {failure.index}" if run.space.recipe.executions_per_trial > 1 else ""
        say(f"Failed: trial {trial.trial_id} ({trial.name}){which}: {failure['reason']}")
    if failures:
        say(f"To try the failed ones again: kwssearch resume {shown} --retry-failed")
    left_out = sum(trial.left_out is not None for trial in run.trials)
    skipped = sum(trial.status == SKIPPED for trial in run.trials)
    without = (f", {left_out} left out" if left_out else "") + (f", {skipped} skipped" if skipped else "")
    say(f"{len(run.completed)} of {counted(len(run.trials), 'trial')} completed{without}.")
    if skipped:
        if (share := found_share(run)) is not None:
            say(f"Found: at least {share:.0%} of the front's members, by the search's own, cautious estimate.")
        say(f"To train the skipped ones too: kwssearch resume {shown} --exhaustive")
    if sentence := budget_sentence(run, skipped):
        say(sentence)
    if run.completed:
        say(f"Next: kwssearch front {shown}\n      kwssearch answers {shown}\n      kwssearch report {shown}")
    return len(failures)
