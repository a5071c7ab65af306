"""How many times one candidate's trials are another's, with a 95 % interval.

Trials of one block ran side by side, so their ratio is free of what slowed the whole block. The trial is the unit:
operations within one depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.analysis.paired import RANKED_FROM, paired

_CONFIDENCE = 0.95

Trials = Mapping[int, float]  # Trial number -> value above 0.


@dataclass(frozen=True)
class Ratio:
    estimate: float
    low: float
    high: float
    overlap: bool  # Under ten pairs: do the two ranges, lowest to highest trial, touch?

    @property
    def clear(self) -> bool:
        """Is there a difference that the trials agree on? Under ten pairs the ranges are asked too."""
        return not self.low <= 1 <= self.high and not self.overlap


def mean(trials: Trials) -> float:
    """Geometric; 0 if any trial is."""
    values = trials.values()
    return math.exp(math.fsum(map(math.log, values)) / len(values)) if min(values) > 0 else 0.0


def ratio(one: Trials, other: Trials) -> Ratio | None:
    """Of the trials that both have; None under two of them, or where one is 0."""
    numbers = sorted(one.keys() & other.keys())
    if len(numbers) < 2 or min(min(one[n], other[n]) for n in numbers) <= 0:
        return None
    ones, others = (np.array([trials[n] for n in numbers]) for trials in (one, other))
    logarithms = np.log(ones / others)
    found = paired(logarithms.tolist(), _CONFIDENCE)
    overlap = bool(ones.min() <= others.max() and others.min() <= ones.max())
    few = len(numbers) < RANKED_FROM
    return Ratio(math.exp(found.estimate), math.exp(found.low), math.exp(found.high), overlap and few)
