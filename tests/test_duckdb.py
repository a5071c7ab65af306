"""Every engine against DuckDB, which knows nothing of our oracles: same data, same questions, same answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness import discover, draw
from harness.errors import Unsupported
from harness.keyvalue import Record
from harness.sources import Server
from harness.timeseries import LastRows, MaxByBucket, MaxOfNewestBuckets, MeanByHostAndBucket, RowsAbove
from harness.vectors import Embeddings
from harness.workload import Stream
from tests.conftest import unavailable
from workloads.timeseries import METRICS, QUERIES, DevOps

duckdb = pytest.importorskip("duckdb")
pytestmark = pytest.mark.engines

ENGINES = [name for name in discover.engine_names() if name != "memory"]
DRAWS = 20
SERIES = DevOps(hosts=9, hours=14, step_seconds=20)


@pytest.fixture(params=ENGINES)
def open_capability(request: pytest.FixtureRequest, server_of: Callable[[str], Server]) -> Callable[[str], Any]:
    """Opens a session of one engine for a capability."""

    def opened(capability: str) -> Any:
        server = server_of(request.param)
        try:
            return closing(discover.session(request.param, capability)(server.address))
        except Unsupported as lack:
            unavailable(f"{request.param} {capability}: {lack}")

    return opened


# Time series ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def points() -> Any:
    database = duckdb.connect()
    batches = []
    for batch in SERIES.load():
        columns = {metric: batch.values[:, number] for number, metric in enumerate(METRICS)}
        batches.append(pd.DataFrame({"instant": batch.at_ms, "host": np.array(batch.names)[batch.hosts], **columns}))
    frame = pd.concat(batches)
    database.register("frame", frame)
    database.execute("CREATE TABLE points AS SELECT * FROM frame")
    return database


def window(operation: Any) -> str:
    return f"instant >= {operation.start_ms} AND instant < {operation.end_ms}"


def in_sql(operation: Any) -> str:
    """The question in DuckDB's words."""
    every = ", ".join(METRICS)
    match operation:
        case MaxByBucket():
            maxima = ", ".join(f"max({metric})" for metric in operation.metrics)
            hosts = ", ".join(f"'{host}'" for host in operation.hosts)
            return (
                f"SELECT instant - instant % {operation.bucket_ms} AS bucket, {maxima} FROM points"
                f" WHERE host IN ({hosts}) AND {window(operation)} GROUP BY bucket ORDER BY bucket"
            )
        case MeanByHostAndBucket():
            means = ", ".join(f"avg({metric})" for metric in operation.metrics)
            return (
                f"SELECT instant - instant % {operation.bucket_ms} AS bucket, host, {means} FROM points"
                f" WHERE {window(operation)} GROUP BY ALL ORDER BY bucket, host"
            )
        case RowsAbove():
            hosts = operation.hosts or [f"host_{number}" for number in range(SERIES.hosts)]
            listed = ", ".join(f"'{host}'" for host in hosts)
            return (
                f"SELECT instant, host, {every} FROM points WHERE {operation.metric} > {operation.threshold}"
                f" AND host IN ({listed}) AND {window(operation)} ORDER BY ALL"
            )
        case LastRows():
            newest = "max(instant) OVER (PARTITION BY host)"
            return f"SELECT instant, host, {every} FROM points QUALIFY instant = {newest} ORDER BY ALL"
        case MaxOfNewestBuckets():
            return (
                f"SELECT instant - instant % {operation.bucket_ms} AS bucket, max({operation.metric}) FROM points"
                f" WHERE instant < {operation.before_ms} GROUP BY bucket ORDER BY bucket DESC LIMIT {operation.limit}"
            )
    raise AssertionError(operation)


def questions() -> list[Any]:
    """DRAWS of each kind of query, as sessions would send them."""
    found: dict[str, list[Any]] = {kind: [] for kind in QUERIES}
    for operation in islice(SERIES.operations(Stream(seed=7, trial=1, session=0, sessions=1)), 60_000):
        if operation.kind in found and len(found[operation.kind]) < DRAWS:
            found[operation.kind].append(operation)
    assert {len(operations) for operations in found.values()} == {DRAWS}
    return [operation for operations in found.values() for operation in operations]


