"""The two loops that are timed. Nothing is done between two clock readings but the request itself.

Both take a run of operations, append what they measured to a Tape, and return the last answer, so that a caller who
wants to keep one answer passes a run of one operation and nobody else pays for keeping answers.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter_ns, sleep
from typing import Any

from harness.workload import Operation

Mend = Callable[[], Any]  # After an error: the session to go on with, another one where the connection is lost.
ERROR_PAUSE_SECONDS = 0.01  # A dead server must not turn a session into a busy loop of errors.


@dataclass
class Tape:
    """What one session measured since it was last emptied: entry i of each array is the i-th request sent."""

    reference_ns: array[int] = field(default_factory=lambda: array("q"))  # Response time counts from here.
    started_ns: array[int] = field(default_factory=lambda: array("q"))
    ended_ns: array[int] = field(default_factory=lambda: array("q"))
    due_ns: array[int] = field(default_factory=lambda: array("q"))  # Open loop only.
    failures: dict[int, str] = field(default_factory=dict)  # Entry -> type of the error.

    def clear(self) -> None:
        for times in (self.reference_ns, self.started_ns, self.ended_ns, self.due_ns):
            del times[:]
        self.failures.clear()


def closed(operations: Sequence[Operation], session: Any, tape: Tape, end_ns: int, mend: Mend | None = None) -> Any:
    """Send one request after the other until `end_ns`; the request in flight then is finished and recorded."""
    clock = perf_counter_ns
    start, end = tape.started_ns.append, tape.ended_ns.append
    answer = None
    for operation in operations:
        started = clock()
        if started >= end_ns:
            break
        try:
            answer = operation.on(session)
            ended = clock()
        except Exception as error:
            ended = clock()
            tape.failures[len(tape.started_ns)] = error_name(error)
            sleep(ERROR_PAUSE_SECONDS)
            session = mend() if mend else session
        start(started)
        end(ended)
    return answer


def open_(
    operations: Sequence[Operation],
    session: Any,
    tape: Tape,
    end_ns: int,
    next_due_ns: Callable[[], int | None],
    mend: Mend | None = None,
) -> Any:
    """Send each request when the schedule says so, or at once if it is overdue because every session was busy.

    An overdue request's response counts from the schedule. One that an idle session sent late, because its timer
    overslept, counts from the send; how late is in due_ns and started_ns, as the client's own error.
    """
    clock = perf_counter_ns
    answer = None
    for operation in operations:
        now = clock()
        if now >= end_ns:
            break  # Before a due time is taken: another session may still have time for it.
        due = next_due_ns()
        if due is None:
            break
        reference = due
        if due > now:
            sleep((due - now) / 1e9)
            reference = 0
        started = clock()
        try:
            answer = operation.on(session)
            ended = clock()
        except Exception as error:
            ended = clock()
            tape.failures[len(tape.started_ns)] = error_name(error)
            sleep(ERROR_PAUSE_SECONDS)
            session = mend() if mend else session
        tape.due_ns.append(due)
        tape.reference_ns.append(reference or started)
        tape.started_ns.append(started)
        tape.ended_ns.append(ended)
    return answer


def error_name(error: Exception) -> str:
    """The type, and for drivers that have one error type for all, the first words of the message."""
    text = " ".join(str(error).split())[:80]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
