"""One trial of one candidate: arm its processes, start them together, watch the server, put the outcomes together."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from harness import usage
from harness.contender import Contender
from harness.load import plan
from harness.load.generator import CandidateFailed, Generator
from harness.load.merge import Merged
from harness.result import ServerUse, Trial
from harness.spec import Spec

ARM_SECONDS = 60.0
LEAD_SECONDS = 0.1  # From the order to start until the first request.
SLACK_SECONDS = 90.0  # For requests in flight and for grading, after a trial.


def measure(number: int, position: int, contender: Contender, spec: Spec, load: Generator) -> Trial:
    """Raises CandidateFailed, also where not one request succeeded."""
    plans = _plans(number, contender, spec)
    load.ask(
        {worker: plan.Command(name="arm", payload=plan.plain(each)) for worker, each in plans.items()},
        bool,
        ARM_SECONDS,
    )
    started = datetime.now(UTC)
    start_ns = time.perf_counter_ns() + int(LEAD_SECONDS * 1e9)
    # The clock of this machine is that of its workers; others start when the order reaches them.
    starts = {worker: start_ns if load.is_local(worker) else None for worker in plans}
    orders = {worker: plan.Command(name="go", payload={"start_ns": start}) for worker, start in starts.items()}
    load.tell(orders)
    measured_ns = start_ns + int(spec.warmup_seconds * 1e9)
    before = _usage_at(measured_ns, contender.server.pid)
    after = _usage_at(measured_ns + int(spec.seconds * 1e9), contender.server.pid)
    outcomes = load.collect(orders, plan.TrialOutcome, spec.warmup_seconds + spec.seconds + SLACK_SECONDS)
    merged = Merged(outcomes, spec.seconds)
    total = merged.total()
    contender.expect(*merged.rows_added())
    if not total.count:
        raise CandidateFailed(f"no request succeeded: {_most_frequent(total.errors)}")
    return Trial(
        number=number,
        position=position,
        seed=spec.seed,
        started=started,
        warmup_seconds=spec.warmup_seconds,
        seconds=spec.seconds,
        clients=spec.clients,
        offered=None if spec.rate_per_second is None else merged.offered(spec.rate_per_second, spec.arrivals),
        operations=merged.operations(),
        total=total,
        timeline=merged.timeline(),
        server=_server_use(before, after, total.count),
        client=merged.client(),
        problems=merged.problems(),
    )


def _plans(number: int, contender: Contender, spec: Spec) -> dict[str, plan.TrialPlan]:
    """Sessions and rate shared out over the candidate's processes; a process without a session is left out."""
    processes = contender.workers[: spec.clients]
    plans: dict[str, plan.TrialPlan] = {}
    first = 0
    for process, worker in enumerate(processes):
        sessions = spec.clients // len(processes) + (process < spec.clients % len(processes))
        plans[worker] = plan.TrialPlan(
            target=contender.target,
            seed=spec.seed,
            trial=number,
            sessions=sessions,
            first_session=first,
            all_sessions=spec.clients,
            rate_per_second=None if spec.rate_per_second is None else spec.rate_per_second * sessions / spec.clients,
            arrivals=spec.arrivals,
            process=process,
            warmup_seconds=spec.warmup_seconds,
            seconds=spec.seconds,
        )
        first += sessions
    return plans


def _usage_at(moment_ns: int, pid: int | None) -> usage.Usage | None:
    time.sleep(max(0.0, (moment_ns - time.perf_counter_ns()) / 1e9))
    return None if pid is None else usage.sample(pid)


def _server_use(before: usage.Usage | None, after: usage.Usage | None, operations: int) -> ServerUse | None:
    if before is None or after is None:
        return None
    used = after.since(before)
    return ServerUse(
        cpu_seconds=used.cpu_seconds,
        cpu_us_per_operation=used.cpu_seconds / operations * 1e6,
        resident_bytes=used.resident_bytes,
        read_bytes=used.read_bytes,
        written_bytes=used.written_bytes,
    )


def _most_frequent(errors: dict[str, int]) -> str:
    return max(errors, key=lambda name: errors[name], default="none was answered in time")
