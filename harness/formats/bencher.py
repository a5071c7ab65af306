"""Bencher Metric Format, https://bencher.dev/docs/reference/bencher-metric-format/: benchmark -> measure -> metric.

A measure is named by its slug, which carries the unit where Bencher has no measure of that kind itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from harness.metrics import CAPACITY, LOAD, P50, P95, P99, RECALL, SERVER_CPU, SIZE, THROUGHPUT, Number, Summary

SLUGS = {
    THROUGHPUT: "throughput",  # Bencher's own, in operations per second.
    CAPACITY: "capacity-requests-per-second",
    P50: "p50-response-ms",
    P95: "p95-response-ms",
    P99: "p99-response-ms",
    SERVER_CPU: "server-cpu-us-per-operation",
    RECALL: "recall",
    SIZE: "size-on-disk-bytes",
    LOAD: "bulk-load-rows-per-second",
}


def of_runs(summaries: Sequence[Summary]) -> str:
    benchmarks: dict[str, dict[str, dict[str, float]]] = {}
    for each in summaries:
        for number in each.numbers:
            measures = benchmarks.setdefault(f"{each.run.workload}/{number.candidate}", {})
            measures[SLUGS[number.metric]] = _metric(number)
    return json.dumps(benchmarks, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def doubts(summaries: Sequence[Summary]) -> list[str]:
    """For which the format has no place."""
    found = {(each.run.id, n.candidate, doubt): None for each in summaries for n in each.numbers for doubt in n.doubts}
    return [f"{run}: {candidate} is flagged, and this format cannot say it: {doubt}" for run, candidate, doubt in found]


def _metric(number: Number) -> dict[str, float]:
    bounds = {"lower_value": number.low, "upper_value": number.high}
    return {"value": number.value, **{name: bound for name, bound in bounds.items() if bound is not None}}
