"""A clock that only moves when somebody waits, and sessions that take a known time on it: latencies become exact."""

from typing import ClassVar

import msgspec
import pytest

from harness.load import loops

SECOND = 1_000_000_000
MILLISECOND = 1_000_000


class Ask(msgspec.Struct, frozen=True):
    kind: ClassVar[str] = "ask"

    def on(self, session):
        return session.ask()


class Clock:
    """Stands in for perf_counter_ns and sleep of the loops."""

    def __init__(self):
        self.now_ns = SECOND
        self.oversleep_ns = 0

    def read(self):
        return self.now_ns

    def sleep(self, seconds):
        self.now_ns += round(seconds * SECOND) + self.oversleep_ns


class Server:
    """Answers in `service_ns`, but not between `stall_from_ns` and `stall_until_ns`."""

    def __init__(self, clock, service_ns, stall_from_ns=0, stall_until_ns=0):
        self.clock = clock
        self.service_ns = service_ns
        self.stall = stall_from_ns, stall_until_ns

    def ask(self):
        self.clock.now_ns += self.service_ns
        if self.stall[0] <= self.clock.now_ns < self.stall[1]:
            self.clock.now_ns = self.stall[1]
        return "answer"


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(loops, "perf_counter_ns", made.read)
    monkeypatch.setattr(loops, "sleep", made.sleep)
    return made
