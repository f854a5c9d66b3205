"""Reads the front ends that a space declares, each by itself or as a range of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from kwssearch.errors import SpaceError
from kwssearch.space.ranges import read_range
from kwssearch.space.schema import Table, choice, integer, number, text
from kwssearch.space.settings import FeatureSetting

FEATURES = {
    "kind": choice(("log_mel", "mfcc")),
    "sampling_rate": integer(1000, 192_000, "a whole number of hertz from 1000 to 192000", 16_000),
    "frame_length_ms": number(1, 1000, "a number of milliseconds from 1 to 1000", 40),
    "overlap": number(0, 0.95, "a number from 0 to 0.95", 0.5),
    "mel_bins": integer(1, 512, "a whole number from 1 to 512", 40),
    "lower_hz": number(0, 96_000, "a frequency in hertz below upper_hz", 20),
    "upper_hz": number(1, 96_000, "a frequency in hertz up to half the sampling rate", 4000),
    "coefficients": integer(1, 512, "a whole number from 1 to mel_bins", None),
}

RANGED = {
    "sampling_rate": "{:g}hz", "frame_length_ms": "{:g}ms", "overlap": "{:g}overlap", "mel_bins": "{:g}bins",
    "lower_hz": "from{:g}", "upper_hz": "to{:g}", "coefficients": "{:g}coefficients",
}  # fmt: skip
WHOLE = ("sampling_rate", "mel_bins", "coefficients")  # numbers of something


def read_features(place: str, content: Mapping[str, Any], window_s: float) -> dict[str, FeatureSetting]:
    table = Table(f"{place}: features", content.get("features", {}))
    declared = table.content
    if not declared:
        raise SpaceError(f"{place}: features: got none, expected at least one table such as [features.mfcc].")
    for name in declared:
        table.check("name", name, text())
    found = {}
    for name, entry in declared.items():
        for own, setting in front_ends(f"{place}: features.{name}", name, entry):
            if own in found:
                raise SpaceError(f"{place}: features.{own}: is declared twice, once by a range; give one another name.")
            found[own] = read_feature(f"{place}: features.{own}", own, setting, window_s)
    return found


def front_ends(place: str, name: str, entry: Any) -> Iterator[tuple[str, Any]]:
    """A front end, or one for each combination of its ranges' values, named after them."""
    content = Table(place, entry).content
    order = sorted(content, key=lambda key: list(RANGED).index(key) if key in RANGED else -1)
    ranges = {key: feature_range(place, key, content[key]) for key in order if isinstance(content[key], Mapping)}
    if not ranges:
        yield name, entry
        return
    for values in itertools.product(*ranges.values()):
        chosen = dict(zip(ranges, values, strict=True))
        shown = [RANGED[key].format(value) for key, value in chosen.items()]
        yield "_".join([name, *shown]), {**content, **chosen}


def feature_range(place: str, key: str, content: Mapping[str, Any]) -> list[float]:
    """The values of a range of a front end, as its key holds them."""
    if key not in RANGED:
        raise Table(place, {}).fault(key, content, f"a single value; ranges may be of {', '.join(RANGED)}")
    values = read_range(f"{place}: {key}", content).values
    return list(dict.fromkeys(map(round, values))) if key in WHOLE else list(values)


def read_feature(place: str, name: str, entry: Any, window_s: float) -> FeatureSetting:
    table = Table(place, entry)
    values = table.read(FEATURES)
    if values["kind"] is None:
        raise table.missing("kind", FEATURES["kind"].expected)
    setting = FeatureSetting(name, **values, window_s=window_s)
    if not setting.lower_hz < setting.upper_hz <= setting.sampling_rate / 2:
        raise table.fault(
            "upper_hz", setting.upper_hz, f"above lower_hz ({setting.lower_hz}) and up to {setting.sampling_rate / 2:g}"
        )
    if setting.kind == "mfcc" and setting.coefficients is None:
        raise table.missing("coefficients", FEATURES["coefficients"].expected)
    if setting.kind == "log_mel" and setting.coefficients is not None:
        raise table.fault("coefficients", setting.coefficients, "none for kind 'log_mel': it belongs to 'mfcc'")
    if setting.coefficients and setting.coefficients > setting.mel_bins:
        raise table.fault("coefficients", setting.coefficients, f"a whole number from 1 to {setting.mel_bins}")
    if min(setting.shape[:2]) < 3:
        raise SpaceError(f"{place}: gives an input of {setting.shape}, expected at least 3 frames and 3 bands.")
    return setting
