"""The command that times models again, here or on another machine."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any

import click

from kwssearch.cli.group import RUN, Real, main
from kwssearch.cli.search import interruptible


@main.command()
@click.argument("folder", metavar="RUN", type=RUN)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of LiteRT and the front end.")
@click.option(
    "--budget",
    type=Real(0),
    metavar="SECONDS",
    help="Stop after this long, but not before 20 rounds; 1 a trial by default.",
)
@click.option("--data", metavar="DIR", help="Where the data set is now; where RUN last found it by default.")
@click.option("--target", metavar="ssh://USER@HOST[:PORT]", help="Another machine, that OpenSSH can log in to.")
@click.option("--name", metavar="NAME", help="Of the target; its host's name by default.")
@click.option("--python", metavar="PATH", help="On the target, as seen from its user's home; python3 by default.")
@click.option("--all", "every", is_flag=True, help="On the target all models, not only the front and baselines.")
def measure(
    folder: Path, threads: int, budget: float | None, data: str | None, target: str | None, **options: Any
) -> None:
    """Time all models of RUN again in interleaved rounds, and replace its latencies.

    With --target, the models of the front and their baselines are timed there; their latencies stand beside RUN's own,
    and 'front', 'pick', 'answers', 'trials' and 'report' take --target NAME to go by them. Python 3.11 or later,
    NumPy and ai-edge-litert must be there; nothing is left there.

    \b
    Example:
      kwssearch measure runs/lab4 --threads 1
      kwssearch measure runs/lab4 --target ssh://pi@raspberrypi.local --python env/bin/python
    """
    with interruptible("Stopped; the earlier latencies are kept."):
        if target is None:
            if any(options.values()):
                raise click.UsageError("--name, --python and --all: expected with --target only.")
            measure_here(folder, threads, budget, data)
        else:
            if budget is not None or data is not None:
                raise click.UsageError("--budget and --data: expected without --target only.")
            measure_there(folder, threads, target, **options)


def measure_here(folder: Path, threads: int, budget: float | None, data: str | None) -> None:
    from kwssearch.search.conduct import measure as measure_again
    from kwssearch.search.progress import Progress

    measure_again(folder, Progress(), threads, budget, data)


def measure_there(folder: Path, threads: int, written: str, name: str | None, python: str | None, every: bool) -> None:
    from kwssearch.deploy import Target
    from kwssearch.search.on_target import measure_on
    from kwssearch.search.progress import Progress

    target = Target.of(written)
    named = target.host if name is None else name
    measure_on(folder, target, named, Progress().say, python or "python3", threads, every)
    click.echo(f"Next: kwssearch front {quote(str(folder))} --target {named}", err=True)
