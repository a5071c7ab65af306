"""One trial of one candidate: arm its processes, start them together, watch the machine, put the outcomes together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from harness import machine, usage
from harness.analysis.outage import recovered_seconds, silent_seconds
from harness.cold import chill
from harness.contender import Contender
from harness.errors import EnvironmentProblem
from harness.fault import PATIENCE_SECONDS, strike
from harness.load import plan
from harness.load.generator import CandidateFailed, Generator
from harness.load.merge import Merged
from harness.trial import Cold, Fault, HostUse, Load, ServerUse, Struck, Trial

ARM_SECONDS = 60.0
LEAD_SECONDS = 0.1  # From the order to start until the first request.
SLACK_SECONDS = 90.0  # For requests in flight and for grading, after a trial.


@dataclass(frozen=True, kw_only=True)
class Round:
    """The same trial for every candidate that takes it."""

    number: int  # Different for each round of a run, and growing with time: it names the operations.
    load: Load
    warmup_seconds: float
    seconds: float  # Measured part.
    cold: bool = False
    fault: Fault | None = None


@dataclass(frozen=True)
class Moment:
    pid: int | None  # Of the server, which a restart changes.
    server: usage.Usage | None
    cores: usage.Cores


@dataclass(frozen=True)
class Watched:
    """What was seen of a trial from outside."""

    outcomes: list[plan.TrialOutcome]
    before: Moment
    after: Moment
    answering_seconds: float | None  # After a fault.


def measure(round_: Round, position: int, contender: Contender, seed: int, load: Generator) -> Trial:
    """Raises CandidateFailed, also where not one request succeeded."""
    cold = _chilled(contender) if round_.cold else None
    plans = _plans(round_, contender, seed)
    arms = {worker: plan.Command(name="arm", payload=plan.plain(each)) for worker, each in plans.items()}
    load.ask(arms, bool, ARM_SECONDS)
    started = datetime.now(UTC)
    seen = _run(round_, list(plans), contender, load)
    merged = Merged(seen.outcomes, round_.seconds)
    total = merged.total()
    contender.expect(*merged.rows_added())
    if not total.count and (total.errors or round_.load.stage == "main"):  # A probe may be too short for one answer.
        raise CandidateFailed(f"no request succeeded: {_most_frequent(total.errors)}")
    rate = round_.load.rate_per_second
    struck, problems = _struck(round_, seen, merged, contender)
    return Trial(
        number=round_.number,
        position=position,
        seed=seed,
        started=started,
        warmup_seconds=round_.warmup_seconds,
        seconds=round_.seconds,
        load=round_.load,
        offered=None if rate is None else merged.offered(rate, round_.load.arrivals),
        operations=merged.operations(),
        total=total,
        timeline=merged.timeline(),
        server=_server_use(seen.before, seen.after, total.count),
        client=merged.client(),
        host=_host_use(seen.before, seen.after, contender),
        traits=merged.traits(),
        cold=cold,
        struck=struck,
        problems=problems,
    )


def _chilled(contender: Contender) -> Cold | None:
    assert contender.server.control is not None
    try:
        return chill(contender.server.control)
    except EnvironmentProblem as problem:
        raise CandidateFailed(f"it did not come back from a restart: {problem}") from problem


def _run(round_: Round, workers: Sequence[str], contender: Contender, load: Generator) -> Watched:
    """Start all workers at one moment; what they say, and the machine at both ends of the measured part."""
    start_ns = time.perf_counter_ns() + int(LEAD_SECONDS * 1e9)
    starts = {worker: start_ns if load.is_local(worker) else None for worker in workers}
    orders = {worker: plan.Command(name="go", payload={"start_ns": start}) for worker, start in starts.items()}
    load.tell(orders)
    measured_ns = start_ns + int(round_.warmup_seconds * 1e9)
    before = _at(measured_ns, contender.server.pid, memory=False)
    wait: Callable[[], float | None] = lambda: None  # noqa: E731  (a function that nothing else needs)
    if round_.fault:
        assert contender.server.control is not None
        _sleep_until(measured_ns + int(round_.fault.at_seconds * 1e9))
        wait = strike(round_.fault, contender.server.control)
    after = _at(measured_ns + int(round_.seconds * 1e9), contender.server.pid, memory=True)
    answering_seconds = wait()
    if round_.fault and answering_seconds is None:
        raise CandidateFailed(f"it did not answer within {PATIENCE_SECONDS:.0f} s after the fault")
    patience = round_.warmup_seconds + round_.seconds + SLACK_SECONDS
    return Watched(load.collect(orders, plan.TrialOutcome, patience), before, after, answering_seconds)


def _struck(round_: Round, seen: Watched, merged: Merged, contender: Contender) -> tuple[Struck | None, list[str]]:
    """What the fault did, and what of the trial's problems its durability class does not allow."""
    problems = merged.problems()
    if round_.fault is None:
        return None, problems if not contender.may_have_lost else []
    if round_.fault.kind == "kill" and contender.entry.candidate.durability != "durable":
        contender.may_have_lost = True
    answering, steps = seen.answering_seconds, merged.steps()
    struck = Struck(
        fault=round_.fault,
        answering_seconds=answering,
        silent_seconds=silent_seconds(steps, round_.fault.at_seconds),
        recovered_seconds=recovered_seconds(steps, round_.fault.at_seconds),
        lost=problems if contender.may_have_lost else [],
    )
    return struck, [] if contender.may_have_lost else problems


