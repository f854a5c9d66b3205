"""What a search finds in its folder, and what it is going to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from kwssearch.data import DataSet
from kwssearch.models import Cost, costs
from kwssearch.policies import Known
from kwssearch.runs import FRONT, GRID, SKIPPED, VOICES_KNOWN, Run, RunFolder, Trial, beginning_name, trial_folder
from kwssearch.search.fitting import Point, Unfit, key_of, settle_left_out, unfit_points
from kwssearch.search.foresight import data_notes, space_notes
from kwssearch.search.job import Job
from kwssearch.search.trainings import Trainings, take_over
from kwssearch.space import PlannedTrial, SearchSpace, Stage, point_key
from kwssearch.system.cache import cache_notes


@dataclass(frozen=True)
class Budget:
    """What a search may spend.

    Attributes:
        trials: at most so many; all that the oracle has by default.
        hours: after these it stops as on Ctrl-C, with its state saved.
        timing_seconds: budget of the final timing, as `timing.measure` takes it.
    """

    trials: int | None = None
    hours: float | None = None
    timing_seconds: float | None = None


UNLIMITED = Budget()


@dataclass(frozen=True)
class Plan:
    """An open run, its data set, and what is left to do.

    Attributes:
        run: as it was found.
        budget: what may be spent.
        remote: jobs run on other hosts, so that their artefacts must be sent back.
        workers: how many jobs run at once, as far as is known.
        gpu: jobs may use graphics processors.
        known: figures of all points, for an oracle that needs them.
        taken: executions that were taken over from other runs.
        notes: sentences to show before the search begins.
        trainings: those that have ended, here and in runs to take over from.
        unfit: points that are not trained, since their files cannot keep the space's limits.
        streams: split -> SHA-256 of the stream that every model listens to; none where nobody asks what it hears.
    """

    folder: RunFolder
    run: Run
    data: DataSet
    trainings: Trainings
    budget: Budget = UNLIMITED
    remote: bool = False
    workers: int = 1
    gpu: bool = False
    notes: tuple[str, ...] = ()
    known: Known | None = None
    taken: int = 0
    unfit: Mapping[Point, Unfit] = field(default_factory=dict)
    streams: Mapping[str, str] = field(default_factory=dict)

    @property
    def space(self) -> SearchSpace:
        return self.run.space

    @property
    def trials(self) -> int:
        """How many the search will have, as far as is known before it begins."""
        known = len(self.to_train)
        return known if self.budget.trials is None else min(known, self.budget.trials)

    @property
    def done(self) -> int:
        """Executions that have ended."""
        trained = (trial for trial in self.run.trials if not trial.left_out)
        return sum(self.run.executions_of(trial.trial_id) - len(self.run.missing(trial)) for trial in trained)

    @property
    def is_settled(self) -> bool:
        """Whether the oracle of a run has ended, so that all that is not trained was skipped."""
        statuses = {trial.status for trial in self.run.trials}
        under_way = any(trial.begun and self.run.missing(trial) for trial in self.run.trials)
        return SKIPPED in statuses and "waiting" not in statuses and not under_way

    @property
    def left(self) -> int:
        """Executions to come, as far as is known: those that begun trials lack, and those of new trials."""
        due = self.space.recipe.executions_per_trial - 1 if self.seeds_due else 0
        if self.run.record.get("oracle") == FRONT and self.is_settled:
            return due
        begun = [trial for trial in self.run.trials if trial.begun and not trial.left_out]
        missing = sum(len(self.run.missing(trial)) for trial in begun)
        return missing + due + self.executions_of_new * max(0, self.trials - len(begun))

    @property
    def executions_of_new(self) -> int:
        """How often a trial is trained that is not begun yet, as far as is known."""
        recipe = self.space.recipe
        return recipe.executions_per_trial if recipe.repeated == "all" else 1

    @property
    def seeds_due(self) -> bool:
        """Whether it is still to be found which trials have further executions."""
        return self.space.recipe.repeated == "front" and self.run.repeated is None

    @property
    def total(self) -> int:
        """Executions of the whole search, as far as is known before it begins."""
        return self.left + self.done

    @cached_property
    def left_out(self) -> frozenset[Point]:
        """Points that are not trained, and were not before the limits were set."""
        trained = {key_of(trial.values) for trial in self.run.trials if trial.executions or trial.failures}
        return frozenset(self.unfit.keys() - trained)

    @cached_property
    def to_train(self) -> tuple[PlannedTrial, ...]:
        """The space's own list without what is left out."""
        return tuple(trial for trial in self.space.trials if key_of(trial.values) not in self.left_out)

    @cached_property
    def costs(self) -> Mapping[str, Cost]:
        """Trial id -> its cost; for trials of the space's own list."""
        return costs(self.space, len(self.data.words))

    @cached_property
    def macs(self) -> Mapping[str, float]:
        """Trial id -> multiply-accumulates of one inference, for as many epochs as the recipe has."""
        return {trial.trial_id: self.cost_of(trial) for trial in self.space.trials}

    @cached_property
    def macs_of_shapes(self) -> Mapping[tuple[Any, ...], float]:
        """Multiply-accumulates of one inference, by what determines them."""
        return {point_key(t.values, Stage.SHAPE): float(self.costs[t.trial_id].macs) for t in self.space.trials}

    def cost_of(self, planned: PlannedTrial) -> float:
        """Of a training: multiply-accumulates of one inference, fewer if it has fewer epochs than the recipe."""
        share = self.space.recipe_of(planned.values).epochs / self.space.recipe.epochs
        return share * self.macs_of_shapes[point_key(planned.values, Stage.SHAPE)]

    @cached_property
    def epochs(self) -> tuple[int, int]:
        """Fewest and most of a training."""
        each = {self.space.recipe_of(trial.values).epochs for trial in self.space.trials}
        return min(each), max(each)

    @cached_property
    def sharing(self) -> Counter[tuple[Any, ...]]:
        """How many trainings of the space are one until their endings."""
        trained = [trial for trial in self.to_train if self.space.dense_of(trial.values) is None]
        trainings = {point_key(trial.values, Stage.ENDING): trial for trial in trained}
        return Counter(point_key(trial.values, Stage.TRAINING) for trial in trainings.values())

    @cached_property
    def trainers(self) -> frozenset[str]:
        """Ids of the trials that are the first of their training; the others are made from its weights."""
        first: dict[tuple[Any, ...], str] = {}
        for trial in self.to_train:
            first.setdefault(point_key(trial.values, Stage.ENDING), trial.trial_id)
        return frozenset(first.values())

    def beginning(self, planned: PlannedTrial, execution: int) -> str | None:
        """Names the state that a trial's training shares with others; None if it shares none."""
        from_dense = self.space.dense_of(planned.values) is not None
        if from_dense or self.sharing[point_key(planned.values, Stage.TRAINING)] < 2:
            return None
        seed = self.space.recipe.seed + execution
        versions = self.folder.record["versions"]
        return f"{beginning_name(self.space, planned.values, seed, self.data.fingerprint, versions)}.npz"

    def jobs(self, trial: Trial) -> Iterator[Job]:
        """The executions of a trial that have not ended."""
        path = self.folder.path.resolve()
        for index in self.run.missing(trial):
            yield Job(
                space=self.space,
                source=self.folder.source,
                fingerprint=self.data.fingerprint,
                run_id=self.folder.record["run_id"],
                planned=trial.planned,
                execution=index,
                folder=None if self.remote else trial_folder(path, trial.trial_id, index),
                beginning=self.beginning(trial.planned, index),
                alone=self.workers <= 1 and not self.remote,
                gpu=self.gpu,
                streams=self.streams,
            )

    def leave_out(self, planned: PlannedTrial, proposed_by: str) -> bool:
        """Records that a point is not trained, if it is not."""
        why = self.unfit.get(key_of(planned.values))
        if why is not None:
            self.folder.leave_out(planned, proposed_by, why.record(planned))
        return why is not None

    def with_notes(self, *notes: str) -> Plan:
        return replace(self, notes=(*self.notes, *notes))


