"""What statements become with drawn values, in each language, before the clock runs."""

from __future__ import annotations

import shlex
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine import Language
from harness.queries.templates import Unreadable, names_of, parsed, resolver, writes
from harness.statements import Type, names_in, placed

NEW_YEAR = 1_735_689_600_123
TYPES: dict[str, Type] = {"id": "int", "x": "float", "name": "text", "ok": "bool", "at": "timestamp"}
DRAWN: dict[str, list[Any]] = {
    "id": [5, -6],
    "x": [0.5, 1e300],
    "name": ["it's 100 %s \\ {id}", ""],
    "ok": [True, False],
    "at": [NEW_YEAR, 0],
}


def resolved(language: Language, *statements: Any) -> list[Any]:
    return resolver(language, [parsed(language, each) for each in statements], TYPES)(DRAWN, 2)


def test_parameters_of_sql_travel_as_text_in_the_order_of_their_first_placeholders() -> None:
    sql = "SELECT {name}, {id} FROM t WHERE ok = {ok} AND at > {at} AND {id} < x AND x = {x};"
    assert resolved("sql", sql) == [
        ((b"it's 100 %s \\ {id}", b"5", b"true", b"2025-01-01 00:00:00.123", b"0.5"),),
        ((b"", b"-6", b"false", b"1970-01-01 00:00:00.000", b"1e+300"),),
    ]
    assert names_in(sql) == ["name", "id", "ok", "at", "x"]
    assert placed("a = {b} AND c = {a} OR b = {b}", lambda n: f"${n + 1}") == "a = $1 AND c = $2 OR b = $1"


def test_literal_sql_holds_its_values_quoted() -> None:
    sql = "SELECT 1 % 2, {name}, {id:UInt8} WHERE ok = {ok} AND at = {at} AND name LIKE '%{}'"
    assert resolved("literal sql", sql) == [
        (
            "SELECT 1 % 2, 'it\\'s 100 %s \\\\ {id}', CAST(5 AS UInt8) WHERE ok = true"
            " AND at = toDateTime64('2025-01-01 00:00:00.123', 3, 'UTC') AND name LIKE '%{}'",
        ),
        (
            "SELECT 1 % 2, '', CAST(-6 AS UInt8) WHERE ok = false"
            " AND at = toDateTime64('1970-01-01 00:00:00.000', 3, 'UTC') AND name LIKE '%{}'",
        ),
    ]


def test_a_document_gets_values_with_their_types() -> None:
    command = (
        '{ "find": "t", "filter": { "_id": "{id}", "ok": "{ok}", "at": { "$gt": "{at}" }, "none": null, "all": {} },'
        ' "sort": [], "hint": "^{id} %", "in": [1, "{x}"] }'
    )
    (first,), (second,) = resolved("documents", command)
    assert first == {
        "find": "t",
        "filter": {
            "_id": 5,
            "ok": True,
            "at": {"$gt": datetime(2025, 1, 1, 0, 0, 0, 123_000)},
            "none": None,
            "all": {},
        },
        "sort": [],
        "hint": "^5 %",
        "in": [1, 0.5],
    }
    assert second["in"] == [1, 1e300]
    assert first is not second


def test_words_of_a_command_keep_their_borders_whatever_their_values_are() -> None:
    commands = ("HSET t:{id} name {name} ok {ok} at {at}", "ECHO 'two words {id}%'")
    assert resolved("commands", *commands)[0] == (
        ("HSET", "t:5", "name", "it's 100 %s \\ {id}", "ok", "1", "at", str(NEW_YEAR)),
        ("ECHO", "two words 5%"),
    )


@pytest.mark.parametrize("language", ["sql", "literal sql", "documents", "commands"])
def test_statements_without_placeholders_are_sent_as_they_are(language: Language) -> None:
    statement = '{ "count": "t" }' if language == "documents" else "DBSIZE 'a b'"
    one, other = resolved(language, statement)
    assert one == other
    expected: dict[str, Any] = {"sql": (), "literal sql": statement, "documents": {"count": "t"}}
    assert one == (expected.get(language, ("DBSIZE", "a b")),)


@given(st.lists(st.text(max_size=10), min_size=1, max_size=5))
def test_any_words_can_be_written(words: list[str]) -> None:
    assert parsed("commands", shlex.join(["ECHO", *words])) == ("ECHO", *words)


@pytest.mark.parametrize(
    ("language", "written", "says"),
    [
        ("sql", "", "text is wanted"),
        ("sql", {"find": "t"}, "text is wanted, for example"),
        ("documents", "find t", "not JSON"),
        ("documents", "[]", "a command as a document"),
        ("documents", {}, "a command as a document"),
        ("commands", "GET 'a", "No closing quotation"),
    ],
)
def test_what_is_not_of_the_language_is_refused(language: Language, written: Any, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        parsed(language, written)


def test_placeholders_are_found_wherever_they_are() -> None:
    assert names_of({"a": ["{x}", {"b": "c{y}"}], "d": 5, "{z}": "{x}"}) == ["x", "y"]
    assert names_of(("GET", "a:{x}:{y}")) == ["x", "y"]
    assert names_of("SELECT '{1,2}'::int[], '{}', {x}, '{ y }'") == ["x"]


def test_statements_that_surely_write_are_known() -> None:
    assert writes("sql", "insert into t values (1)")
    assert writes("literal sql", "ALTER TABLE t DELETE WHERE 1")
    assert writes("documents", {"findAndModify": "t"})
    assert not writes("sql", "SELECT 1")
    assert not writes("documents", {"find": "insert"})
