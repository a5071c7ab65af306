"""How throughput grows with clients: the Universal Scalability Law, fitted to a closed-loop ladder.

X(N) = λN / (1 + σ(N - 1) + κN(N - 1)) (Gunther, Guerrilla Capacity Planning, 2007): λ requests per second with one
client, σ the share of the work that waits its turn (contention), κ what every pair of clients costs (coherency). With
κ the throughput has a peak, at N* = √((1 - σ) / κ) clients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FEWEST_LEVELS, _LARGEST_RESIDUAL = 5, 0.15
_FURTHEST_PEAK = 4  # Times the largest measured number of clients.
_POSITIVE = ([0, 1, 2], [0, 1], [0, 2], [0])  # Which of 1/λ, σ/λ and κ/λ are not 0; the first never is.

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    per_second_at_one: float
    contention: float
    coherency: float
    peak_clients: float | None  # None without coherency, and where it lies beyond 4 times the measured clients.
    peak_per_second: float | None
    residuals: tuple[float, ...]  # Measured / fitted - 1, in the order of the points.
    r_squared: float  # Of the throughput.
    refused: str | None  # Why the parameters must not be read as contention and coherency.

    def per_second(self, clients: float) -> float:
        """The curve, for drawing it."""
        waiting = self.contention * (clients - 1) + self.coherency * clients * (clients - 1)
        return self.per_second_at_one * clients / (1 + waiting)


def fit(points: Sequence[tuple[int, float]]) -> Fit | None:
    """The law through (clients, requests per second), with any number of trials for a number of clients.

    None where no curve can be drawn: under three different numbers of clients, or a throughput of 0. Points at which
    the client was the limit must not be among them: they look like contention.
    """
    clients, measured = np.array(points, dtype=float).reshape(-1, 2).T
    if len(np.unique(clients)) < 3 or measured.min() <= 0 or clients.min() < 1:
        return None
    one, waiting, pairs = _coefficients(clients, measured)
    fitted = clients / (one + waiting * (clients - 1) + pairs * clients * (clients - 1))
    contention, coherency = waiting / one, pairs / one
    peak = max(1.0, math.sqrt(max(0.0, 1 - contention) / coherency)) if coherency > 0 else math.inf
    known = peak <= _FURTHEST_PEAK * clients.max()
    spread, left = (float(np.square(measured - other).sum()) for other in (measured.mean(), fitted))
    return Fit(
        per_second_at_one=1 / one,
        contention=contention,
        coherency=coherency,
        peak_clients=peak if known else None,
        peak_per_second=peak / (one + waiting * (peak - 1) + pairs * peak * (peak - 1)) if known else None,
        residuals=tuple((measured / fitted - 1).tolist()),
        r_squared=1 - left / spread if spread else 1.0,
        refused=_refused(clients, measured / fitted - 1, contention),
    )


def _coefficients(clients: Floats, measured: Floats) -> tuple[float, float, float]:
    """1/λ, σ/λ and κ/λ, the first above 0 and the others not below.

    N / X is linear in them. Each equation is divided by its N / X, so that equal relative errors of X count alike. The
    least squares with parameters held at or above 0 are the best of the free ones over each choice of parameters
    at 0 that leaves no other below it (Lawson & Hanson 1974, chapter 23; there are only four choices).
    """
    columns = np.stack([np.ones_like(clients), clients - 1, clients * (clients - 1)], axis=1)
    columns *= (measured / clients)[:, None]
    best, least = np.zeros(3), math.inf
    for positive in _POSITIVE:
        tried = np.zeros(3)
        tried[positive] = np.linalg.lstsq(columns[:, positive], np.ones_like(clients), rcond=None)[0]
        squares = float(np.square(columns @ tried - 1).sum())
        if tried.min() >= 0 and tried[0] > 0 and squares < least:
            best, least = tried, squares
    return float(best[0]), float(best[1]), float(best[2])


def _refused(clients: Floats, residuals: Floats, contention: float) -> str | None:
    """Residuals are judged by their mean for each number of clients: a single odd trial is not a wrong law."""
    levels = np.unique(clients)
    if len(levels) < _FEWEST_LEVELS:
        return f"only {len(levels)} numbers of clients were measured, {_FEWEST_LEVELS} are needed"
    if contention > 1:  # More than all of the work cannot wait its turn: one client is a case of its own.
        return "throughput falls with the second client, which the law does not describe"
    means = np.array([residuals[clients == level].mean() for level in levels])
    worst = int(np.abs(means).argmax())
    if abs(means[worst]) > _LARGEST_RESIDUAL:
        return f"the law misses the throughput at {levels[worst]:.0f} clients by {abs(100 * means[worst]):.0f} %"
    return None
