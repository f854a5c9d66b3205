"""Pictures of how models do in a stream: the whole trade-off, noise, parts, and a strip of the worst minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kwssearch.report.drawing import canvas, images, plain, settle, styled
from kwssearch.report.stream_strip import Strip

Heard = Mapping[str, Any]
LINE = {"linewidth": 1.6, "zorder": 3}
BAND = {"alpha": 0.13, "linewidth": 0, "zorder": 2}
BAR = {"elinewidth": 1.2, "capsize": 2.5, "linestyle": "", "markersize": 5.5, "zorder": 4}
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
PART_COLORS = {
    "keywords": "#dfe8f5", "words": "#f6ebd3", "speech": "#eddfee", "noise": "#e9e9e9", "silence": "#ffffff",
    "recording": "#eddfee",
}  # fmt: skip
OUTCOME_COLORS = {"hit": "#2b7a4b", "confusion": "#c77700", "false accept": "#b3261e", "missed": "#b3261e"}


def palette(count: int) -> Sequence[Any]:
    import seaborn

    found: Sequence[Any] = seaborn.color_palette("colorblind", count)
    return found


def draw_det(heard: Sequence[Heard]) -> dict[str, bytes]:
    """Suffix -> image: false accepts an hour against the clearest keywords missed, both by logarithm, with bands."""
    ratio = next(iter(heard[0]["missed_by_snr_db"]))
    with styled():
        figure, (axes,) = canvas(7.6, 4.9)
        for color, mark, each in zip(palette(len(heard)), MARKS, heard, strict=False):
            rates, missed = curve(each, ratio)
            axes.fill_between(rates, *missed[1:], color=color, **BAND)
            axes.plot(rates, missed[0], color=color, **LINE)
            rate, shares = point(each, ratio)
            axes.errorbar(
                rate[0], shares[0], yerr=ends(shares), xerr=ends(rate), fmt=mark, color=color,
                label=plain(f"{each['trial_id']}: {each['name']}"), **BAR,
            )  # fmt: skip
        axes.set_xscale("log")
        axes.set_yscale("log")
        least = 0.5 / max(each["hours"] for each in heard)
        axes.set_xlim(0.9 * least, 4000)
        axes.set_ylim(max(0.4, axes.get_ylim()[0]), 110)
        for side in (axes.xaxis, axes.yaxis):
            side.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_yticks([tick for tick in (0.5, 1, 2, 5, 10, 20, 50, 100) if tick >= axes.get_ylim()[0]])
        axes.set_yticks([], minor=True)
        axes.set_xlabel("false accepts an hour (at the left edge: none)")
        axes.set_ylabel(f"keywords missed{where(ratio)}, %")
        legend_beside(axes)
        settle(figure)
        return images(figure)


def where(ratio: str) -> str:
    return "" if ratio == "all" else f" at {ratio} dB"


def curve(heard: Heard, ratio: str) -> tuple[Any, Any]:
    """Rates, shape (thresholds,), and shares missed in %, with their ends, shape (3, thresholds)."""
    least = 0.5 / heard["hours"]
    rates = np.maximum([row["false_accepts_per_hour"][0] for row in heard["det"]], least)
    missed = 100 * np.array([row["missed"][ratio] for row in heard["det"]]).T
    return rates, np.maximum(missed, 0.1)


def point(heard: Heard, ratio: str) -> tuple[list[float], list[float]]:
    """Rate and share missed at the model's threshold, each with its ends."""
    least = 0.5 / heard["hours"]
    rate = [max(figure, least) for figure in heard["false_accepts_per_hour"]]
    return rate, [max(100 * figure, 0.1) for figure in heard["missed_by_snr_db"][ratio]]


def ends(interval: Sequence[float]) -> Any:
    """Distances to an interval's ends, as matplotlib wants them, shape (2, 1)."""
    value, low, high = interval
    return np.array([[value - low], [high - value]])


def legend_beside(axes: Any) -> None:
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize="small", title="at its threshold")


def draw_conditions(heard: Sequence[Heard]) -> dict[str, bytes]:
    """Suffix -> image, of each model at its threshold: misses by signal to noise, false accepts by part."""
    with styled():
        figure, (left, right) = canvas(11.2, 4.2, columns=2, sharey=False)
        colors = palette(len(heard))
        draw_misses(left, heard, colors)
        draw_parts(right, heard, colors)
        legend_beside(right)
        settle(figure)
        return images(figure)


