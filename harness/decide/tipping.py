"""What would have to be different for another option to draw level: a weight, an importance, or one measurement."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.decide.acceptability import Floats, spread
from harness.decide.criteria import Attribute, Cell, Scale

_STEPS = 1000  # In which a weight is moved from 0 to 1; between two, the lead is taken as linear.


@dataclass(frozen=True)
class Tip:
    """With `what` at `then` instead of `now`, `rival` would be as good as the leader."""

    kind: Literal["weight", "importance", "measurement"]
    rival: str
    what: str  # A criterion; a workload; the title of an attribute,
    whose: str | None  # of this option.
    now: float  # Share of 1; or the amount, on the attribute's scale.
    then: float
    unit: str

    @property
    def change(self) -> float:
        """How far it is: the difference of shares; of amounts, that of their logarithms."""
        return abs(self.then - self.now) if self.kind != "measurement" else abs(math.log(self.then / self.now))


def of_weights(
    lead: Floats,
    criteria: Mapping[str, float],
    importance: Mapping[str, float],
    attributes: Sequence[Attribute],
    rival: str,
) -> list[Tip]:
    """Of each criterion and each workload, the others keeping their proportions; `lead` is by attribute."""

    def by_criterion(name: str) -> Callable[[float], float]:
        return lambda share: float(lead @ spread(moved(criteria, name, share), importance, attributes))

    def by_workload(name: str) -> Callable[[float], float]:
        return lambda share: float(lead @ spread(criteria, moved(importance, name, share), attributes))

    found = [Tip("weight", rival, n, None, now, then, "") for n, now, then in _crossings(criteria, by_criterion)]
    return found + [
        Tip("importance", rival, n, None, now, then, "") for n, now, then in _crossings(importance, by_workload)
    ]


def of_measurements(
    leader: Mapping[Attribute, Cell],
    other: Mapping[Attribute, Cell],
    scales: Mapping[Attribute, Scale | None],
    weights: Mapping[Attribute, float],
    names: tuple[str, str],
) -> Iterator[Tip]:
    """Each amount that could close the gap alone: the rival's by being better, the leader's by being worse."""
    gap = sum(weights[each] * (leader[each].worth - other[each].worth) for each in weights)
    for attribute, weight in weights.items():
        scale = scales[attribute]
        if scale is None or weight <= 0:
            continue
        for name, cell, step in ((names[1], other[attribute], gap), (names[0], leader[attribute], -gap)):
            worth = cell.worth + step / weight
            if cell.basis == "measured" and cell.amount is not None and 0 < worth < 1:
                yield Tip("measurement", names[1], attribute.title, name, cell.amount, scale.amount(worth), scale.unit)


def moved(shares: Mapping[str, float], name: str, share: float) -> dict[str, float]:
    """One of them set, the others scaled so that all are 1 together."""
    rest = sum(value for other, value in shares.items() if other != name)
    return {other: share if other == name else (1 - share) * value / rest for other, value in shares.items()}


def _crossings(
    shares: Mapping[str, float], lead_by: Callable[[str], Callable[[float], float]]
) -> Iterator[tuple[str, float, float]]:
    """Name, share now, and the nearest at which the lead is gone; nothing of what cannot take it away."""
    for name, now in shares.items():
        if len(shares) > 1 and (then := _nearest_zero(lead_by(name), now)) is not None:
            yield name, now, then


def _nearest_zero(lead: Callable[[float], float], now: float) -> float | None:
    # Not quite 0 and 1, where a workload that is all there is would leave others nothing to be parted among.
    shares = np.linspace(1e-6, 1 - 1e-6, _STEPS + 1)
    leads = np.array([lead(float(share)) for share in shares])
    changes = np.flatnonzero((leads[:-1] > 0) != (leads[1:] > 0))
    found = [
        shares[place] + (shares[place + 1] - shares[place]) * leads[place] / (leads[place] - leads[place + 1])
        for place in changes
    ]
    return min(map(float, found), key=lambda share: abs(share - now), default=None)
