"""How sure a share is that was counted: so many of so many, with an exact (Clopper–Pearson) interval.

It assumes that each trial had the same chance, whatever became of the others. Trials that fail together, as in one
crash or one burst of contention, are fewer trials than were counted, and their interval is too narrow.
"""

from __future__ import annotations

from harness.analysis.beta import cumulative


def interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Between which shares the true one lies, with at least this confidence; (0, 1) where nothing was tried.

    Half of the doubt is kept for each side. Where only one side is asked for, see `at_most`.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no share.")
    if not 0 < confidence < 1:
        raise ValueError(f"A confidence is between 0 and 1, not {confidence}.")
    doubt = (1 - confidence) / 2
    failures = trials - successes
    low = _quantile(doubt, successes, failures + 1) if successes else 0.0
    high = _quantile(1 - doubt, successes + 1, failures) if failures else 1.0
    return low, high


def at_most(successes: int, trials: int, confidence: float = 0.95) -> float:
    """The share that the true one does not exceed, with at least this confidence; 1 where nothing was tried.

    Of none in n that is nearly 3 / n: the rule of three.
    """
    return interval(successes, trials, 2 * confidence - 1)[1]


def _quantile(chance: float, a: int, b: int) -> float:
    """Where the cumulative beta distribution reaches this chance, by bisection down to the last bit."""
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        if cumulative(middle, a, b) < chance:
            low = middle
        else:
            high = middle
    return middle
