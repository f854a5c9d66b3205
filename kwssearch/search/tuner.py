"""The KerasTuner interface: a tuner that searches a space on a data set and shows the results."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kwssearch.artefact import WEIGHTS_FILE
from kwssearch.backend import BaseTuner, Trial, keras
from kwssearch.data import DataSet
from kwssearch.errors import UserError, counted
from kwssearch.report.rows import trial_rows
from kwssearch.report.tables import show_trials
from kwssearch.runs import FRONT, GRID, RANDOM, Run, RunFolder, trial_folder
from kwssearch.search.conduct import conduct
from kwssearch.search.oracles import ORACLES, PolicyOracle
from kwssearch.search.plan import Budget, Plan
from kwssearch.search.progress import Progress
from kwssearch.search.telling import conclusion
from kwssearch.search.trainers import Trainers
from kwssearch.space import SearchSpace, read_space
from kwssearch.training import KwsHyperModel, load_weights, plain_model

NO_CALLBACKS = (
    "callbacks: trainings run in worker processes and may go on from a state that another one left, so that Keras "
    "callbacks would not see all of their epochs; expected none, watch progress instead."
)


def wrong_hypermodel(given: object) -> str:
    return (
        f"hypermodel: got a {type(given).__name__}, expected KwsHyperModel(space); an architecture of your own is "
        "named in the space, as architecture = 'my_models:tc_resnet'."
    )


class KwsTuner(BaseTuner):
    """Searches a space with any oracle, in this process, on local workers or on a Dask cluster.

    A run's folder, `directory/project_name`, is the state: a tuner that is made again continues where it stopped.

    Args:
        oracle: proposes points of the hyper model's space.
        hypermodel: the space, and the data where it is known.
        directory: of all runs.
        project_name: of this run; the space's name by default.
        overwrite: sets an earlier run of that name aside under another name; nothing is deleted.

    Raises:
        UserError: another kind of hyper model, or the earlier run cannot be set aside.
    """

    oracle: PolicyOracle
    hypermodel: KwsHyperModel

    def __init__(
        self,
        oracle: PolicyOracle,
        hypermodel: KwsHyperModel,
        directory: str | os.PathLike[str] = "runs",
        project_name: str | None = None,
        overwrite: bool = False,
    ) -> None:
        if type(hypermodel) is not KwsHyperModel:
            raise UserError(wrong_hypermodel(hypermodel))
        name = project_name or oracle.space.name
        self.folder = RunFolder(Path(directory) / name)
        if overwrite:
            self.folder.set_aside()
        super().__init__(oracle, hypermodel, directory=os.fspath(directory), project_name=name)
        if self.folder.holds(self.space):
            self.oracle.take_up(self.folder.load())

    @property
    def space(self) -> SearchSpace:
        return self.oracle.space

    @property
    def project_dir(self) -> str:
        """RUN; KerasTuner's own property makes the folder whenever it is read."""
        return os.path.join(str(self.directory), self.project_name)

    def search(
        self,
        data: DataSet | str | os.PathLike[str] | None = None,
        *,
        workers: int | None = None,
        scheduler: str | None = None,
        gpus: bool = False,
        retry_failed: bool = False,
        reuse: Sequence[str | os.PathLike[str]] = (),
        max_hours: float | None = None,
        timing_budget: float | None = None,
        callbacks: Sequence[Any] | None = None,
        verbose: int = 1,
    ) -> None:
        """Trains what is left, then times all models; run again, it resumes.

        Args:
            data: the words to spot; the hyper model's, else the space's, by default.
            workers: processes of this machine; as many as there are cores by default, 0 trains in this process.
            scheduler: address of a Dask scheduler to train on instead, such as 'tcp://host:8786'.
            gpus: gives every worker a graphics processor; they are left alone by default.
            retry_failed: also tries failed trials again.
            reuse: folders of other runs, whose trainings are taken over where they are the same.
            max_hours: stops after these, with the state saved; another call of `search` continues.
            timing_budget: seconds after which the final timing stops, but not before 20 rounds; 1 a trial by default.
            callbacks: none are accepted; the error says why.
            verbose: 0 to say nothing.

        Raises:
            UserError: the space, the data, the run or the disk prevents the search; finished work is kept.
        """
        if callbacks:
            raise UserError(NO_CALLBACKS)
        given = data if data is not None else self.hypermodel.data or self.space.data
        progress = Progress(silent=not verbose)
        run = conduct(
            self.folder.path,
            self.space,
            given if isinstance(given, DataSet) else os.fspath(given),
            self._begun,
            Trainers.chosen(workers, scheduler, gpus),
            progress,
            self.oracle.name,
            Budget(self.oracle.max_trials, max_hours, timing_budget),
            retry_failed,
            [Path(folder) for folder in reuse],
        )
        self.oracle.take_up(run)  # what was heard were latencies beside training
        conclusion(run, progress.say)

    def results_summary(self, num_trials: int = 10) -> None:
        """Prints the best trials, the front first, with their objectives and intervals."""
        run = self.recorded()
        rows = {row["trial_id"]: row for row in trial_rows(run)}
        show_trials([rows[trial.trial_id] for trial in self.get_best_trials(num_trials)], objectives=run.objectives)

    def search_space_summary(self, extended: bool = False) -> None:
        """Prints the axes as KerasTuner does, and how many points the space has of their product."""
        super().search_space_summary(extended)
        print(f"{counted(len(self.space.trials), 'point')} of them, declared by:")
        for strategy in self.space.strategies:
            own = [trial for trial in self.space.trials if trial.strategy == strategy.name]
            print(f"  {strategy.name}: {counted(len(own), 'point')}")

    def get_best_trials(self, num_trials: int = 1) -> list[Trial]:
        """Completed trials by rank, the front first; within a rank in order of their ids."""
        return self.oracle.get_best_trials(num_trials)

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[Any]:
        """The hyperparameters of `get_best_trials`."""
        return [trial.hyperparameters for trial in self.get_best_trials(num_trials)]

    def get_best_models(self, num_models: int = 1) -> list[keras.Model]:
        """The trained `tf_keras` models of `get_best_trials`, of the first seed, without pruning wrappers.

        Raises:
            UserError: the weights of a trial are not in its folder.
        """
        return [self.load_model(trial) for trial in self.get_best_trials(num_models)]

    def load_model(self, trial: Trial) -> keras.Model:
        """The trained model of one trial."""
        run = self.recorded()
        (recorded,) = (each for each in run.trials if each.trial_id == trial.trial_id)
        model = plain_model(run.space, trial.hyperparameters.values, len(run.words))
        record = recorded.executions[0].record
        places = [record, {**record, **record.get("origin", {})}]  # its own, else the trial's that trained
        folders = [trial_folder(self.folder.path, where["trial_id"], where["execution"]) for where in places]
        load_weights(next((f for f in folders if (f / WEIGHTS_FILE).is_file()), folders[-1]) / WEIGHTS_FILE, model)
        return model

    def recorded(self) -> Run:
        """What the run's folder holds so far.

        Raises:
            UserError: nothing was searched yet.
        """
        return self.folder.load()

    def save(self, fname: str | None = None) -> None:
        """Does nothing: the records on disk are the state."""

    def reload(self, fname: str | None = None) -> None:
        """Does nothing: see `save`."""

    def _populate_initial_space(self) -> None:
        """Does nothing: the space is declared up front."""

    def _begun(self, plan: Plan) -> KwsTuner:
        self.hypermodel.data = plan.data
        return self


