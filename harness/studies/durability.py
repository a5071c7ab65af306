"""What survives a kill: clients write, the server is killed at a random moment, comes back, and is asked what it has.

A kill ends the server's processes and not the machine: what the operating system had been given is kept, though no disk
may have it yet. Loss of power is not simulated.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from msgspec.structs import replace

from harness.errors import EnvironmentProblem, Unsupported
from harness.evidence import DurabilityStudy, Kill, Survival
from harness.keyvalue import KeyValue, Record
from harness.sources import Control
from harness.spec import Entry
from harness.studies.study import Opened, Plan, begin, ended, opened, subject

FIELDS = ("value", "padding")
PADDING = "x" * 80
SETTLED = 2_000  # Records that were written, and settled, before the writers began.
WRITING_SECONDS = (0.3, 2.0)  # The kill comes at a moment between these.
PATIENCE_SECONDS = 120.0  # For a server that recovers.
PAUSE_SECONDS = 0.01  # Between two looks at one.


@dataclass
class Written:
    """What one session wrote: records 0, 1, 2, … in this order."""

    session: int
    acknowledged_ns: list[int] = field(default_factory=list)
    sent: int = 0

    def key(self, number: int) -> str:
        return f"s{self.session:02d}-{number:09d}"


def study(plan: Plan, clients: int, kills: int) -> Iterator[DurabilityStudy]:
    """Kill every candidate so often, one candidate after the other: what is known after each kill, the whole at last.

    From the main thread. A candidate that cannot go on is told as failed or unsupported, and the next one follows.
    """
    about = begin(plan, {"clients": clients, "kills": kills})
    made = DurabilityStudy(about=about, clients=clients, kills=kills, results=[])
    yield made
    for entry in plan.entries:
        before = made.results
        for result in _studied(entry, plan, clients, kills):
            made = replace(made, results=[*before, result])
            yield made
    yield replace(made, about=ended(about))


def _studied(entry: Entry, plan: Plan, clients: int, kills: int) -> Iterator[Survival]:
    """What is known of a candidate after each kill, and after what ended its study early."""
    done: list[Kill] = []
    server: Opened | None = None
    chance = random.Random(f"{plan.seed} {entry.candidate.name}")
    try:
        with opened(entry, plan, "keyvalue", transactions=False) as server:
            control = server.server.control
            if control is None:
                raise Unsupported("its server cannot be killed from here", "take --source docker, or embedded")
            about = None
            for number in range(1, kills + 1):
                plan.say(f"{entry.candidate.name}: kill {number} of {kills}")
                done.append(kill_once(number, control, server.session, clients, chance))
                about = about or subject(entry, server)  # Some facts are those of tables, which there are now.
                yield Survival(subject=about, kills=list(done))
    except Exception as problem:  # Drivers raise anything; the other candidates go on.
        yield Survival(subject=subject(entry, server, problem), kills=list(done))


def kill_once(
    number: int, control: Control, open_session: Callable[[], KeyValue], clients: int, chance: random.Random
) -> Kill:
    """One round, on an empty namespace. From the main thread. Raises EnvironmentProblem, and what drivers raise."""
    settled = Written(0, sent=SETTLED)
    with closing(open_session()) as session:
        session.create(FIELDS)
        session.load([record(settled.key(each)) for each in range(SETTLED)])
        session.settle()
    after_seconds = chance.uniform(*WRITING_SECONDS)
    with _writing(open_session, clients) as written:
        time.sleep(after_seconds)
        killed_ns = time.perf_counter_ns()
        control.kill()
    control.start()
    control.answered(PATIENCE_SECONDS)
    session, serving_ns = _serving(open_session, settled.key(0))
    with closing(session):
        found = {each.key: each.fields for each in session.everything()}
    return _compared(number, after_seconds, killed_ns, serving_ns, settled, written, found)


def record(key: str) -> Record:
    """Its content proves whose it is."""
    return Record(key, {"value": f"written as {key}", "padding": PADDING})


@contextmanager
def _writing(open_session: Callable[[], KeyValue], clients: int) -> Iterator[list[Written]]:
    """Sessions write, each one record after the other, until the server is gone; at the end all have noticed."""
    written = [Written(session) for session in range(1, clients + 1)]
    sessions = [open_session() for _ in written]
    stop = Event()
    threads = [Thread(target=_write, args=(*each, stop), daemon=True) for each in zip(sessions, written, strict=True)]
    for thread in threads:
        thread.start()
    try:
        yield written
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
    if any(thread.is_alive() for thread in threads):
        raise EnvironmentProblem("A session did not notice that its server was killed.\nSee the server's log.")


def _write(session: KeyValue, written: Written, stop: Event) -> None:
    clock = time.perf_counter_ns
    with closing(session):
        while not stop.is_set():
            written.sent += 1
            try:
                session.insert(record(written.key(written.sent - 1)))
            except Exception:  # Whatever it is: this one is not acknowledged.
                return
            written.acknowledged_ns.append(clock())


def _serving(open_session: Callable[[], KeyValue], key: str) -> tuple[KeyValue, int]:
    """A session, and when it first read: a server may answer while it is still loading. Raises what drivers raise."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            session = open_session()
            session.read(key)
            return session, time.perf_counter_ns()
        except Exception:
            if time.monotonic() > end:
                raise
        time.sleep(PAUSE_SECONDS)


def _compared(
    number: int,
    after_seconds: float,
    killed_ns: int,
    serving_ns: int,
    settled: Written,
    written: Sequence[Written],
    found: Mapping[str, Mapping[str, str]],
) -> Kill:
    lost: list[tuple[Written, int]] = []
    holes = in_doubt = in_doubt_found = 0
    for each in written:
        kept = [found.get(each.key(n)) == record(each.key(n)).fields for n in range(each.sent)]
        acknowledged = len(each.acknowledged_ns)
        missing = [n for n in range(acknowledged) if not kept[n]]
        last_kept = max((n for n in range(each.sent) if kept[n]), default=-1)
        lost += [(each, n) for n in missing]
        holes += sum(n < last_kept for n in missing)
        in_doubt += each.sent - acknowledged
        in_doubt_found += sum(kept[acknowledged:])
    settled_lost = sum(found.get(settled.key(n)) != record(settled.key(n)).fields for n in range(settled.sent))
    known = {each.key(n) for each in (settled, *written) for n in range(each.sent)}
    oldest_ns = min((each.acknowledged_ns[n] for each, n in lost), default=None)
    return Kill(
        number=number,
        after_seconds=after_seconds,
        acknowledged=sum(len(each.acknowledged_ns) for each in written),
        lost=len(lost),
        oldest_lost_seconds=None if oldest_ns is None else max(0.0, (killed_ns - oldest_ns) / 1e9),
        holes=holes,
        settled=settled.sent,
        settled_lost=settled_lost,
        unacknowledged=in_doubt,
        unacknowledged_found=in_doubt_found,
        foreign=len(found.keys() - known),
        serving_seconds=(serving_ns - killed_ns) / 1e9,
    )
