"""Vectors: pgvector's HNSW index on cosine distance, and a B-tree on the price for filters that leave few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from struct import Struct
from typing import ClassVar

import numpy as np
import psycopg
from numpy.typing import NDArray

from adapters.postgres.client import Client, int4, int8
from harness.engine import Address
from harness.errors import Unsupported, UsageError
from harness.vectors import Embeddings, Vector, Vectors

CHUNK = 1_000  # Embeddings that load() encodes and everything() decodes at once.
MOST_DIMENSIONS, MOST_CANDIDATES = 2_000, 1_000  # Of pgvector: for an HNSW index on type vector, and for ef_search.
EXACT = "SELECT id FROM embeddings {} ORDER BY (embedding <=> $1) + 0 LIMIT $2"  # No index has an order by a sum.
BELOW = "WHERE price < $3::bigint"

pack_header = Struct(">HH").pack


class Session(Vectors):
    INDEX = "embeddings_hnsw"
    INDEXED = "SELECT id FROM embeddings {} ORDER BY embedding <=> $1 LIMIT $2"
    # Under a filter, go on through the graph until k are found, and closest first.
    SEARCHING: ClassVar[dict[str, str]] = {"hnsw.iterative_scan": "strict_order", "hnsw.max_scan_tuples": "2147483647"}
    FACTS: tuple[str, ...] = (
        "hnsw.ef_search",
        "hnsw.iterative_scan",
        "hnsw.max_scan_tuples",
        "hnsw.scan_mem_multiplier",
    )

    def __init__(self, address: Address) -> None:
        self._client = Client(address)
        try:
            self._version = extension_version(self._client)
        except BaseException:
            self._client.close()
            raise
        for name, value in self.SEARCHING.items():
            self._client.set(name, value)
        self._exact = True
        self._few_below = 0

    def create(self, dimensions: int) -> None:
        if dimensions > MOST_DIMENSIONS:
            raise UsageError(f"pgvector indexes at most {MOST_DIMENSIONS:,} dimensions; these are {dimensions:,}.")
        self._client.execute(
            "DROP TABLE IF EXISTS embeddings",
            f"CREATE TABLE embeddings (id bigint PRIMARY KEY, price int NOT NULL, embedding vector({dimensions:d})"
            # In the row: an exact search needs no second look-up and no decompression.
            " STORAGE PLAIN NOT NULL)",
        )
        self._client.forget()

    def load(self, embeddings: Embeddings) -> None:
        chunks = (slice(start, start + CHUNK) for start in range(0, len(embeddings), CHUNK))
        encoded = (copy_rows(embeddings.ids[c], embeddings.prices[c], embeddings.vectors[c]) for c in chunks)
        self._client.copy("embeddings (id, price, embedding)", encoded)

    def upsert(self, id: int, vector: Vector, price: int) -> None:
        self._client.rows(
            "INSERT INTO embeddings (id, price, embedding) VALUES ($1, $2, $3)"
            " ON CONFLICT (id) DO UPDATE SET price = excluded.price, embedding = excluded.embedding",
            int8(id),
            int4(price),
            encode(vector),
        )

    def set_effort(self, candidates: int | None) -> None:
        self._exact = candidates is None
        if candidates is not None:
            self._look_at(candidates)
            self._few_below = self._price_few_are_below()
        # Approximate searches are prepared, and a plan for unknown parameters might scan the table.
        self._client.set("enable_seqscan", "on" if self._exact else "off")
        self._client.forget()

    def nearest(self, vector: Vector, k: int) -> list[int]:
        parameters = (encode(vector), int8(k))
        if self._exact:
            rows = self._client.rows_planned(EXACT.format(""), *parameters)
        else:
            rows = self._client.rows(self.INDEXED.format(""), *parameters)
        return [id for (id,) in rows]

    def nearest_below(self, vector: Vector, k: int, price: int) -> list[int]:
        parameters = (encode(vector), int8(k), int8(price))
        if self._exact:
            rows = self._client.rows_planned(EXACT.format(BELOW), *parameters)
        else:
            statement = EXACT if price <= self._few_below else self.INDEXED
            rows = self._client.rows(statement.format(BELOW), *parameters)
        return [id for (id,) in rows]

    def count(self) -> int:
        ((count,),) = self._client.rows_planned("SELECT count(*) FROM embeddings")
        return int(count)

    def everything(self) -> Iterator[Embeddings]:
        page = "SELECT id, price, embedding FROM embeddings WHERE id >= $1 ORDER BY id LIMIT $2"
        rows = self._client.rows(page, int8(-(2**63)), int8(CHUNK))
        while rows:
            ids, prices, vectors = zip(*rows, strict=True)
            yield Embeddings(np.array(ids, np.int64), decode(vectors), np.array(prices, np.int64))
            rows = self._client.rows(page, int8(ids[-1] + 1), int8(CHUNK)) if len(rows) == CHUNK else []

    def index_bytes(self) -> int | None:
        ((size,),) = self._client.rows_planned(f"SELECT pg_relation_size(to_regclass('{self.INDEX}'))")
        return None if size is None else int(size)

    def ping(self) -> None:
        self._client.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self._client.watch(sink)

    def settle(self) -> None:
        self._build_index()
        self._client.execute("CREATE INDEX IF NOT EXISTS embeddings_price ON embeddings (price)")
        self._client.settle("embeddings")

    def facts(self) -> dict[str, str]:
        return self._client.facts(*self.FACTS) | {"pgvector": self._version}

    def design(self) -> str:
        return (
            "heap table, embedding in the row; HNSW on cosine distance (m 16, ef_construction 64), iterative scan under"
            " a filter; B-tree on the price, by which a filter that leaves few is answered exactly"
        )

    def size_bytes(self) -> int:
        return self._client.size_bytes()

    def close(self) -> None:
        self._client.close()

    def _build_index(self) -> None:
        # Built at once over all rows, a graph takes a fraction of the time of one insertion after the other.
        # Its own m = 16 and ef_construction = 64: twice the latter builds in 1.6 times the time for the same speed at
        # equal recall.
        self._client.execute(
            f"CREATE INDEX IF NOT EXISTS {self.INDEX} ON embeddings USING hnsw (embedding vector_cosine_ops)"
        )

    def _look_at(self, candidates: int) -> None:
        """At most 1,000, which is pgvector's limit."""
        if not 1 <= candidates <= MOST_CANDIDATES:
            raise UsageError(f"pgvector looks at 1 to {MOST_CANDIDATES:,} candidates, not at {candidates:,}.")
        self._client.set("hnsw.ef_search", f"{candidates}")

    def _few(self) -> str:
        """So many rows are sorted as soon as the index has found the nearest that pass; in SQL, over all rows.

        Of N rows, n pass. Sorting them costs n; the graph is walked until k pass, k N / n steps of about 5 times the
        cost (as measured; the planner believes them cheaper). They meet at n = sqrt(5 k N), here for k = 10.
        """
        return "sqrt(50 * count(*))"

    def _price_few_are_below(self) -> int:
        """Up to this price, sorting all that are below beats the index."""
        few = f"SELECT {self._few()}::bigint FROM embeddings"
        found = self._client.rows_planned(f"SELECT price FROM embeddings ORDER BY price OFFSET ({few}) LIMIT 1")
        return int(found[0][0]) if found else 2**63 - 1


