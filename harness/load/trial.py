"""One trial in one process: sessions in threads, started together, measured, and graded when the clock has stopped."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from threading import Thread
from typing import Any

import numpy as np
import psutil

from harness.load.grade import grade
from harness.load.loops import Tape, closed, open_
from harness.load.plan import ErrorCount, ScheduleOutcome, Series, TrialOutcome, TrialPlan
from harness.load.recorder import STEP_NS, Recorder
from harness.load.sample import CAPACITY_ROWS, Answered, Sample, Write
from harness.load.schedule import Schedule
from harness.session import Session
from harness.workload import Operation, Oracle, Stream, Workload

FIRST_RUN, LONGEST_RUN = 16, 1024  # Operations drawn at once; grows while a run is over within RUN_NS.
RUN_NS = 20_000_000
NEVER = 2**63 - 1
TRAITS_OF = 20_000  # Operations, in each process.
RETRY_SECONDS = 0.2
GRACE_SECONDS = 30.0  # For requests in flight at the end, before the server is given up.


class Stuck(Exception):
    """Requests were still unanswered long after the trial's end."""


@dataclass
class Lane:
    """One session, its stream of operations and what it measured."""

    session: Session
    reopen: Callable[[], Session]
    operations: Iterator[Operation]
    sample: Sample
    stream: Stream
    sent: int = 0
    tape: Tape = field(default_factory=Tape)
    crash: BaseException | None = None

    def mend(self) -> Session:
        """The session to go on with: another one, where this one's connection is lost and the server is there."""
        try:
            self.session.ping()
        except Exception:
            with contextlib.suppress(Exception):  # It is still down: the next request will fail too, and tell.
                fresh = self.reopen()
                with contextlib.suppress(Exception):
                    self.session.close()
                self.session = fresh
        return self.session


Send = Callable[[Sequence[Operation], Lane, int], Any]  # Operations, and the moment at which no more is sent.


@dataclass
class Armed:
    """A trial whose sessions are open and whose first operations are drawn."""

    plan: TrialPlan
    workload: Workload
    oracle: Oracle
    lanes: list[Lane]

    def close(self) -> None:
        for lane in self.lanes:
            with contextlib.suppress(Exception):  # A server that died cannot be said goodbye to.
                lane.session.close()


