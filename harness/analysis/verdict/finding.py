"""What a gate says, and how it is worded where several trials make one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.result import Result
from harness.trial import Trial

Trials = Sequence[Trial]
Severity = Literal["flagged", "invalid"]


@dataclass(frozen=True)
class Finding:
    """Why a number is doubtful ("flagged": it stands, with this beside it) or void, and what to do."""

    gate: str
    status: Severity
    reason: str
    remedy: str


def in_some(struck: Trials, trials: Trials) -> str:
    """ " in 2 of 3 trials"; nothing where it is all of them."""
    return "" if len(struck) == len(trials) else f" in {len(struck)} of {len(trials)} trials"


def in_process(result: Result) -> bool:
    """Is the engine a part of the client? Then the client's time is its own."""
    return result.network == "in process"


def percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"
