"""Writes the table of docs/homework.md from the records of a run: python docs/make_homework.py RUN."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from kwssearch.analysis import pick
from kwssearch.runs import Run, load
from kwssearch.space import Limits

PAGE = Path(__file__).with_name("homework.md")
MARKS = re.compile(r"(<!-- homework -->\n).*?(<!-- /homework -->)", re.DOTALL)


class Published(NamedTuple):
    """What a repository reports for one set of limits: accuracy in per cent, and compressed bytes."""

    limits: str
    repository: str
    accuracy: float
    size: int


BEST = (
    Published("a: above 92 %, below 130 kB", "francescodisalvo05", 93.75, 90_150),
    Published("b: above 91.5 %, below 50 kB, 40 ms", "BigfriendP", 93.1, 49_550),
    Published("c: above 91 %, below 25 kB, 40 ms", "MatteoM95", 92.0, 18_510),
    Published("c, the smallest", "DrDoof14", 91.125, 16_595),
)


def lines(run: Run) -> Iterator[str]:
    yield "| limits | published | accuracy, % | bytes | picked below half of that | accuracy, % | bytes | of theirs |"
    yield "|---|---|---:|---:|---|---:|---:|---:|"
    for row in BEST:
        trial = pick(run, Limits(max_memory=row.size / 2)).trial
        low, high = trial.executions[0]["accuracy_interval"]
        memory = trial.figure("memory_bytes")
        accuracy = f"{100 * trial.accuracy:.1f} ({100 * low:.1f}–{100 * high:.1f})"
        yield (
            f"| {row.limits} | {row.repository} | {row.accuracy:g} | {row.size:,} | {trial.name} | {accuracy} | "
            f"{memory:,.0f} | {memory / row.size:.0%} |"
        )


if __name__ == "__main__":
    text = "\n".join([*lines(load(sys.argv[1])), ""])
    PAGE.write_text(MARKS.sub(lambda found: found[1] + text + found[2], PAGE.read_text(encoding="utf-8")))
