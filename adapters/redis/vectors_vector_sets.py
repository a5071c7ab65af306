"""Vectors in a vector set of the core, even where the server has RediSearch.

What Redis 8 brings by itself: no module, no index to be declared, any database, a search that is plain commands on one
key. Filters look at attributes while they walk through the graph instead of at an index, so rare ones are slow; there
is one graph to a key, and each vector is kept twice, once normalised in it and once as it came.
"""

from __future__ import annotations

from adapters.redis import vectors
from adapters.redis.vector_sets import VectorSet
from harness.errors import Unsupported


class Session(vectors.Session):
    def chosen_index(self) -> VectorSet:
        if not self.client.knows("VSIM"):
            raise Unsupported("this Redis has no vector sets", "use Redis 8")
        return VectorSet(self.client)

    def design(self) -> str:
        return f"{self.index.DESIGN}; no index on the price, so the walk for a rare one is long"
