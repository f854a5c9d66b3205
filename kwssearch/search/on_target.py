"""Times the models of a run on another machine, and keeps its latencies beside those of this one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kwssearch.analysis import Worlds, front
from kwssearch.deploy import Target, Visit, bundle_files, find_model, visit
from kwssearch.errors import UserError, counted
from kwssearch.runs import Run, RunFolder, Trial, target_record
from kwssearch.search import timing


def measure_on(
    path: Path,
    target: Target,
    name: str,
    say: Callable[[str], None],
    python: str = "python3",
    threads: int = 1,
    every: bool = False,
) -> None:
    """Times models on a target, from which on `load(path, name)` has its latencies.

    Args:
        name: the target's, for people and as that of a file.
        python: the interpreter there.
        every: all completed trials; by default those of the front and their baselines.

    Raises:
        QuantityError: no such name is possible.
        UserError: no trial is completed, a model is gone, or the target fails; the sentence says how.
    """
    folder = RunFolder(path)
    folder.reopen()
    target_record(path, name)
    with folder.held():
        run = folder.load()
        trials = to_time(run, every)
        if not trials:
            raise UserError(f"{path}: no trial is completed yet, so that there is no model to time; search it first.")
        say(f"Packing {counted(len(trials), 'model')} ...")
        bundles = {trial.trial_id: bundle_files(find_model(run, trial.trial_id), c=False) for trial in trials}
        say(f"Timing them on {name} ...")

        def told(done: int, of: int) -> None:
            if done % len(bundles) == 0:
                say(f"{done} of {of} timings on {name} done.")

        found = visit(target, bundles, python, threads, told)
        record = timing_record(run, found, name, threads)
        folder.end_timing(record, name)
    say(
        f"{record['rounds']} rounds on {name}; the widest 95 % interval of a ratio to the baseline is "
        f"{record['widest_interval']:.1%}."
    )
    if record["noisy"]:
        say(f"Warning: {name} was too noisy ({record['noise_rule']}); measure again when it is quieter.")


def to_time(run: Run, every: bool) -> list[Trial]:
    """All completed trials, or those of the front and the baselines that they are held against."""
    if every or not run.completed:
        return list(run.completed)
    on_front = [trial for trial, there in zip(run.trials, front(Worlds(run), run.trials), strict=True) if there]
    wanted = {trial.trial_id for each in on_front for trial in (each, run.baseline_of(each)) if trial}
    return [trial for trial in run.completed if trial.trial_id in wanted]


def timing_record(run: Run, found: Visit, name: str, threads: int) -> dict[str, Any]:
    """The content of targets/NAME.json: that of latency.json, and `target`."""
    artefacts = [
        artefact
        for artefact in timing.timed_artefacts(run, run.record["data"]["sampling_rate"])
        if artefact.trial_id in found.times
    ]
    count = len(next(iter(found.times.values())))
    rounds = [{trial_id: times[number] for trial_id, times in found.times.items()} for number in range(count)]
    told = found.machine
    return {
        **timing.record(artefacts, rounds, threads, cores=()),
        "target": name,
        "governor": told.get("governor"),
        "environment": {"cpu": told.get("processor"), **{key: told.get(key) for key in ("cores", "system", "python")}},
        "versions": {key: told.get(key) for key in ("numpy", "ai-edge-litert")},
    }
