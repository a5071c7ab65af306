"""All kills of a candidate together: how often something was lost, and how sure that is."""

from __future__ import annotations

from typing import Literal

from harness.analysis.proportion import interval
from harness.evidence import Survival

Counted = Literal[
    "acknowledged",
    "lost",
    "holes",
    "settled",
    "settled_lost",
    "unacknowledged",
    "unacknowledged_found",
    "foreign",
]


def total(survival: Survival, what: Counted) -> int:
    return sum(getattr(kill, what) for kill in survival.kills)


def with_loss(survival: Survival) -> int:
    """Kills that lost acknowledged or settled writes."""
    return sum(kill.lost + kill.settled_lost > 0 for kill in survival.kills)


def chance(survival: Survival) -> tuple[float, float]:
    """That a kill loses some: 95 % Clopper–Pearson interval over kills, which are the trials here, not writes."""
    return interval(with_loss(survival), len(survival.kills))


def oldest_seconds(survival: Survival) -> float | None:
    """How long before its kill the earliest lost write was acknowledged; None of no loss."""
    return max((s for kill in survival.kills if (s := kill.oldest_lost_seconds) is not None), default=None)
