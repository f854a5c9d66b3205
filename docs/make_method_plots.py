"""Draws the pictures of docs/method.md from a recorded run: python docs/make_method_plots.py [RUN]."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch.analysis.binomial import mcnemar, wilson
from kwssearch.analysis.effects import effect_pairs, effects_of
from kwssearch.analysis.interval import Interval
from kwssearch.analysis.pareto import front, front_share, non_dominated, on_scale
from kwssearch.analysis.worlds import Worlds
from kwssearch.report.drawing import canvas, images, settle, styled
from kwssearch.report.plots import strategy_looks
from kwssearch.report.scales import set_cost_scale
from kwssearch.runs import Run, Trial, load
from kwssearch.space.objectives import ACCURACY, LATENCY

FOLDER = Path(__file__).with_name("method")
RECORDED = Path(__file__).parents[1] / "runs" / "lab4-msc"
BLUE, ORANGE, GREY = "#0173b2", "#de8f05", "0.6"


class Pictures:
    """One method a picture; each fills the axes it is given."""

    def __init__(self, run: Run) -> None:
        plain = tuple(trial for trial in run.trials if trial.values["quantization"] == "none")
        self.run = replace(run, trials=plain)  # as many as a picture can name
        self.ranked = sorted(self.run.completed, key=lambda trial: trial.accuracy)
        self.best = self.ranked[-1]

    @cached_property
    def worlds(self) -> Worlds:
        return Worlds(self.run)

    @cached_property
    def pair(self) -> tuple[Trial, Trial]:
        """The MFCC baseline and its α 0.5: near each other, but not equal."""
        values = {"features": "mfcc", "architecture": "cnn", "final_sparsity": 0.0, "quantization": "none"}
        found = [t for t in self.run.completed if values.items() <= dict(t.values).items()]
        wide, narrow = (next(t for t in found if t.values["width_multiplier"] == width) for width in (1.0, 0.5))
        return wide, narrow

    def wilson(self, axes: Any) -> None:
        """First executions only, each with Wilson's interval."""
        clips = len(self.run.labels)
        shown = sorted(self.run.completed, key=lambda trial: trial.executions[0]["accuracy"])
        for y, trial in enumerate(shown):
            correct = int(np.sum(trial.executions[0].predictions == self.run.labels))
            axes.plot(100 * np.array(wilson(correct, clips)), [y, y], color=BLUE, alpha=0.4, linewidth=3)
            axes.plot(100 * correct / clips, y, "o", color=BLUE, markersize=4)
        self.name_rows(axes, shown)
        axes.set_xlabel("accuracy of the first execution and Wilson's 95 % interval, %")

    def speakers(self, axes: Any) -> None:
        """One execution's accuracy with clips redrawn one by one, and with speakers redrawn whole."""
        clips, accuracy = len(self.run.labels), self.best.executions[0]["accuracy"]
        column = int(np.flatnonzero(self.worlds.trial_of == self.worlds.place[self.best.trial_id])[0])
        single = 100 * np.random.default_rng(0).binomial(clips, accuracy, self.worlds.worlds) / clips
        whole = 100 * self.worlds.resampled[:, column]
        bins = np.linspace(min(whole.min(), single.min()), max(whole.max(), single.max()), 18)
        for drawn, color, name in ((single, ORANGE, "clips"), (whole, BLUE, f"{len(self.worlds.clips)} speakers")):
            interval = Interval.of(0, drawn)
            label = f"{name} redrawn: 95 % within {interval.high - interval.low:.1f} points"
            axes.hist(drawn, bins, color=color, alpha=0.45, label=label)
        axes.set_xlabel(f"accuracy of {self.best.name}, first execution, %")
        axes.set_ylabel("worlds")
        axes.set_ylim(0, 1.45 * axes.get_ylim()[1])
        axes.legend(frameon=False, loc="upper left")

    def worlds_of_one(self, axes: Any) -> None:
        """Accuracy of one trial in every world."""
        drawn = 100 * self.worlds.draws(self.worlds.weights(self.best))
        interval = Interval.of(100 * self.best.accuracy, drawn)
        axes.hist(drawn, 40, color=BLUE, alpha=0.6)
        axes.axvline(interval.value, color="black", label="as measured")
        for i, end in enumerate(interval[1:]):
            axes.axvline(end, color="black", linestyle="--", label="2.5 % and 97.5 %" if i == 0 else None)
        axes.set_xlabel(f"accuracy of {self.best.name} in 1,000 worlds, %")
        axes.set_ylabel("worlds")
        axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)

    def pairs(self, axes: Any) -> None:
        """Two trials in the same worlds: they rise and fall together."""
        first, second = (100 * self.worlds.draws(self.worlds.weights(trial)) for trial in self.pair)
        axes.scatter(first, second, s=7, alpha=0.35, color=BLUE, linewidth=0, label="a world")
        ends = np.array([min(first.min(), second.min()), max(first.max(), second.max())])
        axes.plot(ends, ends, color="black", linewidth=1, label="equally accurate")
        axes.set_aspect("equal")
        axes.set_xlabel(f"{self.pair[0].name}, %")
        axes.set_ylabel(f"{self.pair[1].name}, %")
        paired = Interval.of(0, second - first)
        apart = Interval.of(0, np.random.default_rng(0).permutation(second) - first)
        widths = [f"{interval.high - interval.low:.1f}" for interval in (paired, apart)]
        axes.set_title(
            f"the difference's interval is {widths[0]} points wide;\nunpaired it would be {widths[1]}",
            fontsize="medium",
            loc="left",
        )
        axes.legend(frameon=False, loc="upper left")

    def mcnemar(self, axes: Any) -> None:
        """Clips that only one of trial and baseline gets right."""
        shown = [t for t in self.ranked if t.values["features"] == "mfcc" and t.strategy != "baseline"]
        for y, trial in enumerate(shown):
            baseline = self.run.baseline_of(trial)
            assert baseline is not None
            split = mcnemar(self.run, trial, baseline)
            axes.barh(y, split.first_only, color=BLUE, label="only the trial is right" if y == 0 else None)
            axes.barh(y, -split.second_only, color=ORANGE, label="only the baseline is right" if y == 0 else None)
            axes.annotate(f"p = {split.p_value:.2g}", (1.01, y), xycoords=("axes fraction", "data"), va="center")
        axes.axvline(0, color="black", linewidth=1)
        axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
        self.name_rows(axes, shown)
        axes.set_xlabel("test clips, first execution")
        axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=2)

    def seeds(self, axes: Any) -> None:
        """Each execution, and the interval of the mean over clips and seeds."""
        for y, trial in enumerate(self.ranked):
            interval = self.worlds.estimate(self.worlds.weights(trial)).scaled(100)
            label = "mean, 95 % interval" if y == 0 else None
            axes.plot(interval[1:], [y, y], color=BLUE, alpha=0.3, linewidth=5, solid_capstyle="butt", label=label)
            values = [100 * execution["accuracy"] for execution in trial.executions]
            heights = y + 0.22 * (np.arange(len(values)) - (len(values) - 1) / 2)
            axes.plot(values, heights, "o", color="black", markersize=2.5, label="a seed" if y == 0 else None)
        self.name_rows(axes, self.ranked)
        axes.set_xlabel("accuracy, %")
        axes.legend(frameon=False, loc="lower right")

    def rounds(self, axes: Any) -> None:
        """A model and its baseline, round by round, as shares of their medians, and their ratio."""
        baseline, trial = self.pair
        assert baseline.latency is not None and trial.latency is not None
        numbers = np.arange(1, len(trial.latency.total) + 1)
        for other, color in ((baseline, ORANGE), (trial, BLUE)):
            assert other.latency is not None
            share = other.latency.total / np.median(other.latency.total)
            axes.plot(numbers, share, color=color, label=f"{other.name}, median {other.latency_ms:.2f} ms")
        ratio = trial.latency.total / baseline.latency.total
        middle = float(np.median(ratio))
        axes.plot(numbers, ratio / middle, color="black", linestyle=":", label=f"their ratio, median {middle:.2f}")
        axes.set_xlabel("round")
        axes.set_ylabel("latency, share of its median")
        axes.legend(frameon=False)

    def choosing(self, axes: Any) -> None:
        """How much more the most accurate trial shows on the clips it was chosen by than on others."""
        right = np.array(
            [np.mean([e.predictions == self.run.labels for e in t.executions], axis=0) for t in self.ranked]
        )
        validated = np.array([np.mean([e["validation_accuracy"] for e in t.executions]) for t in self.ranked])
        assert self.run.validation is not None
        noise = np.sqrt(validated * (1 - validated) / len(self.run.validation.labels))
        rng = np.random.default_rng(0)
        by_test, by_validation = [], []
        for _ in range(1000):
            first = (rng.permutation(int(self.run.speakers.max()) + 1) % 2 == 0)[self.run.speakers]
            shown, later = right[:, first].mean(axis=1), right[:, ~first].mean(axis=1)
            by_test.append((shown - later)[shown.argmax()])
            by_validation.append((shown - later)[rng.normal(validated, noise).argmax()])
        bins = np.linspace(-6, 6, 41)
        for drawn, color, name in (
            (by_validation, BLUE, "validation clips"),
            (by_test, ORANGE, "the clips that report"),
        ):
            points = 100 * np.array(drawn)
            label = f"chosen by {name}: {points.mean():+.1f} points"
            axes.hist(points, bins, color=color, alpha=0.45, label=label)
            axes.axvline(points.mean(), color=color)
        axes.set_xlabel("accuracy shown for the most accurate trial, less that on other speakers, points")
        axes.set_ylabel("halvings of the test speakers")
        axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)

    def doubt(self, axes: Any) -> None:
        """Accuracy against memory, each trial as dark as it is sure to be on the front of all three."""
        shares, on = front_share(self.worlds), front(self.worlds, self.run.completed)
        x = [trial.memory_bytes / 1e3 for trial in self.run.completed]
        y = [100 * trial.accuracy for trial in self.run.completed]
        sure = [100 * shares[trial.trial_id] for trial in self.run.completed]
        edges = ["black" if on_front else "0.75" for on_front in on]
        drawn = axes.scatter(x, y, c=sure, cmap="Blues", vmin=0, vmax=100, edgecolor=edges, s=70)
        axes.figure.colorbar(drawn, ax=axes, label="on the front in this share of worlds, %")
        set_cost_scale(axes, "x", np.array(x))
        axes.set_xlabel("memory (zipped .tflite), kB")
        axes.set_ylabel("accuracy, %")
        axes.plot([], [], "o", color="white", markeredgecolor="black", label="on the front, noise left out")
        axes.legend(frameon=False, loc="lower right")

    def hypervolume(self, axes: Any) -> None:
        """Two of its three axes: the area that the front of error and latency dominates."""
        shown = (LATENCY, ACCURACY)
        scaled = np.column_stack([on_scale(np.array([t.figure(o.name) for t in self.run.completed]), o) for o in shown])
        best = scaled[non_dominated(scaled)]
        best = best[np.argsort(best[:, 0])]
        steps = np.vstack([[best[0, 0], 1.0], best, [1.0, best[-1, 1]]])
        axes.fill_between(steps[:, 0], steps[:, 1], 1, step="post", color=BLUE, alpha=0.25, label="dominated")
        axes.plot(*scaled.T, "o", color=GREY, markersize=4, label="a trial")
        axes.plot(*best.T, "o", color=BLUE, markersize=5, label="front of these two")
        axes.plot(1, 1, "x", color="black", markersize=9, label="reference point", clip_on=False, linestyle="none")
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        close = axes.inset_axes((0.42, 0.33, 0.5, 0.34), xlim=(0.28, 0.65), ylim=(0.04, 0.15))
        close.fill_between(steps[:, 0], steps[:, 1], 1, step="post", color=BLUE, alpha=0.25)
        close.plot(*scaled.T, "o", color=GREY, markersize=4)
        close.plot(*best.T, "o", color=BLUE, markersize=5)
        close.tick_params(labelsize="x-small")
        axes.indicate_inset_zoom(close, edgecolor="black")
        axes.set_xlabel("latency, 0.01 ms to 100 ms, logarithmic")
        axes.set_ylabel("error rate")
        axes.legend(frameon=False, loc="upper right", bbox_to_anchor=(0.99, 0.98), fontsize="small")

    def verdict(self, axes: Any) -> None:
        """Each strategy's change in accuracy, by level and in the mean."""
        looks = strategy_looks([strategy.name for strategy in self.run.space.strategies])
        rows = []
        for strategy, own in effect_pairs(self.run).items():
            mean, levels = effects_of(self.worlds, strategy, own)
            rows += [mean, *(levels if len(levels) > 1 else ())]
        for y, effect in enumerate(reversed(rows)):
            interval, color = effect.accuracy.scaled(100), looks[effect.strategy].color
            axes.plot(interval[1:], [y, y], color=color, linewidth=3, alpha=0.45)
            axes.plot(interval.value, y, marker="o" if effect.level else "D", color=color)
        axes.axvline(0, color="black", linewidth=1)
        names = [effect.level or f"{effect.strategy}, mean" for effect in reversed(rows)]
        axes.set_yticks(range(len(rows)), names, fontsize="small")
        axes.set_xlabel("change in accuracy against the baseline with the same features, points")

    @staticmethod
    def name_rows(axes: Any, trials: list[Trial]) -> None:
        axes.set_yticks(range(len(trials)), [trial.name for trial in trials], fontsize="small")
        axes.margins(y=0.02)

    def all(self) -> dict[str, tuple[Callable[[Any], None], float, float]]:
        """File name -> what draws it, width and height in inches."""
        return {
            "wilson": (self.wilson, 7.0, 4.6),
            "speakers": (self.speakers, 6.4, 3.4),
            "worlds": (self.worlds_of_one, 6.4, 3.2),
            "pairs": (self.pairs, 4.6, 4.8),
            "mcnemar": (self.mcnemar, 7.4, 3.6),
            "seeds": (self.seeds, 7.0, 4.6),
            "rounds": (self.rounds, 6.8, 3.2),
            "choosing": (self.choosing, 6.6, 3.4),
            "doubt": (self.doubt, 6.6, 4.0),
            "hypervolume": (self.hypervolume, 4.6, 4.4),
            "verdict": (self.verdict, 7.0, 3.8),
        }


def main(folder: Path) -> None:
    FOLDER.mkdir(exist_ok=True)
    with styled():
        for name, (draw, width, height) in Pictures(load(folder)).all().items():
            figure, (axes,) = canvas(width, height)
            draw(axes)
            settle(figure)
            (FOLDER / f"{name}.png").write_bytes(images(figure)["png"])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else RECORDED)
