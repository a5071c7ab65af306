"""ClickHouse's Native format, written from NumPy arrays: columns travel as they lie in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DICTIONARY_VERSION = 1
OWN_DICTIONARY = 0x600  # The keys come along, and replace those of a block before.
FOUR_BYTE_INDEXES = 2


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    data: bytes


@dataclass(frozen=True)
class Block:
    rows: int
    data: bytes


def block(rows: int, columns: Sequence[Column]) -> Block:
    parts = [varint(len(columns)), varint(rows)]
    for column in columns:
        parts += [string(column.name), string(column.type), column.data]
    return Block(rows, b"".join(parts))


def dictionary(names: Sequence[str], indexes: NDArray[np.integer]) -> bytes:
    """Data of a LowCardinality(String) column: each name that is used once, and a number for every row."""
    used, numbers = np.unique(indexes, return_inverse=True)
    head = np.array([DICTIONARY_VERSION, OWN_DICTIONARY | FOUR_BYTE_INDEXES, len(used)], "<u8")
    keys = b"".join(string(names[index]) for index in used.tolist())
    count = np.array([len(numbers)], "<u8")
    return b"".join((head.tobytes(), keys, count.tobytes(), numbers.astype("<u4").tobytes()))


def arrays(vectors: NDArray[np.float32]) -> bytes:
    """Data of an Array(Float32) column: where each row ends, then all numbers."""
    count, length = vectors.shape
    ends = np.arange(1, count + 1, dtype="<u8") * length
    return b"".join((ends.tobytes(), vectors.astype("<f4").tobytes()))


def string(value: str) -> bytes:
    encoded = value.encode()
    return varint(len(encoded)) + encoded


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)
