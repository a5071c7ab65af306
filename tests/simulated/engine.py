"""The simulated engine: it answers as the memory engine does, when and how its law says."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from adapters.memory.keyvalue import Session as Memory
from harness.engine import Address
from harness.keyvalue import Record
from tests.simulated.laws import Law

SPREAD = 250  # Requests between the faults of one session and of the next: they must not all fail at once.
GOLDEN, SILVER = (math.sqrt(5) - 1) / 2, math.sqrt(2) - 1


class Clock(Protocol):
    def read(self) -> int: ...

    def wait_until(self, moment_ns: int) -> None: ...

    def spend(self) -> None:
        """The time that driver and harness take on the client's core."""


class Refused(Exception):
    """What a request gets while the engine fails."""


@dataclass
class Server:
    """What all sessions share."""

    law: Law
    clock: Clock
    origin_ns: int = 2**62  # The law's second 0.
    free_ns: int = 0  # When the requests are done that are to be served in turn.
    in_flight: set[Simulated] = field(default_factory=set)  # Sessions that wait for an answer.
    sessions: Iterator[int] = field(default_factory=count)
    cached: set[str] = field(default_factory=set)


class Simulated(Memory):
    def __init__(self, address: Address, server: Server) -> None:
        super().__init__(address)
        self.server = server
        number = next(server.sessions)
        self.shares = shares(number)
        self.requests = count(number * SPREAD)
        self.reads, self.updates = count(1), count(1)

    def ping(self) -> None:
        clock = self.server.clock
        clock.spend()
        clock.wait_until(clock.read() + round(self.server.law.ping_ms * 1e6))

    def read(self, key: str) -> dict[str, str] | None:
        law, cached = self.server.law, self.server.cached
        self._served(law.cached_ms if key in cached else None)
        if law.cached_ms is not None:
            cached.add(key)
        answer = super().read(key)
        lies = law.wrong_every is not None and next(self.reads) % law.wrong_every == 0
        return dict.fromkeys(answer or {}, "wrong") if lies else answer

    def update(self, key: str, field: str, value: str) -> None:
        law = self.server.law
        self._served()
        self.server.cached.discard(key)
        if law.lost_every is None or next(self.updates) % law.lost_every:
            super().update(key, field, value)

    def insert(self, record: Record) -> None:
        self._served()
        super().insert(record)

    def scan(self, start: str, count: int) -> list[Record]:
        self._served()
        return super().scan(start, count)

    def _served(self, milliseconds: float | None = None) -> None:
        """Return when the law says. Raises Refused where it fails, at once."""
        server, clock, law = self.server, self.server.clock, self.server.law
        clock.spend()
        now_ns = clock.read()
        if law.fails(next(self.requests)) and server.in_flight:
            raise Refused
        if milliseconds is None:
            milliseconds = law.milliseconds(next(self.shares), (now_ns - server.origin_ns) / 1e9)
        start_ns = max(now_ns, server.free_ns) if law.in_turn else now_ns
        end_ns = law.end_ns(start_ns, round(milliseconds * 1e6), server.origin_ns)
        server.free_ns = end_ns
        server.in_flight.add(self)
        clock.wait_until(end_ns)
        server.in_flight.discard(self)


def shares(session: int) -> Iterator[float]:
    """Numbers of 0 … 1 in place of random ones: they fill it evenly from wherever one begins, so that what is measured
    of them has next to no sampling error."""
    return ((number * GOLDEN + session * SILVER) % 1.0 for number in count())


class Wall:
    """The clock of the real world."""

    read = staticmethod(time.perf_counter_ns)

    def wait_until(self, moment_ns: int) -> None:
        time.sleep(max(0.0, (moment_ns - self.read()) / 1e9))

    def spend(self) -> None:
        """Driver and harness take what they take."""
