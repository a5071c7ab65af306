"""A hash of a workload's data and first operations: results with different ones were not asked the same questions."""

from __future__ import annotations

import dataclasses
import hashlib
from itertools import islice
from typing import Any

import msgspec
import numpy as np

from harness.queries.workload import Queries
from harness.workload import Stream, Workload

BATCHES = 3
OPERATIONS = 200


def fingerprint(workload: Workload) -> str:
    """16 hex digits over the parameters, the first batches of data, and the first operations of a fixed stream.

    Of a file of own queries also over what it says of data and operations, but not over schemas and statements: these
    are what is compared.
    """
    digest = hashlib.blake2b(digest_size=8)
    _feed(digest, workload)
    if isinstance(workload, Queries):
        _feed(digest, workload.question)
    for batch in islice(workload.load(), BATCHES):
        _feed(digest, batch)
    for operation in islice(workload.operations(Stream(seed=1, trial=1, session=0, sessions=2)), OPERATIONS):
        _feed(digest, operation)
    return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    """Type, length and content of anything that data and operations are made of, without ambiguity."""
    if isinstance(value, np.ndarray):
        digest.update(f"array {value.dtype.str} {value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, msgspec.Struct):
        digest.update(type(value).__name__.encode())
        for name in value.__struct_fields__:
            _feed(digest, getattr(value, name))
    elif dataclasses.is_dataclass(value):
        digest.update(type(value).__name__.encode())
        for field in dataclasses.fields(value):
            _feed(digest, getattr(value, field.name))
    elif isinstance(value, dict):
        _feed(digest, list(value.items()))
    elif isinstance(value, (list, tuple)):
        digest.update(f"sequence {len(value)}".encode())
        for item in value:
            _feed(digest, item)
    else:
        text = repr(value).encode()
        digest.update(f"{type(value).__name__} {len(text)} ".encode())
        digest.update(text)