def opened(
    folder: RunFolder,
    space: SearchSpace,
    data: DataSet,
    oracle: str = GRID,
    retry_failed: bool = False,
    reuse: Sequence[Run] = (),
    waiting: Callable[[int], None] = lambda files: None,
    **options: Any,
) -> Plan:
    """Opens or begins a run that the caller holds.

    Args:
        reuse: runs whose trainings are taken over where they are the same.
        waiting: called with the number of files that have to be made to foresee who keeps the limits.

    Raises:
        UserError: the run is another search, its trainings cannot end as declared, an architecture cannot be
            quantised, no point keeps the space's limits, or the cache cannot be read.
    """
    here = () if options.get("remote") else cache_notes()
    foreseen = [*space_notes(space), *data_notes(space, data), *here]
    if any(trial.values["quantization"] != "none" for trial in space.trials if is_own(space, trial)):
        from kwssearch.compression.untrained import check_quantisable

        check_quantisable(space, len(data.words))
    unfit = unfit_points(space, len(data.words), waiting)
    folder.open(space, data, oracle)
    run = folder.load()
    damaged = [warning for warning in run.warnings if VOICES_KNOWN not in warning]  # the data set names them
    run = settle_left_out(folder, folder.tidy(run, retry_failed), unfit, oracle)
    notes = (*data.warnings, *foreseen, *damaged)
    plan = Plan(folder, run, data, Trainings(folder.path, run, reuse), notes=notes, unfit=unfit, **options)
    if not reuse or oracle != GRID:
        return plan
    taken = take_over(folder, (job for trial in run.trials for job in plan.jobs(trial)), plan.trainings, oracle)
    run = folder.load()
    return replace(plan, run=run, trainings=Trainings(folder.path, run, reuse), taken=taken)


def is_own(space: SearchSpace, trial: PlannedTrial) -> bool:
    """Whether a trial's architecture is the user's."""
    return trial.values["architecture"] in space.architectures
