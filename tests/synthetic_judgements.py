"""Judgements that nobody made: all that can be said of two measurements."""

from __future__ import annotations

from functools import cache
from typing import Any

from harness.judgement import Judged, Judgement, Said
from tests import synthetic


def judged(metric: str, said: Said, ratio: float | None, **others: Any) -> Judged:
    base = others.pop("base", 1_000.0)
    spread = 0.02
    values: dict[str, Any] = {
        "workload": "read-heavy",
        "metric": metric,
        "unit": "/s",
        "higher_is_better": True,
        "base": base,
        "head": None if ratio is None else base * ratio,
        "ratio": ratio,
        "low": None if ratio is None else ratio - spread,
        "high": None if ratio is None else ratio + spread,
        "margin": 0.05,
        "gated": True,
        "said": said,
        "reason": "",
    }
    return Judged(**(values | others))


def judgement(said: Said, *metrics: Judged, **others: Any) -> Judgement:
    values: dict[str, Any] = {
        "version": 1,
        "kind": "gate",
        "made": synthetic.STARTED,
        "bakeoff": "0.1.0",
        "command": "bakeoff gate read-heavy postgres@17 postgres@18",
        "base": "postgres@17",
        "head": "postgres@18",
        "said": said,
        "pairs": 10,
        "confidence": 0.98,
        "metrics": list(metrics),
        "notes": [],
        "machine": synthetic.run([]).machine,
    }
    return Judgement(**(values | others))


@cache
def regression() -> Judgement:
    """One of everything."""
    response = {"unit": "ms", "higher_is_better": False, "margin": 0.1}
    return judgement(
        "failed",
        judged("throughput", "regression", 0.88),
        judged("p99 response", "inconclusive", 1.07, base=8.4, **response, reason="the interval holds the margin"),
        judged("p99 response", "improvement", 0.7, base=12.3, **response, workload="timeseries"),
        judged("throughput", "equivalent", 1.002, workload="timeseries"),
        judged("capacity", "not comparable", None, base=905.0, reason="the client was the limit of one of them"),
        judged(
            "server CPU per operation", "failed", None, base=None, unit="µs", reason="3 wrong <answers> & \x1b[1mmore"
        ),
        judged("p50 response", "regression", 1.3, base=0.8, **response, gated=False),
        notes=["The server of postgres@18 ended in pair 7: out of memory."],
    )


@cache
def equivalent() -> Judgement:
    return judgement("equivalent", judged("throughput", "equivalent", 1.002), pairs=5)


@cache
def comparison() -> Judgement:
    """Of two stored runs."""
    throughput = judged("throughput", "regression", 0.8)
    runs = {"base": "results/runs/20261120-read-heavy", "head": "results/runs/20261123-read-heavy"}
    return judgement("regression", throughput, **runs, kind="compare", pairs=None)


@cache
def inconclusive() -> Judgement:
    note = "Not calibrated: bakeoff calibrate says which changes this machine can see."
    throughput = judged("throughput", "inconclusive", 0.97, base=20_000, low=0.903, high=1.05)
    response = {"unit": "ms", "higher_is_better": False, "gated": False}
    noisy = judged("p99 response", "inconclusive", 2.003, base=3.56, low=0.656, high=6.111, **response)
    return judgement("inconclusive", throughput, noisy, notes=[note])


@cache
def failed() -> Judgement:
    """Of a wrong answer."""
    answers = judged("answers", "failed", None, base=None, unit="", margin=0.0, reason="read: 3 of 100 are wrong")
    return judgement("failed", answers, pairs=1)


JUDGEMENTS = {
    "of_everything": regression,
    "equivalent": equivalent,
    "comparison": comparison,
    "inconclusive": inconclusive,
    "failed": failed,
}
