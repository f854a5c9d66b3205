"""A recorded run for programs and notebooks: its trials and front as pandas tables, its answers as text."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwssearch.analysis import Pick, SideBySide, Worlds, answers, pick
from kwssearch.errors import printable
from kwssearch.report.answer_lines import answer_lines
from kwssearch.report.diff_tables import diff_record
from kwssearch.report.page import write_report
from kwssearch.report.rows import columns, front_rows, trial_rows
from kwssearch.runs import Run, load
from kwssearch.space import Limits, asked_limits, parse_share

if TYPE_CHECKING:
    import pandas


class Text(str):
    """Lines that a notebook shows as lines."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class RecordedRun:
    """What a run's folder held when it was opened; nothing here loads TensorFlow.

    Args:
        run: as it was read.
    """

    def __init__(self, run: Run) -> None:
        self.run = run

    def __repr__(self) -> str:
        done, known = len(self.run.completed), len(self.run.trials)
        state = f"measured on {self.run.target}" if self.run.target else "completed"
        return f"RecordedRun({str(self.run.folder)!r}, {done} of {known} trials {state})"

    def trials(self) -> pandas.DataFrame:
        """A row for each trial, by its id; the columns are those of `kwssearch trials --csv`."""
        return self._table(trial_rows(self.run, worlds=self._worlds))

    def front(
        self,
        min_accuracy: float | str | None = None,
        max_memory: float | str | None = None,
        max_latency: float | str | None = None,
        strategy: str | None = None,
        confident: float | str | None = None,
        max_flash: float | str | None = None,
        max_ram: float | str | None = None,
        device: str | None = None,
        max_misses: float | str | None = None,
    ) -> pandas.DataFrame:
        """The non-dominated trials among those that fit, smallest memory first.

        A limit that is given replaces the device's, and that one the run's own.

        Args:
            min_accuracy: a share, or a text such as '90%'.
            max_memory: of the zipped file in bytes, or a text such as '100kB'.
            max_latency: ms, or a text such as '2ms'.
            strategy: only its trials and the baseline's.
            confident: on the front in at least this share of bootstrap worlds.
            max_flash: of the file itself, as max_memory.
            max_ram: of activations, as max_memory.
            device: of `kwssearch devices`.
            max_misses: of keywords in a stream, on average; as min_accuracy.

        Raises:
            QuantityError: a limit that cannot be read, or no such strategy.
            SpaceError: no such device.
        """
        limits = self._limits(device, min_accuracy, max_memory, max_flash, max_ram, max_latency, max_misses)
        rows = front_rows(
            self.run,
            limits,
            strategy=strategy,
            confident=None if confident is None else parse_share(str(confident), "confident"),
            worlds=self._worlds,
        )
        return self._table(rows)

    def pick(
        self,
        min_accuracy: float | str | None = None,
        max_memory: float | str | None = None,
        max_latency: float | str | None = None,
        prefer: str = "accuracy",
        confident: float | str | None = None,
        max_flash: float | str | None = None,
        max_ram: float | str | None = None,
        device: str | None = None,
        max_misses: float | str | None = None,
    ) -> Pick:
        """The one trial to take within limits, which are those of `front`; printed, it says why, and its doubt.

        Accuracies that decide are those of the validation split where the run has them.

        Args:
            prefer: 'accuracy', 'hearing', 'memory' or 'latency': what decides among the trials that keep the limits.
            confident: keep the limit on accuracy in at least this share of bootstrap worlds.

        Raises:
            QuantityError: a limit that cannot be read, or no such preference.
            SpaceError: no such device.
            UserError: no trial keeps the limits; the sentence names the limit and the nearest trial.
        """
        limits = self._limits(device, min_accuracy, max_memory, max_flash, max_ram, max_latency, max_misses)
        sure = None if confident is None else parse_share(str(confident), "confident")
        return pick(self.run, limits, prefer, sure, self._worlds)

    def diff(self, other: RecordedRun) -> pandas.DataFrame:
        """A row for each trial that both runs have completed: the other's accuracy less this one's, with its interval.

        The columns are those of `kwssearch diff --json`; shares, and ratios of the other's costs to this one's. In
        `attrs` are the phrases on what differs, and whether differences are paired.
        """
        import pandas

        record = diff_record(SideBySide(self.run, other.run))
        table = pandas.DataFrame(record.pop("trials"))
        table.attrs.update(record)
        return table.set_index("trial_id") if len(table) else table

    def answers(self, max_accuracy_drop: float = 1.0, details: bool = False) -> Text:
        """The lab's four questions, answered in two lines each.

        Args:
            max_accuracy_drop: points of accuracy that count as a minimal impact.
            details: also budgets, steps, effects and notes.
        """
        lines = answer_lines(answers(self.run, max_accuracy_drop, self._worlds), details=details)
        return Text("\n".join((*(f"Warning: {printable(warning)}" for warning in self.run.warnings), *lines)))

    def report(self, to: str | os.PathLike[str] | None = None) -> Path:
        """Writes the page with its plots, by default into RUN/report, of a target into RUN/targets/NAME; its path.

        Raises:
            UserError: no trial is completed, or the folder cannot be written.
        """
        return write_report(self.run, None if to is None else Path(to))

    def export(self, trial: str, out: str | os.PathLike[str], c: bool = False) -> Path:
        """Writes a trial's model with all that a device needs, into a new folder; its path.

        Args:
            trial: its id.
            c: also C for a microcontroller.

        Raises:
            QuantityError: no such trial.
            UserError: its model is not there, or the folder cannot be written.
        """
        from kwssearch.deploy import export  # LiteRT is loaded where it is needed

        return export(self.run, trial, Path(out), c)

    def listen(
        self,
        *trials: str,
        data: str | os.PathLike[str] | None = None,
        recording: str | os.PathLike[str] | None = None,
        labels: str | os.PathLike[str] | None = None,
        **settings: Any,
    ) -> dict[str, Any]:
        """Scores models on streams, or on a recording; what RUN/listen.json then holds.

        Args:
            trials: ids; those of the front when none is given.
            data: where the data set is now; where the run last found it by default.
            recording, labels: of your own, instead of the test stream.
            settings: keys of `[stream]`, such as hours=5.

        Raises:
            QuantityError, SpaceError: no such trial or setting.
            UserError: a model, the data set or a stream cannot be had.
        """
        from kwssearch.deploy.hearing import models_to_hear
        from kwssearch.listening import data_of, listen, settings_of

        chosen = settings_of(self.run, settings)
        models = models_to_hear(self.run, trials)
        places = [None if place is None else Path(place) for place in (recording, labels)]
        source = None if data is None else os.fspath(data)
        return listen(self.run, models, data_of(self.run, source), chosen, *places)

    def score(self, data: str | os.PathLike[str], *trials: str, speaker: str | None = None) -> dict[str, Any]:
        """Scores models on other recordings: what `kwssearch score` prints as JSON.

        Args:
            data: a folder of words; all of its clips are scored.
            trials: ids; those of the front when none is given.
            speaker: a pattern whose one group is the speaker; the run's own by default.

        Raises:
            QuantityError, SpaceError: no such trial or pattern.
            UserError: a model is gone, or the folder holds nothing to score by.
        """
        from kwssearch.deploy.candidates import of_run
        from kwssearch.deploy.scoring import score

        return score(of_run(self.run, trials), os.fspath(data), speaker)

    def _limits(self, device: str | None, *asked: Any) -> Limits:
        """The device's, replaced by those that are asked for, in that order; above the run's own."""
        names = ("min_accuracy", "max_memory", "max_flash", "max_ram", "max_latency", "max_misses")
        return asked_limits(device, **dict(zip(names, asked, strict=True))).over(self.run.space.limits)

    @cached_property
    def _worlds(self) -> Worlds:
        return Worlds(self.run)

    def _table(self, rows: list[dict[str, Any]]) -> pandas.DataFrame:
        import pandas

        return pandas.DataFrame(rows, columns=list(columns(self.run.objectives))).set_index("trial_id")


def load_run(folder: str | os.PathLike[str], target: str | None = None) -> RecordedRun:
    """Opens a run's folder.

    Args:
        target: a machine that `kwssearch measure` has timed models on; every figure is then as it is there, and trials
            that were not measured there are not compared.

    Raises:
        QuantityError: nothing was measured on the target.
        UserError: no run is there, or its own record is damaged.
    """
    return RecordedRun(load(os.fspath(folder), target))