def arm(plan: TrialPlan, workload: Workload, oracle: Oracle, open_session: Callable[[], Session]) -> Armed:
    """Open every session of this process and draw its first operations."""

    def open_prepared() -> Session:
        session = open_session()
        try:
            workload.prepare(session)
        except BaseException:
            session.close()
            raise
        return session

    armed = Armed(plan, workload, oracle, [])
    ahead = LONGEST_RUN
    if plan.rate_per_second is not None:  # No more than the schedule will ask of a session, and some to spare.
        ahead = min(
            ahead, FIRST_RUN + int(2 * plan.rate_per_second * (plan.warmup_seconds + plan.seconds) / plan.sessions)
        )
    try:
        for number in range(plan.sessions):
            session = open_prepared()
            stream = Stream(plan.seed, plan.trial, plan.first_session + number, plan.all_sessions)
            operations = workload.operations(stream)
            sample = Sample(oracle, workload.writes, max(1, CAPACITY_ROWS // plan.sessions))
            armed.lanes.append(Lane(session, open_prepared, operations, sample, stream))
            drawn = list(islice(operations, ahead))
            armed.lanes[-1].operations = chain(drawn, operations)
    except BaseException:
        armed.close()
        raise
    return armed


def go(armed: Armed, start_ns: int) -> TrialOutcome:
    """Run the trial; its warm-up begins at `start_ns` of the monotonic clock. Raises Stuck."""
    plan = armed.plan
    measured_ns = start_ns + int(plan.warmup_seconds * 1e9)
    end_ns = measured_ns + int(plan.seconds * 1e9)
    steps = np.zeros(int(plan.seconds * 1e9) // STEP_NS, dtype=np.int64) if plan.stepwise else None
    recorder = Recorder(measured_ns, end_ns, open_loop=plan.rate_per_second is not None, steps=steps)
    schedule, send = _loop(plan, start_ns, measured_ns, end_ns)
    rest = (send, recorder, start_ns, end_ns, schedule is not None)
    threads = [Thread(target=_drive, args=(lane, *rest), daemon=True) for lane in armed.lanes]
    gc.collect()
    gc.freeze()  # What lives now lives through the trial; the collector need not look at it.
    for thread in threads:
        thread.start()
    _sleep_until(measured_ns)
    cpu_before = time.process_time()
    _sleep_until(end_ns)
    cpu_seconds = time.process_time() - cpu_before
    for thread in threads:
        thread.join(max(0.0, GRACE_SECONDS - (time.perf_counter_ns() - end_ns) / 1e9))
    gc.unfreeze()
    if any(thread.is_alive() for thread in threads):
        raise Stuck(f"a request was not answered within {GRACE_SECONDS:.0f} s after the trial's end")
    for lane in armed.lanes:
        if lane.crash is not None:
            raise lane.crash
    return _outcome(armed, recorder, schedule, cpu_seconds)


def _loop(plan: TrialPlan, start_ns: int, measured_ns: int, end_ns: int) -> tuple[Schedule | None, Send]:
    if plan.rate_per_second is None:
        return None, lambda block, lane, end_ns: closed(block, lane.session, lane.tape, end_ns, lane.mend)
    seed = (plan.seed, plan.trial, plan.process)
    schedule = Schedule(plan.rate_per_second, plan.arrivals, seed, start_ns, measured_ns, end_ns)

    def send(block: Sequence[Operation], lane: Lane, end_ns: int) -> Any:
        return open_(block, lane.session, lane.tape, end_ns, schedule.next_due_ns, lane.mend)

    return schedule, send


def _drive(lane: Lane, send: Send, recorder: Recorder, start_ns: int, end_ns: int, waiting: bool) -> None:
    """A session thread: run after run of operations until the end.

    `waiting`: then one more that was due and found every session busy. A server that keeps up has no more of them than
    there are sessions, and cutting them off would spare it its slowest requests; one that does not has more.
    """
    clock = time.perf_counter_ns
    size = FIRST_RUN
    try:
        _sleep_until(start_ns)
        while (began := clock()) < end_ns:
            sent = _run(list(islice(lane.operations, size)), lane, send, recorder, end_ns)
            if not sent:
                break  # The schedule is at its end.
            lane.sent += sent
            took = clock() - began
            size = min(LONGEST_RUN, size * 2) if took < RUN_NS else max(1, size // 2) if took > 4 * RUN_NS else size
        if waiting:
            lane.sent += _run(list(islice(lane.operations, 1)), lane, send, recorder, NEVER)
    except BaseException as error:  # A fault of ours, not of the server: go() raises it.
        lane.crash = error


def _run(block: list[Operation], lane: Lane, send: Send, recorder: Recorder, end_ns: int) -> int:
    """Send a block; the picked operations singly, so that their answers and CPU times can be kept.

    Returns how many were sent.
    """
    tape, sample = lane.tape, lane.sample
    tracked = sample.tracked(block)
    position = 0
    for pick in sample.picks(block, tracked):
        send(block[position:pick], lane, end_ns)
        cpu_ns = time.thread_time_ns()
        answer = send(block[pick : pick + 1], lane, end_ns)
        cpu_ns = time.thread_time_ns() - cpu_ns
        if len(tape.started_ns) == pick + 1 and pick not in tape.failures:
            sample.keep(Answered(block[pick], answer, tape.started_ns[pick], tape.ended_ns[pick]), cpu_ns)
        position = pick + 1
    send(block[position:], lane, end_ns)
    sent = len(tape.started_ns)
    for entry in tracked:
        if entry < sent and block[entry].kind in sample.writes:
            acknowledged = None if entry in tape.failures else tape.ended_ns[entry]
            sample.log.append(Write(block[entry], tape.started_ns[entry], acknowledged))
    recorder.take([operation.kind for operation in block[:sent]], tape)
    return sent


def _outcome(armed: Armed, recorder: Recorder, schedule: Schedule | None, cpu_seconds: float) -> TrialOutcome:
    samples = [lane.sample for lane in armed.lanes]
    graded, problems = grade(armed.oracle, samples, armed.workload.exact())
    problems += armed.oracle.check_kept(_living(armed))
    spent: dict[str, tuple[int, int]] = {}
    for sample in samples:
        for kind, (cpu_ns, number) in sample.cpu_ns.items():
            before = spent.get(kind, (0, 0))
            spent[kind] = (before[0] + cpu_ns, before[1] + number)
    armed.close()
    found = recorder.finish()
    writes = armed.workload.writes
    answered = [(key[1], counts) for key, (_, counts) in found.items() if key[0] == "response"]
    return TrialOutcome(
        series=[
            Series(series, kind, second, indices.tobytes(), counts.tobytes())
            for (series, kind, second), (indices, counts) in found.items()
        ],
        errors=[ErrorCount(kind, second, error, n) for (kind, second, error), n in recorder.errors.items()],
        client_cpu_ns=spent,
        graded=graded,
        problems=problems,
        traits=_traits(armed),
        schedule=None if schedule is None else _schedule_outcome(schedule, recorder),
        steps=b"" if recorder.steps is None else recorder.steps.tobytes(),
        rows_added=sum(int(counts.sum()) * writes.get(kind, 0) for kind, counts in answered),
        rows_maybe_added=sum(n * writes.get(kind, 0) for (kind, _, _), n in recorder.errors.items()),
        process_cpu_seconds=cpu_seconds,
        resident_bytes=psutil.Process().memory_info().rss,
    )


def _living(armed: Armed) -> Session:
    """A session that answers, once the server does: it may be coming back from a fault. Raises what a ping does."""
    end_ns = time.perf_counter_ns() + int(GRACE_SECONDS * 1e9)
    while True:
        session = armed.lanes[0].mend()
        try:
            session.ping()
            return session
        except Exception:
            if time.perf_counter_ns() > end_ns:
                raise
        time.sleep(RETRY_SECONDS)


def _traits(armed: Armed) -> dict[str, float]:
    """Of the first operations that each session sent, which are drawn once more, and of the answers that were kept."""
    workload, share = armed.workload, TRAITS_OF // len(armed.lanes)
    sent = chain(*(islice(workload.operations(lane.stream), min(lane.sent, share)) for lane in armed.lanes))
    kept = [entry for lane in armed.lanes for answers in lane.sample.answers.values() for entry in answers]
    return workload.traits(sent, [(entry.operation, entry.answer) for entry in kept])


def _schedule_outcome(schedule: Schedule, recorder: Recorder) -> ScheduleOutcome:
    schedule.drain()
    return ScheduleOutcome(
        due=schedule.due,
        sent=recorder.sent,
        late=recorder.late,
        unsent=schedule.due - recorder.sent,
        unfinished=recorder.unfinished,
    )


def _sleep_until(moment_ns: int) -> None:
    remaining = (moment_ns - time.perf_counter_ns()) / 1e9
    if remaining > 0:
        time.sleep(remaining)
