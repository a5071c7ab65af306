"""Runs that never happened, for the tests of what is made from result files: the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness import histogram
from harness.result import (
    ClientUse,
    Graded,
    Latency,
    Loading,
    Machine,
    Measured,
    Offered,
    Problem,
    Result,
    Run,
    ServerUse,
    Slice,
    Trial,
)

STARTED = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
KINDS = {"insert": 30, "single-groupby": 40, "high-cpu": 20, "lastpoint": 9, "groupby-orderby-limit": 1}  # Shares.
SECONDS = 5.0
CLIENTS = 4


def lognormal_ns(count: int, p50_ms: float, spread: float = 0.4) -> NDArray[np.int64]:
    """Evenly spaced quantiles of a log-normal distribution: no random generator, so no version of one."""
    normal = NormalDist()
    quantiles = np.array([normal.inv_cdf((number + 0.5) / count) for number in range(count)])
    return (p50_ms * 1e6 * np.exp(spread * quantiles)).astype(np.int64)


@dataclass(frozen=True)
class Pace:
    """How fast a candidate is: the median of each kind and how much each trial was slowed."""

    p50_ms: Mapping[str, float]
    slowed: Sequence[float] = (1.0, 1.02, 0.98)
    errors: Mapping[str, int] = field(default_factory=dict)  # In each trial, of the first kind.
    recall: float | None = 1.0


def measured(kind: str, samples_ns: NDArray[np.int64], errors: Mapping[str, int], recall: float | None) -> Measured:
    latency = histogram.latency(histogram.counts_of(samples_ns))
    wrong = 0 if recall is None else round((1 - recall) * 100)
    return Measured(
        kind=kind,
        count=len(samples_ns),
        errors=dict(errors),
        per_second=len(samples_ns) / SECONDS,
        response=latency,
        service=latency,
        client_cpu_us=31.4,
        graded=None if recall is None else Graded(answers=100, mean=recall, lowest=min(recall, 0.8), wrong=wrong),
    )


def trial(
    number: int, pace: Pace, offered: Offered | None = None, problems: Sequence[str] = (), *, seen: bool = True
) -> Trial:
    """As many operations of each kind as were offered, or as clients had time for; not `seen`: in process."""
    slowed = pace.slowed[(number - 1) % len(pace.slowed)]
    shares = {kind: share for kind, share in KINDS.items() if kind in pace.p50_ms}
    mean_ms = sum(shares[kind] * ms for kind, ms in pace.p50_ms.items()) / sum(shares.values())
    operations = SECONDS * CLIENTS / (mean_ms * 1.08 * slowed / 1e3)
    if offered:
        operations = offered.sent - offered.unfinished
    samples = {
        kind: lognormal_ns(max(1, round(operations * share / sum(shares.values()))), pace.p50_ms[kind] * slowed)
        for kind, share in shares.items()
    }
    kinds = [
        measured(kind, values, pace.errors if position == 0 else {}, pace.recall)
        for position, (kind, values) in enumerate(samples.items())
    ]
    total = measured("total", np.concatenate(list(samples.values())), pace.errors, pace.recall)
    return Trial(
        number=number,
        position=1,
        seed=number,
        started=STARTED + timedelta(minutes=number),
        warmup_seconds=1.0,
        seconds=SECONDS,
        clients=CLIENTS,
        offered=offered,
        operations=kinds,
        total=total,
        timeline=[_slice(second, total) for second in range(-1, int(SECONDS))],
        server=ServerUse(
            cpu_seconds=4.2,
            cpu_us_per_operation=4.2e6 / total.count,
            resident_bytes=420 << 20,
            read_bytes=None,
            written_bytes=9_000_000,
        )
        if seen
        else None,
        client=ClientUse(processes=1, cpu_cores=0.62, resident_bytes=61 << 20),
        problems=list(problems),
    )


def _slice(second: int, total: Measured) -> Slice:
    counts = histogram.counts_of(lognormal_ns(100, 1.0))
    return Slice(second=second, kind="total", count=100, errors=0, response=histogram.encode(counts))


def offered(rate: float, answered: int) -> Offered:
    """A schedule that was kept if all that was due was answered."""
    due = round(rate * SECONDS)
    return Offered(
        rate_per_second=rate,
        arrivals="poisson",
        due=due,
        sent=answered + 4,
        late=due // 50,
        unsent=due - answered - 4,
        unfinished=4,
        lag=latency(400, 0.8),
        timer_error=latency(2_000, 0.06),
    )


def latency(count: int, p50_ms: float) -> Latency | None:
    return histogram.latency(histogram.counts_of(lognormal_ns(count, p50_ms)))


def result(
    candidate: str,
    trials: Sequence[Trial] = (),
    *,
    title: str = "",
    status: Literal["ok", "invalid", "failed", "unsupported"] = "ok",
    problems: Sequence[Problem] = (),
    warnings: Sequence[Problem] = (),
    source: str | None = "embedded",
    version: str | None = "1.0",
    durability: str = "relaxed",
    observed: str | None = "relaxed",
    design: str | None = "one table",
    fingerprint: str = "8c1f2e7a",
) -> Result:
    started = source is not None
    return Result(
        version=1,
        run="20261123-093000-timeseries",
        candidate=candidate,
        engine=candidate.partition(":")[0],
        title=title or candidate,
        status=status,
        problems=list(problems),
        warnings=list(warnings),
        workload="timeseries",
        fingerprint=fingerprint,
        source=source,
        image=None,
        server_version=version,
        durability_asked=durability,
        durability_observed=observed,
        design=design,
        facts={"version": version or "", "cache": "1GB", "sync": "off | *lazily*"} if started else {},
        server_cpus=[0] if started else [],
        client_cpus=[1] if started else [],
        memory_bytes=2 << 30 if started else None,
        loading=loading() if started else None,
        trials=list(trials),
    )


def loading() -> Loading:
    return Loading(
        rows=360_000,
        seconds=3.1,
        rows_per_second=116_129.0,
        settle_seconds=0.42,
        size_bytes=61_300_000,
        content="360,000 rows compared",
        checked={kind: Graded(answers=20, mean=1.0, lowest=1.0, wrong=0) for kind in KINDS},
    )


def run(
    candidates: Sequence[str],
    *,
    trials: int = 3,
    profile: str = "quick",
    rate: float | None = None,
    exact: bool = True,
    finished: bool = True,
) -> Run:
    return Run(
        version=1,
        id="20261123-093000-timeseries",
        started=STARTED,
        finished=STARTED + timedelta(minutes=2, seconds=7) if finished else None,
        bakeoff="0.1.0 (4f2a91c)",
        command=f"bakeoff run timeseries {' '.join(candidates)} --profile {profile} --seed 1",
        workload="timeseries",
        summary="Servers send their metrics every ten seconds while dashboards and alerts query them.",
        parameters={"hosts": 100, "hours": 10, "step_seconds": 10},
        fingerprint="8c1f2e7a",
        exact=exact,
        profile=profile,
        clients=CLIENTS,
        rate_per_second=rate,
        arrivals="poisson",
        seed=1,
        trials=trials,
        warmup_seconds=1.0,
        seconds=SECONDS,
        candidates=list(candidates),
        machine=Machine(
            cpu="AMD EPYC 7763",
            cores=4,
            usable_cores=2,
            memory_bytes=8 << 30,
            system="Debian GNU/Linux 12",
            kernel="6.1.0",
            python="3.11.7",
            packages={"psycopg": "3.3.9", "pymongo": "4.15.0", "redis": "8.1.0", "clickhouse-connect": "1.12.0"},
            load_average=0.31,
            governor=None,
            virtualisation="KVM",
        ),
    )


FAST = Pace(dict(zip(KINDS, (0.9, 1.1, 2.4, 0.8, 6.1), strict=True)), slowed=(0.99, 1.0, 1.01))
MIDDLE = Pace(dict(zip(KINDS, (0.35, 1.9, 7.5, 2.1, 48.0), strict=True)), errors={"SerializationFailure": 3})
NOISY = Pace(dict(zip(KINDS, (0.4, 2.0, 7.6, 2.0, 44.0), strict=True)), slowed=(1.2, 0.85, 1.05))


@cache
def comparison() -> tuple[Run, list[Result]]:
    """Four candidates: one in process, two alike, one that lacks what it takes."""
    results = [
        postgres(),
        mongo([trial(number, NOISY) for number in (1, 2, 3)]),
        redis_without_module(),
        clickhouse([trial(number, FAST, seen=False) for number in (1, 2, 3)]),
    ]
    return run([result.candidate for result in results]), results


@cache
def troubles() -> tuple[Run, list[Result]]:
    """Two classes, and all that can become of a candidate; the last one was never begun."""
    wrong = "lastpoint: 3 of 100 answers are wrong"
    results = [
        postgres(),
        postgres("durable"),
        clickhouse([trial(number, FAST, problems=[wrong] if number == 2 else []) for number in (1, 2, 3)], wrong),
        mongo([trial(1, NOISY)], "the server ended in trial 2: out of memory"),
    ]
    return run([*(result.candidate for result in results), "redis"], finished=False), results


@cache
def open_loop() -> tuple[Run, list[Result]]:
    """A rate that one candidate keeps and one does not."""
    results = [
        postgres(schedule=offered(1_200, answered=5_990)),
        mongo([trial(number, NOISY, offered(1_200, answered=5_200)) for number in (1, 2, 3)]),
        clickhouse([trial(number, FAST, offered(1_200, answered=5_995), seen=False) for number in (1, 2, 3)]),
    ]
    return run([result.candidate for result in results], rate=1_200.0), results


def postgres(durability: str = "relaxed", schedule: Offered | None = None) -> Result:
    return result(
        "postgres" if durability == "relaxed" else f"postgres:{durability}",
        [trial(number, MIDDLE, schedule) for number in (1, 2, 3)],
        title="PostgreSQL",
        version="18.0",
        durability=durability,
        observed=durability,
        design="points(at, host, cpu…), PRIMARY KEY (host, at), BRIN on at",
    )


def mongo(trials: Sequence[Trial], trouble: str = "") -> Result:
    return result(
        "mongo",
        trials,
        title="MongoDB",
        version="6.0.5",
        status="failed" if trouble else "ok",
        problems=[Problem(trouble, "give it more memory")] if trouble else [],
        design="one document per row, index {host: 1, at: -1}",
    )


def clickhouse(trials: Sequence[Trial], trouble: str = "") -> Result:
    return result(
        "clickhouse",
        trials,
        title="ClickHouse",
        version="26.5.1.1",
        source="in-process",
        observed=None,
        status="invalid" if trouble else "ok",
        problems=[Problem(trouble, "mend last_rows in adapters/clickhouse/timeseries.py")] if trouble else [],
        warnings=[
            Problem("runs in process, without a network hop", "put clickhouse on PATH, or use --source docker"),
            Problem("the client was 92 % busy", "read its numbers as a lower bound, or use fewer clients"),
        ],
        design="MergeTree ORDER BY (host, at), DoubleDelta on at",
    )


def redis_without_module() -> Result:
    return result(
        "redis",
        title="Redis",
        status="unsupported",
        source=None,
        version=None,
        observed=None,
        design=None,
        problems=[Problem("the server has no time series module", "start it with redistimeseries.so")],
    )
