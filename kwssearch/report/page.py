"""A page with the plots, the front, the answers and how they were made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kwssearch.analysis import (
    MEASURED_AGAINST,
    Answers,
    Worlds,
    answers,
    fits,
    hypervolume,
    listed,
    mcnemar,
    points,
    reference_note,
)
from kwssearch.errors import UserError, counted
from kwssearch.report import plots
from kwssearch.report.answer_lines import budget_columns, effect_columns, tabled
from kwssearch.report.comments import comparison_comment, strategy_comment
from kwssearch.report.effects_plot import draw_effects
from kwssearch.report.markdown import escape, slug, table, to_csv
from kwssearch.report.page_tables import compared, front_table, making_rows, skipped_table, trial_table, word_table
from kwssearch.report.rows import columns, of_strategy, trial_rows
from kwssearch.report.stream_section import InStream, clock, in_stream
from kwssearch.report.web_page import web_page
from kwssearch.runs import SKIPPED, Run, target_record
from kwssearch.space import BASELINE, neutrals, quality_objectives, shape_axes
from kwssearch.system.storage import write_bytes

WEB_PAGE = "report.html"
MOST_EFFECTS = 60  # more levels than that make no readable picture
MOST_WORD_COLUMNS = 12
FRONT_IS = (
    "The trials that no other trial beats in all objectives at once by more than the measurement can tell, each with "
    "the share of bootstrap worlds in which it is on the plain front."
)
SKIPPED_ARE = (
    "were skipped by the search: going by the trials that it trained, each was too unlikely to be on the front for "
    "what its training costs. The chance is the search's own estimate, and a high one: in replays it missed fewer. The "
    "last column names the trained trial that is expected to be at least as accurate and costs no more of anything."
)
WORDS_ARE = (
    "For each trial of the front, in %: the share of a word's test clips that it recognises / the share of its answers "
    "with that word that are right."
)


def write_report(run: Run, folder: Path | None = None, max_accuracy_drop: float = 1.0) -> Path:
    """Writes report.html, report.md, results.csv and each plot as PNG and SVG; gives back the path of report.md.

    Args:
        folder: where they go; `report_folder` by default.
        max_accuracy_drop: points of accuracy that count as a minimal impact.

    Raises:
        UserError: no trial is completed, or the folder cannot be written.
    """
    folder = folder or report_folder(run)
    page = Page(run, max_accuracy_drop, folder)
    lines = list(page.lines())
    for name, content in page.pictures.items():
        write_bytes(folder / name, content)
    write_bytes(folder / "results.csv", to_csv(page.rows, columns(run.objectives)).encode())
    write_bytes(folder / WEB_PAGE, web_page(run, page.rows, page.answers, heard=page.in_stream).encode())
    write_bytes(folder / "report.md", ("\n".join(lines) + "\n").encode())
    return folder / "report.md"


def report_folder(run: Run) -> Path:
    """RUN/report; of a target's latencies RUN/targets/NAME."""
    return run.folder / "report" if run.target is None else target_record(run.folder, run.target).with_suffix("")


def write_web_page(run: Run, folder: Path | None = None, reload: int | None = None) -> Path:
    """Writes report.html alone; `reload` as in `web_page`.

    Raises:
        UserError: as `write_report`.
    """
    path = (folder or report_folder(run)) / WEB_PAGE
    page = Page(run, folder=path.parent)
    write_bytes(path, web_page(run, page.rows, page.answers, reload, page.in_stream).encode())
    return path


