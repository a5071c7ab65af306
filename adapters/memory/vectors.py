"""Embeddings in one dictionary by id. Every search compares with all of them: exact, whatever the effort."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np

from adapters.memory import store
from adapters.memory.store import namespace
from harness.engine import Address
from harness.vectors import Embeddings, Vector, Vectors

BATCH = 1_000


class Session(Vectors):
    def __init__(self, address: Address) -> None:
        self.embeddings = namespace(address).embeddings

    def create(self, dimensions: int) -> None:
        self.embeddings.clear()

    def load(self, embeddings: Embeddings) -> None:
        entries = zip(embeddings.vectors, embeddings.prices.tolist(), strict=True)
        self.embeddings.update(zip(embeddings.ids.tolist(), entries, strict=True))

    def upsert(self, id: int, vector: Vector, price: int) -> None:
        self.embeddings[id] = (vector, price)

    def set_effort(self, candidates: int | None) -> None:
        pass  # Every search looks at all there is.

    def nearest(self, vector: Vector, k: int) -> list[int]:
        return closest({id: other for id, (other, _) in self.snapshot()}, vector, k)

    def nearest_below(self, vector: Vector, k: int, price: int) -> list[int]:
        return closest({id: other for id, (other, own) in self.snapshot() if own < price}, vector, k)

    def count(self) -> int:
        return len(self.embeddings)

    def everything(self) -> Iterator[Embeddings]:
        entries = iter(self.snapshot())
        while batch := list(islice(entries, BATCH)):
            ids = np.array([id for id, _ in batch])
            vectors = np.array([vector for _, (vector, _) in batch], np.float32)
            yield Embeddings(ids, vectors, np.array([price for _, (_, price) in batch]))

    def snapshot(self) -> Sequence[tuple[int, tuple[Vector, int]]]:
        return list(self.embeddings.items())

    def index_bytes(self) -> None:
        return None

    def ping(self) -> None:
        pass  # Nobody is asked.

    def watch(self, sink: Callable[[str], None] | None) -> None:
        store.watch(self, Vectors.__abstractmethods__, sink)

    def settle(self) -> None:
        pass  # A write is visible to every session before it returns.

    def facts(self) -> dict[str, str]:
        return {"version": platform.python_version()}

    def design(self) -> str:
        return "one dictionary by id; every search is exact, over all embeddings"

    def size_bytes(self) -> None:
        return None

    def close(self) -> None:
        pass


def closest(vectors: dict[int, Vector], target: Vector, k: int) -> list[int]:
    if not vectors:
        return []
    matrix = np.array(list(vectors.values()), np.float64)
    similarities = matrix @ target / np.linalg.norm(matrix, axis=1)  # The target's length changes no order.
    ids = list(vectors)
    return [ids[row] for row in np.argsort(-similarities, kind="stable")[:k]]
