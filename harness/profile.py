"""How long to measure: three sizes of experiment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Seconds are for each candidate and trial; 0 or () leaves a stage out."""

    trials: int
    warmup_seconds: float  # Before the first trial; once more as long where that was not steady.
    seconds: float  # Measured part of a trial.
    clients: int
    scale: float  # Of the workload's data.
    sweep_seconds: float  # For each parameter that the workload wants to see changed.
    common_trials: int  # At each rate that is common to all candidates.
    common_seconds: float
    ladder_seconds: float  # For each number of clients, where an objective (--slo) is given.
    search_seconds: float  # Load in all that the search for the capacity may take.
    purpose: str


PROFILES = {
    "smoke": Profile(
        trials=1,
        warmup_seconds=0.5,
        seconds=1.0,
        clients=4,
        scale=0.1,
        sweep_seconds=0.0,
        common_trials=0,
        common_seconds=1.0,
        ladder_seconds=0.5,
        search_seconds=10.0,
        purpose="seconds, for tests and first looks; never a verdict",
    ),
    "quick": Profile(
        trials=3,
        warmup_seconds=5.0,
        seconds=4.0,
        clients=4,
        scale=1.0,
        sweep_seconds=1.0,
        common_trials=3,
        common_seconds=1.0,
        ladder_seconds=2.0,
        search_seconds=30.0,
        purpose="a comparison of four engines in two to three minutes",
    ),
    "thorough": Profile(
        trials=10,
        warmup_seconds=20.0,
        seconds=30.0,
        clients=8,
        scale=1.0,
        sweep_seconds=5.0,
        common_trials=5,
        common_seconds=15.0,
        ladder_seconds=10.0,
        search_seconds=120.0,
        purpose="for a decision: long trials, many of them",
    ),
}
