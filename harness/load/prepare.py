"""From an empty namespace to one whose content and answers are proven: create, load, settle, compare, check answers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, nullcontext
from itertools import islice
from typing import Any

from harness.errors import BakeoffError
from harness.load.grade import grade
from harness.load.plan import Finished, Prepared
from harness.load.sample import Answered, Sample, Write
from harness.load.wiretap import Wiretap
from harness.session import Session
from harness.vectors import Vectors
from harness.wording import shortened
from harness.workload import Operation, Oracle, Stream, Workload

CHECK_SECONDS = 3.0  # The answer check ends here, or when every kind was asked CHECKS times.
CHECKS = 3
CHECK_OPERATIONS = 5_000
LONGEST_MESSAGE = 500  # Characters of an error, and of what was sent.


class Unanswered(BakeoffError):
    """An operation of the answer check ended in an error; the message has its kind, the error, and what was sent."""


Say = Callable[[str, float], None]  # What is being done, and how much of it is (0 … 1).


def prepare(workload: Workload, oracle: Oracle, open_session: Callable[[], Session], seed: int, say: Say) -> Prepared:
    """Raises Unsupported, and whatever the driver raises."""
    with closing(open_session()) as session:
        say("creating", 0.0)
        wiretap = Wiretap(session)
        with wiretap.on("create"):
            workload.create(session)
        load_seconds, rows = _load(workload, session, wiretap, say)
        say("settling", 1.0)
        began = time.perf_counter()
        with wiretap.on("settle"):
            session.settle()
        settle_seconds = time.perf_counter() - began
        say("comparing the content", 1.0)
        problems = oracle.check_content(session)
        say("checking answers", 1.0)
        checked = _check(workload, oracle, session, wiretap, seed)
        graded, wrong = grade(oracle, [checked], workload.exact())
        return Prepared(
            rows=rows,
            rows_added=sum(workload.writes[write.operation.kind] for write in checked.log),
            load_seconds=load_seconds,
            settle_seconds=settle_seconds,
            size_bytes=session.size_bytes(),
            index_bytes=session.index_bytes() if isinstance(session, Vectors) else None,
            content=f"{rows:,} rows compared with the data set" if not problems else "differs from the data set",
            design=session.design(),
            statements=wiretap.heard,
            facts=session.facts(),
            checked=graded,
            problems=problems + wrong,
        )


def finish(workload: Workload, open_session: Callable[[], Session]) -> Finished:
    """How many rows there are after the last trial, and what the server says of itself now."""
    with closing(open_session()) as session:
        workload.prepare(session)
        rows = session.count()  # type: ignore[attr-defined]  # As every capability can.
        return Finished(rows=rows, facts=session.facts())


def _load(workload: Workload, session: Session, wiretap: Wiretap, say: Say) -> tuple[float, int]:
    """Seconds in the engine's bulk path, and rows. Drawing the data is not counted."""
    load = session.load  # type: ignore[attr-defined]  # Every capability has it; Session itself has no data.
    seconds, rows = 0.0, 0
    for batch in workload.load():
        began = time.perf_counter()
        with wiretap.on("load") if not rows else nullcontext():
            load(batch)
        seconds += time.perf_counter() - began
        rows += len(batch)
        say("loading", rows / workload.rows)
    return seconds, rows


def _check(workload: Workload, oracle: Oracle, session: Session, wiretap: Wiretap, seed: int) -> Sample:
    """Ask every kind of operation CHECKS times, one after the other, and keep the answers that can be graded."""
    workload.prepare(session)
    sample = Sample(oracle, workload.writes)
    asked: Counter[str] = Counter()
    end = time.perf_counter() + CHECK_SECONDS
    for operation in islice(workload.operations(Stream(seed, 0, 0, 1)), CHECK_OPERATIONS):
        kind = operation.kind
        if asked[kind] == CHECKS or not oracle.tracks(operation):
            continue
        asked[kind] += 1
        sent_ns = time.perf_counter_ns()
        answer = _answer(operation, session, wiretap, first=asked[kind] == 1)
        received_ns = time.perf_counter_ns()
        if kind in workload.writes:
            sample.log.append(Write(operation, sent_ns, received_ns))
        if kind not in workload.writes or answer is not None:  # A write that reads as well has an answer to grade.
            sample.answers[kind].append(Answered(operation, answer, sent_ns, received_ns))
        if time.perf_counter() > end:
            break
    return sample


def _answer(operation: Operation, session: Session, wiretap: Wiretap, first: bool) -> Any:
    """Of the answer check; what is sent is overheard when a kind comes first. Raises Unanswered."""
    try:
        with wiretap.on(operation.kind) if first else nullcontext():
            return operation.on(session)
    except Exception as error:
        said = shortened(" ".join(str(error).split()), LONGEST_MESSAGE)
        sent = shortened("; ".join(wiretap.heard.get(operation.kind, [])), LONGEST_MESSAGE)
        raise Unanswered(f"{operation.kind}: {type(error).__name__}: {said}\nIt was sent: {sent}") from error