def test_every_query_over_time_series_has_duckdbs_answer(open_capability: Callable[[str], Any], points: Any) -> None:
    with open_capability("timeseries") as session:
        SERIES.create(session)
        for batch in SERIES.load():
            session.load(batch)
        session.settle()
        unaligned = 0
        for operation in questions():
            expected = points.execute(in_sql(operation)).fetchall()
            answer = operation.on(session)
            if isinstance(operation, (RowsAbove, LastRows)):
                answer = sorted(answer)
            if isinstance(operation, MeanByHostAndBucket):
                assert [row[:2] for row in answer] == [row[:2] for row in expected], operation
                np.testing.assert_allclose([row[2:] for row in answer], [row[2:] for row in expected], rtol=1e-9)
            else:
                assert answer == expected, operation
            unaligned += getattr(operation, "start_ms", 0) % 20_000 != 0
        assert unaligned > DRAWS  # Windows that begin on a bucket's border would prove little.


# Key-value --------------------------------------------------------------------------------


def test_every_scan_has_duckdbs_answer(open_capability: Callable[[str], Any]) -> None:
    letters = "aAzZ0_-é☃𝄞"
    picks = draw.below(draw.words(draw.source("scans"), draw.span(0, 6_000)), len(letters)).tolist()
    keys = sorted({"".join(letters[p] for p in picks[i : i + 1 + i % 5]) for i in range(0, 6_000, 5)})
    records = [Record(key, {"name": key[::-1], "size": str(len(key))}) for key in keys]
    database = duckdb.connect()
    frame = pd.DataFrame({"key": keys, "name": [key[::-1] for key in keys]})
    database.register("frame", frame)
    with open_capability("keyvalue") as session:
        session.create(["name", "size"])
        session.load(records[::-1])
        session.settle()
        for number in range(DRAWS):
            start, count = keys[number * 37 % len(keys)][: 1 + number % 3], 1 + 17 * number
            expected = database.execute(
                # Bytes, not characters: the order that the contract promises.
                "SELECT key, name FROM frame WHERE encode(key) >= encode(?) ORDER BY encode(key) LIMIT ?",
                [start, count],
            ).fetchall()
            assert [(record.key, record.fields["name"]) for record in session.scan(start, count)] == expected


# Vectors ----------------------------------------------------------------------------------


def embeddings(count: int = 1_500, dimensions: int = 24) -> Embeddings:
    """On a coarse grid, and every third one a copy of another, scaled: many exact ties by angle."""
    words = draw.words(draw.source("vectors"), draw.span(0, count * dimensions))
    vectors = (draw.below(words, 9) - 4).reshape(count, dimensions).astype(np.float32)
    vectors[:, 0] = 5
    vectors[2::3] = vectors[0::3][: len(vectors[2::3])] * 2
    prices = draw.below(draw.words(draw.source("prices"), draw.span(0, count)), 100)
    return Embeddings(np.arange(count, dtype=np.int64) * 3 + 1, vectors, prices)


def test_every_exact_search_finds_what_duckdb_finds(open_capability: Callable[[str], Any]) -> None:
    data, k = embeddings(), 12
    frame = pd.DataFrame({"id": data.ids, "vector": list(data.vectors.astype(np.float64)), "price": data.prices})
    database = duckdb.connect()
    database.register("frame", frame)
    distance = "list_cosine_distance(vector, ?::DOUBLE[])"
    with open_capability("vectors") as session:
        session.create(data.vectors.shape[1])
        session.load(data)
        session.settle()
        session.set_effort(None)
        for number in range(DRAWS):
            query = data.vectors[number * 61] + np.float32(number % 2)
            for price in (None, 100, 40, 3, 0):
                where = "" if price is None else f"WHERE price < {price}"
                rows = database.execute(f"SELECT id, {distance} AS d FROM frame {where}", [query.tolist()]).fetchall()
                distances = dict(rows)
                nearest = sorted(distances.values())[:k]
                found = session.nearest(query, k) if price is None else session.nearest_below(query, k, price)
                assert len(found) == len(set(found)) == len(nearest)
                # Ties may come in any order, so distances are compared; an id that the filter excludes is no key here.
                np.testing.assert_allclose([distances[id] for id in found], nearest, rtol=1e-5, atol=1e-6)