def _plans(round_: Round, contender: Contender, seed: int) -> dict[str, plan.TrialPlan]:
    """Sessions and rate shared out over the candidate's processes; a process without a session is left out."""
    pressed = round_.load
    processes = contender.workers[: pressed.clients]
    plans: dict[str, plan.TrialPlan] = {}
    first = 0
    for process, worker in enumerate(processes):
        sessions = pressed.clients // len(processes) + (process < pressed.clients % len(processes))
        rate = None if pressed.rate_per_second is None else pressed.rate_per_second * sessions / pressed.clients
        plans[worker] = plan.TrialPlan(
            target=contender.target,
            varied=pressed.varied,
            seed=seed,
            trial=round_.number,
            sessions=sessions,
            first_session=first,
            all_sessions=pressed.clients,
            rate_per_second=rate,
            arrivals=pressed.arrivals,
            process=process,
            warmup_seconds=round_.warmup_seconds,
            seconds=round_.seconds,
            stepwise=round_.fault is not None,
        )
        first += sessions
    return plans


def _at(moment_ns: int, pid: int | None, *, memory: bool) -> Moment:
    _sleep_until(moment_ns)
    cores = usage.cores()
    return Moment(pid, None if pid is None else usage.sample(pid, memory=memory), cores)


def _sleep_until(moment_ns: int) -> None:
    time.sleep(max(0.0, (moment_ns - time.perf_counter_ns()) / 1e9))


def _server_use(before: Moment, after: Moment, operations: int) -> ServerUse | None:
    if before.server is None or after.server is None or before.pid != after.pid:
        return None
    used = after.server.since(before.server)
    return ServerUse(
        cpu_seconds=used.cpu_seconds,
        cpu_us_per_operation=used.cpu_seconds / operations * 1e6 if operations else None,
        resident_bytes=used.resident_bytes,
        read_bytes=used.read_bytes,
        written_bytes=used.written_bytes,
        throttled_seconds=used.throttled_seconds,
        killed_for_memory=used.killed_for_memory,
    )


def _host_use(before: Moment, after: Moment, contender: Contender) -> HostUse:
    spent = after.cores.since(before.cores)
    return HostUse(
        client_cores_busy=spent.busy(contender.result.client_cpus),
        server_cores_busy=spent.busy(contender.result.server_cpus),
        stolen=spent.stolen(machine.usable_cpus()),
    )


def _most_frequent(errors: dict[str, int]) -> str:
    return max(errors, key=lambda name: errors[name], default="none was answered in time")
