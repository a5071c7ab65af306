"""An embedding is a document with its components in an array; every search is an exact scan.

A mongod has no vector index: $vectorSearch is a service of Atlas beside it. Microseconds of the server for a vector of
64 components, by how the dot product is written: 48 with a field for each component, 45 with $reduce over $zip, 35 with
$sum of $map, 18 with a sum of products of array elements and constants, which it is. A $function in JavaScript takes
15, but is deprecated and switched off in many places; $group in the newer execution engine takes 45.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from adapters.mongo.client import Database, Document
from harness.engine import Address
from harness.vectors import Embeddings, Vector, Vectors

BATCH = 1_000


class Session(Vectors):
    def __init__(self, address: Address) -> None:
        self.database = Database(address)

    def create(self, dimensions: int) -> None:
        self.database.drop("embeddings")
        self.database.run({"create": "embeddings"})
        self.database.run({"createIndexes": "embeddings", "indexes": [{"key": {"price": 1}, "name": "price"}]})

    def load(self, embeddings: Embeddings) -> None:
        ids, prices = embeddings.ids.tolist(), embeddings.prices.tolist()
        vectors = embeddings.vectors.astype(np.float64)
        inverse_norms = (1 / np.linalg.norm(vectors, axis=1)).tolist()
        columns = zip(ids, prices, inverse_norms, vectors, strict=True)
        existed = self.database.insert("embeddings", (embedding(*row) for row in columns))
        if existed:
            raise ValueError(f"There is an embedding {ids[existed[0]]} already.")

    def upsert(self, id: int, vector: Vector, price: int) -> None:
        components = vector.astype(np.float64)
        document = embedding(id, price, float(1 / np.linalg.norm(components)), components)
        self.database.write({"update": "embeddings", "updates": [{"q": {"_id": id}, "u": document, "upsert": True}]})

    def set_effort(self, candidates: int | None) -> None:
        pass  # Every search looks at all there is.

    def nearest(self, vector: Vector, k: int) -> list[int]:
        return self.search([], vector, k)

    def nearest_below(self, vector: Vector, k: int, price: int) -> list[int]:
        return self.search([{"$match": {"price": {"$lt": price}}}], vector, k)

    def search(self, filters: Sequence[Document], vector: Vector, k: int) -> list[int]:
        components = vector.astype(np.float64).tolist()  # Their length changes no order.
        products = [
            {"$multiply": [{"$arrayElemAt": ["$$vector", position]}, component]}
            for position, component in enumerate(components)
        ]
        dot_product = {"$let": {"vars": {"vector": "$vector"}, "in": {"$add": products}}}
        pipeline: list[Document] = [
            *filters,
            {"$project": {"cosine": {"$multiply": ["$inverse_norm", dot_product]}}},
            {"$sort": {"cosine": -1}},
            {"$limit": k},
            {"$project": {"_id": 1}},
        ]
        return [int(each["_id"]) for each in self.database.aggregate("embeddings", pipeline)]

    def count(self) -> int:
        return self.database.count("embeddings")

    def everything(self) -> Iterator[Embeddings]:
        for batch in self.database.batches({"find": "embeddings", "batchSize": BATCH}):
            if batch:
                yield Embeddings(
                    ids=np.array([each["_id"] for each in batch], np.int64),
                    vectors=np.array([each["vector"] for each in batch], np.float32),
                    prices=np.array([each["price"] for each in batch], np.int64),
                )

    def index_bytes(self) -> None:
        return None

    def ping(self) -> None:
        self.database.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self.database.watch(sink)

    def settle(self) -> None:
        self.database.settle()

    def facts(self) -> dict[str, str]:
        return self.database.facts()

    def design(self) -> str:
        return (
            "exact scan: mongod has no vector index (Atlas Search would bring $vectorSearch); arrays of doubles with"
            " their inverse norm, cosine in an aggregation pipeline, index on price for the filter; effort ignored"
        )

    def size_bytes(self) -> int:
        return self.database.size_bytes()

    def close(self) -> None:
        self.database.close()


def embedding(id: int, price: int, inverse_norm: float, vector: NDArray[np.float64]) -> Document:
    return {"_id": id, "price": price, "inverse_norm": inverse_norm, "vector": vector.tolist()}
