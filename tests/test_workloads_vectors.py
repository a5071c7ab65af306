"""Embeddings that engines store exactly, filters that let through what they say, and recall that cannot be cheated."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.vectors import Embeddings, Nearest, NearestBelow, Upsert
from harness.workload import Stream
from tests.workload_tools import STREAM, first, memory, of_kind
from workloads.vector_search import PRICE_OF_KIND, VectorSearch

WORKLOAD = VectorSearch(embeddings=500, dimensions=16, queries=20, upsert_percent=20)
SESSION = memory(WORKLOAD)
LOADED = next(iter(WORKLOAD.load()))
NEAREST: Nearest = of_kind(WORKLOAD, "nearest")[0]
BELOW: NearestBelow = of_kind(WORKLOAD, "nearest-50pct")[0]


def oracle() -> Any:
    return WORKLOAD.oracle()


def by_distance(vector: Any, price: int = 10_000) -> list[int]:
    """Ids of loaded embeddings below the price, closest first, in plain Python."""

    def cosine(one: list[float], other: list[float]) -> float:
        product = sum(x * y for x, y in zip(one, other, strict=True))
        return float(product / (sum(x * x for x in one) * sum(x * x for x in other)) ** 0.5)

    distances = {
        id: 1 - cosine(vector.tolist(), other)
        for id, other, own in zip(LOADED.ids.tolist(), LOADED.vectors.tolist(), LOADED.prices.tolist(), strict=True)
        if own < price
    }
    return sorted(distances, key=distances.__getitem__)


def near(vector: Any, wanted: int = 1) -> list[Upsert]:
    """Live embeddings that are nearer to the vector than any loaded one, as ids of other trials give them."""
    limit = 1 - np.sort(1 - cosines(LOADED.vectors, vector))[0]
    found: list[Upsert] = []
    for trial in range(1, 200):
        for upsert in of_kind(WORKLOAD, "upsert", 100, Stream(7, trial, 0, 1)):
            if cosines(upsert.vector[None], vector)[0] > limit:
                found.append(upsert)
                if len(found) == wanted:
                    return found
    raise AssertionError("no live embedding is near")


def cosines(vectors: Any, vector: Any) -> Any:
    return vectors @ vector / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vector)


def test_components_are_small_whole_numbers_and_no_vector_is_zero() -> None:
    for workload in (
        WORKLOAD,
        VectorSearch(embeddings=300, dimensions=2),
        VectorSearch(embeddings=200, dimensions=768),
    ):
        vectors = np.concatenate([batch.vectors for batch in workload.load()])
        assert vectors.dtype == np.float32
        assert np.array_equal(vectors, np.rint(vectors))
        assert np.abs(vectors).max() < 2**10
        assert (np.abs(vectors).sum(axis=1) > 0).all()


def test_embeddings_form_clusters() -> None:
    def closeness(workload: VectorSearch) -> float:
        """The mean similarity of an embedding and its hundred nearest."""
        vectors = np.concatenate([batch.vectors for batch in workload.load()])
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return float(np.sort(units @ units.T)[:, -101:-1].mean())

    many, few = replace(WORKLOAD, embeddings_per_cluster=1), replace(WORKLOAD, embeddings_per_cluster=250)
    assert closeness(few) > closeness(many) + 0.03


@pytest.mark.parametrize(("price", "share"), [(100, 0.01), (1_000, 0.1), (5_000, 0.5)])
def test_filters_let_their_share_pass(price: int, share: float) -> None:
    prices = np.concatenate([batch.prices for batch in VectorSearch(embeddings=20_000, dimensions=2).load()])
    assert np.mean(prices < price) == pytest.approx(share, rel=0.15)
    assert prices.min() >= 0
    assert prices.max() < 10_000


def test_kinds_have_their_shares_and_prices() -> None:
    operations = first(WORKLOAD, 10_000)
    kinds = Counter(operation.kind for operation in operations)
    assert {kind: number / 10_000 for kind, number in kinds.items()} == pytest.approx(
        {**dict.fromkeys(PRICE_OF_KIND, 0.2), "upsert": 0.2}, abs=0.02
    )
    prices = {(o.kind, o.price) for o in operations if isinstance(o, NearestBelow)}
    assert prices == {("nearest-1pct", 100), ("nearest-10pct", 1_000), ("nearest-50pct", 5_000)}
    assert {o.query for o in operations if isinstance(o, Nearest)} == set(range(20))


def test_queries_are_not_embeddings() -> None:
    queries = {operation.query: operation.vector for operation in of_kind(WORKLOAD, "nearest", 200)}
    assert len(queries) == 20
    assert max(cosines(LOADED.vectors, vector).max() for vector in queries.values()) < 0.9999


def test_ids_of_upserts_are_new_and_exact_in_json() -> None:
    streams = [Stream(7, trial, session, 3) for trial in (0, 1, 2_046) for session in (0, 1, 4_095)]
    ids = [o.id for stream in streams for o in first(WORKLOAD, 300, stream) if o.kind == "upsert"]
    assert len(set(ids)) == len(ids)
    assert min(ids) >= WORKLOAD.rows
    assert max(ids) < 2**53
    with pytest.raises(ValueError, match=r"4,095"):
        first(WORKLOAD, 1, Stream(7, 1, 4_096, 4_097))


# Recall.


@pytest.mark.parametrize("kind", PRICE_OF_KIND)
def test_the_truth_is_what_plain_python_finds(kind: str) -> None:
    for search in of_kind(WORKLOAD, kind, 8):
        right = by_distance(search.vector, PRICE_OF_KIND[kind])[:10]
        assert oracle().grade(search, right, 0, 1) == 1.0
        assert oracle().grade(search, search.on(SESSION), 0, 1) == 1.0


def test_recall_is_the_share_that_was_found() -> None:
    ranked = by_distance(NEAREST.vector)
    assert oracle().grade(NEAREST, ranked[2:12], 0, 1) == pytest.approx(0.8)
    assert oracle().grade(NEAREST, ranked[:7], 0, 1) == pytest.approx(0.7)
    assert oracle().grade(NEAREST, ranked[5:15], 0, 1) == pytest.approx(0.5)


def test_finding_none_is_bad_and_not_wrong() -> None:
    for answer in ([], by_distance(NEAREST.vector)[10:20]):
        assert 0 < oracle().grade(NEAREST, answer, 0, 1) < 0.001


def test_fewer_eligible_than_k_are_all_asked_for() -> None:
    search = of_kind(WORKLOAD, "nearest-1pct")[0]
    right = by_distance(search.vector, 100)
    assert 2 < len(right) < 10
    assert oracle().grade(search, right, 0, 1) == 1.0
    assert oracle().grade(search, right[:-1], 0, 1) == pytest.approx((len(right) - 1) / len(right))


def test_ties_may_come_either_way() -> None:
    tied = np.array([[3, 4], [6, 8], [4, 3], [-1, 9]], dtype=np.float32)
    truth = type(oracle())(Embeddings(np.arange(4), tied, np.zeros(4, np.int64)), lambda ids: NONE, 10)
    search = Nearest("nearest", 0, np.array([1, 1], dtype=np.float32), 2)
    for answer in ([0, 1], [1, 2], [2, 0]):
        assert truth.grade(search, answer, 0, 1) == 1.0
    assert truth.grade(search, [0, 3], 0, 1) == 0.5


NONE = Embeddings(np.empty(0, np.int64), np.empty((0, 2), np.float32), np.empty(0, np.int64))


def wrong_answers() -> dict[str, Any]:
    ranked = by_distance(NEAREST.vector)
    return {
        "the nearest ten times": [ranked[0]] * 10,
        "one twice": [*ranked[:9], ranked[0]],
        "too many": ranked[:11],
        "farthest first": ranked[:10][::-1],
        "an id that none can have": [*ranked[:9], 500],
        "a negative id": [*ranked[:9], -1],
        "an id beyond all trials": [*ranked[:9], 1 << 60],
        "text": [str(id) for id in ranked[:10]],
        "floats": [float(id) for id in ranked[:10]],
        "None": None,
    }


@pytest.mark.parametrize("name", wrong_answers())
def test_a_wrong_answer_is_rejected(name: str) -> None:
    assert oracle().grade(NEAREST, wrong_answers()[name], 0, 1) == 0.0


def test_a_filter_that_is_dropped_is_wrong() -> None:
    assert oracle().grade(BELOW, by_distance(BELOW.vector)[:10], 0, 1) == 0.0


def test_a_filter_that_is_closed_is_wrong() -> None:
    id = by_distance(BELOW.vector)[0]
    search = replace_price(BELOW, int(LOADED.prices[id]))
    assert oracle().grade(search, by_distance(search.vector, search.price)[:10], 0, 1) == 1.0
    assert oracle().grade(search, by_distance(search.vector, search.price + 1)[:10], 0, 1) == 0.0


def replace_price(search: NearestBelow, price: int) -> NearestBelow:
    return NearestBelow(search.kind, search.query, search.vector, search.k, price)


def test_distance_is_cosine_and_not_euclidean() -> None:
    truth = oracle()
    grades = []
    for search in of_kind(WORKLOAD, "nearest", 30):
        euclidean = np.argsort(((LOADED.vectors - search.vector) ** 2).sum(axis=1), kind="stable")
        grades.append(truth.grade(search, euclidean[:10].tolist(), 0, 1))
    assert np.mean(grades) < 0.9


# Live embeddings.


def test_a_near_live_embedding_of_another_process_counts_as_found() -> None:
    (live,) = near(NEAREST.vector)
    ranked = by_distance(NEAREST.vector)
    assert oracle().grade(NEAREST, [live.id, *ranked[:9]], 0, 1) == 1.0
    assert oracle().grade(NEAREST, [live.id, *ranked[1:10]], 0, 1) == pytest.approx(0.9)
    assert oracle().grade(NEAREST, ranked[:10], 0, 1) == 1.0  # It is not known here to have been written.


def test_a_far_live_embedding_is_a_miss() -> None:
    upserts = of_kind(WORKLOAD, "upsert", 200)
    far = min(upserts, key=lambda upsert: float(cosines(upsert.vector[None], NEAREST.vector)[0]))
    assert oracle().grade(NEAREST, [*by_distance(NEAREST.vector)[:9], far.id], 0, 1) == pytest.approx(0.9)


def test_an_acknowledged_embedding_must_be_found() -> None:
    (live,) = near(NEAREST.vector)
    ranked = by_distance(NEAREST.vector)
    truth = oracle()
    truth.wrote(live, 10, 20)
    assert truth.grade(NEAREST, ranked[:10], 21, 30) == pytest.approx(0.9)
    assert truth.grade(NEAREST, ranked[:10], 15, 30) == 1.0
    assert truth.grade(NEAREST, [live.id, *ranked[:9]], 21, 30) == 1.0


def test_an_embedding_from_the_future_is_wrong() -> None:
    (live,) = near(NEAREST.vector)
    truth = oracle()
    truth.wrote(live, 10, 20)
    assert truth.grade(NEAREST, [live.id, *by_distance(NEAREST.vector)[:9]], 1, 9) == 0.0


def test_a_live_embedding_must_satisfy_the_filter() -> None:
    (live,) = near(NEAREST.vector)
    ranked = [id for id in by_distance(NEAREST.vector) if LOADED.prices[id] < live.price][:9]
    search = NearestBelow("nearest-50pct", NEAREST.query, NEAREST.vector, 10, live.price)
    assert oracle().grade(search, [live.id, *ranked], 0, 1) == 0.0
    truth = oracle()
    truth.wrote(live, 10, 20)
    assert truth.grade(search, by_distance(search.vector, search.price)[:10], 21, 30) == 1.0


# Content and kept writes.


@pytest.mark.parametrize("damage", ["lost", "vector", "price", "foreign", "twice"])
def test_content_that_differs_is_told(damage: str) -> None:
    session = memory(WORKLOAD)
    vector, price = session.embeddings[7]
    if damage == "lost":
        del session.embeddings[7]
    elif damage == "vector":
        session.embeddings[7] = (vector / np.float32(np.linalg.norm(vector)), price)
    elif damage == "price":
        session.embeddings[7] = (vector, price + 1)
    elif damage == "foreign":
        session.embeddings[500] = (vector, price)
    else:
        everything = session.everything
        session.everything = lambda: iter([*everything(), next(everything())])
    assert oracle().check_content(session)


@pytest.mark.parametrize("damage", ["lost", "vector", "price lower", "price higher"])
def test_an_upsert_that_is_not_kept_is_told(damage: str) -> None:
    session, truth = memory(WORKLOAD), oracle()
    upserts = of_kind(WORKLOAD, "upsert", 30)
    for upsert in upserts:
        upsert.on(session)
        truth.wrote(upsert, 0, 1)
    assert truth.check_kept(session) == []
    vector, price = session.embeddings[upserts[9].id]
    if damage == "lost":
        del session.embeddings[upserts[9].id]
    else:
        change = {"vector": 0, "price lower": -1, "price higher": 1}[damage]
        session.embeddings[upserts[9].id] = (-vector if damage == "vector" else vector, price + change)
    assert str(upserts[9].id) in truth.check_kept(session)[0]


def test_kept_writes_are_searched_exactly_and_the_effort_is_set_back() -> None:
    session, truth = memory(WORKLOAD), oracle()
    efforts: list[int | None] = []
    session.set_effort = efforts.append
    truth.check_kept(session)
    assert efforts == [None, WORKLOAD.effort]


def test_the_effort_is_set_before_operations() -> None:
    efforts: list[int | None] = []
    session = memory(WORKLOAD)
    session.set_effort = efforts.append
    replace(WORKLOAD, effort=40).prepare(session)
    assert efforts == [40]


def test_streams_are_named_by_their_sessions() -> None:
    assert [o.id for o in of_kind(WORKLOAD, "upsert", 5, STREAM)] != [
        o.id for o in of_kind(WORKLOAD, "upsert", 5, Stream(7, 1, 1, 2))
    ]
