"""Numbers with their uncertainty, from which a decision draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Draws = NDArray[np.float64]  # (draws,)

LEAST_ERROR = 0.03  # Of a logarithm: what a restart, a day or a machine changes, which trials of one run cannot see.


@dataclass(frozen=True)
class Estimate:
    """A number above 0 from trials: the logarithm is estimate plus error times Student's t."""

    value: float
    error: float  # Standard error of the logarithm; 0: exactly known.
    freedom: int  # Degrees of it; 0: a normal distribution.

    def draw(self, random: np.random.Generator, count: int) -> Draws:
        noise = random.standard_t(self.freedom, count) if self.freedom else random.standard_normal(count)
        return self.value * np.exp(np.clip(self.error * noise, -20, 20))

    def known(self, random: np.random.Generator, count: int) -> Draws:
        """As if it had no error."""
        return np.full(count, self.value)


@dataclass(frozen=True)
class Bracket:
    """Between two rates at which probes do not agree, any is as likely: a bracket is no interval of confidence."""

    low: float
    value: float
    high: float

    def draw(self, random: np.random.Generator, count: int) -> Draws:
        return np.exp(random.uniform(math.log(self.low), math.log(self.high), count))

    def known(self, random: np.random.Generator, count: int) -> Draws:
        return np.full(count, self.value)


@dataclass(frozen=True)
class Counted:
    """A share of which `hits` of `trials` were seen, any share having been as likely before (Bayes, Laplace)."""

    hits: int
    trials: int

    @property
    def value(self) -> float:
        return (self.hits + 1) / (self.trials + 2)

    def draw(self, random: np.random.Generator, count: int) -> Draws:
        return random.beta(self.hits + 1, self.trials - self.hits + 1, count)

    def known(self, random: np.random.Generator, count: int) -> Draws:
        return np.full(count, self.value)


Quantity = Estimate | Bracket | Counted


def estimate(trials: Sequence[float]) -> Estimate | None:
    """The geometric mean of trials that are all above 0; None of none, or where one is not above 0."""
    if not trials or min(trials) <= 0:
        return None
    logs = np.log(np.array(trials))
    spread = float(logs.std(ddof=1)) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
    # One trial says nothing of its error: as wide as trials of a busy machine are apart.
    error = 0.2 if math.isnan(spread) else math.hypot(spread, LEAST_ERROR)
    return Estimate(math.exp(float(logs.mean())), error, freedom=len(logs) - 1)
