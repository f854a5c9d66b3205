"""Optuna's samplers as policies, for comparison only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import optuna
from worlds import Table

from kwssearch.policies import Point, Seen, Signal, key_of

REPEATS = 40


class Optuna:
    """Ask and tell over the axes as categories; a point that is known is answered from memory, at no cost.

    Args:
        sampler: 'nsga2' or 'tpe'.
    """

    name = "optuna"

    def __init__(self, table: Table, seed: int, sampler: str) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        chosen: optuna.samplers.BaseSampler = optuna.samplers.TPESampler(seed=seed)
        if sampler == "nsga2":
            chosen = optuna.samplers.NSGAIISampler(population_size=12, seed=seed)
        directions = ["maximize", *["minimize"] * table.costs.shape[1]]
        self.study = optuna.create_study(directions=directions, sampler=chosen)
        self.space = table.space
        self.costs = {key_of(v): np.log(c).tolist() for v, c in zip(table.values, table.costs, strict=True)}
        self.levels = {axis: list(dict.fromkeys(v[axis] for v in table.values)) for axis in table.values[0]}
        self.open: dict[tuple[tuple[str, object], ...], optuna.Trial] = {}

    def propose(self, seen: Sequence[Seen], pending: Sequence[Point]) -> Point | Signal:
        ended = {key_of(trial.values): trial.figures for trial in seen}
        taken = {*ended, *map(key_of, pending)}
        for key in [key for key in self.open if key in ended]:
            self.tell(self.open.pop(key), key, ended[key])
        for _ in range(REPEATS):
            trial = self.study.ask()
            values = {axis: trial.suggest_categorical(axis, levels) for axis, levels in self.levels.items()}
            key = key_of(values)
            if key in ended:
                self.tell(trial, key, ended[key])
            elif key in self.costs and key not in taken:
                self.open[key] = trial
                return values
        return next((t.values for t in self.space.trials if key_of(t.values) not in taken), Signal.STOP)

    def tell(self, trial: optuna.Trial, key: tuple[tuple[str, object], ...], figures: object) -> None:
        if isinstance(figures, dict):
            self.study.tell(trial, [figures["accuracy"], *self.costs[key]])
        else:
            self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
