"""The catalogue: nothing in it without a source and the day on which somebody read it there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from harness import discover
from harness.decide.catalog import FOLDER, catalog, entry
from harness.errors import UsageError
from harness.specify import REFERENCE_ENGINE

FIELD = [
    "mysql",
    "mariadb",
    "sql-server",
    "oracle",
    "dynamodb",
    "couchdb",
    "cassandra",
    "timescaledb",
    "influxdb",
    "questdb",
    "cockroachdb",
    "tidb",
    "spanner",
    "yugabytedb",
    "neo4j",
    "neptune",
    "arangodb",
    "elasticsearch",
    "opensearch",
    "meilisearch",
    "typesense",
    "orientdb",
    "faunadb",
    "cosmos-db",
]
ENTRIES = catalog()


@pytest.mark.parametrize("name", ENTRIES)
def test_every_fact_has_a_source_and_the_day_it_was_read(name: str) -> None:
    facts = dict(ENTRIES[name].known())
    assert len(facts) >= 10
    for fact in facts.values():
        assert fact.source.startswith("https://")
        assert date(2026, 1, 1) <= fact.checked <= date.today()
        assert fact.text


@pytest.mark.parametrize("name", ENTRIES)
def test_what_operating_takes_is_marked_as_judged(name: str) -> None:
    fact = ENTRIES[name].facts.operational_complexity
    assert fact is None or fact.judged


def test_engines_that_can_be_measured_and_the_rest_of_the_field_are_in_it() -> None:
    assert {*FIELD, *discover.engine_names()} - {REFERENCE_ENGINE} == {*ENTRIES}


@pytest.mark.parametrize("left_out", ["source", "checked", "text", "value"])
def test_a_fact_without_any_of_these_is_refused(tmp_path: Path, left_out: str) -> None:
    text = (FOLDER / "postgres.toml").read_text()
    first, _, rest = text.partition("[facts.data_model]")
    broken = "\n".join(line for line in first.splitlines() if not line.startswith(f"{left_out} ="))
    (tmp_path / "postgres.toml").write_text(f"{broken}\n[facts.data_model]{rest}")
    with pytest.raises(
        UsageError, match=rf"postgres\.toml: Object missing required field `{left_out}`.*facts.category"
    ):
        catalog(tmp_path)


@pytest.mark.parametrize(
    ("was", "instead", "problem"),
    [
        ('source = "https://', 'source = "http://', "matching regex"),
        ('value = "relational"', 'value = "relationl"', "Invalid enum value 'relationl'"),
        ("checked = 2026-11-25", 'checked = "lately"', "Invalid RFC3339"),
        ("checked = 2026-11-25", "checked = 2026-11-25\nseen = true", "unknown field `seen`"),
    ],
)
def test_a_fact_of_another_form_is_refused(tmp_path: Path, was: str, instead: str, problem: str) -> None:
    text = (FOLDER / "postgres.toml").read_text()
    (tmp_path / "postgres.toml").write_text(text.replace(was, instead, 1))
    with pytest.raises(UsageError, match=problem):
        catalog(tmp_path)


def test_an_engine_that_is_not_in_it_is_answered_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="Did you mean postgres"):
        entry("postgers")