def extension_version(client: Client) -> str:
    """Of pgvector, which is created in this database if need be. Raises Unsupported."""
    available = "SELECT installed_version, default_version FROM pg_available_extensions WHERE name = 'vector'"
    found = client.rows(available)
    if not found:
        raise Unsupported("this server has no pgvector", "install pgvector, or use the image pgvector/pgvector")
    try:
        if found[0][0] is None:
            with suppress(psycopg.errors.UniqueViolation, psycopg.errors.DuplicateObject):  # Another was faster.
                client.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except psycopg.errors.InsufficientPrivilege as refusal:
        raise Unsupported("this user may not create the extension vector", "use a user who may") from refusal
    version = str(client.rows(available)[0][0])
    if tuple(map(int, version.split(".")[:2])) < (0, 8):
        raise Unsupported(f"pgvector {version} cannot search on under a filter", "update pgvector to 0.8 or later")
    return version


def encode(vector: Vector) -> bytes:
    return pack_header(len(vector), 0) + vector.astype(">f4").tobytes()


def decode(vectors: Sequence[bytes]) -> NDArray[np.float32]:
    return np.stack([np.frombuffer(vector, ">f4", offset=4) for vector in vectors]).astype(np.float32)


def copy_rows(ids: NDArray[np.int64], prices: NDArray[np.int64], vectors: NDArray[np.float32]) -> bytes:
    """Rows for a COPY in binary: the number of columns, then each with its size before it."""
    dimensions = vectors.shape[1]
    rows = np.zeros(
        len(ids),
        [
            *(("columns", ">i2"), ("id size", ">i4"), ("id", ">i8"), ("price size", ">i4"), ("price", ">i4")),
            *(("vector size", ">i4"), ("dimensions", ">u2"), ("unused", ">u2"), ("vector", ">f4", (dimensions,))),
        ],
    )
    rows["columns"] = 3
    rows["id size"], rows["id"] = 8, ids
    rows["price size"], rows["price"] = 4, prices
    rows["vector size"], rows["dimensions"], rows["vector"] = 4 + 4 * dimensions, dimensions, vectors
    return rows.tobytes()
