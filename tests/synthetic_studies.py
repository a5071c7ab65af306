"""Studies as they are saved, made up: all that can become of a candidate."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any, Literal

from harness.consistency import Attempts, Consistency, Economy, Seen
from harness.evidence import About, ConsistencyStudy, Consistent, DurabilityStudy, Kill, Subject, Survival
from harness.result import Problem
from harness.transactions import Role
from tests import synthetic


def about(kind: str, candidates: list[str], parameters: dict[str, Any], *, finished: bool = True) -> About:
    return About(
        version=1,
        id=f"20261123-093000-{kind}",
        started=synthetic.STARTED,
        finished=synthetic.STARTED + timedelta(minutes=1) if finished else None,
        bakeoff="0.1.0 (4f2a91c)",
        command=f"bakeoff {kind} {' '.join(candidates)}",
        seed=1,
        parameters=parameters,
        candidates=candidates,
        machine=synthetic.run([]).machine,
    )


def subject(
    candidate: str,
    observed: str | None = None,
    status: Literal["ok", "failed", "unsupported"] = "ok",
    problem: Problem | None = None,
) -> Subject:
    engine, _, asked = candidate.partition(":")
    started = status != "unsupported"
    return Subject(
        candidate=candidate,
        engine=engine,
        title=engine.title(),
        status=status,
        problems=[problem] if problem else [],
        source="docker" if started else None,
        network="loopback" if started else None,
        image_asked=f"{engine}:1.0" if started else None,
        image=f"{engine}@sha256:{'ab' * 32}" if started else None,
        server_version="1.0" if started else None,
        durability_asked=asked or "relaxed",
        durability_observed=observed or asked or "relaxed" if started else None,
        server_cpus=[0] if started else [],
        memory_bytes=1 << 30 if started else None,
        limits=synthetic.limits() if started else None,
        design="one table" if started else None,
        facts={"version": "1.0"} if started else {},
    )


def kill(number: int, lost: int = 0, settled_lost: int = 0, foreign: int = 0) -> Kill:
    return Kill(
        number=number,
        after_seconds=0.5 + number / 10,
        acknowledged=4_000 + number,
        lost=lost,
        oldest_lost_seconds=lost / 4_000 if lost else None,
        holes=lost // 100,
        settled=2_000,
        settled_lost=settled_lost,
        unacknowledged=4,
        unacknowledged_found=number % 4,
        foreign=foreign,
        serving_seconds=0.3 + number / 50,
    )


@cache
def durability() -> DurabilityStudy:
    candidates = ["kept:durable", "broke:durable", "relaxed", "volatile:volatile", "weak:durable", "memory"]
    inside = Problem("its server cannot be killed from here", "take --source docker, or embedded")
    stopped = Problem("OperationalError: the disk is full", "see the server's log")
    kills = {
        "kept:durable": [kill(n) for n in range(1, 6)],
        "broke:durable": [kill(n, lost=2 * int(n == 3), foreign=int(n == 4)) for n in range(1, 6)],
        "relaxed": [kill(n, lost=300 * n) for n in range(1, 6)],
        "volatile:volatile": [kill(n, lost=4_000 + n, settled_lost=2_000) for n in range(1, 6)],
        "weak:durable": [kill(1), kill(2)],
        "memory": [],
    }
    subjects = {
        "weak:durable": subject("weak:durable", observed="relaxed", status="failed", problem=stopped),
        "memory": subject("memory", status="unsupported", problem=inside),
    }
    results = [Survival(subject=subjects.get(name) or subject(name), kills=kills[name]) for name in candidates]
    parameters = {"clients": 4, "kills": 5}
    return DurabilityStudy(about=about("durability", candidates, parameters), clients=4, kills=5, results=results)


ECONOMY = Economy(sessions=8, seconds=5.0, accounts=4, cents_each=10_000, counters=2, seed=1)
NONE = Seen(at_least=0, at_most=0, of=3_000)


def level(role: Role, name: str, *, conflicts: int = 0, **changes: Any) -> Consistency:
    attempts = Attempts(committed=3_000, refused=12, conflicts=conflicts, failed=0)
    plain = Attempts(committed=3_000, refused=0, conflicts=0, failed=0)
    parts: dict[str, Any] = {
        "role": role,
        "level": name,
        "economy": ECONOMY,
        "seconds": 5.0,
        "operations_per_second": 2_400.0,
        "transfers": attempts,
        "increments": replace_committed(attempts),
        "reads": plain,
        "sums": plain,
        "errors": {},
        "lost_updates": NONE,
        "surplus_increments": NONE,
        "money_cents": 0,
        "money_of_cents": 40_000,
        "misplaced_cents": NONE,
        "impossible_sums": NONE,
        "backward_reads": NONE,
        "stale_reads": NONE,
    }
    return Consistency(**(parts | changes))


def replace_committed(attempts: Attempts) -> Attempts:
    return Attempts(committed=3_000, refused=0, conflicts=attempts.conflicts, failed=0)


def seen(times: int, at_most: int | None = None) -> Seen:
    return Seen(at_least=times, at_most=times if at_most is None else at_most, of=3_000)


@cache
def consistency() -> ConsistencyStudy:
    loses: dict[str, Any] = {"lost_updates": seen(900), "money_cents": -4_300, "impossible_sums": seen(2_990)}
    unknown: dict[str, Any] = {
        "errors": {"TimeoutError": 2},
        "increments": Attempts(committed=3_000, refused=0, conflicts=0, failed=2),
        "lost_updates": seen(0, at_most=2),
    }
    results = [
        Consistent(
            subject=subject("safe"),
            levels=[
                level("none", "autocommit", **loses),
                level("default", "read committed", backward_reads=seen(3)),
                level("strongest", "serializable", conflicts=1_200, **unknown),
            ],
        ),
        Consistent(subject=subject("simple"), levels=[level("none", "single statements", money_cents=18_665)]),
        Consistent(subject=subject("liar"), levels=[level("none", "plain"), level("strongest", "snapshot", **loses)]),
        Consistent(
            subject=subject("alone", status="unsupported", problem=Problem("a stand-alone server", "use --replSet")),
            levels=[],
        ),
    ]
    names = [each.subject.candidate for each in results]
    parameters = {"sessions": 8, "seconds": 5.0, "accounts": 4, "cents_each": 10_000, "counters": 2}
    return ConsistencyStudy(about=about("consistency", names, parameters), economy=ECONOMY, results=results)
