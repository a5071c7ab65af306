"""A virtual machine whose clock moves only when all in it wait: what is measured there is exact and repeatable.

Its threads are greenlets and change only where they wait, so the harness's own code runs in them unaltered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from greenlet import getcurrent, greenlet

from harness import measure, usage
from harness.load import calibrate, loops, prepare, trial
from tests.load.virtual import SECOND, Clock

SERVER_BUSY = 0.5  # Share of the server's core: it is not the limit.


@dataclass
class Process:
    """A load-generating process on a core of its own, which one of its threads has at a time."""

    cpu_ns: int = 0
    free_ns: int = 0


class World(Clock):
    """Clock of `tests.load.virtual`, for many threads.

    client_ns: what each request takes of its process's core before it is sent. tick_ns: what reading the clock takes.
    oversleep_ns: by how much timers are late.
    """

    def __init__(self, client_ns: int = 0, oversleep_ns: int = 0) -> None:
        super().__init__()
        self.client_ns, self.oversleep_ns, self.tick_ns = client_ns, oversleep_ns, 0
        self.processes: list[Process] = []
        self._waiting: list[tuple[int, int, greenlet]] = []
        self._order = count()
        self._process_of: dict[greenlet, Process] = {}
        self._thread_cpu_ns: dict[greenlet, int] = {}
        self._hub = greenlet(self._run)

    def read(self) -> int:
        if self.tick_ns:
            self.now_ns += self.tick_ns
            self._count(self.tick_ns)
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        self.wait_until(self.now_ns + round(seconds * SECOND) + self.oversleep_ns)

    def wait_until(self, moment_ns: int) -> None:
        """Let the others run until then."""
        heappush(self._waiting, (moment_ns, next(self._order), getcurrent()))
        self._hub.switch()

    def spend(self) -> None:
        process = self._process()
        if self.client_ns and process:
            process.free_ns = max(self.now_ns, process.free_ns) + self.client_ns
            self._count(self.client_ns)
            self.wait_until(process.free_ns)

    def thread(self, target: Callable[..., None], args: Sequence[Any] = (), process: Process | None = None) -> Thread:
        """Not started yet; in the process of whoever makes it, unless in another."""
        made = Thread(self, target, args)
        if process := process or self._process():
            self._process_of[made.strand] = process
        return made

    def cores(self) -> usage.Cores:
        """Core 0 is the server's, the others are those of the client's processes."""
        now = self.now_ns / SECOND
        spent = [process.cpu_ns / SECOND for process in self.processes]
        busy = dict(enumerate([now * SERVER_BUSY, *spent]))
        return usage.Cores({core: (now, now - seconds, 0.0) for core, seconds in busy.items()})

    @contextmanager
    def entered(self) -> Iterator[None]:
        """The harness measures time in this world."""
        clocks = SimpleNamespace(
            perf_counter_ns=self.read,
            perf_counter=lambda: self.read() / SECOND,
            sleep=self.sleep,
            process_time=lambda: self._own_cpu_ns() / SECOND,
            thread_time=lambda: self._thread_cpu_ns.get(getcurrent(), 0) / SECOND,
            thread_time_ns=lambda: self._thread_cpu_ns.get(getcurrent(), 0),
        )
        with pytest.MonkeyPatch.context() as patch:
            for module in (trial, prepare, calibrate, measure):
                patch.setattr(module, "time", clocks)
            patch.setattr(loops, "perf_counter_ns", self.read)
            patch.setattr(loops, "sleep", self.sleep)
            patch.setattr(trial, "Thread", lambda target, args, daemon: self.thread(target, args))
            patch.setattr(usage, "cores", self.cores)
            yield

    def strand(self, run: Callable[[], None]) -> greenlet:
        return greenlet(run, parent=self._hub)

    def let_run(self, strand: greenlet) -> None:
        """When all have run that could before."""
        heappush(self._waiting, (self.now_ns, next(self._order), strand))

    def pause(self) -> None:
        """Until somebody lets it run."""
        self._hub.switch()

    def _run(self) -> None:
        while True:
            moment_ns, _, strand = heappop(self._waiting)
            self.now_ns = max(self.now_ns, moment_ns)
            strand.switch()

    def _process(self) -> Process | None:
        return self._process_of.get(getcurrent())

    def _own_cpu_ns(self) -> int:
        process = self._process()
        return process.cpu_ns if process else 0

    def _count(self, cpu_ns: int) -> None:
        strand, process = getcurrent(), self._process()
        self._thread_cpu_ns[strand] = self._thread_cpu_ns.get(strand, 0) + cpu_ns
        if process:
            process.cpu_ns += cpu_ns


class Thread:
    """Stands in for threading.Thread."""

    def __init__(self, world: World, target: Callable[..., None], args: Sequence[Any]) -> None:
        self.world, self.target, self.args = world, target, args
        self.strand = world.strand(self._run)
        self.joining: list[greenlet] = []

    def start(self) -> None:
        self.world.let_run(self.strand)

    def is_alive(self) -> bool:
        return not self.strand.dead

    def join(self, timeout: float | None = None) -> None:
        """Waits for the end, however long that takes: nothing hangs in this world."""
        if self.is_alive():
            self.joining.append(getcurrent())
            self.world.pause()

    def _run(self) -> None:
        self.target(*self.args)
        for strand in self.joining:
            self.world.let_run(strand)