class GridSearch(KwsTuner):
    """Searches every point of a space, the cheapest third first, then the longest trainings.

    Args:
        hypermodel: the space, and the data where it is known.
        objective: names of the objectives, accuracy among them; the space's by default.
        max_trials: at most so many; the space's own number, or all, by default.
        executions_per_trial: trainings of each trial with different seeds; the space's by default.
        directory, project_name, overwrite: as for `KwsTuner`.

    Raises:
        UserError: an unknown objective, or what `KwsTuner` refuses.
    """

    search_by = GRID

    def __init__(
        self,
        hypermodel: KwsHyperModel,
        objective: Sequence[str] | None = None,
        max_trials: int | None = None,
        executions_per_trial: int | None = None,
        directory: str | os.PathLike[str] = "runs",
        project_name: str | None = None,
        overwrite: bool = False,
    ) -> None:
        if type(hypermodel) is not KwsHyperModel:
            raise UserError(wrong_hypermodel(hypermodel))
        space = asked_for(hypermodel.space, objective, executions_per_trial, max_trials)
        own = KwsHyperModel(space, hypermodel.data, hypermodel.cache)
        super().__init__(ORACLES[self.search_by](space), own, directory, project_name, overwrite)


class FrontSearch(GridSearch):
    """Searches for the front: trains the cheapest point that may be on it, until most of it is expected to be found.

    Its arguments are those of `GridSearch`.
    """

    search_by = FRONT


class RandomSearch(GridSearch):
    """Searches points in a random order, at most `max_trials`; its arguments are those of `GridSearch`."""

    search_by = RANDOM


TUNERS = {tuner.search_by: tuner for tuner in (GridSearch, FrontSearch, RandomSearch)}


def asked_for(
    space: SearchSpace, objective: Sequence[str] | None, executions: int | None, max_trials: int | None
) -> SearchSpace:
    """A copy of the space in which the caller's arguments replace what it declares.

    Raises:
        SpaceError: unknown objectives, or an invalid number of executions or trials.
    """
    declared = space.to_dict()
    if max_trials is not None:
        declared["max_trials"] = max_trials
    if objective is not None:
        declared["objectives"] = [objective] if isinstance(objective, str) else list(objective)
    if executions is not None:
        declared["recipe"]["executions_per_trial"] = executions
    return read_space(declared, place="GridSearch")
