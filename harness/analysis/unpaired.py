"""Two groups of trials that did not run side by side: the difference of their means, by Welch's t test."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.analysis import student
from harness.analysis.paired import Paired


def unpaired(ones: Sequence[float], others: Sequence[float], confidence: float) -> Paired:
    """Of the second group less the first (Welch 1947). Raises ValueError under two of either."""
    first, second = np.array(ones, dtype=float), np.array(others, dtype=float)
    if min(len(first), len(second)) < 2:
        raise ValueError("one trial says nothing of its error")
    errors = [float(values.var(ddof=1)) / len(values) for values in (first, second)]
    centre, error = float(second.mean() - first.mean()), math.sqrt(sum(errors))
    if not error:
        chance = 0.5 if not centre else float(centre < 0)
        return Paired(centre, centre, centre, chance, 1 - chance)
    parts = [square**2 / (len(values) - 1) for square, values in zip(errors, (first, second), strict=True)]
    freedom = sum(errors) ** 2 / sum(parts)
    half = student.point(confidence, freedom) * error
    t = centre / error
    return Paired(centre, centre - half, centre + half, student.above(t, freedom), student.above(-t, freedom))
