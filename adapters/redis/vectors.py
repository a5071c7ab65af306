"""Vectors: hashes indexed by RediSearch where the server has it, else beside Redis' own vector sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np

from adapters.redis.client import Client, Command, empty, facts, search_index, settle, size_bytes
from adapters.redis.search import SearchIndex
from adapters.redis.vector_sets import VectorSet
from harness.engine import Address
from harness.errors import Unsupported
from harness.vectors import Embeddings, Vector, Vectors

BATCH = 200  # Embeddings in one pipeline of a bulk load; the server indexes them before it answers.


class Session(Vectors):
    """The hash e:<id> holds the vector and the price as they came; the index knows how to search for them."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.client = Client(address.url)
        self.index = self.chosen_index()
        self.effort: int | None = None

    def chosen_index(self) -> SearchIndex | VectorSet:
        if self.client.knows("FT.SEARCH") and self.client.database == 0:
            return SearchIndex(self.client, search_index(self.address))
        if self.client.knows("VSIM"):
            return VectorSet(self.client)
        if self.client.knows("FT.SEARCH"):
            raise Unsupported("RediSearch indexes database 0 only", "name database 0 in the URL")
        raise Unsupported("this Redis has neither RediSearch nor vector sets", "use Redis 8, or load redisearch.so")

    def create(self, dimensions: int) -> None:
        empty(self.client, self.address)
        self.index.create(dimensions)

    def load(self, embeddings: Embeddings) -> None:
        def batches() -> Iterator[list[Command]]:
            rows = zip(embeddings.ids.tolist(), embeddings.vectors, embeddings.prices.tolist(), strict=True)
            while batch := list(islice(rows, BATCH)):
                yield [command for row in batch for command in self._write(*row)]

        for _ in self.client.stream(batches()):
            pass

    def upsert(self, id: int, vector: Vector, price: int) -> None:
        commands = self._write(id, vector, price)
        if len(commands) == 1:
            self.client.call(*commands[0])
        else:
            self.client.atomically(commands)

    def set_effort(self, candidates: int | None) -> None:
        self.effort = candidates

    def nearest(self, vector: Vector, k: int) -> list[int]:
        return self.index.nearest(packed(vector), k, None, self.effort)

    def nearest_below(self, vector: Vector, k: int, price: int) -> list[int]:
        return self.index.nearest(packed(vector), k, price, self.effort)

    def count(self) -> int:
        return self.index.count()

    def everything(self) -> Iterator[Embeddings]:
        cursor, seen = "0", set[int]()  # SCAN may give a key twice.
        while True:
            cursor, keys = self.client.call("SCAN", cursor, "MATCH", "e:*", "COUNT", 1_000)
            ids = [id for id in dict.fromkeys(int(key[2:]) for key in keys) if id not in seen]
            seen.update(ids)
            if ids:
                yield self._stored(ids)
            if cursor == "0":
                return

    def _stored(self, ids: list[int]) -> Embeddings:
        rows = self.client.calls([("HMGET", f"e:{id}", "vector", "price") for id in ids], decode=False)
        vectors = np.frombuffer(b"".join(vector for vector, _ in rows), "<f4").reshape(len(ids), -1)
        return Embeddings(np.array(ids), vectors.astype(np.float32), np.array([int(price) for _, price in rows]))

    def _write(self, id: int, vector: Vector, price: int) -> list[Command]:
        blob = packed(vector)
        return [("HSET", f"e:{id}", "vector", blob, "price", price), *self.index.writes(id, blob, price)]

    def index_bytes(self) -> int | None:
        return self.index.size_bytes()

    def ping(self) -> None:
        self.client.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self.client.watch(sink)

    def settle(self) -> None:
        self.index.settle()
        settle(self.client, self.address)

    def facts(self) -> dict[str, str]:
        return facts(self.client)

    def design(self) -> str:
        return self.index.DESIGN

    def size_bytes(self) -> int | None:
        return size_bytes(self.client)

    def close(self) -> None:
        self.client.close()


def packed(vector: Vector) -> bytes:
    return np.ascontiguousarray(vector, "<f4").tobytes()
