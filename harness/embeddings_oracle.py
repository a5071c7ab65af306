"""Knows the right answers about embeddings, while more are being written, without any database.

A grade is the recall of a search: the share of the truly nearest that it found. The truth is the brute-force answer
in float64 over what was loaded, what is known to be written, and what else the answer itself shows: embeddings of
other processes, whose vectors and prices follow from their ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.draw import Integers
from harness.vectors import Embeddings, Nearest, NearestBelow, Upsert, Vector, Vectors

TRACKED_EVERY = 7  # Of live embeddings: bounds the log.
KEPT_SAMPLE = 50
TIE = 1e-6  # Distances that differ by less, relatively, are equal.
DISORDER = 0.05  # An approximate search may take one that is this much farther for nearer, not more.
FOUND_NONE = 1e-9  # The grade of an answer that breaks no rule and has no hit; 0 is for wrong ones.
BLOCK_ROWS = 4_096
NEVER = 2**63 - 1

Distances = NDArray[np.float64]


@dataclass(frozen=True)
class Written:
    embedding: Upsert
    sent_ns: int
    acknowledged_ns: int


class EmbeddingsOracle:
    """`loaded` has the ids 0, 1, …; `live` gives the embeddings that have these other ids, or nothing for an id
    that none can have. `effort` is what sessions are set to again after exact searches."""

    def __init__(self, loaded: Embeddings, live: Callable[[Integers], Embeddings], effort: int) -> None:
        self._loaded = loaded
        self._lengths = _lengths(loaded.vectors)
        self._live = live
        self._effort = effort
        self._written: dict[int, Written] = {}
        self._nearest: dict[tuple[int, int, int | None], Distances] = {}

    def check_content(self, session: Vectors) -> list[str]:
        loaded = self._loaded
        seen = np.zeros(len(loaded), dtype=np.int64)
        foreign = different = 0
        for found in session.everything():
            known = (found.ids >= 0) & (found.ids < len(loaded))
            ids = found.ids[known]
            np.add.at(seen, ids, 1)
            same = (found.vectors[known] == loaded.vectors[ids]).all(axis=1) & (
                found.prices[known] == loaded.prices[ids]
            )
            foreign += int(np.count_nonzero(~known))
            different += int(np.count_nonzero(~same))
        counts = {
            "are not of the data set": foreign,
            "differ from those that were loaded": different,
            "came more than once": int(np.count_nonzero(seen > 1)),
            "are missing": int(np.count_nonzero(seen == 0)),
        }
        problems = [f"{number:,} embeddings {what}" for what, number in counts.items() if number]
        if (count := session.count()) != len(loaded):
            problems.append(f"count() says {count:,} where {len(loaded):,} embeddings were loaded")
        return problems

    def tracks(self, operation: Any) -> bool:
        return not isinstance(operation, Upsert) or operation.id % TRACKED_EVERY == 0

    def wrote(self, operation: Any, sent_ns: int, acknowledged_ns: int | None) -> None:
        acknowledged = NEVER if acknowledged_ns is None else acknowledged_ns
        self._written[operation.id] = Written(operation, sent_ns, acknowledged)

    def grade(self, operation: Any, answer: Any, sent_ns: int, received_ns: int) -> float:
        if isinstance(operation, Upsert):
            return float(answer is None)
        price = operation.price if isinstance(operation, NearestBelow) else None
        if not isinstance(answer, list) or not all(type(id) is int for id in answer):
            return 0.0
        if len(answer) > operation.k or len(set(answer)) != len(answer):
            return 0.0
        found = self._embeddings(answer)
        if len(found) != len(answer) or (price is not None and (found.prices >= price).any()):
            return 0.0
        if any(id in self._written and self._written[id].sent_ns > received_ns for id in answer):
            return 0.0
        distances = _distances(operation.vector, found.vectors, _lengths(found.vectors))
        if (np.maximum.accumulate(distances) > distances * (1 + DISORDER) + 1e-3).any():
            return 0.0
        written = self._must_be_known(operation.vector, price, sent_ns, answer)
        live = distances[found.ids >= len(self._loaded)]
        truth = np.sort(np.concatenate((self.nearest(operation), live, written)))[: operation.k]
        if not len(truth):
            return 1.0
        hits = np.count_nonzero(distances <= truth[-1] * (1 + TIE) + 1e-12)
        return max(min(1.0, float(hits) / len(truth)), FOUND_NONE)

    def check_kept(self, session: Vectors) -> list[str]:
        kept = [written.embedding for written in self._written.values() if written.acknowledged_ns != NEVER]
        problems = []
        session.set_effort(None)
        for upsert in kept[:: -(-len(kept) // KEPT_SAMPLE) or 1]:
            if upsert.id not in session.nearest(upsert.vector, 10):
                problems.append(f"embedding {upsert.id} was acknowledged, and an exact search does not find it")
            elif upsert.id not in session.nearest_below(upsert.vector, 10, upsert.price + 1):
                problems.append(f"embedding {upsert.id} is not found below a price above its own")
            elif upsert.id in session.nearest_below(upsert.vector, 10, upsert.price):
                problems.append(f"embedding {upsert.id} is found below its own price")
        session.set_effort(self._effort)
        return problems[:5]

    def nearest(self, search: Nearest | NearestBelow) -> Distances:
        """The distances of the k nearest loaded embeddings, closest first; fewer where fewer are below the price."""
        price = search.price if isinstance(search, NearestBelow) else None
        name = (search.query, search.k, price)
        if name not in self._nearest:
            vectors, lengths = self._loaded.vectors, self._lengths
            blocks = [slice(start, start + BLOCK_ROWS) for start in range(0, len(vectors), BLOCK_ROWS)]
            all_ = np.concatenate([_distances(search.vector, vectors[rows], lengths[rows]) for rows in blocks])
            eligible = all_ if price is None else all_[self._loaded.prices < price]
            self._nearest[name] = np.sort(eligible)[: search.k].copy()
        return self._nearest[name]

    def _must_be_known(self, vector: Vector, price: int | None, sent_ns: int, answer: list[int]) -> Distances:
        """The distances of embeddings that every search must know of now, apart from those in the answer."""
        vectors = [
            written.embedding.vector
            for id, written in self._written.items()
            if written.acknowledged_ns < sent_ns
            and id not in answer
            and (price is None or written.embedding.price < price)
        ]
        if not vectors:
            return np.empty(0)
        matrix = np.array(vectors)
        return _distances(vector, matrix, _lengths(matrix))

    def _embeddings(self, ids: list[int]) -> Embeddings:
        """The embeddings with these ids in their order; without those whose ids none can have."""
        numbers = np.array(ids, dtype=np.int64)
        loaded = (numbers >= 0) & (numbers < len(self._loaded))
        live = self._live(numbers[~loaded])
        if len(live) != np.count_nonzero(~loaded):
            return live
        vectors = np.empty((len(ids), self._loaded.vectors.shape[1]), dtype=np.float32)
        prices = np.empty(len(ids), dtype=np.int64)
        vectors[loaded], prices[loaded] = self._loaded.vectors[numbers[loaded]], self._loaded.prices[numbers[loaded]]
        vectors[~loaded], prices[~loaded] = live.vectors, live.prices
        return Embeddings(numbers, vectors, prices)


def _lengths(vectors: NDArray[np.float32]) -> Distances:
    lengths: Distances = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    return lengths


def _distances(target: Vector, vectors: NDArray[np.float32], lengths: Distances) -> Distances:
    """Cosine distances. Dot products of whole numbers are exact in float64, so their order is everywhere the same."""
    wide = target.astype(np.float64)
    cosines: Distances = vectors.astype(np.float64) @ wide / (lengths * np.sqrt(wide @ wide))
    return 1.0 - cosines
