"""The command line's end of the load generator: starts master and workers, gives orders, collects answers."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import msgspec

from harness.errors import EnvironmentProblem, Unsupported
from harness.load import plan
from harness.load.program import PARENT

START_SECONDS = 30.0
DISMISS_SECONDS = 5.0
ENVIRONMENT = {
    # One core, one thread: idle BLAS threads only cost memory, and on that core they only get in the way.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",  # An arena for each thread would keep what it once used.
}
T = TypeVar("T")


class CandidateFailed(Exception):
    """A worker could not do what it was told; the message is for the user."""


class Line(msgspec.Struct, frozen=True):
    sender: str = msgspec.field(name="from")
    kind: str
    data: Any


@dataclass
class Generator:
    """Use `generator()` to get one."""

    port: int
    log: Path
    master: subprocess.Popen[bytes]
    lines: SimpleQueue[Line]
    workers: dict[str, plan.Hello] = field(default_factory=dict)
    processes: dict[str, list[subprocess.Popen[bytes]]] = field(default_factory=dict)  # By candidate.

    def add(self, candidate: str, cpus: Sequence[int]) -> None:
        """Start a worker of this machine for a candidate on each of these cores, each bound to its own."""
        self.processes[candidate] = [
            _start(["worker", "127.0.0.1", str(self.port), candidate], self.log, cpu) for cpu in cpus
        ]

    def wait_for_all(self, remote: int) -> None:
        """Return when every worker of this machine is there, and so many of others. Raises EnvironmentProblem."""
        workers = remote + sum(len(processes) for processes in self.processes.values())
        end = time.monotonic() + START_SECONDS
        while len(self.workers) < workers:
            line = self._next(end - time.monotonic())
            if line is None:
                raise EnvironmentProblem(
                    f"{len(self.workers)} of {workers} load-generating processes came up within {START_SECONDS:.0f} s: "
                    f"{_last_line(self.log)}"
                )
            if line.kind == "hello":
                self.workers[line.sender] = msgspec.convert(line.data, plan.Hello)

    def serving(self, candidate: str) -> list[str]:
        """Workers that can work for a candidate: its own first, then those of other machines."""
        own = [worker for worker, hello in self.workers.items() if hello.serves == candidate]
        return own + [worker for worker, hello in self.workers.items() if hello.serves is None]

    def is_local(self, worker: str) -> bool:
        """Does it share this machine's clock?"""
        return self.workers[worker].serves is not None

    def ask(
        self,
        orders: dict[str, plan.Command],
        answer: type[T],
        timeout_seconds: float,
        say: Callable[[str, float], None] = lambda stage, share: None,
    ) -> list[T]:
        """Give each worker its command and return their answers. Raises Unsupported and CandidateFailed."""
        self.tell(orders)
        return self.collect(orders, answer, timeout_seconds, say)

    def tell(self, orders: dict[str, plan.Command]) -> None:
        """Give each worker its command; collect() must follow."""
        assert self.master.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # _next() says what became of the master.
            for worker, command in orders.items():
                self.master.stdin.write(msgspec.json.encode({"to": worker, "command": command}) + b"\n")
            self.master.stdin.flush()

    def collect(
        self,
        orders: dict[str, plan.Command],
        answer: type[T],
        timeout_seconds: float,
        say: Callable[[str, float], None] = lambda stage, share: None,
    ) -> list[T]:
        """The answers to tell(). Raises Unsupported and CandidateFailed."""
        answers: dict[str, T] = {}
        end = time.monotonic() + timeout_seconds
        while len(answers) < len(orders):
            line = self._next(end - time.monotonic())
            if line is None:
                raise CandidateFailed(f"no answer to {next(iter(orders.values())).name} in {timeout_seconds:.0f} s")
            if line.sender not in orders:
                continue
            if line.kind == "progress":
                say(line.data["stage"], line.data["share"])
            elif line.kind == "lost":
                raise CandidateFailed(f"a load-generating process died: {_last_line(self.log)}")
            elif line.kind == "answer":
                answers[line.sender] = _answer(line.data, answer)
        return list(answers.values())

    def _next(self, timeout_seconds: float) -> Line | None:
        """The next line of the master, or None after the timeout. Watches the processes of this machine."""
        end = time.monotonic() + timeout_seconds
        while time.monotonic() < end:
            try:
                return self.lines.get(timeout=min(0.5, max(0.001, end - time.monotonic())))
            except Empty:
                if self.master.poll() is not None:
                    raise EnvironmentProblem(f"The load generator ended: {_last_line(self.log)}") from None
                for candidate, processes in self.processes.items():
                    dead = [process for process in processes if process.poll() is not None]
                    if dead:
                        self.processes[candidate] = [process for process in processes if process not in dead]
                        for worker in self.serving(candidate):
                            if self.workers[worker].pid in [process.pid for process in dead]:
                                self.workers.pop(worker)
                                return Line(worker, "lost", None)
        return None


@contextlib.contextmanager
def generator(log: Path, cpus: Sequence[int], host: str = "127.0.0.1", port: int | None = None) -> Iterator[Generator]:
    """A master that listens on `host`, without workers yet. Every process is gone when this is left."""
    port = port or _free_port()
    master = _start(["master", host, str(port)], log, cpus[0] if cpus else None, pipes=True)
    lines: SimpleQueue[Line] = SimpleQueue()
    Thread(target=_read, args=(master, lines), daemon=True).start()
    made = Generator(port, log, master, lines)
    try:
        yield made
    finally:
        if any(hello.serves is None for hello in made.workers.values()):
            _dismiss(master)
        processes = [master, *(process for each in made.processes.values() for process in each)]
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def _dismiss(master: subprocess.Popen[bytes]) -> None:
    """Let the master tell workers on other machines that the run is over; killed, it would leave them waiting."""
    assert master.stdin is not None
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        master.stdin.close()
        master.wait(DISMISS_SECONDS)


def _start(program: list[str], log: Path, cpu: int | None, *, pipes: bool = False) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        **ENVIRONMENT,
        PARENT: str(os.getpid()),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.load.program", *program],
            stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
            stdout=subprocess.PIPE if pipes else sink,
            stderr=sink,
            env=environment,
            start_new_session=True,  # Ctrl-C reaches the command line alone, which then ends its processes in order.
        )
    if cpu is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, {cpu})  # Before it has threads: Python is still starting.
    return process


def _read(master: subprocess.Popen[bytes], lines: SimpleQueue[Line]) -> None:
    assert master.stdout is not None
    for line in master.stdout:
        with contextlib.suppress(msgspec.DecodeError):  # Cut off in the middle when the master was killed.
            lines.put(msgspec.json.decode(line, type=Line))


def _answer(data: Any, kind: type[T]) -> T:
    if data["type"] == plan.Failure.__name__:
        failure = msgspec.convert(data["value"], plan.Failure)
        if failure.kind == "unsupported":
            raise Unsupported(failure.reason, failure.remedy)
        raise CandidateFailed(failure.reason)
    return msgspec.convert(data["value"], kind)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.is_file() else []
    return lines[-1] if lines else f"nothing in {log}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
