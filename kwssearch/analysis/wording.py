"""Figures in words, with no more digits than they are worth."""

from __future__ import annotations

from collections.abc import Sequence

from kwssearch.analysis.interval import Interval, Needed

DYNAMIC_IS = (
    "dynamic quantisation leaves kernels below 1,024 weights as they are: a small model may come out as its float32 "
    "file, and a DS-CNN slower than it"
)


def points(change: Interval, unit: str = " points") -> str:
    """A change in accuracy, given as a share: '-1.2 points (-2.0 to -0.4)'."""
    value, low, high = (decimal(100 * figure) for figure in change)
    return f"{value}{unit} ({low} to {high})"


def decimal(figure: float) -> str:
    """One decimal, with a sign unless it rounds to zero."""
    text = f"{figure:+.1f}"
    return "0.0" if float(text) == 0 else text


def times(ratio: Interval, known: bool = True) -> str:
    """A ratio: '0.31 times (0.30 to 0.32)'; the interval is left out where it is not known or has no width."""
    value, low, high = (factor(figure) for figure in ratio)
    return f"{value} times ({low} to {high})" if known and low != high else f"{value} times"


def change_cell(change: Interval) -> str:
    """A change in accuracy in a table: '-1.2 (-2.0 to -0.4)'."""
    return points(change, unit="")


def ratio_cell(ratio: Interval, known: bool = True) -> str:
    """A ratio in a table: '0.31 (0.30 to 0.32)'."""
    return times(ratio, known).replace(" times", "")


def factor(figure: float) -> str:
    """At least two digits that mean something."""
    return f"{figure:.2f}" if figure >= 0.0995 else f"{figure:.2g}"


def listed(names: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def what_is_needed(difference: float, needed: Needed, clips: int, seeds: int) -> str:
    """How much more data would detect a difference in accuracy, given as a share."""
    size = f"A difference of {abs(100 * difference):.1f} points" if abs(difference) >= 5e-4 else "So small a difference"
    ways = []
    if needed.clips is not None:
        ways.append(f"{about(needed.clips, 1_000_000)} test clips (there are {clips:,})")
    if needed.seeds is not None:
        ways.append(f"{about(needed.seeds, 1000)} seeds a trial (there are {seeds})")
    if ways:
        sentence = f"{size} would take {' or '.join(ways)} to be detected."
    elif seeds > 1:
        sentence = f"{size} would take both more test clips than {clips:,} and more seeds than {seeds} to be detected."
    else:
        sentence = f"{size} cannot be detected with any number of clips."
    return sentence if seeds > 1 else f"{sentence} What more seeds would do, one seed a trial cannot say."


def about(number: int, most: int) -> str:
    """Two digits, since a planned size is not known better."""
    return f"about {float(f'{number:.2g}'):,.0f}" if number <= most else f"more than {most:,}"
