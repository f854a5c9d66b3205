"""What is said of the trial that was picked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kwssearch.analysis.binomial import accuracy_interval
from kwssearch.analysis.interval import Interval
from kwssearch.analysis.wording import listed
from kwssearch.analysis.worlds import Worlds
from kwssearch.errors import counted
from kwssearch.runs import Trial
from kwssearch.space import ACCURACY, FLASH, LATENCY, MEMORY, MISSES, RAM, Limits, Objective, percents

PREFERENCES = {"accuracy": ACCURACY, "hearing": MISSES, "memory": MEMORY, "latency": LATENCY}
MOST_RIVALS = 3
LEAST_SHARE = 0.01  # a rival of less is not named


@dataclass(frozen=True)
class Pick:
    """A trial that keeps the limits, and why it is this one.

    Attributes:
        worlds: of the run, as the test clips judge it.
        trial: as it was recorded.
        decided: the same trial as the clips that decided judge it.
        by: 'validation', or 'test' where the records have no answers on validation clips.
        order: what decided, first to last.
        fitting: how many trials keep the limits, and do so surely enough.
        alike: how many of these are as good as the best by what decided first.
        shares: trial id -> share of the bootstrap worlds in which it is picked; None -> in which none keeps the limits.
    """

    worlds: Worlds
    trial: Trial
    decided: Trial
    by: str
    limits: Limits
    order: tuple[Objective, ...]
    confident: float | None
    fitting: int
    alike: int
    shares: Mapping[str | None, float]

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    @property
    def trial_id(self) -> str:
        return self.trial.trial_id

    @property
    def share(self) -> float:
        """Of the bootstrap worlds, those in which it is picked as well."""
        return self.shares.get(self.trial_id, 0.0)

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Of its accuracy on the test split, 95 %."""
        return accuracy_interval(self.worlds, self.trial)

    @property
    def sentences(self) -> list[str]:
        """What to take and why, its figures, its doubt."""
        return [self.choice, self.figures, self.doubt]

    @property
    def choice(self) -> str:
        if self.limits and self.fitting == 1:
            reason = "it alone keeps the limits"
        else:
            among = f"of the {counted(self.fitting, 'trial')} that keep the limits" if self.limits else self.everything
            reason = f"{among}{'' if self.alike == 1 else ','} {reason_phrase(self.order, self.by, self.alike)}"
        return f"Take trial {self.trial_id} ({self.trial.name}): {reason}."

    @property
    def everything(self) -> str:
        """What was chosen from without limits; a target may have timed a few."""
        target = self.worlds.run.target
        return "of all trials" if target is None else f"of the {counted(self.fitting, 'trial')} measured on {target}"

    @property
    def figures(self) -> str:
        low, high = (100 * end for end in self.interval)
        test = f"Accuracy on the test split {percents(self.trial.accuracy)} (95 % interval {low:.1f} to {high:.1f} %)"
        costs = [
            f"{cost.noun} {cost.show(self.trial.figure(cost.name))}"
            for cost in (MEMORY, FLASH, RAM, LATENCY)
            if self.trial.known(cost.name)
        ]
        place = f" on {self.worlds.run.target}" if self.worlds.run.target else ""
        if self.by == "test":
            decided = "; it decided too, so expect somewhat less, for this run has no answers on validation clips."
        else:
            decided = f"; what decided is the validation split's {percents(self.decided.accuracy)}."
        return f"{test}{decided}{self.missed} It takes {listed(costs)}{place}."

    @property
    def missed(self) -> str:
        """What it misses in a stream, if the models have listened."""
        if MISSES not in self.order:
            return ""
        name = MISSES.name
        found = Interval.of(self.trial.figure(name), self.worlds.drawn[name][:, self.worlds.place[self.trial_id]])
        value, low, high = found.scaled(100)
        told = f" It misses {value:.0f} % of the test stream's keywords on average ({low:.0f} to {high:.0f} %)"
        return f"{told}; the validation stream's {100 * self.decided.figure(name):.0f} % decided."

    @property
    def doubt(self) -> str:
        """How often another would be picked."""
        rivals = [(name, share) for name, share in self.shares.items() if name not in (self.trial_id, None)]
        rivals.sort(key=lambda each: -each[1])
        first = [(name, share) for name, share in rivals[:MOST_RIVALS] if share >= LEAST_SHARE]
        named = [f"trial {name} ({100 * share:.0f} %)" for name, share in first]
        rest = sum(share for _, share in rivals[len(first) :])
        if rest:
            named.append(f"{counted(len(rivals) - len(first), 'other')} ({share_cell(rest)})")
        none = self.shares.get(None, 0.0)
        told = f"Doubt: in {100 * self.share:.0f} % of the bootstrap worlds it is picked as well"
        told += f", in the others {listed(named)}" if named else ""
        told += f"; in {share_cell(none)} none keeps the limits." if none else "."
        timed = self.order[0] is LATENCY or self.limits.max_latency is not None
        return f"{told} Latencies are provisional: measure them." if timed and self.trial.latency is None else told

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; accuracies are shares, sizes bytes, latencies ms."""
        low, high = self.interval
        costs = {cost.name: self.trial.figure(cost.name) for cost in (MEMORY, LATENCY)}
        sizes = {size.name: self.trial.figure(size.name) for size in (FLASH, RAM) if self.trial.known(size.name)}
        return {
            "trial_id": self.trial_id,
            "name": self.trial.name,
            "decided_by": self.by,
            "validation_accuracy": self.decided.accuracy if self.by == "validation" else None,
            "accuracy": self.trial.accuracy,
            "accuracy_low": low,
            "accuracy_high": high,
            **costs,
            **sizes,
            "limits": self.limits.to_dict(),
            "target": self.worlds.run.target,
            "prefer": next(name for name, objective in PREFERENCES.items() if objective is self.order[0]),
            "confident": self.confident,
            "fitting": self.fitting,
            "share": self.share,
            "rivals": {name: share for name, share in self.shares.items() if name not in (self.trial_id, None)},
            "none_fits": self.shares.get(None, 0.0),
            "sentences": self.sentences,
        }


def share_cell(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= LEAST_SHARE else f"below {100 * LEAST_SHARE:.0f} %"


def reason_phrase(order: Sequence[Objective], by: str, alike: int | str) -> str:
    """Why one of the trials that keep the limits is picked.

    Args:
        by: which split's accuracies decided.
        alike: how many are as good by what decides first.
    """
    first, second = order[:2]
    if alike == 1:
        return f"it has {praise(first, by)}"
    step = 100 * first.resolution
    near = f"{step:g} {'%' if first.is_cost else 'point' if step == 1 else 'points'}"
    then = f"takes the least {second.noun}" if second.is_cost else f"has {praise(second, by)} of them"
    then = f"is the most accurate of them on the {by} split" if second is ACCURACY else then
    return f"{alike} come within {near} of {praise(first, by)}, and it {then}"


def praise(objective: Objective, by: str) -> str:
    if objective is ACCURACY:
        return f"the highest accuracy on the {by} split"
    if objective is MISSES:
        return f"the fewest missed keywords in the {by} stream"
    return f"the {'lowest' if objective is LATENCY else 'least'} {objective.noun}"
