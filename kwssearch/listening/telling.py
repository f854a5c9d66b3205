"""How models did on a stream, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

GAP = "  "
NOTHING = "nothing is heard"


def listen_lines(record: Mapping[str, Any], trials: Sequence[str]) -> Iterator[str]:
    """A table, and of the first model what its figures are made of.

    Args:
        record: as `listen` gives it.
        trials: ids of those to tell of.
    """
    settings = record["settings"]
    told = [trial for trial in record["trials"] if trial["trial_id"] in trials]
    first = told[0]
    yield (
        f"{record.get('recording', 'Test stream')}: {first['hours']:.2f} h besides {first['keywords']} keywords; a "
        f"window each {settings['hop_ms']:g} ms, mean of {settings['smoothing']}, {settings['suppression_s']:g} s of "
        f"suppression. Thresholds are those of {settings['per_hour']:g} false accepts an hour on the validation stream."
    )
    yield ""
    yield from table([header(first), *map(row, told)])
    yield ""
    yield f"False accepts of trial {first['trial_id']}, by part:"
    yield from (f"  {part_sentence(part)}" for part in first["false_accepts_by_part"])
    if first.get("confusions"):
        pairs = [f"{pair['said']} as {pair['heard']} {pair['times']} ×" for pair in first["confusions"]]
        yield f"  Keywords heard as another one: {first['confused']} of {first['keywords']} ({', '.join(pairs[:5])})"
    for trial in told[1:]:
        if "against_best" in trial:
            yield difference_sentence(trial)


def header(trial: Mapping[str, Any]) -> list[str]:
    missed = [f"missed at {ratio} dB" if ratio != "all" else "missed" for ratio in trial.get("missed_by_snr_db", ())]
    return ["trial", "model", "threshold", "false accepts/h", *missed, *(["mean miss"] if missed else [])]


def row(trial: Mapping[str, Any]) -> list[str]:
    threshold = trial["threshold"]
    cells = [trial["trial_id"], trial["name"], NOTHING if threshold is None else f"{threshold:.7g}"]
    cells.append(rate(trial["false_accepts_per_hour"]))
    cells += [percent(interval) for interval in trial.get("missed_by_snr_db", {}).values()]
    return [*cells, *([percent(trial["mean_miss_rate"])] if "mean_miss_rate" in trial else [])]


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        yield GAP.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def part_sentence(part: Mapping[str, Any]) -> str:
    count = part["false_accepts"]
    told = f"{part['kind']}: {count} in {part['minutes']:.1f} min"
    if "per_hour" in part:
        told += f": {rate(part['per_hour'])} an hour" if count else f": {zero(part['per_hour'])}"
    if "share" in part:
        told += f"; {percent(part['share'])} of {part['parts']} words said"
    return told


def zero(interval: Sequence[float]) -> str:
    """What it means that there was none: only that the rate is below the interval's end."""
    return f"below {number(interval[2])} an hour"


def rate(interval: Sequence[float]) -> str:
    value, low, high = map(number, interval)
    return f"{value} ({low}–{high})"


def number(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 99.5 else f"{figure:.2g}"


def percent(interval: Sequence[float]) -> str:
    value, low, high = (100 * figure for figure in interval)
    return f"{value:.0f} % ({low:.0f}–{high:.0f})" if value >= 9.5 else f"{value:.1f} % ({low:.1f}–{high:.1f})"


def difference_sentence(trial: Mapping[str, Any]) -> str:
    against = trial["against_best"]
    value, low, high = (100 * figure for figure in against["mean_miss_rate"])
    sure = "" if low > 0 or high < 0 else ", which this stream cannot tell from none"
    return (
        f"Trial {trial['trial_id']} misses {value:.1f} points more on average than {against['trial_id']} "
        f"({low:.1f} to {high:.1f}){sure}."
    )
