"""The JSON file of pytest-benchmark, which Bencher, github-action-benchmark and others read as well.

Its statistics are of times in seconds, so a rate is told as the time of one operation, and what is not a time is left
out. A rate and the server's CPU time have a round for each trial. A percentile has one round, that of all trials
merged, because the mean of percentiles would be none; its lowest and highest trial stand in `extra_info`.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from typing import Any

from harness.errors import UsageError
from harness.metrics import CAPACITY, RESPONSES, SERVER_CPU, THROUGHPUT, Number, Summary
from harness.result import Machine

VERSION = "5.2.3"  # Of pytest-benchmark, whose file this is.


def of_runs(summaries: Sequence[Summary]) -> str:
    """Raises UsageError for runs of different machines: the file has room for one."""
    first = summaries[0].run
    for each in summaries:
        if _machine_info(each.run.machine) != _machine_info(first.machine):
            raise UsageError(f"{first.id} and {each.run.id} are of different machines. Export each by itself.")
    benchmarks = [found for each in summaries for number in each.numbers if (found := _benchmark(each, number))]
    content = {
        "machine_info": _machine_info(first.machine),
        "commit_info": _commit_info(summaries[0].commit),
        "benchmarks": benchmarks,
        "datetime": first.started.isoformat(),
        "version": VERSION,
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _benchmark(summary: Summary, number: Number) -> dict[str, Any] | None:
    seconds = _seconds(number)
    if not seconds:
        return None
    run, metric = summary.run, number.metric
    return {
        "group": f"{run.workload}: {metric.name}",
        "name": f"{metric.name}[{number.candidate}]",
        "fullname": f"{run.workload}::{metric.name}[{number.candidate}]",
        "params": {"candidate": number.candidate},
        "param": number.candidate,
        "extra_info": {
            "run": run.id,
            "metric": metric.name,
            "unit": metric.unit,
            "value": number.value,
            "low": number.low,
            "high": number.high,
            "at_requests_per_second": number.at_per_second,
            "flagged": list(number.doubts),
        },
        "options": {
            "disable_gc": False,
            "timer": "perf_counter_ns",
            "min_rounds": run.trials,
            "max_time": run.seconds,
            "min_time": run.seconds,
            "warmup": run.warmup_seconds > 0,
        },
        "stats": _stats(seconds),
    }


def _seconds(number: Number) -> list[float]:
    """[] of what is not a time, and of a rate of 0."""
    if number.metric in RESPONSES:
        return [number.value / 1e3]
    values = list(number.trials) or [number.value]
    if number.metric == SERVER_CPU:
        return [value / 1e6 for value in values]
    return [1 / value for value in values] if number.metric in (THROUGHPUT, CAPACITY) and min(values) > 0 else []


def _stats(seconds: Sequence[float]) -> dict[str, Any]:
    """As pytest-benchmark names them. Outliers: beyond a standard deviation from the mean; beyond Tukey's fences."""
    mean, median = statistics.fmean(seconds), statistics.median(seconds)
    stddev = statistics.stdev(seconds) if len(seconds) > 1 else 0.0
    q1, _, q3 = statistics.quantiles(seconds, n=4, method="inclusive") if len(seconds) > 1 else [median] * 3
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    inside = [value for value in seconds if low <= value <= high]
    far, outside = sum(abs(value - mean) > stddev for value in seconds), len(seconds) - len(inside)
    return {
        "min": min(seconds),
        "max": max(seconds),
        "mean": mean,
        "stddev": stddev,
        "rounds": len(seconds),
        "median": median,
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": outside,
        "stddev_outliers": far,
        "outliers": f"{far};{outside}",
        "ld15iqr": min(inside),
        "hd15iqr": max(inside),
        "ops": 1 / mean if mean else 0.0,
        "total": math.fsum(seconds),
        "data": list(seconds),
        "iterations": 1,
    }


def _machine_info(machine: Machine) -> dict[str, Any]:
    return {
        "system": machine.system,
        "release": machine.kernel,
        "python_version": machine.python,
        "cpu": {"brand_raw": machine.cpu, "count": machine.cores},
    }


def _commit_info(commit: str | None) -> dict[str, Any]:
    """What is not known is as pytest-benchmark writes it outside of a checkout."""
    return {
        "id": commit or "unversioned",
        "time": None,
        "author_time": None,
        "dirty": False,
        "project": "bakeoff",
        "branch": "(unknown)",
    }
