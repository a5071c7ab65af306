"""A line of the table that `make perf` prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    what: str
    ours: str
    against: str
    ratio: float | None  # None: could not be measured here; `against` says why.
    budget: float | None  # None: for information.
    at_most: bool = False  # The budget is an upper limit, not a lower one.

    @property
    def verdict(self) -> str:
        if self.ratio is None:
            return "not measured"
        if self.budget is None:
            return ""
        return "kept" if (self.ratio <= self.budget if self.at_most else self.ratio >= self.budget) else "MISSED"
