"""A server process of our own: started, waited for, stopped, and gone without trace however the harness ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import psutil

from harness.engine import Address, Engine, Recipe
from harness.result import Limits
from harness.sources import ping
from harness.sources.folders import data_folder, in_memory, memory_note, server_user
from harness.sources.limits import limits_of
from harness.sources.order import Order
from harness.sources.ping import wait_for_answer
from harness.sources.server import Server

LAUNCHER = Path(__file__).with_name("launcher.py")
STOP_SECONDS = 10.0
PAUSE_SECONDS = 0.02  # Between two looks at a server that starts or ends.


@dataclass
class Process:
    """The Control of a process of our own, and its beginning and end."""

    engine: Engine
    recipe: Recipe
    data: Path
    order: Order
    log: Path
    running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self.running.pid if self.running else None

    @property
    def files(self) -> Sequence[Path]:
        return [] if in_memory(self.data) else [self.data]

    def begin(self, prepare: Sequence[Sequence[str]] = ()) -> None:
        """`prepare` makes the data first."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("Start servers from the main thread: the kernel ends them with the thread that does.")
        user = server_user()
        order = {
            "parent": os.getpid(),
            "user": user.pw_uid if user else None,
            "group": user.pw_gid if user else None,
            "cpus": self.order.cpus,
            "prepare": prepare,
            "serve": self.recipe.serve,
        }
        # Our environment is not passed on: PGPORT, LD_PRELOAD, MALLOC_ARENA_MAX and their like change a measurement.
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.data), "LANG": "C.UTF-8"}
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(order)],
                cwd=self.data,
                env=environment | {"TZ": "UTC"} | dict(self.recipe.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is for the harness, which then stops servers in order.
            )

    def start(self) -> None:
        self.begin()

    def kill(self) -> None:
        """All are stopped first, so that none sees another one's end and has time to write."""
        if self.running is None:
            return
        _send(self._family()[:1], signal.SIGSTOP)  # From now on it has no more children.
        family = self._family()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            _send(family, number)
        self._reap()

    def stop(self) -> None:
        if self.running:
            _send(self._family(), signal.SIGCONT)  # It may have been paused.
            _stop(self.running, self.recipe.stop)
            self._reap()

    def pause(self) -> None:
        _send(self._family(), signal.SIGSTOP)

    def resume(self) -> None:
        _send(self._family(), signal.SIGCONT)

    def answered(self, patience_seconds: float) -> str:
        return wait_for_answer(self.engine, self.recipe.url, self.end, self._words, self.log, patience_seconds)

    def end(self) -> str | None:
        return "ended" if self.running is None else _end_of(self.running)

    def limits(self) -> Limits:
        where = "memory" if in_memory(self.data) else "disk"
        return limits_of(self.running.pid if self.running else 0, where)

    def _reap(self) -> None:
        """Only now can its number become another process's."""
        if self.running:
            self.running.wait()
            self.running = None

    def _family(self) -> list[psutil.Process]:
        if self.running is None:
            return []
        with suppress(psutil.NoSuchProcess):  # It ended by itself.
            root = psutil.Process(self.running.pid)
            return [root, *root.children(recursive=True)]
        return []

    def _words(self) -> bytes:
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 20_000))
            return file.read()


@contextmanager
def start_process(name: str, engine: Engine, binaries: Path, order: Order) -> Iterator[Callable[[], Server]]:
    """Start the engine's recipe and yield `ready`, which waits until the server answers and makes the namespace.

    So several servers can start at the same time. Logs are `work`/<name>.log, <name>-2.log and so on. `ready` raises
    EnvironmentProblem, with what the log says, where the server ends or does not answer within 30 s.
    """
    assert engine.recipe is not None
    order.say(f"starting {engine.title}")
    with data_folder(name, server_user(), order.data) as data:
        recipe = engine.recipe(order.start(binaries=binaries, data=data, port=free_port()))
        address = Address(url=recipe.url, namespace=order.namespace, durability=order.durability)
        process = Process(engine, recipe, data, order, _new_log(order.work, name))
        try:
            process.begin(recipe.prepare)

            def ready() -> Server:
                version = process.answered(ping.ANSWER_SECONDS)
                engine.create_namespace(address)
                return Server(
                    address=address,
                    source="embedded",
                    version=version,
                    network="loopback",
                    control=process,
                    cpus=order.cpus if sys.platform == "linux" else (),
                    memory_bytes=order.memory_bytes,
                    notes=tuple(filter(None, (memory_note(data),))),
                )

            yield ready
        finally:
            process.stop()


def free_port() -> int:
    """A port on 127.0.0.1 that the kernel gives to nobody else for about a minute.

    A connection that we close first leaves its port in TIME_WAIT: skipped when the kernel picks one, free for a server
    that asks for it by number and with SO_REUSEADDR, as servers do.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            accepted.close()
        return int(listener.getsockname()[1])


def _new_log(folder: Path, name: str) -> Path:
    logs = (folder / f"{name}{suffix}.log" for suffix in chain([""], map("-{}".format, count(2))))
    return next(log for log in logs if not log.exists())


def _send(family: Iterable[psutil.Process], number: signal.Signals) -> None:
    for member in family:
        with suppress(psutil.NoSuchProcess):  # psutil also sees if its number is another process's now.
            member.send_signal(number)


def _stop(process: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    """In order, else by force; then whatever is left of its children, of which PostgreSQL's leave the process group."""
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        root = psutil.Process(process.pid)
        family = [root, *root.children(recursive=True)]
        try:
            os.kill(process.pid, stop)
            deadline = time.monotonic() + STOP_SECONDS
            while not _has_ended(process) and time.monotonic() < deadline:
                time.sleep(PAUSE_SECONDS)
        finally:
            _send(family, signal.SIGKILL)
            os.killpg(process.pid, signal.SIGKILL)


def _end_of(process: subprocess.Popen[bytes]) -> str | None:
    """How, without reaping it; None while it runs."""
    if not _has_ended(process):
        return None
    try:
        status = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return "ended"
    killed = status is not None and status.si_code in (os.CLD_KILLED, os.CLD_DUMPED)
    return f"was ended by {signal.Signals(status.si_status).name}" if status and killed else "ended"


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Without reaping it: until then its number, and its group's, cannot become another process's."""
    try:
        return psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # We run under something that ignores SIGCHLD: the kernel reaps.
        return True
