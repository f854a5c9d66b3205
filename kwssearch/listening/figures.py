"""Figures of a sweep, each with its 95 % interval: false accepts an hour, misses, and what a threshold buys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from kwssearch.analysis import Interval, wilson
from kwssearch.listening.sweep import THRESHOLDS, Flags, Sweep
from kwssearch.listening.truth import KINDS, WORDS

Floats = npt.NDArray[np.floating[Any]]

RATES = np.logspace(0, 2, 13)  # false accepts an hour
CLEAR_DB = 10.0  # keywords at least this far above the noise count in the mean miss rate
TAIL = 0.025
WORLDS, WORLD_SEED = 1000, 1


def garwood(count: int, hours: float) -> Interval:
    """Events an hour with the exact 95 % interval of a Poisson rate (Garwood, 1936)."""
    from scipy.stats import chi2

    low = chi2.ppf(TAIL, 2 * count) / 2 if count else 0.0
    high = chi2.ppf(1 - TAIL, 2 * count + 2) / 2
    return Interval(count / hours, float(low) / hours, float(high) / hours)


def share(count: int, of: int) -> Interval:
    """A share with Wilson's interval."""
    return Interval(count / of, *wilson(count, of))


def threshold_for(rates: Floats, wanted: float) -> npt.NDArray[np.int64]:
    """The lowest threshold from which on no rate is above the wanted one.

    Args:
        rates: false accepts an hour, shape (thresholds + 1, ...); the last, above all thresholds, is zero.

    Returns:
        Indices, shape (...).
    """
    kept = np.logical_and.accumulate(rates[::-1] <= wanted, axis=0)
    return np.asarray(len(rates) - kept.sum(axis=0))


@dataclass(frozen=True)
class Figures:
    """What a sweep says."""

    sweep: Sweep

    @cached_property
    def hours(self) -> float:
        """Of the stream's negative time."""
        return float(self.sweep.truth.negative_seconds.sum() / 3600)

    @cached_property
    def rates(self) -> Floats:
        """False accepts an hour, shape (thresholds + 1,)."""
        return np.asarray(self.sweep.false_accepts.sum(axis=1) / self.hours)

    @cached_property
    def kinds(self) -> dict[str, Flags]:
        """Which parts are of each kind, shape (parts,); the user's own kinds after ours."""
        found = [part.kind for part in self.sweep.truth.parts]
        order = [*KINDS, *sorted(set(found) - set(KINDS))]
        return {kind: np.array([each == kind for each in found]) for kind in order if kind in found}

    @cached_property
    def snrs(self) -> list[float | None]:
        """Of each keyword."""
        return [keyword.snr_db for keyword in self.sweep.truth.keywords]

    @cached_property
    def ratios(self) -> list[float]:
        """The different known ones, the highest first."""
        return sorted({snr for snr in self.snrs if snr is not None}, reverse=True)

    @cached_property
    def best(self) -> Flags:
        """The keywords at the highest ratio; all of them where none is known."""
        return np.array([not self.ratios or snr == self.ratios[0] for snr in self.snrs], bool)

    @cached_property
    def clear(self) -> Flags:
        """The keywords at 10 dB and above; the best where there are none."""
        clear = np.array([snr is not None and snr >= CLEAR_DB for snr in self.snrs], bool)
        return clear if clear.any() else self.best

    def index_for(self, per_hour: float) -> int:
        return int(threshold_for(self.rates, per_hour))

    def missed(self, index: int, chosen: Flags) -> Interval:
        """The share of some keywords, at least one."""
        return share(int(self.sweep.missed[index, chosen].sum()), int(chosen.sum()))

    def false_accepts(self, index: int) -> Interval:
        return garwood(int(self.sweep.false_accepts[index].sum()), self.hours)

    def by_snr(self, index: int) -> dict[str, Interval]:
        """Shares missed; 'all' where no ratio is known, nothing where there is no keyword."""
        if not self.snrs:
            return {}
        if not self.ratios:
            return {"all": self.missed(index, self.best)}
        return {
            f"{ratio:g}": self.missed(index, np.array([snr == ratio for snr in self.snrs])) for ratio in self.ratios
        }

    def by_part(self, index: int) -> Iterator[dict[str, Any]]:
        """Kind, minutes, parts, false accepts and their rate; of single words the share that is heard as a keyword."""
        seconds = self.sweep.truth.negative_seconds
        for kind, own in self.kinds.items():
            count, hours = int(self.sweep.false_accepts[index, own].sum()), float(seconds[own].sum() / 3600)
            row = {"kind": kind, "parts": int(own.sum()), "minutes": 60 * hours, "false_accepts": count}
            if hours > 0:
                row["per_hour"] = garwood(count, hours)
            if kind == WORDS:
                row["share"] = share(min(count, int(own.sum())), int(own.sum()))
            yield row

    def confusions(self, index: int) -> list[tuple[int, int, int]]:
        """The class that was said, the class that was heard instead, and how often; the most frequent first."""
        said = self.sweep.said[index]
        pairs = [(k.label, int(heard)) for k, heard in zip(self.sweep.truth.keywords, said, strict=True) if heard >= 0]
        return sorted(((*pair, pairs.count(pair)) for pair in set(pairs)), key=lambda row: (-row[2], row))

    def mean_miss_rate(self) -> float:
        """Mean share of clear keywords missed at 13 rates from 1 to 100 false accepts an hour, even in logarithm."""
        chosen = [self.sweep.missed[self.index_for(rate), self.clear].mean() for rate in RATES]
        return float(np.mean(chosen))

    def det(self) -> list[dict[str, Any]]:
        """The detection error trade-off: rates, misses and confusions at each threshold, the lowest first."""
        by_kind = {kind: self.sweep.false_accepts[:, own].sum(axis=1) for kind, own in self.kinds.items()}
        return [
            {
                "threshold": float(threshold),
                "false_accepts_per_hour": rounded(self.false_accepts(index)),
                "false_accepts": {kind: int(counts[index]) for kind, counts in by_kind.items()},
                "missed": {ratio: rounded(missed) for ratio, missed in self.by_snr(index).items()},
                "confused": int((self.sweep.said[index] >= 0).sum()),
            }
            for index, threshold in enumerate(THRESHOLDS)
        ]


