"""What a shell offers for an argument that is being typed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    import click


def spaces(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Shipped spaces, then files."""
    from kwssearch.space import shipped_spaces

    named = [CompletionItem(name) for name in shipped_spaces() if name.startswith(typed)]
    return [*named, CompletionItem(typed, type="file")]


def data_sets(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Data sets by name, then folders."""
    from kwssearch.data import NAMED

    named = [CompletionItem(name) for name in NAMED if name.startswith(typed)]
    return [*named, CompletionItem(typed, type="dir")]


def devices(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Those that are known by name, then files."""
    from kwssearch.errors import UserError
    from kwssearch.space import known_devices

    try:
        named = [CompletionItem(name) for name in known_devices() if name.startswith(typed)]
    except UserError:
        named = []
    return [*named, CompletionItem(typed, type="file")]


def targets(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Those that the run which was named before was measured on."""
    from kwssearch.runs import known_targets

    return [CompletionItem(name) for name in known_targets(run_named(context)) if name.startswith(typed)]


def strategies(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Those of the run that was named before."""
    from kwssearch.errors import UserError
    from kwssearch.runs import RunFolder

    try:
        space = RunFolder(run_named(context)).reopen()
    except UserError:
        return []
    return [CompletionItem(strategy.name) for strategy in space.strategies if strategy.name.startswith(typed)]


def run_named(context: click.Context) -> Path:
    """The first argument; an option without its value keeps arguments unread."""
    named = [context.params.get("folder"), *context.args]
    return Path(str(next(filter(None, named), "")))
