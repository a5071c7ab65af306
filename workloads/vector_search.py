"""Semantic search in a shop: the items most like a text or picture, often only those below some price.

Embeddings form clusters that overlap, and their first dimensions vary most, as those of real models do; among 20,000 an
HNSW index finds 70 % of the nearest at an effort of 10 and 99 % at 100. Components are small whole numbers, exact in
float32. Filters on the price, which is uniform and unrelated to the vector, let 1 %, 10 % or 50 % pass. Some new items
arrive while others search.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from harness import draw
from harness.draw import Integers
from harness.embeddings_oracle import EmbeddingsOracle
from harness.vectors import Embeddings, Nearest, NearestBelow, Upsert, Vectors
from harness.workload import Operation, Stream

PRICES = 10_000  # 0 … 9,999
PRICE_OF_KIND = {"nearest": PRICES, "nearest-50pct": 5_000, "nearest-10pct": 1_000, "nearest-1pct": 100}
KINDS = (*PRICE_OF_KIND, "upsert")
LOAD_BATCH = 1_000
SWEPT, MOST_EFFORT = 6, 1_000  # As far as every engine goes.
BLOCK = 256  # Operations that are drawn together.
FIRST_QUERY = 1 << 62  # Query vectors are drawn as if they were embeddings with ids from here on.
FIRST_LIVE = 1 << 42  # Ids of live embeddings start here, and stay below 2**53, which is exact in JSON too.


@dataclass(frozen=True)
class VectorSearch:
    embeddings: Annotated[int, Meta(ge=100, le=10_000_000)] = 10_000
    dimensions: Annotated[int, Meta(ge=2, le=2_000)] = 128
    embeddings_per_cluster: Annotated[int, Meta(ge=1)] = 100
    queries: Annotated[int, Meta(ge=1, le=100_000)] = 1_000  # Different query vectors; each is asked again and again.
    k: Annotated[int, Meta(ge=1, le=100)] = 10
    effort: Annotated[int, Meta(ge=1, le=10_000)] = 100  # Candidates that an approximate search looks at.
    upsert_percent: Annotated[int, Meta(ge=0, le=100)] = 5  # Of operations. The searches are of four kinds alike.
    search: Literal["all", "nearest", "nearest-50pct", "nearest-10pct", "nearest-1pct"] = "all"  # Or one kind alone.
    data_seed: Annotated[int, Meta(ge=0)] = 1

    capability: ClassVar[str] = "vectors"
    writes: ClassVar[Mapping[str, int]] = {"upsert": 1}

    def __post_init__(self) -> None:
        if self.effort < self.k:
            raise ValueError(f"A search cannot find k={self.k} if it looks at effort={self.effort} candidates.")

    @property
    def rows(self) -> int:
        return self.embeddings

    def scaled(self, factor: float) -> VectorSearch:
        return replace(self, embeddings=max(100, round(self.embeddings * factor)))

    def create(self, session: Vectors) -> None:
        session.create(self.dimensions)

    def load(self) -> Iterator[Embeddings]:
        for start in range(0, self.embeddings, LOAD_BATCH):
            yield self._embeddings(np.arange(start, min(start + LOAD_BATCH, self.embeddings), dtype=np.int64))

    def prepare(self, session: Vectors) -> None:
        session.set_effort(self.effort)

    def operations(self, stream: Stream) -> Iterator[Nearest | NearestBelow | Upsert]:
        name = (stream.seed, stream.trial, stream.session)
        kinds, numbers = (draw.source(f"vectors {what}", *name) for what in ("kind", "query"))
        shares = self._shares()
        first_id = _first_id(stream)
        for first in count(0, BLOCK):
            index = draw.span(first, BLOCK)
            kind = draw.pick(draw.words(kinds, index), shares)
            query = draw.below(draw.words(numbers, index), self.queries)
            upserts = self._embeddings(first_id + first + np.flatnonzero(kind == KINDS.index("upsert")))
            rows = zip(upserts.ids.tolist(), upserts.vectors, upserts.prices.tolist(), strict=True)
            for name_of_kind, number in zip(map(KINDS.__getitem__, kind.tolist()), query.tolist(), strict=True):
                vector = self._queries[number]
                if name_of_kind == "upsert":
                    yield Upsert(name_of_kind, *next(rows))
                elif name_of_kind == "nearest":
                    yield Nearest(name_of_kind, number, vector, self.k)
                else:
                    yield NearestBelow(name_of_kind, number, vector, self.k, PRICE_OF_KIND[name_of_kind])

    def exact(self) -> bool:
        return False

    def oracle(self) -> EmbeddingsOracle:
        batches = list(self.load())
        loaded = Embeddings(
            np.concatenate([batch.ids for batch in batches]),
            np.concatenate([batch.vectors for batch in batches]),
            np.concatenate([batch.prices for batch in batches]),
        )
        return EmbeddingsOracle(loaded, self._live, self.effort)

    def sweep(self) -> Sequence[Mapping[str, Any]]:
        """Every kind of search by itself, at efforts from the least possible on, each twice the one before."""
        efforts = [effort for doubled in range(SWEPT) if (effort := self.k << doubled) <= MOST_EFFORT]
        return [{"effort": effort, "search": kind} for kind in PRICE_OF_KIND for effort in efforts]

    def traits(self, sent: Iterable[Operation], answered: Sequence[tuple[Operation, Any]]) -> dict[str, float]:
        return {}

    def _shares(self) -> Integers:
        """Running sums of the weights of KINDS."""
        if self.search != "all":
            return np.cumsum([kind == self.search for kind in KINDS], dtype=np.int64)
        searches = [100 - self.upsert_percent] * len(PRICE_OF_KIND)
        return np.cumsum([*searches, self.upsert_percent * len(PRICE_OF_KIND)], dtype=np.int64)

    @cached_property
    def _queries(self) -> NDArray[np.float32]:
        return self._embeddings(np.arange(FIRST_QUERY, FIRST_QUERY + self.queries)).vectors

    def _live(self, ids: Integers) -> Embeddings:
        return self._embeddings(ids[(ids >= FIRST_LIVE) & (ids < 1 << 53)])

    def _embeddings(self, ids: Integers) -> Embeddings:
        """The embeddings with these ids: everything about one follows from its id."""
        clusters, centres, offsets, prices = (
            draw.source(f"vectors {what}", self.data_seed) for what in ("cluster", "centre", "offset", "price")
        )
        names = ids.astype(np.uint64)
        dimensions = draw.span(0, self.dimensions)
        cluster = draw.below(draw.words(clusters, names), -(-self.embeddings // self.embeddings_per_cluster))
        centre = draw.near_normal(draw.words(draw.words(centres, cluster.astype(np.uint64))[:, None], dimensions))
        offset = draw.near_normal(draw.words(draw.words(offsets, names)[:, None], dimensions))
        deviation = np.maximum(1, 1_024 // (16 + np.arange(self.dimensions)))  # 64, 60, 56 … 7 at dimension 128.
        vectors = (centre + 2 * offset) * deviation // (2 * draw.NORMAL_DEVIATION)
        vectors[:, 0] |= 1  # Odd, so that no vector is zero.
        return Embeddings(ids, vectors.astype(np.float32), draw.below(draw.words(prices, names), PRICES))


def _first_id(stream: Stream) -> int:
    """The id of the first embedding that a stream may write; no other stream comes near."""
    if not (0 <= stream.trial < 2_047 and 0 <= stream.session < 4_096):
        raise ValueError(f"Trials go to 2,046 and sessions to 4,095, not to {stream.trial:,} and {stream.session:,}.")
    return FIRST_LIVE * (stream.trial + 1) + (stream.session << 30)


WORKLOAD = VectorSearch()
