"""What only a stream tells: whether clips mislead, what augmentation buys, which threshold to ship."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kwssearch.analysis.effects import Effect, Pair, interval_dict
from kwssearch.analysis.interval import Floats, Interval
from kwssearch.analysis.wording import listed, points
from kwssearch.analysis.worlds import Worlds
from kwssearch.errors import counted
from kwssearch.runs import LISTENING, Trial
from kwssearch.space import MISSES

FEWEST = 4  # trials of which ranks say anything
AGREEMENT = 0.5  # a rank correlation that is surely higher says that clips and stream agree
PLAIN = "none"


@dataclass(frozen=True)
class InStreams:
    """Answers of a run whose models have all heard the same streams.

    Attributes:
        judged: the same run by its validation clips and stream, which choose; by those of the test without them.
    """

    worlds: Worlds
    judged: Worlds

    @property
    def questions(self) -> list[tuple[str, list[str]]]:
        """Each with its answer."""
        found = []
        if len(self.worlds.trials) >= FEWEST:
            found.append(("Does choosing on clips mislead?", [self.rank_sentence, self.regret_sentence]))
        if self.augmentations:
            found.append(("What does augmentation cost, and what does it buy?", self.augmentation_sentences))
        return [*found, ("Which threshold to ship?", self.threshold_sentences)]

    @cached_property
    def correlation(self) -> Interval:
        """Of the trials' ranks by accuracy on clips and by keywords heard in the stream (Spearman)."""
        worlds = self.worlds
        accuracy = np.array([trial.accuracy for trial in worlds.trials])
        drawn = spearman(worlds.accuracy, -worlds.drawn[MISSES.name])
        observed = spearman(accuracy[None], -worlds.measured[MISSES.name][None])[0]
        return Interval.of(float(observed), drawn)

    @property
    def rank_sentence(self) -> str:
        value, low, high = self.correlation
        told = f"rank correlation {value:.2f} ({low:.2f} to {high:.2f})"
        trials = f"{counted(len(self.worlds.trials), 'model')}"
        if low >= AGREEMENT:
            return f"Hardly: clips and stream rank these {trials} much alike, {told}."
        if high <= AGREEMENT:
            return f"Yes: clips rank these {trials} otherwise than the stream, {told}."
        return f"This run cannot tell whether clips and stream rank its {trials} alike: {told}."

    @cached_property
    def chosen(self) -> tuple[Trial, Trial]:
        """The trials that the validation clips and the validation stream choose."""
        by_clips = max(self.judged.trials, key=lambda trial: trial.accuracy)
        by_stream = min(self.judged.trials, key=lambda trial: trial.figure(MISSES.name))
        return self.worlds.run.trial(by_clips.trial_id), self.worlds.run.trial(by_stream.trial_id)

    @cached_property
    def regret(self) -> Interval:
        """How much more the choice of the clips misses in the test stream than the stream's own, as a share."""
        by_clips, by_stream = self.chosen
        return Effect(self.worlds, "", None, (Pair(by_clips, by_stream),), (1.0,)).change(MISSES)

    @property
    def regret_sentence(self) -> str:
        by_clips, by_stream = self.chosen
        if by_clips is by_stream:
            return f"Both choose trial {by_clips.trial_id} ({by_clips.name})."
        value, low, high = self.regret.scaled(100)
        doubt = ", which this stream cannot tell from none" if self.regret.includes(0) else ""
        return (
            f"Clips choose trial {by_clips.trial_id} ({by_clips.name}), which misses {value:.1f} points more keywords "
            f"({low:.1f} to {high:.1f}) than the stream's choice, trial {by_stream.trial_id} ({by_stream.name}){doubt}."
        )

    @cached_property
    def augmentations(self) -> dict[str, Effect]:
        """Augmentation -> its mean effect, over trials that differ in nothing else from one without any."""
        plain = {others(trial): trial for trial in self.worlds.trials if trial.values["augmentation"] == PLAIN}
        pairs: dict[str, list[Pair]] = {}
        for trial in self.worlds.trials:
            name = str(trial.values["augmentation"])
            if name != PLAIN and others(trial) in plain:
                pairs.setdefault(name, []).append(Pair(trial, plain[others(trial)]))
        return {
            name: Effect(self.worlds, name, None, tuple(own), (1 / len(own),) * len(own)) for name, own in pairs.items()
        }

    @property
    def augmentation_sentences(self) -> list[str]:
        return [
            f"{name} changes accuracy on clips by {points(effect.accuracy)} and the keywords missed in the stream by "
            f"{points(effect.change(MISSES))}, in the mean over {counted(len(effect.pairs), 'pair')} of models; "
            f"each at its threshold, {noise_phrase(effect)}."
            for name, effect in self.augmentations.items()
        ]

    @property
    def threshold_sentences(self) -> list[str]:
        """Of the trial that the validation stream chooses."""
        trial = self.chosen[1]
        heard = trial.executions[0].record[LISTENING]
        told = [threshold_phrase(row) for row in heard["thresholds"]]
        return [
            f"Of trial {trial.trial_id} ({trial.name}), set on the validation stream and told of the test stream's "
            f"{heard['hours']:.1f} h: {'; '.join(told)}."
        ]

    def to_dict(self) -> dict[str, Any]:
        by_clips, by_stream = self.chosen
        return {
            "questions": [
                {"question": question, "sentence": " ".join(sentences)} for question, sentences in self.questions
            ],
            "rank_correlation": interval_dict(self.correlation) if len(self.worlds.trials) >= FEWEST else None,
            "chosen_by_clips": by_clips.trial_id,
            "chosen_by_stream": by_stream.trial_id,
            "regret_points": interval_dict(self.regret.scaled(100)),
            "augmentation": {
                name: {
                    "pairs": len(effect.pairs),
                    "accuracy_points": interval_dict(effect.accuracy.scaled(100)),
                    "misses_points": interval_dict(effect.change(MISSES).scaled(100)),
                    "misses_points_by_snr_db": by_snr(effect),
                }
                for name, effect in self.augmentations.items()
            },
            "thresholds": list(by_stream.executions[0].record[LISTENING]["thresholds"]),
        }


