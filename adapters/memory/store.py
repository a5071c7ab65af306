"""What stands in for the server: the data of each namespace, shared by all of its sessions in this process.

Sessions run in threads. One call of a built-in container is not interrupted by another thread; whatever takes two
(read a record, write it changed) holds `writing`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from threading import Lock
from typing import Any

from harness.engine import Address
from harness.session import Session
from harness.timeseries import Points
from harness.vectors import Vector
from harness.wording import shortened


@dataclass
class Namespace:
    records: dict[str, dict[str, str]] = field(default_factory=dict)  # key -> fields, replaced and never changed
    writing: Lock = field(default_factory=Lock)
    metrics: list[str] = field(default_factory=list)
    batches: list[Points] = field(default_factory=list)
    embeddings: dict[int, tuple[Vector, int]] = field(default_factory=dict)  # id -> vector, price
    accounts: list[int] = field(default_factory=list)  # cents
    counters: list[int] = field(default_factory=list)


_namespaces: defaultdict[tuple[str, str], Namespace] = defaultdict(Namespace)


def namespace(address: Address) -> Namespace:
    return _namespaces[address.url, address.namespace]


def drop(address: Address) -> None:
    _namespaces.pop((address.url, address.namespace), None)


def watch(session: Session, contract: frozenset[str], sink: Callable[[str], None] | None) -> None:
    """There are no statements: calls of what the capability promises stand for them."""
    for name in (*(contract - Session.__abstractmethods__), "settle"):
        method = getattr(session, name)
        plain = getattr(method, "__wrapped__", method)
        setattr(session, name, plain if sink is None else telling(sink, plain))


def telling(sink: Callable[[str], None], method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def told(*arguments: Any) -> Any:
        sink(f"{method.__name__}({', '.join(shortened(repr(argument)) for argument in arguments)})")
        return method(*arguments)

    return told
