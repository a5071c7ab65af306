"""The vector index of RediSearch, over hashes."""

from __future__ import annotations

import time

from adapters.redis.client import Client, Command

# M as everywhere; with more than 128 candidates, builds take half as long again and recall does not rise.
HNSW = ("M", 16, "EF_CONSTRUCTION", 128)


class SearchIndex:
    DESIGN = (
        "a hash e:<id> with vector and price; a RediSearch index of both: HNSW (FLOAT32, COSINE, M 16,"
        " EF_CONSTRUCTION 128) and NUMERIC; FT.SEARCH KNN with EF_RUNTIME as effort, the price as a hybrid filter whose"
        " policy RediSearch chooses; exact search by HYBRID_POLICY ADHOC_BF over all prices"
    )

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name

    def create(self, dimensions: int) -> None:
        vector = ("TYPE", "FLOAT32", "DIM", dimensions, "DISTANCE_METRIC", "COSINE", *HNSW)
        schema = ("vector", "VECTOR", "HNSW", len(vector), *vector, "price", "NUMERIC")
        self.client.call("FT.CREATE", self.name, "ON", "HASH", "PREFIX", 1, "e:", "SCHEMA", *schema)

    def writes(self, id: int, blob: bytes, price: int) -> list[Command]:
        return []  # RediSearch sees the hash.

    def nearest(self, blob: bytes, k: int, below: int | None, effort: int | None) -> list[int]:
        prices = "*" if below is None else f"@price:[-inf ({below}]"
        how = f"EF_RUNTIME {max(effort or 0, k)}"
        if effort is None:  # Only a hybrid query can be told to compare with all, so one without a filter gets one.
            prices = "@price:[-inf +inf]" if below is None else prices
            how = "HYBRID_POLICY ADHOC_BF"
        found = self.client.call(
            *("FT.SEARCH", self.name, f"{prices}=>[KNN {k} @vector $vector {how} AS distance]", "NOCONTENT"),
            *("SORTBY", "distance", "LIMIT", 0, k, "PARAMS", 2, "vector", blob),
            *("TIMEOUT", 0, "DIALECT", 2),  # By default it answers with what it has after half a second.
        )
        return [int(hit["id"][2:]) for hit in found["results"]]

    def count(self) -> int:
        return int(self.client.call("FT.SEARCH", self.name, "*", "LIMIT", 0, 0, "TIMEOUT", 0)["total_results"])

    def size_bytes(self) -> int | None:
        """Of the vectors alone, as the module counts them; it holds a copy of each."""
        megabytes = self.client.call("FT.INFO", self.name).get("vector_index_sz_mb")
        return None if megabytes is None else round(float(megabytes) * 2**20)

    def settle(self) -> None:
        while (state := self.client.call("FT.INFO", self.name))["indexing"] or state["percent_indexed"] < 1:
            time.sleep(0.02)
