"""Vectors: embeddings with a price, searched by cosine distance, with and without a filter on the price."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.session import Session

Vector = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Embeddings:
    """A batch in columns; row i is one embedding. No vector is zero."""

    ids: NDArray[np.int64]  # (n,)
    vectors: NDArray[np.float32]  # (n, dimensions)
    prices: NDArray[np.int64]  # (n,), each within 32 bits

    def __len__(self) -> int:
        return len(self.ids)


class Vectors(Session):
    @abstractmethod
    def create(self, dimensions: int) -> None:
        """Drop all embeddings and make an empty home for new ones."""

    @abstractmethod
    def load(self, embeddings: Embeddings) -> None:
        """Write many embeddings whose ids are new by the engine's best bulk path; indexed by the next settle()."""

    @abstractmethod
    def upsert(self, id: int, vector: Vector, price: int) -> None:
        """Write one embedding, or replace the one with its id; found by searches once this returns."""

    @abstractmethod
    def set_effort(self, candidates: int | None) -> None:
        """How many candidates a search looks at (ef_search and its kin), for this session; None: exact search."""

    @abstractmethod
    def nearest(self, vector: Vector, k: int) -> list[int]:
        """Ids of the k embeddings with the smallest cosine distance, closest first; ties in any order."""

    @abstractmethod
    def nearest_below(self, vector: Vector, k: int, price: int) -> list[int]:
        """The same among the embeddings whose own price is below `price`."""

    @abstractmethod
    def index_bytes(self) -> int | None:
        """Bytes that the index on the vectors takes by itself, on disk or in memory; None: none, or unknown."""

    @abstractmethod
    def count(self) -> int:
        """How many embeddings there are, counted, not estimated."""

    @abstractmethod
    def everything(self) -> Iterator[Embeddings]:
        """Every embedding once, in any order, in batches of bounded size."""


class Nearest(msgspec.Struct, frozen=True, gc=False):
    kind: str
    query: int  # The number of the query vector in the workload, for its oracle.
    vector: Vector
    k: int

    def on(self, session: Vectors) -> list[int]:
        return session.nearest(self.vector, self.k)


class NearestBelow(msgspec.Struct, frozen=True, gc=False):
    kind: str
    query: int
    vector: Vector
    k: int
    price: int

    def on(self, session: Vectors) -> list[int]:
        return session.nearest_below(self.vector, self.k, self.price)


class Upsert(msgspec.Struct, frozen=True, gc=False):
    kind: str
    id: int
    vector: Vector
    price: int

    def on(self, session: Vectors) -> None:
        session.upsert(self.id, self.vector, self.price)
