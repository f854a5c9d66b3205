"""Draws the picture and writes the tables of docs/compression.md: python docs/make_compression.py [RUN]."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kwssearch.analysis import Worlds
from kwssearch.report.drawing import canvas, images, settle, styled
from kwssearch.report.plots import strategy_looks
from kwssearch.report.scales import set_cost_scale
from kwssearch.runs import Run, Trial, load
from kwssearch.space import FLASH, MEMORY, RAM

PAGE = Path(__file__).with_name("compression.md")
PICTURE = Path(__file__).with_name("method") / "compression.png"
RECORDED = Path(__file__).parents[1] / "runs" / "lab4-plus-msc"
OTHERS = {"width multiplier": ("width + int8",), "baseline": ("quantization",)}  # strategies of their int8 files
LOWEST = 86  # %, of what is drawn
LINES = ("width multiplier", "pruning", "pruning from dense", "clustering")


def points(run: Run, strategy: str, features: str, quantization: str) -> list[Trial]:
    """A strategy's completed trials of one front end and kind of file, smallest first."""
    names = {strategy, f"{strategy} + int8", *OTHERS.get(strategy, ())}
    found = [
        trial
        for trial in run.completed
        if trial.strategy in names
        and (trial.values["features"], trial.values["quantization"]) == (features, quantization)
    ]
    return sorted(found, key=lambda trial: trial.figure(MEMORY.name))


def draw(run: Run) -> bytes:
    """Accuracy over zipped bytes: a panel for float32 and one for int8, a line for each strategy and front end."""
    looks = strategy_looks(["baseline", *LINES])
    with styled():
        figure, panels = canvas(11.0, 4.6, columns=2)
        for axes, quantization, title in zip(panels, ("none", "int8"), ("float32", "int8"), strict=True):
            sizes = []
            for strategy in LINES:
                for features, style, fill in (("log_mel", "--", "none"), ("mfcc", "-", "full")):
                    trials = points(run, strategy, features, quantization)
                    x = [trial.figure(MEMORY.name) / 1000 for trial in trials]
                    look = looks[strategy]
                    axes.plot(x, [100 * trial.accuracy for trial in trials], style, color=look.color,
                              marker=look.marker, fillstyle=fill, label=f"{strategy}, {features}")  # fmt: skip
                    sizes += x
            set_cost_scale(axes, "x", np.array(sizes))
            axes.set_title(title)
            axes.set_ylim(LOWEST, None)
            axes.set_xlabel("zipped file, kB")
        panels[0].set_ylabel("accuracy on the test clips, %")
        panels[1].legend(fontsize="small", loc="lower right")
        settle(figure)
        return images(figure)["png"]


def starts(run: Run) -> Iterator[str]:
    """A row for each front end and sparsity, and for the means: what a dense start changes against scratch."""
    worlds = Worlds(run)
    dense_of = {key(trial): trial for trial in run.completed if trial.values["pruning"] == "from_dense"}
    pairs = [(t, dense_of[key(t)]) for t in run.completed if t.strategy == "pruning" and key(t) in dense_of]
    yield from ("| front end, sparsity | from scratch, % | from dense, % | difference, points |", "|---|---|---|---|")
    for scratch, dense in pairs:
        yield start_row(
            f"{scratch.values['features']}, {scratch.values['final_sparsity']:g}", worlds, [(scratch, dense)]
        )
    for features in ("log_mel", "mfcc"):
        yield start_row(f"{features}, mean", worlds, [pair for pair in pairs if pair[0].values["features"] == features])
    yield start_row("mean", worlds, pairs)


def key(trial: Trial) -> tuple[Any, ...]:
    return tuple(trial.values[axis] for axis in ("features", "final_sparsity", "quantization"))


def start_row(name: str, worlds: Worlds, pairs: Sequence[tuple[Trial, Trial]]) -> str:
    before, after = (100 * float(np.mean([pair[i].accuracy for pair in pairs])) for i in (0, 1))
    weights = np.mean([worlds.difference(dense, scratch) for scratch, dense in pairs], axis=0)
    change = worlds.estimate(weights).scaled(100)
    return f"| {name} | {before:.1f} | {after:.1f} | {change.value:+.1f} ({change.low:+.1f} to {change.high:+.1f}) |"


def sizes(run: Run) -> Iterator[str]:
    """A row for each MFCC model that stands for a strategy: what it does to which byte, in both kinds of file."""
    kind = "accuracy, % | zipped, kB | flash, kB | RAM, kB"
    yield from (f"| MFCC CNN | {kind} | int8: {kind} |", "|---|---|---|---|---|---|---|---|---|")
    for strategy in ("baseline", *LINES):
        kinds = [points(run, strategy, "mfcc", quantization) for quantization in ("none", "int8")]
        for plain in kinds[0]:
            int8 = next((t for t in kinds[1] if {**t.values, "quantization": "none"} == plain.values), None)
            cells = [cell for trial in (plain, int8) for cell in byte_cells(trial)]
            yield f"| {' | '.join([plain.name.removeprefix('mfcc cnn').strip() or 'baseline', *cells])} |"


def byte_cells(trial: Trial | None) -> list[str]:
    if trial is None:
        return ["failed", "", "", ""]
    return [f"{100 * trial.accuracy:.1f}", *(f"{trial.figure(o.name) / 1000:.1f}" for o in (MEMORY, FLASH, RAM))]


def main(folder: Path) -> None:
    run = load(folder)
    PICTURE.write_bytes(draw(run))
    text = PAGE.read_text()
    for name, lines in (("starts", starts(run)), ("sizes", sizes(run))):
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = marks.sub(lambda found, lines=lines: found[1] + "\n".join(lines) + "\n" + found[2], text)
    PAGE.write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else RECORDED)
