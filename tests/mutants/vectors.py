"""Broken vector adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from time import sleep
from typing import Any, cast

import numpy as np

from adapters.memory.vectors import Session
from harness.engine import Address
from harness.vectors import Embeddings, Vector
from tests.conformance import vectors as checks
from tests.mutants import rejected_by


@rejected_by(checks.check_an_empty_home_answers_every_question, checks.check_answers_end_with_what_there_is)
class MissingNeighboursAreMinusOne(Session):
    def nearest(self, vector: Vector, k: int) -> list[int]:
        answer = super().nearest(vector, k)
        return answer + [-1] * (k - len(answer))


@rejected_by(checks.check_create_drops_every_embedding)
class CreateKeepsOldData(Session):
    def create(self, dimensions: int) -> None:
        pass


@rejected_by(checks.check_create_takes_other_dimensions)
class CreateKeepsOldSchema(Session):
    dimensions = 0

    def create(self, dimensions: int) -> None:
        super().create(dimensions)
        self.dimensions = self.dimensions or dimensions

    def load(self, embeddings: Embeddings) -> None:
        if embeddings.vectors.shape[1] == self.dimensions:
            super().load(embeddings)


@rejected_by(checks.check_an_empty_load_changes_nothing, checks.check_loads_are_searchable_once_settled)
class LoadTruncatesFirst(Session):
    def load(self, embeddings: Embeddings) -> None:
        self.embeddings.clear()
        super().load(embeddings)


@rejected_by(checks.check_everything_gives_each_embedding_as_written)
class LoadSendsOneBatch(Session):
    def load(self, embeddings: Embeddings) -> None:
        super().load(Embeddings(embeddings.ids[:1_000], embeddings.vectors[:1_000], embeddings.prices[:1_000]))


@rejected_by(checks.check_everything_gives_each_embedding_as_written)
class VectorsAreStoredAsUnits(Session):
    def load(self, embeddings: Embeddings) -> None:
        lengths = np.linalg.norm(embeddings.vectors, axis=1, keepdims=True)
        super().load(Embeddings(embeddings.ids, embeddings.vectors / lengths, embeddings.prices))


@rejected_by(checks.check_everything_gives_each_embedding_as_written, checks.check_data_stays_when_a_session_closes)
class EverythingSkipsAnEmbedding(Session):
    def everything(self) -> Iterator[Embeddings]:
        for batch in super().everything():
            yield Embeddings(batch.ids[1:], batch.vectors[1:], batch.prices[1:])


@rejected_by(checks.check_everything_gives_each_embedding_as_written)
class EverythingRepeatsABatch(Session):
    def everything(self) -> Iterator[Embeddings]:
        batches = list(super().everything())
        yield from [*batches, batches[0]]


@rejected_by(
    checks.check_distance_is_by_angle_and_not_by_length,
    checks.check_exact_search_equals_brute_force,
    checks.check_random_questions_agree_with_brute_force,
)
class DistanceIsEuclidean(Session):
    def nearest(self, vector: Vector, k: int) -> list[int]:
        distances = {id: float(np.linalg.norm(other - vector)) for id, (other, _) in self.embeddings.items()}
        return sorted(distances, key=lambda id: distances[id])[:k]


@rejected_by(checks.check_distance_is_by_angle_and_not_by_length, checks.check_exact_search_equals_brute_force)
class DistanceIsTheInnerProduct(Session):
    def nearest(self, vector: Vector, k: int) -> list[int]:
        products = {id: float(other @ vector) for id, (other, _) in self.embeddings.items()}
        return sorted(products, key=lambda id: -products[id])[:k]


@rejected_by(checks.check_distance_is_by_angle_and_not_by_length)
class OppositesAreNear(Session):
    def nearest(self, vector: Vector, k: int) -> list[int]:
        lines = {id: abs(float(other @ vector / np.linalg.norm(other))) for id, (other, _) in self.embeddings.items()}
        return sorted(lines, key=lambda id: -lines[id])[:k]


@rejected_by(checks.check_exact_search_equals_brute_force, checks.check_effort_belongs_to_the_session_and_can_change)
class ExactSearchLooksAtHalf(Session):
    def snapshot(self) -> list[tuple[int, tuple[Vector, int]]]:
        return list(super().snapshot())[::2]


@rejected_by(checks.check_long_vectors_are_searched_too)
class OnlyTheFirstComponentsCount(Session):
    def load(self, embeddings: Embeddings) -> None:
        super().load(Embeddings(embeddings.ids, embeddings.vectors[:, :256], embeddings.prices))

    def nearest(self, vector: Vector, k: int) -> list[int]:
        return super().nearest(vector[:256], k)


@rejected_by(checks.check_exact_search_equals_brute_force, checks.check_answers_end_with_what_there_is)
class OneNeighbourIsMissing(Session):
    def nearest(self, vector: Vector, k: int) -> list[int]:
        return super().nearest(vector, k - 1)


@rejected_by(checks.check_exact_search_equals_brute_force, checks.check_any_integer_is_an_id)
class TheFarthestComesFirst(Session):
    def nearest(self, vector: Vector, k: int) -> list[int]:
        return super().nearest(vector, k)[::-1]


@rejected_by(checks.check_exact_search_equals_brute_force, checks.check_approximate_search_finds_nearly_all)
class TheNearestComesTwice(Session):
    def nearest(self, vector: Vector, k: int) -> list[int]:
        answer = super().nearest(vector, k)
        return answer[:1] + answer[: k - 1]


@rejected_by(checks.check_exact_search_equals_brute_force)
class TheCursorIsNeverRead(Session):
    def nearest(self, vector: Vector, k: int) -> list[int]:
        return iter(super().nearest(vector, k))  # type: ignore[return-value]


@rejected_by(checks.check_exact_search_equals_brute_force)
class IdsAreText(Session):
    def nearest(self, vector: Vector, k: int) -> list[int]:
        return [cast(Any, str(id)) for id in super().nearest(vector, k)]


@rejected_by(checks.check_the_price_limit_is_exclusive)
class ThePriceLimitIsInclusive(Session):
    def nearest_below(self, vector: Vector, k: int, price: int) -> list[int]:
        return super().nearest_below(vector, k, price + 1)


@rejected_by(checks.check_filters_that_leave_none_few_or_all, checks.check_the_price_limit_is_exclusive)
class TheFilterIsDropped(Session):
    def nearest_below(self, vector: Vector, k: int, price: int) -> list[int]:
        return self.nearest(vector, k)


@rejected_by(
    checks.check_filters_that_leave_none_few_or_all,
    checks.check_exact_search_equals_brute_force,
    checks.check_approximate_search_finds_nearly_all,
)
class TheFilterComesAfterTheSearch(Session):
    def nearest_below(self, vector: Vector, k: int, price: int) -> list[int]:
        return [id for id in self.nearest(vector, k) if self.embeddings[id][1] < price]


@rejected_by(checks.check_ties_all_count)
class TiesAreMerged(Session):
    def nearest(self, vector: Vector, k: int) -> list[int]:
        answer = super().nearest(vector, len(self.embeddings))
        return list({self.embeddings[id][0].tobytes(): id for id in reversed(answer)}.values())[::-1][:k]


@rejected_by(checks.check_any_integer_is_an_id)
class IdsAreFloats(Session):
    def load(self, embeddings: Embeddings) -> None:
        ids = embeddings.ids.astype(np.float64).astype(np.int64)
        super().load(Embeddings(ids, embeddings.vectors, embeddings.prices))


@rejected_by(checks.check_an_upsert_is_found_at_once, checks.check_repeated_upserts_leave_one_embedding)
class UpsertsAreIndexedLater(Session):
    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.waiting: dict[int, tuple[Vector, int]] = {}

    def upsert(self, id: int, vector: Vector, price: int) -> None:
        self.waiting[id] = (vector, price)

    def settle(self) -> None:
        self.embeddings.update(self.waiting)
        self.waiting.clear()


@rejected_by(checks.check_an_upsert_replaces_the_embedding, checks.check_random_questions_agree_with_brute_force)
class UpsertSkipsIdsThatExist(Session):
    def upsert(self, id: int, vector: Vector, price: int) -> None:
        self.embeddings.setdefault(id, (vector, price))


@rejected_by(checks.check_an_upsert_replaces_the_embedding)
class UpsertKeepsTheOldPrice(Session):
    def upsert(self, id: int, vector: Vector, price: int) -> None:
        super().upsert(id, vector, self.embeddings[id][1] if id in self.embeddings else price)


@rejected_by(checks.check_repeated_upserts_leave_one_embedding, checks.check_an_upsert_replaces_the_embedding)
class OldVectorsAreStillFound(Session):
    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.old: list[tuple[int, tuple[Vector, int]]] = []

    def upsert(self, id: int, vector: Vector, price: int) -> None:
        self.old += [(id, self.embeddings[id])] if id in self.embeddings else []
        super().upsert(id, vector, price)

    def nearest(self, vector: Vector, k: int) -> list[int]:
        entries = [*self.snapshot(), *self.old]
        similarities = [float(other @ vector / np.linalg.norm(other)) for _, (other, _) in entries]
        return [entries[row][0] for row in np.argsort(-np.array(similarities))[:k]]


@rejected_by(checks.check_loads_are_searchable_once_settled)
class TheIndexHoldsTheFirstLoad(Session):
    indexed = 0

    def settle(self) -> None:
        self.indexed = self.indexed or len(self.embeddings)

    def snapshot(self) -> list[tuple[int, tuple[Vector, int]]]:
        return list(islice(self.embeddings.items(), self.indexed))


@rejected_by(checks.check_approximate_search_finds_nearly_all)
class EffortIsIgnored(Session):
    effort: int | None = None

    def set_effort(self, candidates: int | None) -> None:
        self.effort = candidates

    def snapshot(self) -> list[tuple[int, tuple[Vector, int]]]:
        return list(super().snapshot())[:: 1 if self.effort is None else 2]


@rejected_by(checks.check_effort_belongs_to_the_session_and_can_change)
class EffortIsGlobal(Session):
    effort: int | None = None

    def set_effort(self, candidates: int | None) -> None:
        EffortIsGlobal.effort = candidates

    def snapshot(self) -> list[tuple[int, tuple[Vector, int]]]:
        return list(super().snapshot())[:: 1 if self.effort is None else 2]


@rejected_by(checks.check_effort_belongs_to_the_session_and_can_change)
class ExactSearchCannotBeSwitchedOnAgain(Session):
    approximate = False

    def set_effort(self, candidates: int | None) -> None:
        self.approximate |= candidates is not None

    def snapshot(self) -> list[tuple[int, tuple[Vector, int]]]:
        return list(super().snapshot())[:: 2 if self.approximate else 1]


@rejected_by(checks.check_other_sessions_see_an_acknowledged_upsert)
class SearchesAreStale(Session):
    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.seen: list[tuple[int, tuple[Vector, int]]] = []

    def snapshot(self) -> list[tuple[int, tuple[Vector, int]]]:
        self.seen = self.seen or list(super().snapshot())
        return self.seen


@rejected_by(checks.check_data_stays_when_a_session_closes)
class CloseDropsEverything(Session):
    def close(self) -> None:
        self.embeddings.clear()


@rejected_by(checks.check_concurrent_upserts_are_all_kept)
class UpsertWritesBackAllEmbeddings(Session):
    def upsert(self, id: int, vector: Vector, price: int) -> None:
        embeddings = {**self.embeddings, id: (vector, price)}
        sleep(0.0005)  # The round trip during which others write.
        self.embeddings.clear()
        self.embeddings.update(embeddings)


@rejected_by(checks.check_an_upsert_is_found_at_once)
class CountIsEstimated(Session):
    def settle(self) -> None:
        self.statistics = len(self.embeddings)

    def count(self) -> int:
        return self.statistics


@rejected_by(checks.check_a_ping_changes_nothing)
class PingLeavesAnEmbedding(Session):
    def ping(self) -> None:
        self.upsert(0, np.ones(4, np.float32), 0)


@rejected_by(checks.check_a_watched_session_tells_of_every_request)
class FilteredSearchesAreNotTold(Session):
    def watch(self, sink: Callable[[str], None] | None) -> None:
        super().watch(sink)
        vars(self).pop("nearest_below")


@rejected_by(checks.check_watching_changes_no_answer)
class WatchedUpsertsAreRolledBack(Session):
    watched = False

    def watch(self, sink: Callable[[str], None] | None) -> None:
        super().watch(sink)
        self.watched = sink is not None

    def upsert(self, id: int, vector: Vector, price: int) -> None:
        if not self.watched:
            super().upsert(id, vector, price)


@rejected_by(checks.check_the_index_has_a_size_or_none)
class TheIndexSizeIsZeroWhenUnknown(Session):
    def index_bytes(self) -> None:
        return 0  # type: ignore[return-value]


@rejected_by(checks.check_the_session_describes_itself)
class FactsAreNumbers(Session):
    def facts(self) -> dict[str, str]:
        return {**super().facts(), "ef": cast(Any, 100)}


@rejected_by(checks.check_the_session_describes_itself)
class TheDesignIsAnEssay(Session):
    def design(self) -> str:
        return "an index\nand more"


@rejected_by(checks.check_the_session_describes_itself)
class SizeIsZeroWhenUnknown(Session):
    def size_bytes(self) -> None:
        return 0  # type: ignore[return-value]
