"""A server without Docker: a program that is on PATH, a process out of wheels, or an engine inside the client."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.engine import Address, Engine
from harness.errors import EnvironmentProblem
from harness.sources import wheels
from harness.sources.folders import data_folder, memory_note, reachable
from harness.sources.order import Order, same_version
from harness.sources.process import start_process
from harness.sources.server import Server


def why_not(name: str, engine: Engine, version: str | None) -> str | None:
    """Why it cannot be had here, in one line; None if it can, as far as this is known without a network."""
    if _program(engine) or engine.in_process:
        return None  # In a version that only it can tell.
    if version and engine.wheels and not any(same_version(version, each) for each in engine.wheel_versions):
        return f"the wheels of {engine.title} have version {' and '.join(engine.wheel_versions)}, not {version}"
    if engine.recipe and engine.wheels:
        return wheels.why_not(name, engine.wheels)
    if engine.recipe and engine.program:
        return f"no program {engine.program} on PATH that the servers' user can run"
    return f"{engine.title} has no embedded server"


@contextmanager
def start_embedded(name: str, engine: Engine, order: Order) -> Iterator[Callable[[], Server]]:
    """Yields `ready`, which waits until the server answers and makes the namespace."""
    program = _program(engine)
    if program:
        with start_process(name, engine, program.parent, order) as ready:
            yield ready
    elif engine.recipe and engine.wheels:
        with start_process(name, engine, wheels.unpacked(name, engine.wheels, order.say), order) as ready:
            yield ready
    else:
        with _open_in_process(name, engine, order) as server:
            yield lambda: server


def _program(engine: Engine) -> Path | None:
    found = shutil.which(engine.program) if engine.recipe and engine.program else None
    return Path(found) if found and reachable(Path(found)) else None


@contextmanager
def _open_in_process(name: str, engine: Engine, order: Order) -> Iterator[Server]:
    assert engine.in_process is not None
    with data_folder(name, owner=None, data=order.data) as data:
        try:
            url = engine.in_process(data)
            version = engine.ping(url)
        except ImportError as problem:
            raise EnvironmentProblem(f"{engine.title} cannot run in this process: {problem}.") from problem
        address = Address(url=url, namespace=order.namespace, durability=order.durability)
        engine.create_namespace(address)
        # Not dropped at the end: another process may have the data open, as only one can; and it goes as a whole.
        yield Server(
            address=address,
            source="in-process",
            version=version,
            network="in process",
            control=None,
            cpus=(),
            memory_bytes=None,  # It is told of none.
            notes=tuple(filter(None, (engine.in_process_note, memory_note(data)))),
        )
