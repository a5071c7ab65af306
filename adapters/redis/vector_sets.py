"""The vector set, a type of Redis 8 itself, which needs no module."""

from __future__ import annotations

from adapters.redis.client import Client, Command

KEY = "vectors"
ALL = 2**62  # Candidates that a filter may refuse before the search gives up; the default stops at 100 * COUNT.


class VectorSet:
    DESIGN = (
        "a vector set (HNSW, NOQUANT, M 16, EF 128 while building) with the price as JSON attribute, and a hash e:<id>"
        " with the exact vector, which the set keeps normalised; VSIM with EF as effort, FILTER on the price; exact"
        " search by VSIM TRUTH"
    )

    def __init__(self, client: Client) -> None:
        self.client = client

    def create(self, dimensions: int) -> None:
        pass  # The first vector makes the set.

    def writes(self, id: int, blob: bytes, price: int) -> list[Command]:
        attributes = f'{{"price":{price}}}'
        return [("VADD", KEY, "FP32", blob, id, "NOQUANT", "EF", 128, "SETATTR", attributes, "M", 16)]

    def nearest(self, blob: bytes, k: int, below: int | None, effort: int | None) -> list[int]:
        how = ("TRUTH",) if effort is None else ("EF", max(effort, k))
        which = () if below is None else ("FILTER", f".price < {below}", "FILTER-EF", ALL)
        return list(map(int, self.client.call("VSIM", KEY, "FP32", blob, "COUNT", k, *how, *which)))

    def count(self) -> int:
        return int(self.client.call("VCARD", KEY))

    def size_bytes(self) -> int | None:
        """With the vectors and their attributes, which are in the graph."""
        size = self.client.call("MEMORY", "USAGE", KEY)
        return None if size is None else int(size)

    def settle(self) -> None:
        pass  # VADD answers when the vector can be found.
