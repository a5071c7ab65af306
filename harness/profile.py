"""How long to measure: three sizes of experiment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    trials: int
    warmup_seconds: float
    seconds: float
    clients: int
    scale: float  # Of the workload's data.
    purpose: str


PROFILES = {
    "smoke": Profile(1, 0.5, 1.0, 4, 0.1, "seconds, for tests and first looks; never a verdict"),
    "quick": Profile(3, 1.0, 5.0, 4, 1.0, "a comparison of four engines in about two minutes"),
    "thorough": Profile(10, 10.0, 30.0, 8, 1.0, "for a decision: long trials, many of them"),
}
