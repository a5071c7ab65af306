"""Checks of vector adapters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from harness.vectors import Embeddings, Vector, Vectors
from tests.conformance.tools import (
    assert_describes_itself,
    assert_same_when_watched,
    assert_tells_of,
    at_once,
    few_examples,
)

Open = Callable[[], Vectors]
TOLERANCE = 2e-6  # Of a cosine distance computed in 32 bits.


def vector(*components: float) -> Vector:
    return np.array(components, np.float32)


def embeddings(ids: ArrayLike, vectors: ArrayLike, prices: ArrayLike = 0) -> Embeddings:
    numbers = np.array(ids, np.int64)
    own = np.broadcast_to(np.asarray(prices, np.int64), numbers.shape).copy()
    return Embeddings(numbers, np.array(vectors, np.float32), own)


def random_embeddings(count: int, dimensions: int, first_id: int = 0, seed: int = 1) -> Embeddings:
    """Directions all around, lengths from a thousandth to a thousand, prices from 0 to 99."""
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((count, dimensions)) * 10 ** random.uniform(-3, 3, (count, 1))
    return embeddings(np.arange(first_id, first_id + count), vectors, np.arange(count) % 100)


def clustered_embeddings(count: int, dimensions: int) -> Embeddings:
    random = np.random.default_rng(2)
    centres = random.standard_normal((20, dimensions))[np.arange(count) % 20]
    return embeddings(np.arange(count), centres + 0.3 * random.standard_normal(centres.shape), np.arange(count) % 97)


def home(open_session: Open, data: Embeddings, effort: int | None = None) -> Vectors:
    """A session on a fresh home that holds these embeddings; exact unless told otherwise."""
    session = open_session()
    session.create(data.vectors.shape[1])
    session.load(data)
    session.settle()
    session.set_effort(effort)
    return session


def empty_home(open_session: Open, dimensions: int) -> Vectors:
    session = open_session()
    session.create(dimensions)
    session.settle()
    session.set_effort(None)
    return session


def content(session: Vectors) -> dict[int, tuple[list[float], int]]:
    """id -> vector and price of every embedding."""
    found: dict[int, tuple[list[float], int]] = {}
    for batch in session.everything():
        for id, values, price in zip(batch.ids.tolist(), batch.vectors, batch.prices.tolist(), strict=True):
            assert id not in found, f"{id} came twice"
            found[id] = (values.tolist(), price)
    return found


def assert_content(session: Vectors, *batches: Embeddings) -> None:
    found = content(session)
    assert len(found) == session.count() == sum(map(len, batches))
    for batch in batches:
        for id, values, price in zip(batch.ids.tolist(), batch.vectors, batch.prices.tolist(), strict=True):
            vector, own_price = found[id]
            assert own_price == price
            np.testing.assert_allclose(vector, values, rtol=1e-5, atol=1e-6 * float(np.abs(values).max()))


def distances(data: Embeddings, target: Vector) -> NDArray[np.float64]:
    vectors, wide = data.vectors.astype(np.float64), target.astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(wide)
    return np.asarray(1 - vectors @ wide / lengths)


def rows_below(data: Embeddings, price: int | None) -> NDArray[np.intp]:
    return np.arange(len(data)) if price is None else np.flatnonzero(data.prices < price)


def assert_plausible(answer: list[int], k: int) -> None:
    """What even an approximate answer must be."""
    assert isinstance(answer, list)
    assert all(type(id) is int for id in answer)
    assert len(answer) <= k
    assert len(set(answer)) == len(answer), "an id came twice"


def assert_nearest(answer: list[int], data: Embeddings, target: Vector, k: int, below: int | None = None) -> None:
    """The exact answer, in order, with any order of ties."""
    assert_plausible(answer, k)
    allowed = rows_below(data, below)
    all_distances = distances(data, target)
    row_of = {id: row for row, id in enumerate(data.ids.tolist())}
    assert set(answer) <= set(data.ids[allowed].tolist())
    rows = [row_of[id] for id in answer]
    expected = np.sort(all_distances[allowed])[:k]
    assert len(rows) == len(expected)
    np.testing.assert_allclose(all_distances[rows], expected, rtol=0, atol=TOLERANCE)


def recall(answer: list[int], data: Embeddings, target: Vector, k: int, below: int | None = None) -> float:
    allowed = rows_below(data, below)
    nearest = allowed[np.argsort(distances(data, target)[allowed])[:k]]
    return len(set(answer) & set(data.ids[nearest].tolist())) / len(nearest)


def check_an_empty_home_answers_every_question(open_session: Open) -> None:
    session = empty_home(open_session, 3)
    for effort in (None, 50):
        session.set_effort(effort)
        assert session.nearest(vector(1, 2, 3), 5) == []
        assert session.nearest_below(vector(1, 2, 3), 5, 100) == []
    assert session.count() == 0
    assert content(session) == {}


def check_create_drops_every_embedding(open_session: Open) -> None:
    session = home(open_session, random_embeddings(20, 4))
    session.upsert(99, vector(1, 1, 1, 1), 5)
    session.create(4)
    session.settle()
    assert session.nearest(vector(1, 1, 1, 1), 5) == []
    assert session.count() == 0
    assert content(session) == {}


def check_create_takes_other_dimensions(open_session: Open) -> None:
    session = home(open_session, random_embeddings(20, 4))
    session.create(2)
    data = embeddings([5, 6], [[1, 0], [0, 1]])
    session.load(data)
    session.settle()
    assert session.nearest(vector(2, 1), 5) == [5, 6]
    assert_content(session, data)


def check_an_empty_load_changes_nothing(open_session: Open) -> None:
    data = random_embeddings(5, 4)
    session = home(open_session, data)
    session.load(embeddings([], np.empty((0, 4))))
    session.settle()
    assert_content(session, data)


def check_everything_gives_each_embedding_as_written(open_session: Open) -> None:
    first, second, upserted = (
        random_embeddings(1_500, 8),
        random_embeddings(700, 8, 1_500),
        random_embeddings(9, 8, 9_000),
    )
    session = home(open_session, first)
    session.load(second)
    session.settle()
    for row in range(len(upserted)):
        session.upsert(int(upserted.ids[row]), upserted.vectors[row], int(upserted.prices[row]))
    assert_content(session, first, second, upserted)


def check_distance_is_by_angle_and_not_by_length(open_session: Open) -> None:
    data = embeddings([1, 2, 3, 4, 5], [(100, 1), (0.9, 0.1), (90, 80), (0, 0.5), (-7, 0)])
    session = home(open_session, data)
    assert session.nearest(vector(1, 0), 5) == [1, 2, 3, 4, 5]
    assert session.nearest(vector(0.001, 0), 5) == [1, 2, 3, 4, 5]
    assert session.nearest(vector(-3, 0), 2) == [5, 4]
    assert session.nearest_below(vector(0, 400), 3, 1) == [4, 3, 2]


def check_exact_search_equals_brute_force(open_session: Open) -> None:
    data = random_embeddings(400, 16)
    session = home(open_session, data)
    for target in random_embeddings(12, 16, seed=9).vectors:
        assert_nearest(session.nearest(target, 10), data, target, 10)
        assert_nearest(session.nearest_below(target, 10, 30), data, target, 10, 30)


def check_long_vectors_are_searched_too(open_session: Open) -> None:
    data = random_embeddings(40, 768)
    session = home(open_session, data)
    assert_nearest(session.nearest(data.vectors[3], 10), data, data.vectors[3], 10)
    session.set_effort(100)
    assert session.nearest(data.vectors[3], 10)[0] == 3


def check_answers_end_with_what_there_is(open_session: Open) -> None:
    data = random_embeddings(7, 4)
    session = home(open_session, data)
    target = data.vectors[2]
    for effort in (None, 100):
        session.set_effort(effort)
        for k in (1, 6, 7, 8, 50):
            assert_nearest(session.nearest(target, k), data, target, k)


def check_the_price_limit_is_exclusive(open_session: Open) -> None:
    data = embeddings([1, 2, 3, 4], [(1, 0), (1, 0.1), (1, 0.2), (1, 0.3)], [-(2**31), 10, 20, 2**31 - 1])
    session = home(open_session, data)
    target = vector(1, 0)
    assert session.nearest_below(target, 4, 20) == [1, 2]
    assert session.nearest_below(target, 4, 21) == [1, 2, 3]
    assert session.nearest_below(target, 4, 0) == [1]
    assert session.nearest_below(target, 4, -5) == [1]
    assert session.nearest_below(target, 4, -(2**31)) == []
    assert session.nearest_below(target, 4, 2**31 - 1) == [1, 2, 3]


def check_filters_that_leave_none_few_or_all(open_session: Open) -> None:
    data = random_embeddings(300, 8)
    session = home(open_session, data)
    for target in data.vectors[:5]:
        assert session.nearest_below(target, 10, 0) == []
        for below in (1, 2, 50, 100):  # 3, 6, 150 and all 300 embeddings.
            assert_nearest(session.nearest_below(target, 10, below), data, target, 10, below)
        assert_nearest(session.nearest_below(target, 400, 2), data, target, 400, 2)


def check_ties_all_count(open_session: Open) -> None:
    data = embeddings(range(12), [[1, 1]] * 6 + [[3, 3]] * 2 + [[1, 0]] * 4, [5] * 6 + [50] * 6)
    session = home(open_session, data)
    target = vector(2, 2)
    for k in (1, 3, 8, 10, 12):
        assert_nearest(session.nearest(target, k), data, target, k)
    assert set(session.nearest(target, 8)) == set(range(8))
    assert set(session.nearest_below(target, 8, 50)) == set(range(6))


def check_any_integer_is_an_id(open_session: Open) -> None:
    ids = [0, 1, 2**31, 2**53 + 1, 2**62 + 1, -1, -(2**40)]
    turns = np.linspace(0.1, 3, len(ids))
    data = embeddings(ids, np.stack([np.cos(turns), np.sin(turns)], axis=1))
    session = home(open_session, data)
    assert session.nearest(vector(1, 0), 10) == ids
    assert_content(session, data)
    session.upsert(2**53, vector(1, 0), 3)
    session.upsert(2**53 + 1, vector(-1, 0), 3)
    assert session.nearest(vector(1, 0), 20) == [2**53, *(id for id in ids if id != 2**53 + 1), 2**53 + 1]


def check_an_upsert_is_found_at_once(open_session: Open) -> None:
    data = random_embeddings(200, 8)
    session = home(open_session, data)
    for number, target in enumerate(random_embeddings(10, 8, seed=5).vectors):
        session.upsert(1_000 + number, target, 7)
        for effort in (None, 100):
            session.set_effort(effort)
            assert session.nearest(target, 3)[0] == 1_000 + number
            assert session.nearest_below(target, 3, 8)[0] == 1_000 + number
            assert 1_000 + number not in session.nearest_below(target, 3, 7)
        assert session.count() == 201 + number


def check_an_upsert_replaces_the_embedding(open_session: Open) -> None:
    data = random_embeddings(200, 8)
    session = home(open_session, data)
    old, new = data.vectors[17], -data.vectors[17]
    session.upsert(17, new, 1_000)
    replaced = embeddings(data.ids, data.vectors, data.prices)
    replaced.vectors[17], replaced.prices[17] = new, 1_000
    for settled in (False, True):
        for effort in (None, 200):
            session.set_effort(effort)
            assert session.nearest(new, 1) == [17]
            assert 17 not in session.nearest(old, 10)
            assert 17 not in session.nearest_below(new, 10, 1_000)
            assert 17 in session.nearest_below(new, 10, 1_001)
        session.set_effort(None)
        assert_nearest(session.nearest(old, 200), replaced, old, 200)
        assert_content(session, replaced)
        if not settled:
            session.settle()


def check_repeated_upserts_leave_one_embedding(open_session: Open) -> None:
    session = home(open_session, random_embeddings(30, 4))
    versions = random_embeddings(20, 4, seed=3).vectors
    for version in versions:
        session.upsert(5, version, 5)
    data = random_embeddings(30, 4)
    data.vectors[5] = versions[-1]
    for effort in (None, 100):
        session.set_effort(effort)
        answer = session.nearest(versions[-1], 40)
        assert answer.count(5) == 1
        assert answer[0] == 5
        assert_plausible(answer, 40)
    session.set_effort(None)
    assert_nearest(session.nearest(versions[0], 30), data, versions[0], 30)
    assert_content(session, data)


def check_loads_are_searchable_once_settled(open_session: Open) -> None:
    first, second = clustered_embeddings(1_500, 16), random_embeddings(500, 16, 1_500)
    session = home(open_session, first, effort=200)
    session.load(second)
    session.settle()
    missed = 0
    for data in (first, second):
        for row in range(0, len(data), 50):
            missed += session.nearest(data.vectors[row], 1) != [int(data.ids[row])]
    assert missed <= 1  # Of 40, for approximate answers.
    assert session.count() == 2_000


def check_approximate_search_finds_nearly_all(open_session: Open) -> None:
    data = clustered_embeddings(2_000, 32)
    session = home(open_session, data, effort=200)
    recalls, filtered = [], []
    for target in (data.vectors[::100] + data.vectors[1::100]) / 2:
        answer = session.nearest(target, 10)
        assert_plausible(answer, 10)
        assert len(answer) == 10
        recalls.append(recall(answer, data, target, 10))
        some = session.nearest_below(target, 10, 30)
        assert_plausible(some, 10)
        assert all(data.prices[id] < 30 for id in some)
        filtered.append(recall(some, data, target, 10, 30))
    assert np.mean(recalls) >= 0.9
    assert np.mean(filtered) >= 0.8


def check_effort_belongs_to_the_session_and_can_change(open_session: Open) -> None:
    data = clustered_embeddings(1_000, 16)
    exact, hasty = home(open_session, data), open_session()
    for effort in (10, 400):
        hasty.set_effort(effort)
        for target in data.vectors[::200] * 0.5 + data.vectors[1::200]:
            assert_plausible(hasty.nearest(target, 10), 10)
            assert_nearest(exact.nearest(target, 10), data, target, 10)
            assert_nearest(exact.nearest_below(target, 10, 20), data, target, 10, 20)
    hasty.set_effort(None)
    for target in data.vectors[::200] * 0.5 + data.vectors[1::200]:
        assert_nearest(hasty.nearest(target, 10), data, target, 10)


def check_other_sessions_see_an_acknowledged_upsert(open_session: Open) -> None:
    data = random_embeddings(100, 4)
    writer, reader = home(open_session, data), open_session()
    for effort in (None, 100):
        reader.set_effort(effort)
        for number, target in enumerate(random_embeddings(8, 4, seed=effort or 7).vectors):
            writer.upsert(500 + number, target, 1)
            assert reader.nearest(target, 1) == [500 + number]
            assert reader.nearest_below(target, 1, 2) == [500 + number]
    assert reader.count() == 108


def check_data_stays_when_a_session_closes(open_session: Open) -> None:
    data, other = random_embeddings(10, 4), open_session()
    home(open_session, data).close()
    assert_content(other, data)
    other.set_effort(None)
    assert other.nearest(data.vectors[4], 1) == [4]


def check_concurrent_upserts_are_all_kept(open_session: Open) -> None:
    first = empty_home(open_session, 6)
    shares = [random_embeddings(25, 6, first_id=100 * share, seed=share) for share in range(4)]

    def write(session: Vectors, share: Embeddings) -> None:
        for row in range(len(share)):
            session.upsert(int(share.ids[row]), share.vectors[row], int(share.prices[row]))
            session.upsert(7_777, share.vectors[row], 1)

    at_once([partial(write, open_session(), share) for share in shares])
    found = content(first)
    assert found.pop(7_777)[1] == 1
    assert sorted(found) == [id for share in shares for id in share.ids.tolist()]
    assert first.count() == 101
    assert first.nearest(shares[2].vectors[10], 200).count(7_777) == 1


def check_a_ping_changes_nothing(open_session: Open) -> None:
    open_session().ping()
    data = random_embeddings(20, 4)
    session = home(open_session, data)
    for _ in range(3):
        session.ping()
        assert session.nearest(data.vectors[7], 1) == [7]
    assert_content(session, data)


def check_a_watched_session_tells_of_every_request(open_session: Open) -> None:
    session, data = open_session(), random_embeddings(300, 768)
    target = data.vectors[3]
    assert_tells_of(
        session,
        (lambda: session.create(768), ""),
        (lambda: session.load(data), ""),
        (lambda: session.settle(), ""),
        (lambda: session.upsert(7_001, target, 12), ""),
        (lambda: session.count(), ""),
        (lambda: list(session.everything()), ""),
    )
    for effort in (None, 100):
        session.set_effort(effort)
        assert_tells_of(
            session,
            (lambda: session.nearest_below(target, 5, 4_321), "4321"),
            (lambda: session.nearest(target, 5), "5"),
        )


def check_watching_changes_no_answer(open_session: Open) -> None:
    data = random_embeddings(50, 8)
    session, watched = home(open_session, data), open_session()
    watched.set_effort(None)
    assert_same_when_watched(
        session,
        watched,
        lambda each: each.nearest(data.vectors[7], 10),
        lambda each: each.nearest_below(data.vectors[7], 10, 30),
        lambda each: each.count(),
        content,
    )
    assert_tells_of(watched, (lambda: watched.upsert(99, -data.vectors[7], 5), ""), (lambda: watched.count(), ""))
    assert session.nearest(-data.vectors[7], 1) == [99]


def check_the_index_has_a_size_or_none(open_session: Open) -> None:
    session = home(open_session, random_embeddings(300, 16))
    size = session.index_bytes()
    assert size is None or (type(size) is int and size > 0)


def check_the_session_describes_itself(open_session: Open) -> None:
    assert_describes_itself(home(open_session, random_embeddings(100, 8)))


COMPONENTS = st.integers(-3, 3)
VECTORS = st.tuples(COMPONENTS, COMPONENTS, COMPONENTS).filter(any)
PRICES = st.integers(-2, 4) | st.integers(-(2**31), 2**31 - 1)
ENTRIES = st.dictionaries(st.integers(0, 60), st.tuples(VECTORS, PRICES), min_size=1, max_size=30)
QUESTIONS = st.lists(st.tuples(VECTORS, st.integers(1, 35), PRICES), min_size=5, max_size=10)


def check_random_questions_agree_with_brute_force(open_session: Open) -> None:
    session = open_session()

    @few_examples
    @given(ENTRIES, ENTRIES, QUESTIONS)
    def agree(
        loaded: dict[int, tuple[Sequence[int], int]],
        upserted: dict[int, tuple[Sequence[int], int]],
        questions: list[tuple[Sequence[int], int, int]],
    ) -> None:
        session.create(3)
        session.load(embeddings(list(loaded), [v for v, _ in loaded.values()], [p for _, p in loaded.values()]))
        session.settle()
        session.set_effort(None)
        for id, (values, price) in upserted.items():
            session.upsert(id, vector(*values), price)
        both = loaded | upserted
        data = embeddings(list(both), [v for v, _ in both.values()], [p for _, p in both.values()])
        for values, k, price in questions:
            target = vector(*values)
            assert_nearest(session.nearest(target, k), data, target, k)
            assert_nearest(session.nearest_below(target, k, price), data, target, k, price)
        assert_content(session, data)

    agree()