def in_streams(worlds: Worlds) -> InStreams | None:
    """None unless all completed trials have heard the same streams."""
    run = worlds.run
    if not run.completed or not run.heard_alike:
        return None
    return InStreams(worlds, worlds if run.on_validation is None else Worlds(run.on_validation))


def spearman(one: Floats, other: Floats) -> Floats:
    """Rank correlation of each row, shape (rows,), of figures, shape (rows, trials); zero where all are alike."""
    from scipy.stats import rankdata

    ranks = [rankdata(figures, axis=1) for figures in (one, other)]
    first, second = (each - each.mean(axis=1, keepdims=True) for each in ranks)
    scale = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return np.asarray((first * second).sum(axis=1) / np.where(scale > 0, scale, 1.0))


def others(trial: Trial) -> tuple[Any, ...]:
    """A point but for its augmentation."""
    return tuple(value for axis, value in trial.values.items() if axis != "augmentation")


def by_snr(effect: Effect) -> dict[str, float]:
    """Signal to noise in dB -> mean change of the keywords missed, each model at its own threshold, in points."""
    missed = [
        [trial.executions[0].record[LISTENING]["missed_by_snr_db"] for trial in (pair.trial, pair.baseline)]
        for pair in effect.pairs
    ]
    ratios = [ratio for ratio in missed[0][0] if all(ratio in own for pair in missed for own in pair)]
    return {
        ratio: float(np.mean([100 * (one[ratio][0] - other[ratio][0]) for one, other in missed])) for ratio in ratios
    }


def noise_phrase(effect: Effect) -> str:
    told = [f"{change:+.0f} points at {ratio} dB" for ratio, change in by_snr(effect).items()]
    return listed(told)


def threshold_phrase(row: Mapping[str, Any]) -> str:
    if row["threshold"] is None:
        return f"for {row['per_hour']:g} an hour none will do, nothing would be heard"
    rate, low, high = (f"{end:.0f}" if end >= 9.95 else f"{end:.2g}" for end in row["false_accepts_per_hour"])
    return (
        f"{row['threshold']:.7g} for {row['per_hour']:g} an hour ({rate} there, {low} to {high}; misses "
        f"{100 * row['miss_rate'][0]:.0f} % of the clearest keywords)"
    )
