"""What a fault did to a trial, from how many answers came in each short step of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.int64]

STEPS_PER_SECOND = 100
BACK = 0.9  # Share of the earlier throughput that counts as recovered,
BACK_STEPS = 50  # seen over half a second.


def silent_seconds(answers: Steps, at_seconds: float) -> float:
    """The longest time without any answer that ended after the fault."""
    begin, end = _silence(answers, round(at_seconds * STEPS_PER_SECOND))
    return (end - begin) / STEPS_PER_SECOND


def _silence(answers: Steps, at: int) -> tuple[int, int]:
    """The first step of the longest such time, and the step after it; nothing where there is none."""
    heard = np.concatenate(([-1], np.flatnonzero(answers), [len(answers)]))
    later = np.flatnonzero(heard[1:] > at)
    if not len(later):
        return at, at
    longest = later[np.argmax(np.diff(heard)[later])]
    return int(heard[longest]) + 1, int(heard[longest + 1])


def recovered_seconds(answers: Steps, at_seconds: float) -> float | None:
    """From the fault until throughput was back: where the first half second begins in which it was, after the silence.

    None where it never was, or nothing had been answered before.
    """
    at = round(at_seconds * STEPS_PER_SECOND)
    before = answers[:at].sum() / at if at else 0.0
    if not before or len(answers) - at < BACK_STEPS:
        return None
    enough = np.convolve(answers[at:], np.ones(BACK_STEPS), "valid") >= BACK * before * BACK_STEPS
    if enough.all():
        return 0.0
    felt = max(int(np.argmin(enough)), _silence(answers, at)[1] - at)  # One that is felt late is not healed before.
    healed = np.flatnonzero(enough[felt:])
    return float(felt + healed[0]) / STEPS_PER_SECOND if len(healed) else None
