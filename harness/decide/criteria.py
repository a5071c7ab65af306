"""How good is good enough: each criterion's own scale, from 0 (just acceptable) to 1 (as good as anybody needs).

Scales hang on the objective, the budget and the rates of the requirements, never on other candidates: what is compared
beside an option changes nothing of its worth, so no loser that leaves can make another one win.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.decide.quantities import Draws
from harness.decide.requirements import Criterion, Experience, Requirements

Basis = Literal["measured", "documented", "judged", "not known"]

RESPONSE_TARGET = 1 / 10  # Of the objective's limit: nobody waits for less.
CAPACITY_TARGET = 4.0  # Times the rate that will be needed at the horizon: room for what nobody expects.
COST_TARGET = 1 / 4  # Of the budget.
LOAD_TARGET = 1 / 10  # Of the hours that loading may take.
MISSES_TARGET = 1 / 10  # Of the share of the nearest that may be missed.
MISSES_ALLOWED = 0.1  # Where the requirements name none.

OPERATIONS: Mapping[str, float] = {"low": 1.0, "medium": 0.5, "high": 0.0}
EXPERIENCE: Mapping[Experience, float] = {"expert": 1.0, "some": 0.5, "none": 0.0}
AT_THE_STRONGEST = 0.75  # No anomaly was seen there, but at the default level some were: a trap, and an avoidable one.
# By the first of these words that the documented level holds.
ISOLATION: Mapping[str, float] = {"snapshot": 0.5, "serializab": 1.0, "linearizab": 1.0}
JUDGED_WITHIN = 0.25  # What is judged may be so far off, to either side.
OF_WORKLOADS: Sequence[Criterion] = ("response", "capacity", "load", "recall")  # One value for each workload.


@dataclass(frozen=True)
class Attribute:
    """A criterion, of one workload where it has a value for each."""

    criterion: Criterion
    workload: str | None = None

    @property
    def title(self) -> str:
        return f"{self.criterion}, {self.workload}" if self.workload else self.criterion


@dataclass(frozen=True)
class Scale:
    """Logarithmic from worst (0) to target (1), and beyond them no further."""

    worst: float
    target: float
    unit: str

    def worth(self, amounts: Draws) -> Draws:
        low, high = math.log(self.worst), math.log(self.target)
        return np.clip((np.log(amounts) - low) / (high - low), 0.0, 1.0)

    def amount(self, worth: float) -> float:
        """That has this worth."""
        return math.exp(math.log(self.worst) + worth * math.log(self.target / self.worst))


@dataclass(frozen=True, eq=False)
class Cell:
    """What is known of one option in one attribute. `draws` are worths, 0 to 1."""

    basis: Basis
    text: str  # What was found, with its unit; not what it is worth.
    draws: Draws
    amount: float | None = None  # On the attribute's scale.

    @property
    def worth(self) -> float:
        return float(self.draws.mean())


def attributes(wanted: Requirements, recalled: Sequence[str]) -> list[Attribute]:
    """Those that the weights name; recall for the workloads that have one."""
    found = []
    for criterion in criteria(wanted):
        if criterion in OF_WORKLOADS:
            of = recalled if criterion == "recall" else [each.name for each in wanted.workloads]
            found += [Attribute(criterion, name) for name in of]
        else:
            found.append(Attribute(criterion))
    return found


def criteria(wanted: Requirements) -> list[Criterion]:
    """As the weights name them."""
    return list(wanted.weighed.order or wanted.weighed.numbers)


def scale(attribute: Attribute, wanted: Requirements, grown: float) -> Scale | None:
    """Of attributes that are amounts; None of those that are worths already. `grown`: data and rates by the horizon."""
    workload = next((each for each in wanted.workloads if each.name == attribute.workload), None)
    match attribute.criterion:
        case "response" if workload:
            limit = workload.objective.limit_ms
            return Scale(limit, limit * RESPONSE_TARGET, "ms")
        case "capacity" if workload:
            needed = workload.rate_per_second * grown
            return Scale(needed, needed * CAPACITY_TARGET, "/s")
        case "load":
            return Scale(wanted.growth.load_hours, wanted.growth.load_hours * LOAD_TARGET, "h")
        case "recall":
            allowed = 1 - wanted.limits.min_recall if wanted.limits.min_recall else MISSES_ALLOWED
            allowed = max(allowed, 1e-3)  # Of a search that may miss nothing.
            return Scale(allowed, allowed * MISSES_TARGET, "")
        case "cost":
            budget = wanted.limits.budget_per_month
            assert budget is not None, "requirements are refused that weigh cost without a budget"
            return Scale(budget, budget * COST_TARGET, wanted.prices.currency)
    return None


def judged(worth: float, random: np.random.Generator, count: int) -> Draws:
    """A worth that somebody judged: triangular around it, no further off than a judgement may be."""
    low, high = max(0.0, worth - JUDGED_WITHIN), min(1.0, worth + JUDGED_WITHIN)
    return random.triangular(low, worth, high, count)


def unknown(random: np.random.Generator, count: int) -> Draws:
    """Nothing is known: it may be worth anything."""
    return random.uniform(0.0, 1.0, count)
