"""Runs that never happened, for the tests of what is made from result files: the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Literal

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from harness import histogram, store
from harness.result import Calibration, Capacity, Limits, Loading, Machine, Problem, Repeat, Result, Run, Slo
from harness.trial import (
    ClientUse,
    Fault,
    Graded,
    HostUse,
    Latency,
    Load,
    Measured,
    Offered,
    ServerUse,
    Slice,
    Stage,
    Struck,
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
    number: int,
    pace: Pace,
    offered: Offered | None = None,
    problems: Sequence[str] = (),
    *,
    seen: bool = True,
    load: Load | None = None,
    host: HostUse | None = None,
) -> Trial:
    """As many operations of each kind as were offered, or as clients had time for; not `seen`: in process."""
    slowed = pace.slowed[(number - 1) % len(pace.slowed)]
    shares = {kind: share for kind, share in KINDS.items() if kind in pace.p50_ms}
    mean_ms = sum(shares[kind] * ms for kind, ms in pace.p50_ms.items()) / sum(shares.values())
    operations = SECONDS * (load.clients if load else CLIENTS) / (mean_ms * 1.08 * slowed / 1e3)
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
        load=load or loaded(offered),
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
            throttled_seconds=0.0,
            killed_for_memory=0,
        )
        if seen
        else None,
        client=ClientUse(
            processes=1, cpu_cores=(host.client_cores_busy or 0.62) if host else 0.62, resident_bytes=61 << 20
        ),
        host=host or HostUse(client_cores_busy=0.63, server_cores_busy=0.97, stolen=0.0),
        traits={},
        cold=None,
        struck=None,
        problems=list(problems),
    )


def loaded(offered: Offered | None = None, stage: Stage = "main", clients: int = CLIENTS) -> Load:
    rate = offered.rate_per_second if offered else None
    return Load(stage=stage, clients=clients, rate_per_second=rate, arrivals="poisson", varied={})


def calibration() -> Calibration:
    ping, timer = latency(3_000, 0.06), latency(100, 0.07)
    assert ping is not None
    assert timer is not None
    return Calibration(
        null_cpu_us=1.9,
        ceiling_per_second=520_000.0,
        ping=ping,
        ping_cpu_us=17.0,
        timer_error=timer,
        repeats={kind: Repeat(first_ms=1.2, again_ms=1.1) for kind in KINDS if kind != "insert"},
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
    probes: Sequence[Trial] = (),
    capacity: Capacity | None = None,
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
        version=3,
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
        network={"embedded": "loopback", "in-process": "in process"}.get(source or ""),  # type: ignore[arg-type]
        image_asked=None,
        image=None,
        server_version=version,
        durability_asked=durability,
        durability_observed=observed,
        design=design,
        facts={"version": version or "", "cache": "1GB", "sync": "off | *lazily*"} if started else {},
        server_cpus=[0] if started else [],
        client_cpus=[1] if started else [],
        memory_bytes=2 << 30 if started else None,
        limits=limits() if started and source == "embedded" else None,
        loading=loading() if started else None,
        statements={"create": ["CREATE TABLE points"], "lastpoint": ["SELECT * FROM points"]} if started else {},
        calibration=calibration() if started else None,
        trials=list(trials),
        probes=list(probes),
        capacity=capacity,
    )


def limits() -> Limits:
    return Limits(cpus=[0], memory_bytes=None, swap_bytes=None, shared_memory_bytes=4 << 30, data="disk")


def loading() -> Loading:
    return Loading(
        rows=360_000,
        seconds=3.1,
        rows_per_second=116_129.0,
        settle_seconds=0.42,
        size_bytes=61_300_000,
        index_bytes=None,
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
    slo: Slo | None = None,
) -> Run:
    return Run(
        version=3,
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
        slo=slo,
        data="disk",
        cold=False,
        fault=None,
        common_shares=[0.5, 0.8] if rate is None and profile != "smoke" else [],
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
            busy=0.02,
            stolen=0.0,
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


SATURATED = HostUse(client_cores_busy=0.63, server_cores_busy=0.97, stolen=0.0)
CLIENT_BOUND = HostUse(client_cores_busy=0.99, server_cores_busy=0.4, stolen=0.0)


def ladder(pace: Pace, bound_from: int = 64, first_number: int = 11) -> list[Trial]:
    """Twice the clients at each rung, the server slowing down with them; the client is the limit from `bound_from`."""
    found = []
    for position, clients in enumerate((1, 2, 4, 8, 16, 32)):
        longer = (1 + 0.35 * (clients - 1) + 0.004 * clients * (clients - 1)) / 2
        slower = Pace({kind: ms * longer for kind, ms in pace.p50_ms.items()})
        load = loaded(stage="ladder", clients=clients)
        host = CLIENT_BOUND if clients >= bound_from else SATURATED
        found.append(trial(first_number + position, slower, load=load, host=host))
    return found


def at_common_rates(pace: Pace, rates: Sequence[float] = (600.0, 960.0), first_number: int = 31) -> list[Trial]:
    """Two trials at each rate, all of it kept."""
    found = []
    for number, rate in enumerate([*rates, *rates]):
        due = round(rate * SECONDS)
        schedule = offered(rate, answered=due - 4)
        found.append(trial(first_number + number, pace, schedule, load=loaded(schedule, "common rate", 16)))
    return found


def sweep(speed: float, hits: float, first_number: int = 51) -> list[Trial]:
    """Recall and response times by effort, for two kinds of search; `hits`: how fast recall grows with effort."""
    found = []
    for number, (search, effort) in enumerate(
        (s, e) for s in ("nearest", "nearest-1pct") for e in (10, 20, 40, 80, 160)
    ):
        recall = 1 - 0.3 * (10 / effort) ** hits
        pace = Pace({"high-cpu": (0.4 + effort / 40) / speed}, recall=round(recall, 4))
        varied = replace(loaded(stage="sweep"), varied={"effort": effort, "search": search})
        found.append(trial(first_number + number, pace, load=varied))
    return found


@cache
def clear_winner() -> tuple[Run, list[Result]]:
    """All is well: every check passed, one is faster in every round, and at the same rates too."""
    paces = {"fast": FAST, "middle": MIDDLE, "noisy": NOISY}
    results = [
        result(name, [trial(number, pace) for number in (1, 2, 3)], probes=at_common_rates(pace))
        for name, pace in paces.items()
    ]
    return run(list(paces)), results


@cache
def no_clear_winner() -> tuple[Run, list[Result]]:
    """Two whose trials overlap."""
    results = [
        result(name, [trial(number, pace) for number in (1, 2, 3)], probes=at_common_rates(pace, (600.0,)))
        for name, pace in {"middle": MIDDLE, "noisy": NOISY}.items()
    ]
    return run(["middle", "noisy"]), results


@cache
def client_bound() -> tuple[Run, list[Result]]:
    """Two that answer faster than the client asks, and one that does not."""
    quick = Pace(dict(zip(KINDS, (0.09, 0.11, 0.24, 0.08, 0.4), strict=True)), slowed=(0.99, 1.0, 1.01))
    quicker = Pace({kind: ms / 1.3 for kind, ms in quick.p50_ms.items()}, slowed=quick.slowed)
    results = [
        result("quick", [trial(number, quick, host=CLIENT_BOUND) for number in (1, 2, 3)]),
        result("quicker", [trial(number, quicker, host=CLIENT_BOUND) for number in (1, 2, 3)]),
        result("middle", [trial(number, MIDDLE) for number in (1, 2, 3)]),
    ]
    return run([each.candidate for each in results]), results


@cache
def objective() -> tuple[Run, list[Result]]:
    """A run with --slo: one is limited by it, one by the client, and one keeps it at no rate."""
    capacities = {
        "middle": (MIDDLE, Capacity(per_second=905.0, low_per_second=880.0, high_per_second=930.0, limit="slo")),
        "fast": (FAST, Capacity(per_second=2_410.0, low_per_second=2_410.0, high_per_second=None, limit="client")),
        "slow": (NOISY, Capacity(per_second=None, low_per_second=None, high_per_second=1.4, limit="bottom")),
    }
    results = [
        result(
            name,
            [trial(number, pace) for number in (1, 2, 3)],
            probes=[*ladder(pace, 16 if name == "fast" else 64), *_searched(pace), *at_common_rates(pace)],
            capacity=capacity,
        )
        for name, (pace, capacity) in capacities.items()
    ]
    return run(list(capacities), slo=Slo(quantile=0.99, limit_ms=25.0)), results


def _searched(pace: Pace) -> list[Trial]:
    schedule = offered(900.0, answered=4_496)
    return [trial(20 + number, pace, schedule, load=loaded(schedule, "search", 16)) for number in (1, 2)]


@cache
def vectors() -> tuple[Run, list[Result]]:
    """A run whose answers are approximate: the effort was swept."""
    results = [
        _searching("graph", speed=2.0, hits=1.4, index_bytes=21 << 20),
        _searching("lists", speed=1.2, hits=1.0, index_bytes=9 << 20),
        _searching("scan", speed=0.2, hits=9.0, index_bytes=None),
    ]
    return run([each.candidate for each in results], exact=False), results


def _searching(name: str, speed: float, hits: float, index_bytes: int | None) -> Result:
    pace = Pace({kind: ms / speed for kind, ms in FAST.p50_ms.items()}, slowed=FAST.slowed, recall=0.985)
    found = result(name, [trial(number, pace) for number in (1, 2, 3)], probes=sweep(speed, hits))
    assert found.loading is not None
    return replace(found, loading=replace(found.loading, index_bytes=index_bytes))


@cache
def fault() -> tuple[Run, list[Result]]:
    """A run whose servers were killed: one was back soon and lost what its class allows, one stayed slow."""
    killed = Fault(kind="kill", at_seconds=2.0, for_seconds=0.0)
    results = [
        result("quick", [_struck(trial(number, FAST), killed, 0.4, 0.6, ()) for number in (1, 2, 3)]),
        result(
            "slow", [_struck(trial(number, MIDDLE), killed, 1.3, None, ("read: 3 of 80 wrong",)) for number in (1, 2)]
        ),
        result("inside", status="unsupported", problems=[Problem("it is not a server", "take --source docker")]),
    ]
    return replace(run(["quick", "slow", "inside"]), fault=killed), results


def _struck(whole: Trial, fault: Fault, silent: float, recovered: float | None, lost: Sequence[str]) -> Trial:
    """With errors in the seconds in which nobody was answered."""
    broken = {int(fault.at_seconds): 40, int(fault.at_seconds) + 1: 12 if silent > 1 else 0}
    timeline = [
        replace(piece, errors=broken.get(piece.second, 0), count=0 if broken.get(piece.second, 0) > 20 else piece.count)
        for piece in whole.timeline
    ]
    timeline = [replace(piece, response="") if not piece.count else piece for piece in timeline]
    errors = {"ConnectionError: gone": sum(broken.values())}
    struck = Struck(
        fault=fault,
        answering_seconds=silent - 0.1,
        silent_seconds=silent,
        recovered_seconds=recovered,
        lost=list(lost),
    )
    return replace(whole, timeline=timeline, total=replace(whole.total, errors=errors), struck=struck, server=None)


def saved(run: Run, results: Sequence[Result], folder: Path) -> Path:
    """As `bakeoff run` leaves it."""
    folder.mkdir()
    store.save(run, folder / "run.json")
    for each in results:
        store.save(each, folder / f"{store.file_name(each.candidate)}.json")
    return folder
