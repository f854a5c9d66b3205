"""Commands on data sets: check one, make one of what people have, split one."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from kwssearch.cli.group import RUN, Command, Real
from kwssearch.errors import UserError, counted, printable

if TYPE_CHECKING:
    from kwssearch.data.importing import Summary
    from kwssearch.space import DataSettings

SHOWN = 20


def as_pattern(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    from kwssearch.space import is_pattern

    if value is not None and not is_pattern(value):
        raise click.BadParameter(f"got {value!r}, expected a regular expression with one group.")
    return value


def speaker_option(command: Command) -> Command:
    told = "Regular expression whose one group is the speaker, in the name or the path."
    return click.option("--speaker", metavar="REGEX", callback=as_pattern, help=told)(command)


def data_options(command: Command) -> Command:
    """Options that say which clips of a data set are used; `chosen` reads them."""
    for option in (
        click.option("--window", "window_s", type=float, metavar="SECONDS", help="Of a clip that a model hears."),
        speaker_option,
        click.option("--silence/--no-silence", default=None, help="A class of _silence_ and _background_noise_."),
        click.option("--unknown/--no-unknown", default=None, help="A class of the other words and _unknown_."),
        click.option("--silence-from", metavar="DIR|builtin,...", help="The same, with crops of recordings there."),
        click.option("--unknown-from", metavar="DIR|builtin,...", help="The same, with the clips there."),
        click.option("--words", metavar="WORD,WORD", help="Folders to tell apart; all by default."),
    ):
        command = option(command)
    return command


def chosen(settings: DataSettings, **options: Any) -> DataSettings:
    """Settings with what the options of `data_options` say instead.

    Raises:
        SpaceError: an option is not what it should be.
    """
    from kwssearch.space import read_data_settings

    given = {key.removesuffix("_from"): value for key, value in options.items() if value is not None}
    for key in ("words", "unknown", "silence"):
        if isinstance(given.get(key), str):
            given[key] = [name.strip() for name in given[key].split(",")]
    return read_data_settings("options", {**settings.to_dict(), **given})


@contextlib.contextmanager
def without_options() -> Iterator[None]:
    """These commands name a data set by their argument: no option is suggested in a fault."""
    try:
        yield
    except UserError as error:
        error.about = None
        raise


@click.group()
def data() -> None:
    """Check, import and split data sets before a search.

    \b
    Example:
      kwssearch data check my_words
    """


@data.command()
@click.argument("source", metavar="DIR|SPACE.toml|msc|builtin")
@data_options
@click.option("--all", "every", is_flag=True, help="A line for every problem, not one for each kind.")
def check(source: str, every: bool, **options: Any) -> None:
    """Show the state of a data set and every problem of it; exit 1 where there is one.

    "Refused" is what stops a search, "Warning" what does not.

    \b
    Example:
      kwssearch data check my_words
      kwssearch data check my_words --words on,off --unknown
    """
    from kwssearch.data import checkup, grouped, locate, look_through
    from kwssearch.space import DataSettings

    with without_options():
        place, settings = of_space(Path(source)) if source.endswith(".toml") else (source, DataSettings())
        found = checkup(look_through(locate(place), chosen(settings, **options)))
    tell(found.lines())
    problems = found.problems if every else grouped(found.problems)
    for problem in sorted(problems, key=lambda problem: not problem.fatal):
        tell([f"{'Refused' if problem.fatal else 'Warning'}: {problem.path or found.root}: {problem.text}"])
    fatal = sum(problem.fatal for problem in found.problems)
    of_them = f": {fatal:,} refused, {counted(len(found.problems) - fatal, 'warning')}" if found.problems else ""
    click.echo(f"{counted(len(found.problems), 'problem')} found{of_them}.", err=True)
    raise SystemExit(1 if found.problems else 0)


def tell(lines: Iterable[str]) -> None:
    """Prints lines; on a terminal those that are too long break between words."""
    from kwssearch.report import terminal_width, wrapped

    width = terminal_width()
    for line in lines:
        fits = width is None or len(line) <= width
        click.echo("\n".join([printable(line)] if fits else wrapped(printable(line), width)))


def of_space(path: Path) -> tuple[str, DataSettings]:
    """The data set that a space names, as seen from the space, and how it is read."""
    from kwssearch.errors import SpaceError
    from kwssearch.space import read_data_settings, source_beside
    from kwssearch.system.text import read_text

    try:
        content = tomllib.loads(read_text(path))
    except (OSError, ValueError) as error:
        raise SpaceError(f"{path}: cannot be read as TOML ({' '.join(str(error).split())}).") from error
    return source_beside(path, str(content.get("data", "msc"))), read_data_settings(str(path), content, path.parent)


@data.command("import")
@click.argument("source", type=RUN)
@click.argument("dest", type=RUN)
@click.option("--slice", "slice_", is_flag=True, help="Longer recordings into windows; the loudest one by default.")
@speaker_option
@click.option("--word", metavar="REGEX", callback=as_pattern, help="The same for the word, in the path.")
@click.option(
    "--rate", type=click.IntRange(1_000, 192_000), default=16_000, show_default=True, help="Of all clips, in Hz."
)
@click.option("--window", "window_s", type=Real(0.1, 10), default=1.0, show_default=True, help="In seconds.")
def import_(source: Path, dest: Path, slice_: bool, **options: Any) -> None:
    """Turn recordings of any format, rate, width, length and layout into a folder of words.

    Nothing in SOURCE is altered and nothing in DEST is overwritten; when run again, it goes on where it stopped.

    \b
    Example:
      kwssearch data import recordings my_words --speaker '^[^_]+_([^_]+)_'
    """
    from kwssearch.data.importing import ImportOptions, import_folder

    source, dest = source.expanduser(), dest.expanduser()
    again = "Stopped; what is done is saved. To go on, run the same command again."
    with without_options(), stopping(again), progress() as show:
        summary = import_folder(source, dest, ImportOptions(slice=slice_, **options), show)
    tell(summary_lines(summary, dest))
    raise SystemExit(0 if summary.clips else 1)


@contextlib.contextmanager
def stopping(told: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        click.echo(told, err=True)
        raise SystemExit(130) from None


@contextlib.contextmanager
def progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, else a line at the beginning; on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, total: click.echo("Importing ...", err=True) if done == 0 else None
        return
    columns = (TextColumn("Importing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def summary_lines(summary: Summary, dest: Path) -> Iterator[str]:
    """What was done to how many recordings, what was left out and why, and what to do next."""
    words = list(summary.clips.items())
    shown = ", ".join(f"{word} {count:,}" for word, count in words[:SHOWN]) + (", ..." if len(words) > SHOWN else "")
    yield f"{dest}: {counted(sum(summary.clips.values()), 'clip')} of {counted(len(words), 'word')} ({shown})"
    for action, count in summary.done.most_common():
        yield f"  {counted(count, 'recording')} {action}"
    for split, count in summary.splits.items():
        if count:
            yield f"  {counted(count, 'clip')} listed for {split}"
    for why, paths in summary.left.items():
        yield f"Left out: {paths[0]}: {why}" + (f" ({len(paths) - 1:,} more like it)" if len(paths) > 1 else "")
    yield from summary.notes
    yield f"Next: kwssearch data check {quote(str(dest))}"


@data.command()
@click.argument("folder", metavar="DIR", type=RUN)
@click.option("--by", type=click.Choice(["speaker", "clip"]), default="speaker", show_default=True)
@click.option("--validation", metavar="SHARE", default="10%", show_default=True, help="Of the speakers or clips.")
@click.option("--test", metavar="SHARE", default="10%", show_default=True, help="Of the speakers or clips.")
@speaker_option
def split(folder: Path, by: Any, validation: str, test: str, speaker: str | None) -> None:
    """Write validation_list.txt and testing_list.txt into a folder of words.

    \b
    Example:
      kwssearch data split my_words --by speaker --test 20%
    """
    from kwssearch.data.splits import Shares, write_split
    from kwssearch.space import parse_share

    shares = Shares(parse_share(validation, "validation"), parse_share(test, "test"))
    if min(shares.validation, shares.test) <= 0 or shares.validation + shares.test >= 1:
        raise click.UsageError("--validation and --test: expected shares above 0 that leave some clips for training.")
    with without_options():
        counts = write_split(folder.expanduser(), by, shares, speaker)
    click.echo(f"{printable(folder)}: clips: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))


@data.command()
@click.argument("source", metavar="DIR|msc|builtin")
@click.argument("dest", type=RUN)
@speaker_option
def pieces(source: str, dest: Path, speaker: str | None) -> None:
    """Make clips that are no word out of the words themselves: played backwards, and halves of two joined.

    They are for the class 'unknown', beside other words: by the same people, in the same rooms.

    \b
    Example:
      kwssearch data pieces my_words my_pieces
    """
    from kwssearch.data import load_data
    from kwssearch.data.pieces import write_pieces

    with without_options():
        named: dict[str, Any] = {} if speaker is None else {"speaker": speaker}
        counts = write_pieces(load_data(source, **named), dest.expanduser())
    made = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    click.echo(f"{printable(dest)}: {counted(sum(counts.values()), 'clip')} ({made})")
    click.echo(f"Next: kwssearch run listen --data {quote(source)} --unknown-from {quote(str(dest))},builtin", err=True)
