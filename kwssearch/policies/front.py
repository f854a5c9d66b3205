"""Finds the front of a space at a part of its cost: trains what may be on it, and is worth the time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from kwssearch.policies.contract import Point, Seen, Signal, key_of
from kwssearch.policies.domination import Domination
from kwssearch.policies.known import Floats, Known, encoded
from kwssearch.policies.surrogate import Indices, Surrogate, odds
from kwssearch.space import Objective, SearchSpace, Stage, objectives_named, point_key, quality_objectives

CONVERSION = 0.01  # of the median training: what a file costs whose training is done
WORST = -20.0  # log-odds of what nothing has beaten
MOST_LEVELS, GROUPS = 8, 5  # of a number with more values, so many groups of them
MOST_DRAWN = 500  # points of a large space whose accuracies are drawn together


@dataclass(frozen=True)
class Outlook:
    """What is expected of all points, given what was seen.

    Attributes:
        good: share of clips that are right, or of keywords that are not missed: mean, and the ends of a 90 % interval;
            shape (3, points), of the first by which the space judges how good a model is.
        chance: of being on the front of what would be measured of the whole space; shape (points,).
        found: the expected share of that front's members that were begun.
    """

    good: Floats
    chance: Floats
    found: float


@dataclass(frozen=True)
class Skipped:
    """A point that was not trained.

    Attributes:
        good, low, high: as in `Outlook`.
        chance: that it is on the front nevertheless.
        dominated_by: the trained point that would keep it off, if one is expected to; else None.
    """

    values: Point
    good: float
    low: float
    high: float
    chance: float
    dominated_by: Point | None


class Front:
    """The cheapest point that is worth its training, until none is: one whose chance to be on the front is at least
    `worth` times what its training takes, in trainings of mean length.

    It begins with a design: by rising work, each point with a level, or a pair of levels of two choices, that none
    before it had; a number of many values has a few groups of them for its levels.

    Args:
        known: figures of all points of the space.
        seed: of what it draws.
        worth: the chance that a training of mean length needs.
        enough: it also stops when such a share of the front's members is expected to be found.
        probe: also trains the costliest point early, which shows what no cheap point does.
        draws: of the surrogate.
    """

    name = "front"

    def __init__(
        self,
        space: SearchSpace,
        known: Known,
        seed: int = 0,
        worth: float = 0.2,
        enough: float = 1.0,
        probe: bool = False,
        draws: int = 300,
    ) -> None:
        self.space = space
        self.known = known
        self.seed, self.worth, self.enough, self.probe, self.draws = seed, worth, enough, probe, draws
        self.index = {key_of(trial.values): i for i, trial in enumerate(space.trials)}
        self.domination = Domination(known.costs)
        self.qualities = quality_objectives(objectives_named(space.objectives))
        self.training = grouped_alike([point_key(trial.values, Stage.ENDING) for trial in space.trials])
        # Points that start from a dense model, and that model's own, are of one start; what it costs to train it.
        dense = [space.dense_of(trial.values) for trial in space.trials]
        own = [trial.values if start is None else start for trial, start in zip(space.trials, dense, strict=True)]
        self.start = grouped_alike([point_key(values, Stage.ENDING) for values in own])
        epochs = [
            [space.recipe_of(values).epochs for values in (t.values, s)] for t, s in zip(space.trials, own, strict=True)
        ]
        ratio = np.array([whole / part for part, whole in epochs])
        self.start_work = np.where([start is not None for start in dense], known.work * ratio, 0.0)

    def propose(self, seen: Sequence[Seen], pending: Sequence[Point]) -> Point | Signal:
        begun = self.begun(seen, pending)
        following = next((i for i in self.design if not begun[i]), None)
        if following is None:
            outlook = self.outlook(seen, pending)
            work = self.work_left(seen, pending)
            pays = outlook.chance * self.known.work.mean() >= self.worth * work
            worthy = np.flatnonzero(~begun & (outlook.chance > 0) & pays)
            if not len(worthy) or outlook.found >= self.enough:
                return Signal.WAIT if pending else Signal.STOP
            following = worthy[np.argmin(work[worthy])]
        return self.space.trials[int(following)].values

    def begun(self, seen: Sequence[Seen], pending: Sequence[Point]) -> npt.NDArray[np.bool_]:
        """Whether each point was ever begun; shape (points,)."""
        found = np.zeros(len(self.space.trials), dtype=bool)
        found[[self.index[key_of(values)] for values in (*(trial.values for trial in seen), *pending)]] = True
        return found

    def work_left(self, seen: Sequence[Seen], pending: Sequence[Point]) -> Floats:
        """What each point would still cost: next to nothing where its training was done or begun for another file."""
        begun = self.begun([trial for trial in seen if trial.figures is not None], pending)
        trained, started = np.isin(self.training, self.training[begun]), np.isin(self.start, self.start[begun])
        whole = self.known.work + np.where(started, 0.0, self.start_work)
        return np.where(trained, CONVERSION * np.median(self.known.work), whole)

    @cached_property
    def encoding(self) -> Any:
        return encoded(self.space)

    @cached_property
    def surrogate(self) -> Surrogate:
        return Surrogate(self.encoding, np.log(self.known.costs[:, 0]))

    @cached_property
    def design(self) -> tuple[int, ...]:
        """Points that are trained whatever is found."""
        known: set[Any] = set()
        chosen = []
        shown = [grouped(column) for column in zip(*self.encoding.numbers, strict=True)]
        for i in np.argsort(self.known.work, kind="stable"):
            choices, numbers = self.encoding.choices[i], [column[i] for column in shown]
            levels: set[Any] = {("number", *each) for each in enumerate(numbers)}
            levels |= {("choice", *each) for each in enumerate(choices)}
            levels |= set(itertools.combinations(enumerate(choices), 2))
            if levels - known:
                known |= levels
                chosen.append(int(i))
        return (*chosen, *([int(np.argmax(self.known.work))] if self.probe else []))

    def measured(self, seen: Sequence[Seen], quality: Objective) -> dict[int, float]:
        """Point -> the share that is right; zero of a failed one."""
        ended = sorted((self.index[key_of(trial.values)], trial.figures) for trial in seen)
        return {i: 0.0 if each is None else quality.share_of_good(each[quality.name]) for i, each in ended}

    def outlook(self, seen: Sequence[Seen], pending: Sequence[Point]) -> Outlook:
        """Draws how good all points are, those that were seen as they were measured, failed ones at zero."""
        good = np.array(sorted(self.index[key_of(t.values)] for t in seen if t.figures is not None), dtype=np.int64)
        begun = self.begun(seen, pending)
        rng = np.random.default_rng([self.seed, len(seen)])
        measured = [self.measured(seen, quality) for quality in self.qualities]
        y = [odds([each[i] for i in good], self.known.clips) for each in measured]
        likeliest = [self.drawn_points(good, *each, begun) for each in zip(y, measured, strict=True)]
        at = np.unique(np.concatenate(likeliest))
        place = {point: column for column, point in enumerate(at)}
        drawn = []
        for own, known in zip(y, measured, strict=True):
            shares = expit(self.surrogate.draw(good, own, at, self.draws, rng))
            for point, value in known.items():
                shares[:, place[point]] = value
            drawn.append(shares)
        on = self.domination.among(at).fronts(*drawn)
        total = np.maximum(on.sum(axis=1), 1)
        everywhere = np.zeros((4, len(begun)))
        everywhere[:3, at] = [drawn[0].mean(axis=0), *np.quantile(drawn[0], (0.05, 0.95), axis=0)]
        everywhere[3, at] = on.mean(axis=0)
        return Outlook(everywhere[:3], everywhere[3], float(np.mean((on & begun[at]).sum(axis=1) / total)))

    def drawn_points(
        self, good: Indices, y: Floats, measured: dict[int, float], begun: npt.NDArray[np.bool_]
    ) -> Indices:
        """All points; in a large space those that were begun and those likeliest to beat what was measured."""
        if len(begun) <= MOST_DRAWN:
            return np.arange(len(begun))
        mean, deviation = self.surrogate.rough(good, y)
        best = np.full(len(begun), WORST)
        for point, value in measured.items():
            beaten = self.domination.beaten_by(point)
            best[beaten] = np.maximum(best[beaten], odds(value, self.known.clips))
        likeliest = np.lexsort((-(mean - best) / deviation, ~begun))
        return np.sort(likeliest[: max(MOST_DRAWN, int(begun.sum()))])

    def skipped(self, seen: Sequence[Seen], outlook: Outlook) -> list[Skipped]:
        """The points that were not trained, with why."""
        begun = self.begun(seen, ())
        trained = self.measured([trial for trial in seen if trial.figures is not None], self.qualities[0])
        found = []
        for i in np.flatnonzero(~begun):
            mean, low, high = outlook.good[:, i].tolist()
            better = [j for j in self.domination.dominators(int(i)) if trained.get(j, -1.0) >= mean]
            best = max(better, key=lambda j: trained[j], default=None)
            values = self.space.trials[i].values
            by = None if best is None else self.space.trials[best].values
            found.append(Skipped(values, mean, low, high, float(outlook.chance[i]), by))
        return found


def grouped_alike(keys: Sequence[Any]) -> Indices:
    """A number for each key, the same for equal ones."""
    number = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    return np.array([number[key] for key in keys])


def grouped(values: Sequence[float]) -> Sequence[float]:
    """The levels of a number: its values, or groups of equally many where there are many."""
    distinct = sorted(set(values))
    if len(distinct) <= MOST_LEVELS:
        return values
    group = {value: float(place * GROUPS // len(distinct)) for place, value in enumerate(distinct)}
    return [group[value] for value in values]
