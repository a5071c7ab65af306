"""What can be measured of a candidate from here: the cost of the harness, a bare round trip, timers, repeated reads."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from statistics import median
from typing import Any

import numpy as np

from harness import histogram
from harness.load.loops import Tape, closed
from harness.load.recorder import Recorder
from harness.result import Calibration, Repeat
from harness.session import Session
from harness.trial import Latency
from harness.workload import Operation, Stream, Workload

NULL_SECONDS = 0.2
PING_SECONDS = 0.2
NAPS = 100  # Of NAP_SECONDS each.
NAP_SECONDS = 0.001
ASKED = 4  # Different reads of a kind, each asked AGAIN times more at once.
AGAIN = 2
REPEAT_SECONDS = 0.5  # All kinds together; what is slower is left out.
RUN = 1024


def calibrate(workload: Workload, open_session: Callable[[], Session], seed: int) -> Calibration:
    """Of a loaded workload. Raises whatever the driver raises."""
    null_cpu_us, ceiling = null_cost(workload, seed)
    with closing(open_session()) as session:
        workload.prepare(session)
        ping, ping_cpu_us = _ping(session)
        repeats = _repeats(workload, session, seed)
    return Calibration(
        null_cpu_us=null_cpu_us,
        ceiling_per_second=ceiling,
        ping=ping,
        ping_cpu_us=ping_cpu_us,
        timer_error=timer_error(),
        repeats=repeats,
    )


class Nothing:
    """An engine that does nothing: every method answers None at once."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        def answer(*arguments: Any) -> None:
            return None

        setattr(self, name, answer)
        return answer


def null_cost(workload: Workload, seed: int) -> tuple[float, float]:
    """CPU time per operation in microseconds, and operations per second: drawing, sending, recording, no engine."""
    operations = _stream(workload, seed)
    start_ns = time.perf_counter_ns()
    end_ns = start_ns + int(NULL_SECONDS * 1e9)
    recorder = Recorder(start_ns, end_ns, open_loop=False)
    session, tape, sent = Nothing(), Tape(), 0
    began_cpu = time.thread_time()
    while time.perf_counter_ns() < end_ns:
        block = list(islice(operations, RUN))
        closed(block, session, tape, end_ns)
        sent += len(tape.started_ns)
        recorder.take([operation.kind for operation in block], tape)
    spent = time.thread_time() - began_cpu
    return spent / sent * 1e6, sent / ((time.perf_counter_ns() - start_ns) / 1e9)


def _ping(session: Session) -> tuple[Latency, float]:
    times: list[int] = []
    end_ns = time.perf_counter_ns() + int(PING_SECONDS * 1e9)
    session.ping()  # The first one also prepares.
    began_cpu = time.thread_time()
    while (began := time.perf_counter_ns()) < end_ns or not times:
        session.ping()
        times.append(time.perf_counter_ns() - began)
    return _latency(times), (time.thread_time() - began_cpu) / len(times) * 1e6


def timer_error() -> Latency:
    """By how much short sleeps oversleep."""
    late = []
    for _ in range(NAPS):
        began = time.perf_counter_ns()
        time.sleep(NAP_SECONDS)
        late.append(time.perf_counter_ns() - began - int(NAP_SECONDS * 1e9))
    return _latency(late)


def _repeats(workload: Workload, session: Session, seed: int) -> dict[str, Repeat]:
    """Different reads, each asked again at once. Answered from a result cache, the same question costs no work."""
    first: dict[str, list[float]] = defaultdict(list)
    again: dict[str, list[float]] = defaultdict(list)
    end = time.perf_counter() + REPEAT_SECONDS
    for operation in islice(_stream(workload, seed), RUN):
        kind = operation.kind
        if kind in workload.writes or len(first[kind]) == ASKED:
            continue
        first[kind].append(_took_ms(operation, session))
        again[kind].extend(_took_ms(operation, session) for _ in range(AGAIN))
        if time.perf_counter() > end:
            break
    return {
        kind: Repeat(first_ms=median(first[kind]), again_ms=median(again[kind]))
        for kind in first
        if len(first[kind]) == ASKED
    }


def _took_ms(operation: Operation, session: Session) -> float:
    began = time.perf_counter_ns()
    operation.on(session)
    return (time.perf_counter_ns() - began) / 1e6


def _stream(workload: Workload, seed: int) -> Iterator[Operation]:
    return workload.operations(Stream(seed, 0, 1, 2))


def _latency(times_ns: list[int]) -> Latency:
    found = histogram.latency(histogram.counts_of(np.array(times_ns, dtype=np.int64)))
    assert found is not None
    return found
