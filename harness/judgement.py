"""What is said of two measurements of the same thing: better, worse, alike, or not to be said, metric by metric.

As in results, numbers carry their units and None means not measured.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from harness.result import Machine
from harness.trial import Record

VERSION: Literal[1] = 1
Said = Literal["regression", "improvement", "equivalent", "inconclusive", "not comparable", "failed"]


class Judged(Record, frozen=True):
    """One metric of one workload. `low` and `high` bound the ratio with the confidence of the judgement."""

    workload: str
    metric: str  # "throughput", "capacity", "p99 response", "server CPU per operation", …
    unit: str  # "/s", "ms", "µs".
    higher_is_better: bool
    base: float | None
    head: float | None
    ratio: float | None  # Head / base, as measured: above 1 is more of it, be that good or bad.
    low: float | None
    high: float | None
    margin: float  # 0.05: a change for the worse by less than 5 % does not matter.
    gated: bool  # Does it decide, or is it only told?
    said: Said
    reason: str  # Why nothing can be said, or what failed; "" where the numbers speak.


class Judgement(Record, frozen=True):
    """Of a base and a head: two stored runs (`compare`), or candidates that ran in turns (`gate`)."""

    version: Literal[1]
    kind: Literal["compare", "gate"]
    made: datetime
    bakeoff: str
    command: str  # Repeats it.
    base: str  # Candidate, or folder of the run.
    head: str
    said: Said  # Of all gated metrics together: the worst.
    pairs: int | None  # That were run; None of stored runs.
    confidence: float  # Of each interval: 0.98.
    metrics: list[Judged]
    notes: list[str]  # Sentences: what was different, what to do.
    machine: Machine


def signed(ratio: float) -> str:
    """The change that a ratio is, in percent: −12.0, +3.1, +511. No decimals where they would say nothing."""
    change = 100 * (ratio - 1)
    return (f"{change:+.1f}" if abs(change) < 100 else f"{change:+,.0f}").replace("-", "−")


def without_numbers(workload: str, metric: str, said: Said, reason: str) -> Judged:
    """What decides although nothing could be measured."""
    return Judged(
        workload=workload,
        metric=metric,
        unit="",
        higher_is_better=True,
        base=None,
        head=None,
        ratio=None,
        low=None,
        high=None,
        margin=0.0,
        gated=True,
        said=said,
        reason=reason,
    )