def draw_misses(axes: Any, heard: Sequence[Heard], colors: Sequence[Any]) -> None:
    ratios = list(heard[0]["missed_by_snr_db"])
    places = np.arange(len(ratios))
    for place, (color, mark, each) in enumerate(zip(colors, MARKS, heard, strict=False)):
        shares = 100 * np.array([each["missed_by_snr_db"][ratio] for ratio in ratios]).T
        x = places + shifted(place, len(heard))
        axes.errorbar(x, shares[0], yerr=abs(shares[1:] - shares[0]), fmt=mark, color=color, **BAR)
    axes.set_xticks(places, ["keywords" if ratio == "all" else f"{ratio} dB" for ratio in ratios])
    axes.set_xlabel("signal to noise of the keywords")
    axes.set_ylabel("missed, %")
    axes.set_ylim(0, 103)


def draw_parts(axes: Any, heard: Sequence[Heard], colors: Sequence[Any]) -> None:
    """Rates by logarithm; where there was none, an arrow that points down from what the rate is surely below."""
    kinds = [row["kind"] for row in heard[0]["false_accepts_by_part"] if "per_hour" in row]
    lowest = 0.5
    for place, (color, mark, each) in enumerate(zip(colors, MARKS, heard, strict=False)):
        rows = {row["kind"]: row for row in each["false_accepts_by_part"]}
        label = plain(f"{each['trial_id']}: {each['name']}")
        axes.errorbar([], [], yerr=[], fmt=mark, color=color, label=label, **BAR)
        for at, kind in enumerate(kinds):
            value, low, high = rows[kind]["per_hour"]
            x = at + shifted(place, len(heard))
            if rows[kind]["false_accepts"]:
                bar = np.array([[value - max(low, lowest)], [high - value]])
                axes.errorbar(x, value, yerr=np.maximum(bar, 0), fmt=mark, color=color, **BAR)
            else:
                axes.annotate(
                    "", (x, lowest * 1.1), (x, high),
                    arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0},
                )  # fmt: skip
                axes.plot(x, high, marker="_", color=color, markersize=8)
    axes.set_yscale("log")
    axes.set_ylim(bottom=lowest)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xticks(np.arange(len(kinds)), kinds)
    axes.set_xlabel("part of the stream (an arrow: none, the rate is below its bar)")
    axes.set_ylabel("false accepts an hour of that part")


def shifted(place: int, of: int) -> float:
    return 0.0 if of < 2 else 0.5 * (place / (of - 1) - 0.5)


def draw_strip(strip: Strip) -> dict[str, bytes]:
    """Suffix -> image: what is in some minutes of a stream, and what a model hears."""
    with styled():
        figure, rows = canvas(11.2, 1.1 + 1.35 * len(strip.rows), rows=len(strip.rows), sharey=False)
        for axes, (start, end) in zip(rows, strip.rows, strict=True):
            draw_row(axes, strip, start, end)
        rows[-1].set_xlabel("minutes and seconds of the test stream")
        handles = strip_handles(strip)
        figure.legend(handles=handles, loc="outside upper center", ncol=len(handles), frameon=False, fontsize="small")
        settle(figure)
        return images(figure)


def draw_row(axes: Any, strip: Strip, start: float, end: float) -> None:
    for part in strip.parts:
        low, high = max(part.start_s, start), min(part.end_s, end)
        if low < high:
            axes.axvspan(low, high, color=part_color(part.kind), linewidth=0)
            if part.start_s > start:
                axes.axvline(part.start_s, color="white", linewidth=0.8)
    for at, text, outcome, height in strip.marks:
        if start <= at < end:
            color = OUTCOME_COLORS[outcome]
            axes.plot(at, height, marker=mark_of(outcome), color=color, markersize=5)
            axes.text(at, height + 0.11, plain(text), ha="center", fontsize=7, color=color)
    axes.set_xlim(start, end)
    axes.set_ylim(0, 1)
    axes.set_yticks([0.33, 0.68], ["missed", "heard"], fontsize="small")
    axes.grid(False)
    ticks = np.arange(np.ceil(start / 10) * 10, end + 0.1, 10)
    axes.set_xticks(ticks, [f"{int(tick // 60)}:{int(tick % 60):02d}" for tick in ticks], fontsize="small")


def strip_handles(strip: Strip) -> list[Any]:
    """What marks and colours mean, as far as they are drawn."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    (start, _), (_, end) = strip.rows[0], strip.rows[-1]
    outcomes = {outcome for at, _, outcome, _ in strip.marks if start <= at < end}
    kinds = dict.fromkeys(part.kind for part in strip.parts if part.start_s < end and part.end_s > start)
    marks = [
        Line2D([], [], linestyle="", marker=mark_of(outcome), color=color, markersize=5, label=outcome)
        for outcome, color in OUTCOME_COLORS.items()
        if outcome in outcomes
    ]
    return [*marks, *(Patch(facecolor=part_color(kind), edgecolor="0.8", label=plain(kind)) for kind in kinds)]


def mark_of(outcome: str) -> str:
    return "x" if outcome == "missed" else "o"


def part_color(kind: str) -> str:
    return PART_COLORS.get(kind, "#eeeeee")
