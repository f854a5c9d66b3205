"""How models did on other recordings, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kwssearch.analysis import Interval, change_cell, points
from kwssearch.errors import counted
from kwssearch.report.layout import Column, table_lines, wrapped


def score_lines(record: Mapping[str, Any], width: int | None = None) -> Iterator[str]:
    """Two tables, of accuracies and of recalls, and how the models compare.

    Args:
        record: as `deploy.scoring.score` gives it.
        width: of the terminal; None for lines of any length.
    """
    trials = record["trials"]
    clips, speakers = counted(record["clips"], "clip"), counted(record["speakers"], "speaker")
    yield from wrapped(f"{record['data']}: {clips} of {speakers}, {record['sampling_rate']:,} Hz.", width)
    yield ""
    yield from table_lines(accuracy_columns(trials), width)
    yield ""
    yield "Recall of each word, % (95 % interval), by trial:"
    yield ""
    yield from table_lines(word_columns(trials), width)
    if len(trials) > 1:
        yield ""
    for trial in trials[1:]:
        yield from wrapped(paired_sentence(trial), width)


def accuracy_columns(trials: Sequence[Mapping[str, Any]]) -> list[Column]:
    return [
        Column("trial", [trial["trial_id"] for trial in trials]),
        Column("model", [trial["name"] for trial in trials], wraps=True),
        Column("accuracy, %\n(95 % interval)", [share_cell(trial["accuracy"]) for trial in trials], right=True),
        Column("own test\nclips, %", [share_cell(trial["own_accuracy"]) for trial in trials], right=True),
        Column("difference,\npoints", [change_cell(Interval(*trial["difference"])) for trial in trials], right=True),
    ]


def word_columns(trials: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Of the words that have clips, those of all models alike; the last models go first where there is no room."""
    places = [at for at, word in enumerate(trials[0]["words"]) if word["clips"]]
    words = [trials[0]["words"][at] for at in places]
    return [
        Column("word", [str(word["word"]) for word in words], wraps=True),
        Column("clips", [f"{word['clips']:,}" for word in words], right=True),
        *(
            Column(trial["trial_id"], [recall_cell(trial["words"][at]) for at in places], right=True, rank=rank)
            for rank, trial in enumerate(trials)
        ),
    ]


def recall_cell(word: Mapping[str, Any]) -> str:
    return share_cell((word["recall"], word["recall_low"], word["recall_high"]))


def share_cell(interval: Sequence[float]) -> str:
    value, low, high = (100 * figure for figure in interval)
    return f"{value:.1f} ({low:.1f}–{high:.1f})"


def paired_sentence(trial: Mapping[str, Any]) -> str:
    """A model against the first, on the same clips."""
    against = trial["against_first"]
    change = Interval(*against["difference"])
    sure = ", which these clips cannot tell from none" if change.includes(0) else ""
    return f"Trial {trial['trial_id']} against {against['trial_id']}, on the same clips: {points(change)}{sure}."