def rounded(interval: Interval) -> list[float]:
    return [round(figure, 4) for figure in interval]


def drawn_parts(sweep: Sweep) -> Floats:
    """How often each part is drawn in each bootstrap world, shape (parts, worlds).

    Parts are drawn with replacement among those of their kind, the same ones for all models of a stream, so that
    differences are paired (Efron and Tibshirani, 1993).
    """
    rng = np.random.default_rng(WORLD_SEED)
    kinds = [part.kind for part in sweep.truth.parts]
    drawn = np.zeros((len(kinds), WORLDS), np.float32)
    for kind in dict.fromkeys(kinds):
        own = [place for place, each in enumerate(kinds) if each == kind]
        drawn[own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), WORLDS).T
    return drawn


@dataclass(frozen=True)
class StreamWorlds:
    """A model's figures in each bootstrap world, shape (worlds,).

    Attributes:
        drawn: as `drawn_parts` gives them.
    """

    figures: Figures
    drawn: Floats

    @cached_property
    def rates(self) -> Floats:
        """False accepts an hour, shape (thresholds + 1, worlds)."""
        sweep = self.figures.sweep
        hours = sweep.truth.negative_seconds @ self.drawn / 3600
        return np.asarray(sweep.false_accepts.astype(np.float32) @ self.drawn / np.maximum(hours, 1e-9))

    def missed(self, chosen: Flags) -> Floats:
        """Shares, shape (thresholds + 1, worlds); of a world that drew no such keyword, all."""
        sweep = self.figures.sweep
        weights = self.drawn[[keyword.part for keyword in sweep.truth.keywords]][chosen]
        totals = weights.sum(axis=0)
        misses = sweep.missed[:, chosen].astype(np.float32) @ weights
        return np.asarray(np.where(totals > 0, misses / np.maximum(totals, 1), 1.0))

    def mean_miss_rate(self) -> Floats:
        missed, worlds = self.missed(self.figures.clear), np.arange(self.drawn.shape[1])
        return np.asarray(np.mean([missed[threshold_for(self.rates, rate), worlds] for rate in RATES], axis=0))

    def miss_rate(self, index: int) -> Floats:
        """At a threshold, of the best keywords."""
        return np.asarray(self.missed(self.figures.best)[index])
