"""What the tests of workloads share: small instances, sessions on plain dictionaries, digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from itertools import count, islice
from typing import Any

import msgspec
import numpy as np

from harness import discover
from harness.engine import Address
from harness.workload import Operation, Stream, Workload
from workloads.read_heavy import ReadHeavy
from workloads.timeseries import DevOps
from workloads.vector_search import VectorSearch
from workloads.write_heavy import WriteHeavy

SMALL: dict[str, Any] = {
    "read-heavy": ReadHeavy(records=2_000, read_percent=50),
    "write-heavy": WriteHeavy(records=2_000, fresh_read_percent=10),
    "timeseries": DevOps(hosts=3, hours=13, step_seconds=60, report_percent=40),
    "vector-search": VectorSearch(embeddings=500, dimensions=16, queries=20, upsert_percent=20),
}
STREAM = Stream(seed=7, trial=1, session=0, sessions=1)
NEVER = 2**63 - 1

_numbers = count()


def memory(workload: Workload) -> Any:
    """A session of its own, with the workload's data."""
    session: Any = discover.session("memory", workload.capability)(Address("memory://test", f"n{next(_numbers)}"))
    workload.create(session)
    for batch in workload.load():
        session.load(batch)
    workload.prepare(session)
    return session


def first(workload: Workload, number: int, stream: Stream = STREAM) -> list[Any]:
    return list(islice(workload.operations(stream), number))


def of_kind(workload: Workload, kind: str, number: int = 1, stream: Stream = STREAM) -> list[Any]:
    return list(islice((operation for operation in workload.operations(stream) if operation.kind == kind), number))


def digest(items: Iterable[Any]) -> str:
    """The same for equal data, on every machine."""
    hashed = hashlib.sha256()
    for item in items:
        _feed(hashed, item)
    return hashed.hexdigest()


def same(one: Iterable[Operation], other: Iterable[Operation]) -> bool:
    return digest(one) == digest(other)


def _feed(hashed: Any, item: Any) -> None:
    if isinstance(item, np.ndarray):
        hashed.update(f"{item.dtype.name}{item.shape}".encode())
        hashed.update(item.astype(item.dtype.newbyteorder("<")).tobytes())
    elif isinstance(item, msgspec.Struct):
        hashed.update(type(item).__name__.encode())
        for name in item.__struct_fields__:
            _feed(hashed, getattr(item, name))
    elif is_dataclass(item):
        for field in fields(item):
            _feed(hashed, getattr(item, field.name))
    elif isinstance(item, dict):
        _feed(hashed, list(item.items()))
    elif isinstance(item, (list, tuple)):
        for part in item:
            _feed(hashed, part)
    else:
        hashed.update(repr(item).encode() + b"\0")
