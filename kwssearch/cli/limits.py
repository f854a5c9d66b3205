"""Options that say what a model may cost."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from kwssearch.cli.completion import devices
from kwssearch.cli.group import Command

if TYPE_CHECKING:
    from kwssearch.space import Limits

SMALL_BYTES = 1000  # no model is so small
NAMES = ("device", "min_accuracy", "max_memory", "max_flash", "max_ram", "max_latency", "max_misses")


def limit_options(command: Command) -> Command:
    """Gives `limits`, what is asked for with a device's limits beneath it, and `device`, its name or None."""

    @functools.wraps(command)
    def limited(*args: Any, device: str | None, **options: Any) -> Any:
        from kwssearch.space import asked_limits

        given = {name: options.pop(name) for name in NAMES if name in options}
        return command(*args, limits=asked_limits(device, **given), device=device, **options)

    for option in (
        click.option(
            "--device", metavar="NAME", help="The limits of one of 'kwssearch devices'.", shell_complete=devices
        ),
        click.option("--max-misses", metavar="SHARE", help="Of keywords in a stream, on average, for example 30%."),
        click.option("--max-latency", metavar="TIME", help="Front end and model, for example 2ms."),
        click.option("--max-ram", metavar="SIZE", help="Of a model's activations, for example 64kB."),
        click.option("--max-flash", metavar="SIZE", help="Of the .tflite, for example 256kB."),
        click.option("--max-memory", metavar="SIZE", help="Of the zipped model, for example 100kB."),
        click.option("--min-accuracy", metavar="SHARE", help="For example 0.9 or 90%."),
    ):
        limited = option(limited)
    return limited  # type: ignore[return-value]


def question_bytes(limits: Limits) -> None:
    """Asks about sizes that no model has."""
    for objective, limit in limits.by_objective.items():
        if objective.unit == "kB" and limit < SMALL_BYTES:
            name = objective.noun[0].upper() + objective.noun[1:]
            click.echo(f"{name} of at most {limit:g} bytes was asked for; did you mean kB?", err=True)
