"""How two candidates stand to each other, and what the client's own limit leaves of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.ratio import Ratio
from harness.analysis.verdict import client_bound
from harness.report.numbers import digits, interval
from harness.result import Result
from harness.trial import Trial


@dataclass(frozen=True)
class Standing:
    """`ratio`: how many times better the first is; None if there are too few trials.

    A number that was taken where the client was the limit is a bound: the database would have done better still.
    """

    ratio: Ratio | None
    first_bound: bool
    second_bound: bool

    @property
    def clear(self) -> bool:
        """Is the first surely better?"""
        return self.ratio is not None and self.ratio.clear and self.ratio.low > 1 and not self.second_bound

    @property
    def times(self) -> str:
        """at least 2.29x (2.15–2.45)."""
        if self.ratio is None:
            return "too few trials"
        bound = "at least " if self.first_bound else ""
        return f"{bound}{digits(self.ratio.estimate)}x ({interval(self.ratio.low, self.ratio.high)})"

    @property
    def cell(self) -> str:
        """In a table: what of this may be said."""
        if self.first_bound and self.second_bound:
            return "not told apart"
        if self.second_bound and self.ratio:
            return f"≤ {digits(self.ratio.estimate)}x"
        return self.times.replace("at least", "≥")

    @property
    def doubt(self) -> str:
        """Why neither is called better."""
        if self.first_bound and self.second_bound:
            return "both limited by the client"
        if self.ratio is None:
            return "too few trials"
        numbers = f"{digits(self.ratio.estimate)}x, 95 % interval {interval(self.ratio.low, self.ratio.high)}"
        if self.second_bound:
            return f"{numbers}, but the slower one was limited by the client"
        return f"{numbers}; {'their trials overlap' if self.ratio.overlap else 'it includes 1'}"


def limited_by_client(result: Result, trials: Sequence[Trial]) -> bool:
    """In any of these."""
    return any(client_bound(trial, result) for trial in trials)
