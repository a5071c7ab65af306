"""A server that is already there: --at ENGINE=URL. Nothing but the run's own namespace is touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.engine import Address, Engine
from harness.errors import BakeoffError, EnvironmentProblem, UsageError
from harness.sources.order import Order
from harness.sources.ping import ping_within, reason, redact
from harness.sources.server import Server

PING_SECONDS = 10


@contextmanager
def open_at(name: str, engine: Engine, order: Order) -> Iterator[Server]:
    """The server of `url`, with an empty namespace that is dropped at the end.

    Raises UsageError where the URL cannot be right or the namespace holds data of others, EnvironmentProblem where the
    server does not answer.
    """
    url, namespace = order["url"], order["namespace"]
    if url is None:
        raise UsageError(f"A server that is already there needs its URL: --at {name}={engine.url_example}")
    if "://" not in url:
        raise UsageError(f"--at {name}={redact(url)} is not a URL. It looks like {engine.url_example}")
    try:
        version = ping_within(engine.ping, url, PING_SECONDS)
    except BakeoffError:
        raise
    except Exception as problem:
        raise EnvironmentProblem(
            f"No {engine.title} at {redact(url)}: {reason(problem, url)}\n"
            f"Check host, port, user and password; such a URL looks like {engine.url_example}"
        ) from problem
    address = Address(url=url, namespace=namespace, durability=order["durability"])
    try:
        engine.create_namespace(address)
    except BakeoffError:
        raise
    except Exception as problem:
        raise EnvironmentProblem(
            f"Cannot make {namespace} at {redact(url)}: {reason(problem, url)}\n"
            "Name a user in the URL who may make and drop databases."
        ) from problem
    try:
        yield Server(address=address, source="at", version=version, pid=None, cpus=(), memory_bytes=None)
    finally:
        try:
            engine.drop_namespace(address)
        except Exception as problem:  # Never hides what ended the run.
            order["say"](f"could not drop {namespace} at {redact(url)}: {reason(problem, url)}; please drop it by hand")
