"""Histories that never happened: deterministic noise around levels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from harness.history.record import Entry, Point, Terms
from harness.history.terms import terms
from harness.metrics import METRICS, P99, THROUGHPUT, Metric
from tests import synthetic

NOISE = (0.4, -1.1, 0.9, 0.1, -0.6, 1.3, -0.2, -1.4, 0.7, 1.0, -0.9, 0.3, -0.5)  # In standard deviations.
DEVIATION = 0.015
EVERY = (2_800.0, 2_410.0, 1.1, 3.3, 5.4, 300.0, 0.985, 61.3e6, 116_129.0)  # A value of each metric.


def run_terms(**changed: Any) -> Terms:
    run, results = synthetic.clear_winner()
    return msgspec.structs.replace(terms(run, results[0]), **changed)


def level(count: int, mean: float, first: int = 0) -> list[float]:
    """So many values about a mean; `first`: how many runs were before."""
    return [mean * (1 + DEVIATION * NOISE[number % len(NOISE)]) for number in range(first, first + count)]


def point(metric: Metric, value: float, **others: Any) -> Point:
    values: dict[str, Any] = {
        "metric": metric.name,
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "value": value,
        "low": None,
        "high": None,
        "at_per_second": None,
        "flagged": [],
    }
    return Point(**(values | others))


def entry(number: int, points: Sequence[Point], **others: Any) -> Entry:
    """Of the run of a day."""
    started = synthetic.STARTED + timedelta(days=number)
    values: dict[str, Any] = {
        "version": 1,
        "run": f"{started:%Y%m%d-%H%M%S}-timeseries",
        "started": started,
        "commit": f"{0xC0FFEE + number:012x}",
        "workload": "timeseries",
        "candidate": "postgres",
        "terms": run_terms(),
        "surroundings": {"bakeoff": "0.1.0", "kernel": "6.1.0", "python": "3.11.7", "psycopg": "3.3.9"},
        "points": list(points),
    }
    return Entry(**(values | others))


def changed() -> list[Entry]:
    """Throughput falls by a tenth with a new driver and comes back; another candidate is quiet, a third has begun."""
    throughput = [*level(14, 1_400.0), *level(9, 1_260.0, 14), *level(8, 1_400.0, 23)]
    found = []
    for number, value in enumerate(throughput):
        late = [point(P99, 12.0 * 1_400 / value, at_per_second=700.0 if number < 14 else 600.0)]
        psycopg = "3.3.9" if number < 14 else "3.4.0"
        around = {"bakeoff": "0.1.0", "kernel": "6.1.0", "python": "3.11.7", "psycopg": psycopg}
        found.append(entry(number, [point(THROUGHPUT, value), *late], surroundings=around))
    every = [point(metric, value) for metric, value in zip(METRICS, EVERY, strict=True)]
    found += [entry(number, every, candidate="redis") for number in range(12)]
    doubt = {"flagged": ["the client was 92 % busy"]}
    found += [entry(20 + n, [point(THROUGHPUT, v, **doubt)], candidate="mongo") for n, v in enumerate(level(4, 400.0))]
    newer = run_terms(server_version="18.1")
    found += [entry(40 + n, [point(THROUGHPUT, v)], terms=newer) for n, v in enumerate(level(3, 1_450.0))]
    return found
