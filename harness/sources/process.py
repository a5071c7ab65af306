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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path

import psutil

from harness.engine import Address, Engine, Recipe, Start
from harness.machine import usable_cpus
from harness.sources.folders import data_folder, memory_note, server_user
from harness.sources.order import Order
from harness.sources.ping import wait_for_answer
from harness.sources.server import Server

LAUNCHER = Path(__file__).with_name("launcher.py")
STOP_SECONDS = 10.0
PAUSE_SECONDS = 0.02  # Between two looks at a server that starts or ends.


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def start_process(name: str, engine: Engine, binaries: Path, order: Order) -> Iterator[Callable[[], Server]]:
    """Start the engine's recipe and yield `ready`, which waits until the server answers and makes the namespace.

    So several servers can start at the same time. Logs are `work`/<name>.log, <name>-2.log and so on. `ready` raises
    EnvironmentProblem, with what the log says, where the server ends or does not answer within 30 s.
    """
    assert engine.recipe is not None
    order["say"](f"starting {engine.title}")
    with data_folder(name, server_user()) as data:
        start = Start(
            binaries=binaries,
            data=data,
            port=free_port(),
            durability=order["durability"],
            memory_bytes=order["memory_bytes"],
            cpus=len(order["cpus"] or usable_cpus()),
        )
        recipe = engine.recipe(start)
        address = Address(url=recipe.url, namespace=order["namespace"], durability=order["durability"])
        with _running(recipe, data, order["cpus"], _new_log(order["work"], name)) as running:

            def ready() -> Server:
                ended = partial(_end_of, running.process)
                version = wait_for_answer(engine, recipe.url, ended, partial(_log_end, running), running.log)
                engine.create_namespace(address)
                return Server(
                    address=address,
                    source="embedded",
                    version=version,
                    network="loopback",
                    pid=running.process.pid,
                    cpus=order["cpus"] if sys.platform == "linux" else (),
                    memory_bytes=order["memory_bytes"],
                    notes=tuple(filter(None, (memory_note(data),))),
                )

            yield ready


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


@contextmanager
def _running(recipe: Recipe, data: Path, cpus: tuple[int, ...], log: Path) -> Iterator[Running]:
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("Start servers from the main thread: the kernel ends them with the thread that starts them.")
    user = server_user()
    order = {
        "parent": os.getpid(),
        "user": user.pw_uid if user else None,
        "group": user.pw_gid if user else None,
        "cpus": cpus,
        "prepare": recipe.prepare,
        "serve": recipe.serve,
    }
    # Our own environment is not passed on: PGPORT, LD_PRELOAD, MALLOC_ARENA_MAX and their like change a measurement.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(data), "LANG": "C.UTF-8", "TZ": "UTC"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(order)],
            cwd=data,
            env=environment | dict(recipe.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is for the harness, which then stops servers in order.
        )
    try:
        yield Running(process, log)
    finally:
        _stop(process, recipe.stop)


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
            for member in family:
                with suppress(psutil.NoSuchProcess):  # psutil also sees if its number is another process's now.
                    member.kill()
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Without reaping it: until then its number, and its group's, cannot become another process's."""
    try:
        return psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # We run under something that ignores SIGCHLD: the kernel reaps.
        return True


def _end_of(process: subprocess.Popen[bytes]) -> str | None:
    return "ended" if _has_ended(process) else None


def _log_end(running: Running) -> bytes:
    with running.log.open("rb") as file:
        file.seek(max(0, running.log.stat().st_size - 20_000))
        return file.read()