@dataclass
class Page:
    """The page's parts; drawing a picture puts it among `pictures`, file name -> content."""

    run: Run
    max_accuracy_drop: float = 1.0
    folder: Path = Path()

    def __post_init__(self) -> None:
        if not self.run.completed:
            raise UserError(
                f"{self.run.folder}: no trial is completed, expected at least one; "
                f"run 'kwssearch resume {self.run.folder}' and try again."
            )
        self.pictures: dict[str, bytes] = {}

    @cached_property
    def worlds(self) -> Worlds:
        return Worlds(self.run)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        return trial_rows(self.run, worlds=self.worlds)

    @cached_property
    def answers(self) -> Answers:
        return answers(self.run, self.max_accuracy_drop, self.worlds)

    @cached_property
    def in_stream(self) -> InStream | None:
        return in_stream(self.run, [row["trial_id"] for row in self.rows if row["on_front"]], self.folder)

    @cached_property
    def looks(self) -> dict[str, plots.Look]:
        return plots.strategy_looks([strategy.name for strategy in self.run.space.strategies])

    @cached_property
    def fills(self) -> dict[str, str]:
        return plots.feature_fills(list(self.run.space.features))

    def lines(self) -> Iterator[str]:
        yield f"# {escape(compared(self.run))}"
        if self.run.space.description:
            yield from ("", escape(self.run.space.description))
        yield from self.answer_lines()
        yield from self.front_lines()
        yield from self.comparison()
        yield from self.stream_lines()
        for number, strategy in enumerate(self.run.space.strategies):
            if strategy.name != BASELINE:
                yield from self.exercise(number, strategy.name)
        yield from self.trial_lines()
        yield from self.skipped_lines()
        yield from self.missing()
        yield from self.making()

    def picture(self, name: str, title: str, images: Mapping[str, bytes]) -> list[str]:
        """Keeps the images and gives the lines that show them."""
        for suffix, content in images.items():
            self.pictures[f"{name}.{suffix}"] = content
        return ["", f"![{escape(title)}]({name}.png)", "", f"([SVG]({name}.svg))"]

    def making(self) -> Iterator[str]:
        yield from ("", "## How it was made", "")
        yield from table(("what", "value"), making_rows(self.run))

    def exercise(self, number: int, strategy: str) -> Iterator[str]:
        """One strategy by itself, beside the baseline."""
        rows = trial_rows(self.run, of_strategy(self.run, strategy), self.worlds)
        yield from ("", f"## Strategy: {escape(strategy)}")
        if any(row["status"] == "completed" for row in rows):
            quality, planes = quality_objectives(self.run.objectives)[0], plots.planes(self.run.objectives).values()
            panels = [plots.scatter(rows, axes) for axes in planes if axes[0].is_cost and axes[1] is quality]
            images = plots.draw_scatters(panels, self.looks, self.fills)
            name = "-".join(filter(None, ("strategy", str(number), slug(strategy))))
            yield from self.picture(name, f"{strategy} and the baseline", images)
        effects = [effect for effect in self.answers.effects if effect.strategy == strategy]
        beside = [trial for trial in self.run.completed if trial.strategy == BASELINE]
        yield from ("", escape(" ".join(strategy_comment(self.worlds, strategy, effects, beside))))

    def front_lines(self) -> Iterator[str]:
        yield from ("", "## The front", "", escape(FRONT_IS), "", *front_table(self.rows, self.run.objectives))
        volume = hypervolume(self.run.trials, self.run.objectives)
        yield from ("", f"Hypervolume: {volume:.4f}. {escape(reference_note(self.run.objectives))}")
        yield from self.limit_lines()

    def limit_lines(self) -> Iterator[str]:
        """Which trials of the front keep the run's limits."""
        limits = self.run.space.limits
        if limits:
            on_front = {row["trial_id"] for row in self.rows if row["on_front"]}
            keep = [t.trial_id for t in self.run.trials if t.trial_id in on_front and fits(t, limits)]
            kept = f"{'trial' if len(keep) == 1 else 'trials'} {', '.join(keep)}" if keep else "none of these"
            yield from ("", escape(f"The run's limits ({'; '.join(limits.sentences)}) are kept by {kept}."))

    def comparison(self) -> Iterator[str]:
        """All strategies in one plot for each two objectives, with a comment."""
        yield from ("", "## All strategies compared")
        for plane, axes in plots.planes(self.run.objectives).items():
            drawn = plots.scatter(self.rows, axes)
            yield from self.picture(plane, drawn.title, plots.draw_scatters([drawn], self.looks, self.fills))
        yield from ("", escape(label_sentence(self.run)))
        yield from ("", escape(" ".join(comparison_comment(self.worlds, self.answers))))
        yield from self.effect_lines()
        yield from self.pair_lines()

    def stream_lines(self) -> Iterator[str]:
        """How the front does in a stream, where models have listened to one."""
        found = self.in_stream
        if found is None:
            return
        yield from ("", "## In a stream", "", escape(found.sentence), "", *table(*found.table))
        for name, (title, drawn) in found.pictures.items():
            yield from self.picture(name, title, drawn)
        yield from ("", f"### What {escape(found.first)} got wrong", "")
        for error in found.errors:
            at, wrong = clock(error.at_s), escape(error.wrong)
            yield f"- [{at}]({found.place(error)}) {wrong}" if found.sound else f"- {at} {wrong}"
        if not found.sound:
            yield from ("", escape(found.silent_sentence))

    def effect_lines(self) -> Iterator[str]:
        effects = self.answers.effects
        if not effects:
            return
        shown = effects if len(effects) <= MOST_EFFECTS else [effect for effect in effects if effect.level is None]
        yield from ("", "### Effects by level")
        yield from self.picture("effects", "Effects by level", draw_effects(shown, self.looks))
        yield from ("", *table(*tabled(effect_columns(self.answers))))

    def pair_lines(self) -> Iterator[str]:
        """Front trials against their baselines, clip by clip."""
        rows = []
        for trial, row in zip(self.run.trials, self.rows, strict=True):
            baseline = self.run.baseline_of(trial)
            if row["on_front"] and baseline is not None and baseline is not trial:
                test = mcnemar(self.run, trial, baseline)
                change = self.worlds.estimate(self.worlds.difference(trial, baseline))
                counts = (test.first_only, test.second_only, f"{test.p_value:.2g}")
                rows.append((trial.trial_id, trial.name, points(change, unit=""), *counts))
        if rows:
            yield from ("", "### Front trials against their baselines, clip by clip", "")
            head = ("trial", "model", "accuracy, points", "only it is right", "only the baseline is right", "p")
            yield from table(head, rows)
            yield from ("", "Right and wrong clips are those of the first seed; p is McNemar's exact test of them.")
            yield f"One in twenty such tests falls below 0.05 by chance; there are {len(rows)} here."

    def answer_lines(self) -> Iterator[str]:
        found = self.answers
        yield from ("", "## Answers", "", escape(MEASURED_AGAINST))
        for number, verdict in enumerate(found.verdicts, 1):
            yield from ("", f"{number}. **{escape(verdict.question)}** {escape(verdict.sentence)}")
        if found.pruning_sentence:
            yield from ("", escape(found.pruning_sentence))
        yield from (
            "",
            f"{len(found.verdicts) + 1}. **{escape(found.last_question)}**",
            "",
            *(f"   - {escape(sentence)}" for sentence in found.fourth),
        )
        for number, (question, sentences) in enumerate(found.heard_questions, len(found.verdicts) + 2):
            yield from ("", f"{number}. **{escape(question)}** {escape(' '.join(sentences))}")
        if found.recommendations:
            yield from ("", "### By accuracy budget, points", "")
            yield from table(*tabled(budget_columns(found)))
            yield from (
                "",
                "What each further point buys:",
                "",
                *(f"- {escape(s.sentence)}" for s in found.distinct_steps),
            )
        yield from ("", "Keep in mind:", "", *(f"- {escape(note)}" for note in found.notes))

    def trial_lines(self) -> Iterator[str]:
        """One table of all trials, and the front's words."""
        yield from ("", "## All trials", "", *trial_table(self.rows, self.run.objectives))
        yield from ("", "Every figure is in [results.csv](results.csv).")
        front = [trial for trial, row in zip(self.run.trials, self.rows, strict=True) if row["on_front"]]
        yield from ("", "### Word by word", "", WORDS_ARE, "", *word_table(self.run, front[:MOST_WORD_COLUMNS]))

    def skipped_lines(self) -> Iterator[str]:
        """What was not trained, and why."""
        skipped = [trial for trial in self.run.trials if trial.status == SKIPPED]
        if skipped:
            yield from ("", "## What was not trained, and why", "")
            yield f"{counted(len(skipped), 'trial')} of {len(self.run.trials)} {SKIPPED_ARE}"
            yield from ("", *skipped_table(self.run))

    def missing(self) -> Iterator[str]:
        sentences = (*self.answers.gaps, *self.run.warnings)
        if sentences:
            yield from ("", "## Not in the comparison", "", *(f"- {escape(sentence)}" for sentence in sentences))


def label_sentence(run: Run) -> str:
    """How points are labelled, by an example of each axis that the run varies."""
    examples = []
    for axis in shape_axes():
        values = dict.fromkeys(trial.values[axis.name] for trial in run.trials)
        if said := [value for value in values if value not in neutrals(axis, run.space.usual)]:
            examples.append(f"{axis.short(said[0])} is {axis.name} {said[0]}")
    return f"In a point's label {listed(examples)}."
