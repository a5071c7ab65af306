"""Vectors: rows sorted by id; an HNSW index where the server keeps it in memory, an exact scan where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from adapters.clickhouse import client, native
from adapters.clickhouse.client import rows
from adapters.clickhouse.native import Column
from harness.engine import Address
from harness.vectors import Embeddings, Vector, Vectors

SPARE = 2  # Candidates of the index for each answer: some may be rows that were replaced and not merged away yet.
ALL = "true"  # The condition that every row meets.


class Session(Vectors):
    def __init__(self, address: Address) -> None:
        self._durability = address.durability
        self._connection = client.connect(address)
        # Since 25.8, when the index left its experimental state. Before, each query read it from the disk anew and took
        # longer than one that compares every vector: 51 ms against 11 for 20,000 of 128 dimensions in 24.10.
        self._indexed = "enable_vector_similarity_index" in self._connection.client.server_settings
        self._effort: int | None = None

    def create(self, dimensions: int) -> None:
        self._connection.ask("DROP TABLE IF EXISTS embeddings SYNC")
        # All 32 bits of each number, as in the other engines; by default half of them are dropped.
        index = (
            f", INDEX nearest vector TYPE vector_similarity('hnsw', 'cosineDistance', {dimensions:d}, 'f32', 16, 128)"
            " GRANULARITY 100000000"  # One graph for each part, however large.
        )
        # Embeddings hardly compress. 32 rows between two index entries: candidates are read one by one.
        # Without a column for a version the row that was inserted last replaces the others.
        self._connection.ask(
            "CREATE TABLE embeddings (id Int64, price Int32, vector Array(Float32) CODEC(NONE)"
            f"{index if self._indexed else ''}) ENGINE = ReplacingMergeTree ORDER BY id"
            f" SETTINGS index_granularity = 32{client.durable_settings(self._durability)}"
        )

    def load(self, embeddings: Embeddings) -> None:
        if len(embeddings):
            # settle() merges the parts into one, and each merge makes the graph anew.
            self._insert(embeddings, materialize_skip_indexes_on_insert=0)

    def upsert(self, id: int, vector: Vector, price: int) -> None:
        self._insert(Embeddings(np.array([id]), vector.reshape(1, -1), np.array([price])))

    def set_effort(self, candidates: int | None) -> None:
        self._effort = candidates

    def nearest(self, vector: Vector, k: int) -> list[int]:
        return self._search(vector, k, ALL)

    def nearest_below(self, vector: Vector, k: int, price: int) -> list[int]:
        return self._search(vector, k, f"price < {price:d}")

    def count(self) -> int:
        ((count,),) = rows(self._connection, "SELECT count() FROM embeddings FINAL")
        return int(count)

    def everything(self) -> Iterator[Embeddings]:
        found = rows(self._connection, "SELECT length(vector) FROM embeddings LIMIT 1")
        if not found:
            return
        ((dimensions,),) = found
        # The vector's length, which goes before it, takes one byte for each seven bits.
        length = len(native.varint(dimensions))
        record = np.dtype([("id", "<i8"), ("price", "<i4"), ("length", "u1", length), ("vector", "<f4", dimensions)])
        for page in client.records(self._connection, "SELECT id, price, vector FROM embeddings FINAL", record):
            yield Embeddings(
                page["id"].astype(np.int64), page["vector"].astype(np.float32), page["price"].astype(np.int64)
            )

    def index_bytes(self) -> int | None:
        found = rows(
            self._connection,
            "SELECT data_compressed_bytes FROM system.data_skipping_indices"
            " WHERE database = currentDatabase() AND table = 'embeddings'",
        )
        return int(found[0][0]) or None if found else None  # Empty until settle().

    def ping(self) -> None:
        self._connection.ask("SELECT 1")

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self._connection = client.watched(self._connection, sink)

    def settle(self) -> None:
        # A part that load() wrote has no graph yet.
        indexed = "(secondary_indices_compressed_bytes > 0 OR rows = 0)"
        client.settle(self._connection, "embeddings", indexed if self._indexed else "true")

    def facts(self) -> dict[str, str]:
        return client.facts(self._connection)

    def design(self) -> str:
        if not self._indexed:
            return "ReplacingMergeTree sorted by id, exact scan: before 25.8 an HNSW index is read anew in each query"
        return (
            "ReplacingMergeTree sorted by id, HNSW on cosine distance (m 16, ef_construction 128) for each part; "
            "its candidates are looked up by id again, for a replaced row is in it until it is merged away"
        )

    def size_bytes(self) -> int:
        return client.size_bytes(self._connection)

    def close(self) -> None:
        self._connection.client.close()

    def _insert(self, embeddings: Embeddings, **settings: int) -> None:
        block = [
            Column("id", "Int64", embeddings.ids.astype("<i8").tobytes()),
            Column("price", "Int32", embeddings.prices.astype("<i4").tobytes()),
            Column("vector", "Array(Float32)", native.arrays(embeddings.vectors)),
        ]
        self._connection.insert("embeddings", native.block(len(embeddings), block), settings)

    def _search(self, vector: Vector, k: int, condition: str) -> list[int]:
        if self._effort is not None and self._indexed:
            found = self._ask_index(vector, k, condition, max(self._effort, SPARE * k))
            if len(found) == k:
                return found
        # Too few candidates passed the filter, or there are no more: compare all rows that pass it.
        return self._ids(
            f"WITH {literal(vector, self._indexed)} AS target SELECT id FROM embeddings FINAL WHERE {condition}"
            f" ORDER BY cosineDistance(vector, target) LIMIT {k:d} SETTINGS use_skip_indexes = 0"
        )

    def _ask_index(self, vector: Vector, k: int, condition: str, candidates: int) -> list[int]:
        """The index proposes, the primary key disposes: of each id proposed, only the row that counts is compared.

        FINAL on the search in the index would read everything between the smallest and the largest id of each part. The
        filter comes last, over all that the index looked at: inside, every part would bring its own nearest that pass,
        and those of small parts would pose as the nearest of all.
        """
        proposed = SPARE * k if condition == ALL else candidates
        return self._ids(
            f"WITH {literal(vector, self._indexed)} AS target SELECT id FROM embeddings FINAL"
            f" WHERE {condition} AND id IN ("
            f"SELECT id FROM embeddings ORDER BY cosineDistance(vector, target) LIMIT {proposed:d})"
            f" ORDER BY cosineDistance(vector, target) + 0 LIMIT {k:d}"  # A sum, so that this one is no index search.
            f" SETTINGS hnsw_candidate_list_size_for_search = {candidates:d}"
        )

    def _ids(self, statement: str) -> list[int]:
        return [id for (id,) in rows(self._connection, statement)]


def literal(vector: Vector, binary: bool) -> str:
    """As an expression. Before 25.8 bytes could not become an array, and text takes the client a while to write."""
    if binary:
        return f"reinterpret(unhex('{vector.astype('<f4').tobytes().hex()}'), 'Array(Float32)')"
    return f"'{vector.tolist()}'::Array(Float32)"
