"""The highest open-loop rate at which a service level objective holds.

"p99 <= 10 ms" is "at most 1 % of the due requests are late, failed or unsent". The search is MLRsearch
(draft-ietf-bmwg-mlrsearch, the library of its authors), made for trials that are noisy and sometimes plainly wrong:
short probes find the region, longer ones decide, and the majority of its longest probes settles a rate. The answer is
read from the probes alone, so stored ones can be judged again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

Limit = Literal["slo", "client", "top", "bottom"]
Measure = Callable[[float, float], "Probe"]  # (rate per second, seconds) -> what happened.

# By simulation (tests/analysis/test_capacity.py) a search spends about half its budget, and seldom all of it.
_LONGEST_SHARE, _FIRST_SHARE = 1 / 15, 1 / 45  # Of the budget, for one probe.
_DECIDING = 3  # Longest probes at one rate; two that agree are enough.
_RELATIVE_WIDTH = 0.05


@dataclass(frozen=True)
class Probe:
    """One trial of a search at an intended rate. `missed` of the `due` requests were late, failed or unsent."""

    rate_per_second: float
    seconds: float
    due: int
    missed: int
    client_bound: bool  # The client could not keep the schedule, so the server was not asked what was meant.

    def keeps(self, quantile: float) -> bool:
        """Under 1 / (1 - quantile) requests, not one may miss."""
        return not self.client_bound and self.missed / max(1, self.due) <= _allowed(quantile)


@dataclass(frozen=True)
class Capacity:
    """`per_second` is the estimate; between `low_per_second` and `high_per_second` the probes do not agree.

    low_per_second: the highest rate that kept the objective with none below that broke it; where one broke it below
        them all, the lowest that kept it. None if no rate is settled as kept.
    high_per_second: the lowest rate at which the server broke it with none above that kept it; where one kept it above
        them all, the highest that broke it. None if the server was not the limit.
    limit: what ended it. "slo": the objective. "client": the load generator, the server may do more. "top": nothing,
        the highest rate kept it. "bottom": no rate kept it.
    per_second: the geometric middle of the highest rate settled as kept and the lowest settled as broken; with "client"
        and "top" the former, so the server does at least that; None if there is none.
    """

    low_per_second: float | None
    per_second: float | None
    high_per_second: float | None
    limit: Limit
    probes: tuple[Probe, ...]


def search(measure: Measure, quantile: float, low: float, high: float, budget_seconds: float = 40.0) -> Capacity:
    """Asks `measure` for probes until two rates 5 % apart enclose the capacity, or the budget of load is spent.

    `low` and `high` bound the rates that are tried; 1.3 times the closed-loop throughput is a good `high`. The longest
    probe takes a fifteenth of the budget. Raises ValueError unless 0 < low < high and 0 < quantile < 1.
    """
    # Not above: reports read capacities and shall not need what searches for them.
    from MLRsearch import Config, MultipleLossRatioSearch, SearchGoal

    if not 0 < low < high or not 0 < quantile < 1:
        raise ValueError(f"cannot search from {low} to {high} per second for the quantile {quantile}")
    goal = SearchGoal(
        loss_ratio=_allowed(quantile),
        exceed_ratio=0.5,
        relative_width=_RELATIVE_WIDTH,
        initial_trial_duration=budget_seconds * _FIRST_SHARE,
        final_trial_duration=budget_seconds * _LONGEST_SHARE,
        duration_sum=budget_seconds * _LONGEST_SHARE * _DECIDING,
        preceding_targets=2,
        expansion_coefficient=2,
        fail_fast=False,  # A lowest rate that breaks the objective is an answer too.
    )
    config = Config()
    config.goals = [goal]
    config.min_load = low  # Before the maximum: the setters compare.
    config.max_load = high
    config.warmup_duration = 0
    config.search_duration_max = math.inf  # Its clock is the wall's; the budget is of load.
    measurer = _Measurer(measure, quantile, budget_seconds)
    with suppress(_BudgetSpent):
        MultipleLossRatioSearch(config=config).search(measurer, debug=lambda _: None)
    return capacity(measurer.probes, quantile)


def capacity(probes: Sequence[Probe], quantile: float) -> Capacity:
    """What these probes say, in whatever order; at least one."""
    held, broke = _settled(probes, quantile)
    kept = [probe.rate_per_second for probe in probes if probe.keeps(quantile)]
    failed = [probe for probe in probes if not probe.keeps(quantile)]
    limit = _limit(held, [probe for probe in failed if probe.rate_per_second == broke])
    low = _last_before(min(map(_rate, failed), default=math.inf), kept) if held else None
    if limit in ("client", "top"):
        return Capacity(low, held, None, limit, tuple(probes))
    middle = math.sqrt(held * broke) if held and broke else None
    high = _first_after(max(kept, default=0.0), [probe.rate_per_second for probe in failed if not probe.client_bound])
    return Capacity(low, middle, high, limit, tuple(probes))


class _BudgetSpent(Exception):
    """The next probe would exceed the budget."""


class _Measurer:
    """What MLRsearch asks for measurements. Remembers them all as probes."""

    def __init__(self, measure: Measure, quantile: float, budget_seconds: float) -> None:
        self._measure, self._quantile, self._left_seconds = measure, quantile, budget_seconds
        self.probes: list[Probe] = []

    def measure(self, intended_duration: float, intended_load: float) -> Any:
        from MLRsearch import MeasurementResult

        self._left_seconds -= intended_duration
        if self._left_seconds < 0:
            raise _BudgetSpent
        probe = self._measure(intended_load, intended_duration)
        self.probes.append(probe)
        due = max(1, probe.due)
        # MLRsearch takes the share that was lost for the share by which the rate was too high. Of an overloaded queue
        # nearly all is late, which would send the search to its lowest rate, so a loss is told as half at most.
        worst = math.ceil(due * (1 - self._quantile / 2))
        missed = worst if probe.client_bound else min(probe.missed, worst)
        return MeasurementResult(
            intended_duration=intended_duration, intended_load=intended_load, offered_count=due, loss_count=missed
        )


def _allowed(quantile: float) -> float:
    return round(1 - quantile, 9)  # 1 - 0.9 is a little under 0.1.


def _rate(probe: Probe) -> float:
    return probe.rate_per_second


def _settled(probes: Sequence[Probe], quantile: float) -> tuple[float | None, float | None]:
    """The highest rate that is kept, and the one above it, the lowest that is broken; None where there is none.

    Most of the longest probes at a rate settle it. Shorter ones have no say: they do not see a queue that grows slowly.
    """
    held = None
    for rate, group in groupby(sorted(probes, key=_rate), key=_rate):
        at_rate = list(group)
        nearly_longest = 0.9 * max(probe.seconds for probe in at_rate)
        verdicts = [probe.keeps(quantile) for probe in at_rate if probe.seconds >= nearly_longest]
        if 2 * sum(verdicts) < len(verdicts):
            return held, rate
        held = rate
    return held, None


def _limit(held: float | None, failed: Sequence[Probe]) -> Limit:
    """By those that failed at the lowest rate that is settled as broken; [] if there is none."""
    if not failed:
        return "top"
    if 2 * sum(probe.client_bound for probe in failed) >= len(failed):
        return "client"
    return "slo" if held else "bottom"


def _last_before(bound: float, rates: Sequence[float]) -> float:
    return max((rate for rate in rates if rate < bound), default=min(rates))


def _first_after(bound: float, rates: Sequence[float]) -> float:
    return min((rate for rate in rates if rate > bound), default=max(rates))
