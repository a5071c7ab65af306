"""What stands in for the server: the data of each namespace, shared by all of its sessions in this process.

Sessions run in threads. One call of a built-in container is not interrupted by another thread; whatever takes two
(read a record, write it changed) holds `writing`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from threading import Lock

from harness.engine import Address
from harness.timeseries import Points
from harness.vectors import Vector


@dataclass
class Namespace:
    records: dict[str, dict[str, str]] = field(default_factory=dict)  # key -> fields, replaced and never changed
    writing: Lock = field(default_factory=Lock)
    metrics: list[str] = field(default_factory=list)
    batches: list[Points] = field(default_factory=list)
    embeddings: dict[int, tuple[Vector, int]] = field(default_factory=dict)  # id -> vector, price


_namespaces: defaultdict[tuple[str, str], Namespace] = defaultdict(Namespace)


def namespace(address: Address) -> Namespace:
    return _namespaces[address.url, address.namespace]


def drop(address: Address) -> None:
    _namespaces.pop((address.url, address.namespace), None)
