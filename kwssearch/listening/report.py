"""What is recorded of a model that listened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kwssearch.analysis import Interval
from kwssearch.listening.figures import Figures, StreamWorlds, drawn_parts
from kwssearch.listening.hearing import Model
from kwssearch.listening.kept import KeptStream
from kwssearch.listening.records import as_read
from kwssearch.listening.sources import SPLITS
from kwssearch.listening.sweep import THRESHOLDS, Sweep, fired, sweep
from kwssearch.space import StreamSettings

RATES_TOLD = (1.0, 10.0, 100.0)  # false accepts an hour


@dataclass(frozen=True)
class Scored:
    """A model on the stream that sets its threshold, and on the one that reports.

    Attributes:
        words: class names.
        per_hour: false accepts an hour for which the threshold is set.
    """

    model: Model
    words: Sequence[str]
    per_hour: float
    setting: Figures
    told: Figures

    @property
    def index(self) -> int:
        """Of the threshold, which the validation stream sets."""
        return self.setting.index_for(self.per_hour)

    def record(self, worlds: StreamWorlds, deciding: StreamWorlds) -> dict[str, Any]:
        """JSON-ready; intervals are value, low and high.

        Args:
            worlds: of the stream that reports.
            deciding: of the validation stream.
        """
        index, told = self.index, self.told
        return {
            "trial_id": self.model.trial_id,
            "name": self.model.name,
            "sha256": self.model.sha256,
            "threshold": threshold_of(index),
            "validation_false_accepts_per_hour": self.setting.false_accepts(index),
            "hours": told.hours,
            "false_accepts": int(told.sweep.false_accepts[index].sum()),
            "false_accepts_per_hour": told.false_accepts(index),
            "false_accepts_by_part": list(told.by_part(index)),
            "keywords": len(told.sweep.truth.keywords),
            **(self.misses(worlds, deciding) if told.sweep.truth.keywords else {}),
            "fired": [[round(end, 2), self.words[word], outcome] for end, word, outcome in fired(told.sweep, index)],
            "det": told.det(),
        }

    def misses(self, worlds: StreamWorlds, deciding: StreamWorlds) -> dict[str, Any]:
        """What is known of keywords, if there are any."""
        index, told = self.index, self.told
        best = told.index_for(self.per_hour)
        name = f"miss_rate_at_{self.per_hour:g}_per_hour"
        drawn, decided = worlds.mean_miss_rate(), deciding.mean_miss_rate()
        missed = (k for k, gone in zip(told.sweep.truth.keywords, told.sweep.missed[index], strict=True) if gone)
        return {
            "missed_by_snr_db": told.by_snr(index),
            name: told.missed(index, told.best),
            f"{name}_best_threshold": told.missed(best, told.best),
            "best_threshold": threshold_of(best),
            "mean_miss_rate": Interval.of(told.mean_miss_rate(), drawn),
            "validation_mean_miss_rate": Interval.of(self.setting.mean_miss_rate(), decided),
            "draws": {"test": drawn.round(4).tolist(), "validation": decided.round(4).tolist()},
            "thresholds": [self.at_rate(rate) for rate in RATES_TOLD],
            "missed": [[round(keyword.start_s, 2), self.words[keyword.label], keyword.snr_db] for keyword in missed],
            "confused": int((told.sweep.said[index] >= 0).sum()),
            "confusions": [
                {"said": self.words[said], "heard": self.words[heard], "times": times}
                for said, heard, times in told.confusions(index)
            ],
        }

    def at_rate(self, per_hour: float) -> dict[str, Any]:
        """What the threshold gives that the validation stream sets for a rate."""
        index, told = self.setting.index_for(per_hour), self.told
        return {
            "per_hour": per_hour,
            "threshold": threshold_of(index),
            "false_accepts_per_hour": told.false_accepts(index),
            "miss_rate": told.missed(index, told.best),
        }


def threshold_of(index: int) -> float | None:
    """None above all thresholds, where nothing is heard."""
    return float(THRESHOLDS[index]) if index < len(THRESHOLDS) else None


def records(scored: Sequence[Scored]) -> list[dict[str, Any]]:
    """Of models on the same streams, the lowest mean miss rate first, each with its difference to that one.

    Without keywords: those with the fewest false accepts first.
    """
    drawn, deciding = (drawn_parts(figures.sweep) for figures in (scored[0].told, scored[0].setting))
    has_keywords = bool(scored[0].told.snrs)
    ranked = sorted(
        scored,
        key=lambda each: (
            each.told.mean_miss_rate() if has_keywords else each.told.rates[each.index],
            each.model.trial_id,
        ),
    )
    worlds = [StreamWorlds(each.told, drawn) for each in ranked]
    found = []
    for each, own in zip(ranked, worlds, strict=True):
        record = each.record(own, StreamWorlds(each.setting, deciding))
        if has_keywords and each is not ranked[0]:
            record["against_best"] = against(each, own, ranked[0], worlds[0])
        found.append(record)
    return found


def score(
    model: Model, streams: Mapping[str, KeptStream], settings: StreamSettings, words: Sequence[str]
) -> dict[str, Any]:
    """What is recorded of one model on the two streams of a search."""
    heard = [(streams[split].heard_by(model, settings), streams[split].truth) for split in SPLITS]
    setting, told = (Figures(sweep(*each)) for each in heard)
    (record,) = records([Scored(model, words, settings.per_hour, setting, told)])
    return as_read(record)


def against(each: Scored, own: StreamWorlds, best: Scored, worlds: StreamWorlds) -> dict[str, Any]:
    """How much more a model misses than the best one, paired over the same parts."""
    mean = each.told.mean_miss_rate() - best.told.mean_miss_rate()
    at = missed_at(each) - missed_at(best)
    return {
        "trial_id": best.model.trial_id,
        "mean_miss_rate": Interval.of(mean, own.mean_miss_rate() - worlds.mean_miss_rate()),
        "miss_rate": Interval.of(at, own.miss_rate(each.index) - worlds.miss_rate(best.index)),
    }


def missed_at(each: Scored) -> float:
    sweep: Sweep = each.told.sweep
    return float(np.mean(sweep.missed[each.index, each.told.best]))
