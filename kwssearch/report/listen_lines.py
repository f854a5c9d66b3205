"""How models did on a stream, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kwssearch.report.layout import Column, table_lines, wrapped

NOTHING = "nothing heard"
MOST_PAIRS = 5


def listen_lines(record: Mapping[str, Any], trials: Sequence[str], width: int | None = None) -> Iterator[str]:
    """A table, and of the first model what its figures are made of.

    Args:
        record: as `listening.listen` gives it.
        trials: ids of those to tell of.
        width: of the terminal; None for lines of any length.
    """
    told = [trial for trial in record["trials"] if trial["trial_id"] in trials]
    yield from wrapped(heard_sentence(record, told[0]), width)
    yield ""
    yield from table_lines(columns(told), width)
    yield ""
    yield f"False accepts of trial {told[0]['trial_id']}, by part:"
    for part in told[0]["false_accepts_by_part"]:
        yield from wrapped(part_sentence(part), width, indent=2)
    sentences = [confusion_sentence(told[0])] if told[0].get("confusions") else []
    sentences += [difference_sentence(trial) for trial in told if "against_best" in trial]
    sentences += [cost_sentence(trial) for trial in told[:1] if "cost" in trial]
    for sentence in sentences:
        yield from wrapped(sentence, width)


def heard_sentence(record: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    settings = record["settings"]
    return (
        f"{record.get('recording', 'Test stream')}: {first['hours']:.2f} h besides {first['keywords']} keywords; a "
        f"window each {settings['hop_ms']:g} ms, mean of {settings['smoothing']}, {settings['suppression_s']:g} s of "
        f"suppression. Thresholds are those of {settings['per_hour']:g} false accepts an hour on the validation stream."
    )


def columns(trials: Sequence[Mapping[str, Any]]) -> Iterator[Column]:
    """Of trials on the same stream; the lowest signal to noise goes first where there is no room."""
    thresholds = [trial["threshold"] for trial in trials]
    yield Column("trial", [trial["trial_id"] for trial in trials])
    yield Column("model", [trial["name"] for trial in trials], wraps=True)
    yield Column("threshold", [NOTHING if t is None else f"{t:.7g}" for t in thresholds], right=True, rank=1)
    yield Column("false accepts\nan hour", [rate(trial["false_accepts_per_hour"]) for trial in trials], right=True)
    for rank, ratio in enumerate(trials[0].get("missed_by_snr_db", ()), 2):
        heading = "missed" if ratio == "all" else f"missed\nat {ratio} dB"
        cells = [percent(trial["missed_by_snr_db"][ratio]) for trial in trials]
        yield Column(heading, cells, right=True, rank=rank)
    if "mean_miss_rate" in trials[0]:
        yield Column("missed\non average", [percent(trial["mean_miss_rate"]) for trial in trials], right=True)


def part_sentence(part: Mapping[str, Any]) -> str:
    count = part["false_accepts"]
    told = f"{part['kind']}: {count} in {part['minutes']:.1f} min"
    if "per_hour" in part:
        told += f": {rate(part['per_hour'])} an hour" if count else f": {zero(part['per_hour'])}"
    if "share" in part:
        told += f"; {percent(part['share'])} of {part['parts']} words said"
    return told


def confusion_sentence(trial: Mapping[str, Any]) -> str:
    pairs = [f"{pair['said']} as {pair['heard']} {pair['times']} ×" for pair in trial["confusions"]]
    return (
        f"Keywords heard as another one: {trial['confused']} of {trial['keywords']} ({', '.join(pairs[:MOST_PAIRS])})."
    )


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


def cost_sentence(trial: Mapping[str, Any]) -> str:
    """What a second of sound takes, here and on the devices whose cycles are known."""
    cost = trial["cost"]
    devices = [f"{name} {share_range(ends)}" for name, ends in cost["devices"].items()]
    elsewhere = f"; as int8 and without the front end, on {', '.join(devices)}" if devices else ""
    milliseconds, share = cost["front_end_ms"] + cost["model_ms"], 100 * cost["duty_cycle"]
    return (
        f"A second of sound takes trial {trial['trial_id']} {millions(cost['model_macs'])} multiply-accumulates in "
        f"{cost['invocations']:.3g} invocations and {millions(cost['front_end_macs'])} in the front end: "
        f"{milliseconds:.2g} ms here, {share:.2g} % of the time{elsewhere}."
    )


def millions(count: float) -> str:
    return f"{count / 1e6:.3g} million"


def share_range(ends: Sequence[float]) -> str:
    low, high = (f"{100 * end:.2g}" for end in ends)
    return f"{low} %" if low == high else f"{low} to {high} %"


def difference_sentence(trial: Mapping[str, Any]) -> str:
    against = trial["against_best"]
    value, low, high = (100 * figure for figure in against["mean_miss_rate"])
    sure = "" if low > 0 or high < 0 else ", which this stream cannot tell from none"
    return (
        f"Trial {trial['trial_id']} misses {value:.1f} points more on average than {against['trial_id']} "
        f"({low:.1f} to {high:.1f}){sure}."
    )
