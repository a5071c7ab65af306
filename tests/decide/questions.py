"""Questions that were never asked: requirements and findings for the tests of decisions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from harness.analysis import slo
from harness.decide.catalog import Entry
from harness.decide.findings import Findings, Survived
from harness.decide.measures import Measures
from harness.decide.quantities import Counted, Estimate
from harness.decide.requirements import Requirements
from harness.decide.shortlist import Here
from harness.result import Capacity

HERE = Here(
    workloads={
        "read-heavy": "keyvalue",
        "write-heavy": "keyvalue",
        "timeseries": "timeseries",
        "vector-search": "vectors",
    },
    engines={
        "alpha": ["keyvalue", "timeseries", "transactions"],
        "beta": ["keyvalue", "timeseries"],
        "gamma": ["keyvalue"],
    },
)
WRITES: Mapping[str, Any] = {"name": "write-heavy", "rate_per_second": 400, "slo": "p99=20ms", "rows": 5_000_000}
METRICS: Mapping[str, Any] = {"name": "timeseries", "rate_per_second": 50, "slo": "p95=1s", "rows": 2_000_000_000}


def requirements(*workloads: Mapping[str, Any], **others: Any) -> Requirements:
    """Of one workload unless others are given."""
    question = {"question": "Which one?", "workloads": list(workloads or [WRITES])}
    return msgspec.convert(question | others, Requirements)


def entry(title: str, **facts: Any) -> Entry:
    """An engine with these facts, and as good as can be in what is not named."""
    known: dict[str, Any] = {
        "category": "relational",
        "data_model": "tables",
        "capabilities": ["keyvalue", "timeseries"],
        "multi_record_transactions": True,
        "failover": "built-in",
        "lossless_setting": True,
        "encryption_at_rest": "built-in",
        "licence": "Apache-2.0",
        "open_source": True,
        "on_premises": True,
        "row_level_security": True,
        "operational_complexity": "medium",
    }
    found = {
        name: {
            "value": value,
            "text": f"{name} of {title}",
            "source": "https://example.org",
            "checked": date(2026, 11, 1),
        }
        for name, value in (known | facts).items()
        if value is not None
    }
    head = {"title": title, "version": "1", "maker": "Nobody", "home": "https://example.org"}
    return msgspec.convert(head | {"facts": found}, Entry)


CATALOG = {name: entry(name.title()) for name in ("alpha", "beta", "gamma")}


def measures(engine: str, workload: str = "write-heavy", **others: Any) -> Measures:
    """Of numbers that are the same for every engine unless they are named, known within 5 %."""
    numbers: dict[str, float | None] = {
        "response_ms": 5.0,
        "server_cpu_us": 400.0,
        "rows_per_second": 50_000.0,
        "misses": None,
    }
    exact: dict[str, Any] = {
        "candidate": engine,
        "run": "runs/some",
        "status": "ok",
        "problem": "",
        "doubts": (),
        "server_version": "1.2",
        "rate_per_second": 800.0,
        "capacity": capacity(3_000.0),
        "slo": slo.parse("p99=20ms"),
        "bytes_per_row": 1_200.0,
        "rows": 1_000_000,
        "recall": None,
        "server_cores": 1,
        "cpu_bound": True,
        "fastest_per_second": 4_000.0,
        "law": None,
    }
    exact |= {name: value for name, value in others.items() if name not in numbers}
    drawn = {
        name: None if number is None else Estimate(float(number), 0.05, freedom=2)
        for name, number in (numbers | {n: v for n, v in others.items() if n in numbers}).items()
    }
    return Measures(engine=engine, workload=workload, **exact, **drawn)


def capacity(per_second: float | None, limit: Any = "slo") -> Capacity:
    if per_second is None:
        return Capacity(per_second=None, low_per_second=None, high_per_second=None, limit=limit)
    low, high = 0.97 * per_second, 1.03 * per_second
    return Capacity(per_second=per_second, low_per_second=low, high_per_second=high, limit=limit)


def findings(
    *found: Measures, survived: Mapping[str, tuple[int, float | None]] | None = None, **others: Any
) -> Findings:
    """`survived`: engine -> kills without loss, of 20, and how old the oldest lost write was."""
    usual: dict[str, Any] = {
        "durability": "relaxed",
        "levels": {},
        "folders": ["runs/some"],
        "places": ["runs/some: write-heavy, profile quick, 23 November 2026, AMD EPYC 7763"],
        "left_out": [],
        "warnings": [],
    }
    kills = {name: Survived(Counted(kept, 20), oldest) for name, (kept, oldest) in (survived or {}).items()}
    return Findings(measures=list(found), survived=kills, **(usual | others))
