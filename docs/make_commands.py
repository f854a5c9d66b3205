"""Writes docs/commands.md from the commands' own --help: python docs/make_commands.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from kwssearch.cli.commands import main

PAGE = Path(__file__).with_name("commands.md")
WIDTH = 100
HEAD = """# Commands

What each command's `--help` says. This page is made by `python docs/make_commands.py`; a test compares.

The shell completes commands, options, spaces, data sets and strategies after
`eval "$(_KWSSEARCH_COMPLETE=bash_source kwssearch)"` (`zsh_source` and `fish_source` for those), which may stand in the
shell's start-up file.
"""


def contexts(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[click.Context]:
    """The command's context, then those of its sub-commands in order of their names."""
    context = click.Context(command, parent=parent, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
    yield context
    if isinstance(command, click.Group):
        for inner in sorted(command.commands):
            yield from contexts(command.commands[inner], inner, context)


def page() -> str:
    sections = [
        f"## {context.command_path}\n\n```text\n{context.command.get_help(context)}\n```\n"
        for context in contexts(main, "kwssearch")
    ]
    return "\n".join([HEAD, *sections])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
