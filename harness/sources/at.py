"""A server that is already there: --at ENGINE=URL. Nothing but the run's own namespace is touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from harness.engine import Address, Engine
from harness.errors import BakeoffError, EnvironmentProblem, UsageError
from harness.result import Network
from harness.sources.order import Order
from harness.sources.ping import ping_within, reason, redact
from harness.sources.server import Server

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
PING_SECONDS = 10


@contextmanager
def open_at(name: str, engine: Engine, order: Order) -> Iterator[Server]:
    """The server of `url`, with an empty namespace that is dropped at the end.

    Raises UsageError where the URL cannot be right or the namespace holds data of others, EnvironmentProblem where the
    server does not answer.
    """
    url, namespace = _checked(order.url, name, engine), order.namespace
    try:
        version = ping_within(engine.ping, url, PING_SECONDS)
    except BakeoffError:
        raise
    except Exception as problem:
        raise EnvironmentProblem(
            f"No {engine.title} at {redact(url)}: {reason(problem, url)}\n"
            f"Check host, port, user and password; such a URL looks like {engine.url_example}"
        ) from problem
    address = Address(url=url, namespace=namespace, durability=order.durability)
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
        yield Server(
            address=address,
            source="at",
            version=version,
            network=_network(url),
            control=None,
            cpus=(),
            memory_bytes=None,
        )
    finally:
        _drop(engine, address, order)


def _checked(url: str | None, name: str, engine: Engine) -> str:
    if url is None:
        raise UsageError(f"A server that is already there needs its URL: --at {name}={engine.url_example}")
    if "://" not in url:
        raise UsageError(f"--at {name}={redact(url)} is not a URL. It looks like {engine.url_example}")
    return url


def _network(url: str) -> Network:
    return "loopback" if urlsplit(url).hostname in LOOPBACK else "remote"


def _drop(engine: Engine, address: Address, order: Order) -> None:
    try:
        engine.drop_namespace(address)
    except Exception as problem:  # Never hides what ended the run.
        where = f"{address.namespace} at {redact(address.url)}"
        order.say(f"could not drop {where}: {reason(problem, address.url)}; please drop it by hand")
