"""The command line: every command, put together."""

from kwssearch.cli import diff, listen, measure, read, score, search, ship, space
from kwssearch.cli.cache import cache
from kwssearch.cli.data import data
from kwssearch.cli.group import main

main.add_command(cache)
main.add_command(data)

__all__ = ["diff", "listen", "main", "measure", "read", "score", "search", "ship", "space"]
