"""How sure a figure is: bootstrap worlds that all trials of a run share, so that every comparison is paired.

A world is a test set and a set of seeds that might have been drawn instead. Accuracy is linear in the
executions' accuracies, so an accuracy, a difference and an average over strategies are all the same thing
here: `weights`, shape (columns,), one for each completed execution of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kwssearch.analysis.interval import Floats, Interval, Needed
from kwssearch.analysis.rounds import drawn_rounds, resampled_medians
from kwssearch.analysis.seeds import SeedSpread, seed_spread
from kwssearch.runs import LISTENING, Run, Trial
from kwssearch.space import ACCURACY, MISSES, Objective, cost_objectives

SMALLEST = 1e-6  # ms or bytes, so that a ratio is always defined
FEW_SPEAKERS = 20  # below that, what speakers differ in is not seen in those that there are
DETECTION = 1.959964 + 0.841621  # standard normal quantiles: two-sided 5 % level, 80 % power


class Worlds:
    """Bootstrap worlds of a run's completed trials.

    Accuracy: speakers are drawn with replacement, one fewer than there are (which makes the variance unbiased;
    Rao and Wu, 1988), the same ones for all executions; to this come seed effects of the variances in
    `seed_spread`, Student's t since those are estimates. Latency: rounds are drawn with replacement, the same
    ones for all trials. Memory: exact but for its spread over seeds. Missed keywords: parts of the stream are drawn,
    the same ones for all trials, as their records hold it, with their spread over seeds.

    Args:
        run: what was recorded.
        worlds: how many.
        seed: of the random numbers.
    """

    def __init__(self, run: Run, worlds: int = 1000, seed: int = 0) -> None:
        self.run = run
        self.worlds = worlds
        self.seed = seed
        self.trials = run.completed
        self.place = {trial.trial_id: i for i, trial in enumerate(self.trials)}
        columns = [(i, execution.index) for i, trial in enumerate(self.trials) for execution in trial.executions]
        self.trial_of, self.seed_of = np.array(columns, dtype=np.int64).reshape(-1, 2).T

    def rng(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, stream])

    @cached_property
    def clips(self) -> npt.NDArray[np.float32]:
        """Test clips of each speaker; shape (speakers,)."""
        return np.bincount(self.run.speakers).astype(np.float32)

    @cached_property
    def correct(self) -> npt.NDArray[np.float32]:
        """Correct clips of each speaker in each execution; shape (speakers, columns)."""
        rows = [execution.predictions == self.run.labels for trial in self.trials for execution in trial.executions]
        order = np.argsort(self.run.speakers, kind="stable")
        starts = np.searchsorted(self.run.speakers[order], np.arange(len(self.clips)))
        ordered = np.array(rows, dtype=np.float32).reshape(-1, len(order)).T[order]
        return np.add.reduceat(ordered, starts, axis=0)

    @cached_property
    def observed(self) -> Floats:
        """Accuracy of each execution; shape (columns,)."""
        return np.asarray(self.correct.sum(axis=0, dtype=np.float64) / self.clips.sum(dtype=np.float64))

    @cached_property
    def seed_spread(self) -> SeedSpread:
        """Over the executions of each trial."""
        influence = (self.correct - self.observed * self.clips[:, None]) * (len(self.clips) / self.clips.sum())
        residual = (influence - self.trial_means(influence)[:, self.trial_of]) / self.slopes
        deviation = (self.observed - self.trial_means(self.observed[None])[0, self.trial_of]) / self.slopes
        return seed_spread(deviation, residual, self.trial_of, self.seed_of)

    @cached_property
    def slopes(self) -> Floats:
        """Change in accuracy for one of log-odds, p (1 - p), of each execution's trial; shape (columns,)."""
        clips = float(self.clips.sum())
        share = (self.trial_means(self.observed[None])[0] * clips + 0.5) / (clips + 1)
        return np.asarray((share * (1 - share))[self.trial_of])

    def trial_means(self, figures: Floats) -> Floats:
        """Means over executions, shape (rows, trials), of figures, shape (rows, columns)."""
        starts = np.searchsorted(self.trial_of, np.arange(len(self.trials)))
        counts = np.bincount(self.trial_of, minlength=len(self.trials))
        return np.asarray(np.add.reduceat(figures, starts, axis=1) / counts)

    @cached_property
    def resampled(self) -> npt.NDArray[np.float32]:
        """Accuracy of each execution on resampled speakers; shape (worlds, columns)."""
        speakers = len(self.clips)
        if speakers == 1:
            return np.tile(self.observed.astype(np.float32), (self.worlds, 1))
        drawn = self.rng(0).integers(speakers, size=(self.worlds, speakers - 1), dtype=np.int32)
        drawn += np.arange(self.worlds, dtype=np.int32)[:, None] * speakers
        counts = np.bincount(drawn.ravel(), minlength=self.worlds * speakers).reshape(self.worlds, speakers)
        weights = counts.astype(np.float32)
        return (weights @ self.correct) / (weights @ self.clips)[:, None]

    @cached_property
    def executions(self) -> npt.NDArray[np.float32]:
        """Accuracy of each execution; shape (worlds, columns)."""
        spread = self.seed_spread
        drawn = self.resampled + self.small_sample
        if spread.none:
            return np.asarray(drawn)
        own = self.rng(1).standard_normal(drawn.shape, dtype=np.float32)
        shared = self.rng(2).standard_normal((self.worlds, int(self.seed_of.max()) + 1), dtype=np.float32)
        moved = np.sqrt(spread.own, dtype=np.float32)[self.trial_of] * own
        effects = moved + np.float32(spread.shared**0.5) * shared[:, self.seed_of]
        student = np.tile(self.student(5, int(spread.freedom.max())), (1, len(self.trial_of)))
        for trial in np.flatnonzero(spread.unstable):
            student[:, self.trial_of == trial] = self.student(10 + int(trial), int(spread.freedom[trial]))
        return np.asarray(drawn + effects * student * self.slopes.astype(np.float32))

    @cached_property
    def small_sample(self) -> npt.NDArray[np.float32]:
        """What few speakers and few clips cannot show of themselves; shape (worlds, columns).

        Speakers: Student's t instead of the normal distribution; of fewer than `FEW_SPEAKERS` the clips are drawn
        as well. Clips: the doubt of four more, on which a model is right or wrong by the toss of a coin, as Agresti
        and Coull (1998) and, for pairs, Bonett and Price (2012) add them: none is certain because all clips agree.
        """
        speakers, clips = len(self.clips), len(self.run.labels)
        coins = self.rng(7).binomial(4, 0.5, size=self.resampled.shape).astype(np.float32) - np.float32(2)
        drawn = coins / np.float32(clips + 4)
        observed = self.observed.astype(np.float32)
        if speakers > 1:
            drawn += (self.resampled - observed) * (self.student(6, speakers - 1) - np.float32(1))
        if clips > 1 and speakers < FEW_SPEAKERS:
            weights = self.rng(8).multinomial(clips - 1, np.full(clips, 1 / clips), size=self.worlds)
            right = np.array([e.predictions == self.run.labels for t in self.trials for e in t.executions])
            means = weights.astype(np.float32) @ right.T.astype(np.float32) / np.float32(clips - 1)
            drawn += (means - observed) * self.student(9, clips - 1)
        return np.asarray(drawn)

    def student(self, stream: int, freedom: int) -> npt.NDArray[np.float32]:
        """What turns a normal deviate into Student's t; shape (worlds, 1)."""
        chi_squared = self.rng(stream).chisquare(freedom, size=(self.worlds, 1)) / freedom
        return np.asarray(chi_squared**-0.5, dtype=np.float32)

    @cached_property
    def accuracy(self) -> Floats:
        """Accuracy of each completed trial, 0 to 1; shape (worlds, trials)."""
        return self.trial_means(self.executions)

    @cached_property
    def measured(self) -> dict[str, Floats]:
        """What is judged beside accuracy -> its value of each completed trial; shape (trials,)."""
        return {each.name: np.array([max(t.figure(each.name), SMALLEST) for t in self.trials]) for each in self.others}

    @cached_property
    def drawn(self) -> dict[str, Floats]:
        """Objective -> its value of each completed trial in each world; shape (worlds, trials)."""
        figures = {"rounds": self.drawn_times, "seeds": self.drawn_sizes, "parts": self.drawn_misses}
        others = {each.name: figures[each.interval](each.name) for each in self.others}
        return {ACCURACY.name: self.accuracy, **others}

    @cached_property
    def others(self) -> tuple[Objective, ...]:
        """What is judged beside accuracy, and missed keywords wherever all models have heard the same streams."""
        heard = (MISSES,) if self.run.heard_alike else ()
        return tuple(o for o in dict.fromkeys((*self.run.objectives, *heard)) if o is not ACCURACY)

    @property
    def costs(self) -> tuple[Objective, ...]:
        """What a device pays."""
        return cost_objectives(self.run.objectives)

    def drawn_sizes(self, name: str) -> Floats:
        """A figure that a file has exactly, with its spread over seeds; shape (worlds, trials)."""
        means = self.measured[name]
        return np.broadcast_to(np.maximum(means + self.seed_noise(name, 3), SMALLEST), (self.worlds, len(means)))

    def seed_noise(self, name: str, stream: int) -> Floats:
        """The standard error of a figure's mean over seeds, in each world; shape (worlds or 1, trials)."""
        errors = np.array([standard_error([e[name] for e in trial.executions]) for trial in self.trials])
        noise = self.rng(stream).standard_normal((self.worlds, len(errors))) if errors.any() else np.zeros((1, 1))
        return np.asarray(noise * errors)

    def drawn_misses(self, name: str) -> Floats:
        """Mean over executions of what each missed in the parts that a world draws; shape (worlds, trials)."""
        heard = [[e[LISTENING]["draws"]["test"] for e in trial.executions] for trial in self.trials]
        drawn = np.array([np.resize(np.mean(draws, axis=0), self.worlds) for draws in heard]).reshape(-1, self.worlds)
        return np.asarray(np.clip(drawn.T + self.seed_noise(name, 4), 0, 1))

    def drawn_times(self, name: str) -> Floats:
        """Medians over drawn rounds, in ms, shape (worlds, trials); a provisional one is the same in all."""
        drawn = np.tile(self.measured[name], (self.worlds, 1))
        times = {i: trial.latency.total for i, trial in enumerate(self.trials) if trial.latency}
        for rounds in {len(t) for t in times.values()}:
            chosen = [i for i, t in times.items() if len(t) == rounds]
            drawn[:, chosen] = self.medians(np.array([times[i] for i in chosen]).T)
        return np.asarray(np.maximum(drawn, SMALLEST))

    def ratio(self, first: Trial, second: Trial, cost: Objective) -> tuple[float, Floats]:
        """Of a cost of two trials, observed and in each world, shape (worlds,)."""
        if cost.interval == "rounds":
            return self.latency_ratio(first, second)
        i, j = self.place[first.trial_id], self.place[second.trial_id]
        measured, drawn = self.measured[cost.name], self.drawn[cost.name]
        return float(measured[i] / measured[j]), drawn[:, i] / drawn[:, j]

    def latency_ratio(self, first: Trial, second: Trial) -> tuple[float, Floats]:
        """Median of the ratios within rounds, observed and in each world, shape (worlds,).

        Of two that were not measured in the same rounds it is the ratio of their figures.
        """
        one, other = first.latency, second.latency
        if one and other and len(one.total) == len(other.total):
            ratios = np.maximum(one.total, SMALLEST) / np.maximum(other.total, SMALLEST)
            return float(np.median(ratios)), self.medians(ratios[:, None])[:, 0]
        value = max(first.latency_ms, SMALLEST) / max(second.latency_ms, SMALLEST)
        return value, self.times_of(first) / self.times_of(second)

    def times_of(self, trial: Trial) -> Floats:
        """Its latency in ms in each world; shape (worlds,)."""
        if trial.latency is None:
            return np.full(self.worlds, max(trial.latency_ms, SMALLEST))
        return np.asarray(np.maximum(self.medians(trial.latency.total[:, None])[:, 0], SMALLEST))

    def medians(self, times: Floats) -> Floats:
        """Over the rounds that each world draws, shape (worlds, trials), of times, shape (rounds, trials)."""
        return resampled_medians(times, drawn_rounds(len(times), self.worlds, self.seed))

    def weights(self, trial: Trial) -> Floats:
        """Shape (columns,), to average the executions of a trial."""
        own = self.trial_of == self.place[trial.trial_id]
        return np.asarray(own / own.sum())

    def difference(self, first: Trial, second: Trial) -> Floats:
        """Weights of first minus second, on the seeds they share (on all they have where they share none)."""
        if first is second:
            return np.zeros(len(self.trial_of))
        common = {e.index for e in first.executions} & {e.index for e in second.executions}
        kept = np.isin(self.seed_of, list(common)) if common else np.ones(len(self.seed_of), dtype=bool)
        sides = [kept & (self.trial_of == self.place[trial.trial_id]) for trial in (first, second)]
        return np.asarray(sides[0] / sides[0].sum() - sides[1] / sides[1].sum())

    def draws(self, weights: Floats) -> Floats:
        """Weighted accuracy in each world; shape (worlds,)."""
        used = np.flatnonzero(weights)
        drawn = self.executions[:, used] @ weights[used]
        return np.asarray(np.clip(drawn, weights[weights < 0].sum(), weights[weights > 0].sum()))

    def estimate(self, weights: Floats) -> Interval:
        """Weighted accuracy with its interval, as a share."""
        return Interval.of(float(self.observed @ weights), self.draws(weights))

    def needed(self, weights: Floats) -> Needed:
        """Test clips, or seeds a trial, at which a difference of the observed size is detected.

        A normal test of a paired difference d with variance v detects it with 80 % power where
        d² = (z.975 + z.8)² v (Lachin, 1992; Connor, 1987, for discordant pairs of clips). The part of v due to
        clips falls with their number, the part due to seeds and flips with the number of seeds.
        """
        target = (float(self.observed @ weights) / DETECTION) ** 2
        spread = self.seed_spread
        used = np.flatnonzero(weights)
        clips = float(np.var(self.resampled[:, used] @ weights[used], dtype=np.float64))
        squared = float(np.sum((weights * self.slopes) ** 2))
        seeds = float(np.sum((weights * self.slopes) ** 2 * spread.own[self.trial_of]))
        flips = squared * spread.flips
        repeats = len(np.unique(self.seed_of[used]))
        clip_room, seed_room = target - seeds, target - max(clips - flips, 0.0)
        return Needed(
            round(len(self.run.labels) * clips / clip_room) if clip_room > 0 else None,
            int(np.ceil(repeats * (seeds + flips) / seed_room)) if seed_room > 0 and repeats > 1 else None,
        )


def standard_error(figures: Sequence[float]) -> float:
    """Of the mean; 0 for a single figure, whose spread is not known."""
    return float(np.std(figures, ddof=1) / len(figures) ** 0.5) if len(figures) > 1 else 0.0
