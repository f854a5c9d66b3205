"""How much a seed moves an accuracy: variance components, pooled over the trials that are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwssearch.analysis.interval import Floats

MOST_TIMES = 20.0  # the others' variance that one of them may have: F(2, 160) is above that once in 10^7
FEWEST_OTHERS = 5  # trials: fewer tell too little of what is usual


@dataclass(frozen=True)
class SeedSpread:
    """Variance components of an execution's accuracy over seeds, in log-odds squared.

    The spread of accuracies over seeds on one test set is not all the seed's own doing: most of it is clips
    that flip either way, which resampling clips covers already. Counting it twice makes intervals too wide,
    resampling three seeds makes them too narrow, so the parts are told apart as in an analysis of variance
    with crossed random effects (Searle, Casella and McCulloch, 1992, section 5.2; Owen, 2007, on the bootstrap).
    Log-odds, because a seed moves an accuracy near 1 less than one near 1/2.

    Attributes:
        flips: seeds times clips, the part that resampling speakers covers.
        own: a seed's effect on one trial alone, shape (trials,): pooled, but for unstable trials.
        shared: a seed's effect on all trials alike; it leaves their differences alone.
        freedom: degrees of freedom of `own`; shape (trials,).
        unstable: trials whose accuracies differ more over seeds than the others' can; shape (trials,).
    """

    flips: float
    own: Floats
    shared: float
    freedom: Floats
    unstable: npt.NDArray[np.bool_]

    @property
    def none(self) -> bool:
        """Whether seeds move nothing, or nothing is known of them."""
        return not (self.own.any() or self.shared)


def seed_spread(
    deviation: Floats, residual: Floats, trial_of: npt.NDArray[np.int64], seed_of: npt.NDArray[np.int64]
) -> SeedSpread:
    """What the executions of a run tell of seeds: nothing where every trial was trained once.

    A trial whose own variance over seeds no trial of the others' kind would have is left out of the pool, or it alone
    would widen the intervals of all.

    Args:
        deviation: each execution's log-odds less its trial's; shape (columns,).
        residual: the same of each speaker's share in it; shape (speakers, columns).
        trial_of, seed_of: of each execution; shape (columns,).
    """
    counts = np.bincount(trial_of)
    free = (counts - 1).astype(np.float64)
    trials, speakers = len(counts), len(residual)
    if not free.any() or speakers < 2:
        nothing = np.zeros(trials)
        return SeedSpread(0.0, nothing, 0.0, free, nothing.astype(bool))
    squares: Floats = np.bincount(trial_of, weights=deviation**2).astype(np.float64)
    unstable = outliers(squares, free)
    alike = ~unstable[trial_of]
    freedom = float(free[~unstable].sum())
    flips = float(np.sum(residual[:, alike] ** 2)) / (freedom * (speakers - 1) * speakers)
    by_seed = np.bincount(seed_of[alike], weights=deviation[alike])
    pooled = float(squares[~unstable].sum())
    others = int((~unstable).sum()) - 1
    shared = max((float(np.sum(by_seed**2)) - pooled) / (freedom * others), 0.0) if others > 0 else 0.0
    own = np.full(trials, max(pooled / freedom - flips - shared, 0.0))
    own[unstable] = squares[unstable] / free[unstable]
    return SeedSpread(flips, own, shared, np.where(unstable, free, freedom), unstable)


def outliers(squares: Floats, freedom: Floats) -> npt.NDArray[np.bool_]:
    """Trials whose variance is more than `MOST_TIMES` that of the others, the largest first."""
    found = np.zeros(len(squares), dtype=bool)
    rest = freedom > 0
    while rest.sum() > FEWEST_OTHERS:
        worst = int(np.argmax(np.where(rest, squares / np.maximum(freedom, 1), -1.0)))
        rest[worst] = False
        if squares[worst] / freedom[worst] <= MOST_TIMES * squares[rest].sum() / freedom[rest].sum():
            break
        found[worst] = True
    return found
