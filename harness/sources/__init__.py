"""Where a candidate's server comes from: a container, a process of our own, or a server that is already there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.engine import Engine
from harness.errors import BakeoffError, EnvironmentProblem, UsageError
from harness.sources import docker, embedded, folders
from harness.sources.at import open_at
from harness.sources.order import Order, same_version
from harness.sources.ping import redact
from harness.sources.server import Control, Server

__all__ = [
    "SOURCES",
    "Control",
    "Order",
    "Server",
    "open_server",
    "redact",
    "resolve",
    "start_server",
    "sweep",
    "why_not",
]

SOURCES = ("auto", "docker", "embedded", "at")
Ready = Callable[[], Server]


@contextmanager
def open_server(name: str, engine: Engine, order: Order) -> Iterator[Server]:
    """A server that answers, with an empty namespace; nothing of it is left at the end, however that comes.

    Call it from the main thread. Raises EnvironmentProblem where there is no server, UsageError for a bad --at.
    """
    with start_server(name, engine, order) as ready:
        yield ready()


@contextmanager
def start_server(name: str, engine: Engine, order: Order) -> Iterator[Ready]:
    """Like open_server, but yields `ready`, which waits for the server: start several, then wait for each."""
    problem = why_not(name, engine, order.source, order.version)
    if problem:
        raise EnvironmentProblem(
            f"No {order.source} server for {name}: {problem}.\n"
            f"Choose another --source, or a server of yours: --at {name}={engine.url_example}"
        )
    with _start(name, engine, order) as ready:
        yield lambda: _as_ordered(name, order, ready())


@contextmanager
def _start(name: str, engine: Engine, order: Order) -> Iterator[Ready]:
    if order.source == "at":
        with open_at(name, engine, order) as server:
            yield lambda: server
    elif order.source == "docker":
        with docker.start_docker(name, engine, order) as ready:
            yield ready
    else:
        with embedded.start_embedded(name, engine, order) as ready:
            yield ready


def _as_ordered(name: str, order: Order, server: Server) -> Server:
    if order.version and not same_version(order.version, server.version):
        raise EnvironmentProblem(
            f"{name}@{order.version} was asked for, but the server says that it is {server.version}.\n"
            f"Leave @{order.version} out, or take another source, or name an image: --image {name}=…"
        )
    return server


def sweep(say: Callable[[str], None]) -> None:
    """Remove what killed runs have left: folders, and containers with their data. What fails is said."""
    try:
        folders.sweep()
        docker.sweep()
    except (BakeoffError, OSError) as problem:
        say(f"could not clear away what an earlier run left: {problem}")


def resolve(
    source: str, engine: Engine, url: str | None, version: str | None = None, image: str | None = None
) -> tuple[str, str]:
    """The source to use ("docker", "embedded" or "at"), and why in one line. `url` comes from --at.

    Raises UsageError for a source that does not exist.
    """
    if source not in SOURCES:
        raise UsageError(f"There is no source {source}. There are: {', '.join(SOURCES)}.")
    if url is not None:
        return "at", f"--at names {redact(url)}"
    if source == "at":
        raise UsageError(f"A server that is already there needs its URL: --at ENGINE={engine.url_example}")
    if source != "auto":
        return source, f"--source {source}"
    no_docker = docker.why_not_now(engine, version, image)
    return ("embedded", f"no Docker: {no_docker}") if no_docker else ("docker", "Docker answers and has the image")


def why_not(name: str, engine: Engine, source: str, version: str | None = None) -> str | None:
    """None if the source can be used here, else the reason in one line. Does not ask the network for wheels."""
    if source == "embedded":
        return embedded.why_not(name, engine, version)
    if source == "docker":
        return docker.why_not(engine)
    return None
