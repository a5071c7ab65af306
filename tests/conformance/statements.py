"""Checks of statement adapters: tables of every type, and a few operations in each language that there is."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from harness import discover, draw
from harness.engine import Engine, Language
from harness.errors import UsageError
from harness.queries import designs
from harness.queries.answers import as_rows, plain, same_rows
from harness.queries.generators import type_of
from harness.queries.read import typed
from harness.queries.templates import resolver
from harness.statements import Batch, Design, Statements, Step, Table
from tests.conformance.tools import (
    NASTY_TEXTS,
    assert_describes_itself,
    assert_same_when_watched,
    assert_tells_of,
    at_once,
)

Open = Callable[[], Statements]

FILE = """
description = "Things of every type, and their marks."

[tables.things]
rows = 3
[tables.things.columns]
id = { sequential = 1 }
name = { words = 1 }
size = { uniform = [0, 9] }
price = { uniform = [0.0, 9.0] }
sold = { true_share = 0.5, null_share = 0.5 }
at = { timestamp = [2025-01-01, 2025-12-31], null_share = 0.5 }
note = { words = 1, null_share = 0.5 }

[tables.marks]
rows = 3
[tables.marks.columns]
thing = { uniform = [1, 3] }
id = { sequential = 1 }

[[operations]]
name = "one"
weight = 1
parameters.id = { key_of = "things" }
statements.sql = "SELECT id, name, size FROM things WHERE id = {id}"
statements.mongo = '{ "find": "things", "filter": { "_id": "{id}" }, "projection": { "name": 1, "size": 1 } }'
statements.redis = "HMGET things:{id} id name size"

[[operations]]
name = "all"
weight = 1
statements.sql = "SELECT id, name, note FROM things ORDER BY id"
statements.mongo = '{ "aggregate": "things", "pipeline": [{ "$sort": { "_id": 1 } }] }'
statements.redis = "HGETALL things:1"

[[operations]]
name = "add"
weight = 1
parameters.id = { fresh_key_of = "things" }
parameters.name = { words = 1 }
parameters.size = { uniform = [0, 9] }
parameters.price = { uniform = [0.0, 9.0] }
parameters.sold = { true_share = 0.5 }
parameters.at = { timestamp = [2025-01-01, 2025-12-31] }
statements.sql = '''
INSERT INTO things (id, name, size, price, sold, at) VALUES ({id}, {name}, {size}, {price}, {sold}, {at});'''
statements.mongo = '''{ "insert": "things", "documents": [{ "_id": "{id}", "name": "{name}", "size": "{size}",
  "price": "{price}", "sold": "{sold}", "at": "{at}" }] }'''
statements.redis = "HSET things:{id} id {id} name {name} size {size} price {price} sold {sold} at {at}"

[[operations]]
name = "two at once"
weight = 1
parameters.id = { fresh_key_of = "marks" }
statements.sql = '''
INSERT INTO marks (id, thing) VALUES ({id}, 1)'''
statements.mongo = '{ "insert": "marks", "documents": [{ "_id": "{id}", "thing": 1 }] }'
statements.redis = ["HSET marks:{id} id {id} thing 1", "HMGET marks:{id} id thing"]
statements.postgres = ["INSERT INTO marks (id, thing) VALUES ({id}, 1)", "SELECT id, thing FROM marks WHERE id = {id}"]
statements.sqlite = ["INSERT INTO marks (id, thing) VALUES ({id}, 1)", "SELECT id, thing FROM marks WHERE id = {id}"]
"""

NEW_YEAR = 1_735_689_600_123
NONSENSE: Mapping[Language, Any] = {
    "sql": "SELEKT 1",
    "literal sql": "SELEKT 1",
    "documents": {"frobnicate": 1},
    "commands": ("FROBNICATE",),
}
"""What no server takes."""
MARK: Mapping[Language, Any] = {
    "sql": "INSERT INTO marks (id, thing) VALUES (77, 7)",
    "literal sql": "INSERT INTO marks (id, thing) VALUES (77, 7)",
    "documents": {"insert": "marks", "documents": [{"_id": 77, "thing": 7}]},
    "commands": ("HSET", "marks:77", "id", "77", "thing", "7"),
}
"""A step that leaves a row."""
THINGS = "id BIGINT, name TEXT, size BIGINT, price FLOAT, sold BOOLEAN, at TIMESTAMP, note TEXT"
TABLES: Mapping[Language, list[Any]] = {
    "sql": [f"CREATE TABLE things ({THINGS})", "CREATE TABLE marks (thing INTEGER, id BIGINT)"],
    "literal sql": [
        "CREATE TABLE things (id UInt64, name String, size Int64, price Float64, sold Nullable(Bool),"
        " at Nullable(DateTime64(3, 'UTC')), note Nullable(String)) ENGINE = MergeTree ORDER BY (size, id)",
        "CREATE TABLE marks (thing UInt8, id UInt64) ENGINE = ReplacingMergeTree ORDER BY id",
    ],
    "documents": [{"create": "things"}],
    "commands": [],
}
"""Steps that make tables otherwise than the adapter would."""

ROWS: list[tuple[Any, ...]] = [
    (1, "Ada", 5, 0.25, True, NEW_YEAR, None),
    (2, "Bo", -7, 1e-9, None, None, "x"),
    (3, "", 2**40, -1e9, False, 0, "a note"),
]


def engine_of(session: Statements) -> tuple[str, Language]:
    """Its name, by where its class is, and its language."""
    place = next(each.__module__ for each in type(session).__mro__ if ".adapters." in f".{each.__module__}")
    name = place.split(".")[-2]
    if name not in discover.engine_names():
        return name, "sql"  # The toys of the tests.
    engine: Engine = discover.engine(name)
    assert engine.language, f"{name} must say its language"
    return name, engine.language


def design_of(session: Statements, **instead: Any) -> Design:
    engine, language = engine_of(session)
    return replace(designs.design(typed(tomllib.loads(FILE)), engine, None, language), **instead)


def home(open_session: Open, rows: list[tuple[Any, ...]] = ROWS, **instead: Any) -> Statements:
    """A session on fresh tables with these things in them, which is ready to ask."""
    session = open_session()
    design = design_of(session, **instead)
    session.create(design)
    if rows:
        session.load(batch(design, rows))
    session.settle()
    session.prepare(design)
    return session


def batch(design: Design, rows: list[tuple[Any, ...]]) -> Batch:
    return Batch(things(design), tuple(map(list, zip(*rows, strict=True))))


def things(design: Design) -> Table:
    return design.tables[0]


def ask(session: Statements, name: str, /, **values: Any) -> list[Any]:
    """The answer to an operation of the file, as the adapter gives it."""
    file = typed(tomllib.loads(FILE))
    number = [each.name for each in file.operations].index(name)
    form = file.operations[number]
    engine, language = engine_of(session)
    types = {parameter: type_of(drawn) for parameter, drawn in form.parameters.items()}
    resolve = resolver(language, designs.statements(form, engine, None, language), types)
    (requests,) = resolve({parameter: [value] for parameter, value in values.items()}, 1)
    return session.ask(number, requests)


def content(session: Statements, table: int = 0) -> list[tuple[Any, ...]]:
    """All rows of a table in the order of their keys, as plain values."""
    wanted = design_of(session).tables[table]
    place = wanted.names.index(wanted.key)
    return sorted(
        (tuple(map(plain, row)) for page in session.everything(wanted) for row in page), key=lambda row: row[place]
    )


def plainly(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(map(plain, row)) for row in rows]


def check_loaded_rows_read_back(open_session: Open) -> None:
    session = home(open_session)
    assert content(session) == plainly(ROWS)
    assert content(session, 1) == []


def check_any_text_reads_back(open_session: Open) -> None:
    rows = [(number, text, 0, 0.0, None, None, text) for number, text in enumerate(NASTY_TEXTS, start=1)]
    session = home(open_session, rows)
    found = {row[0]: row for page in session.everything(design_of(session).tables[0]) for row in page}
    texts = {int(key): (row[1], row[6]) for key, row in found.items()}
    assert texts == {number: (text, text) for number, text in enumerate(NASTY_TEXTS, start=1)}


def check_create_drops_every_row(open_session: Open) -> None:
    session = home(open_session)
    ask(session, "two at once", id=9)
    session.create(design_of(session))
    assert content(session) == content(session, 1) == []
    assert session.count() == 0


def check_a_second_load_adds_to_the_first(open_session: Open) -> None:
    session = home(open_session)
    more = (4, "Di", 1, 1.0, None, None, None)
    session.load(batch(design_of(session), [more]))
    assert content(session) == plainly([*ROWS, more])


def check_a_large_load_is_complete(open_session: Open) -> None:
    count = 25_000
    sizes = draw.below(draw.words(draw.source("conformance"), draw.span(0, count)), 1_000).tolist()
    rows = [(key, f"name {key}", size, size / 7, size > 500, key, None) for key, size in enumerate(sizes)]
    session = home(open_session, rows)
    assert same_rows(plainly(rows), content(session), ordered=True)  # ClickHouse reads floats to within their last bit.
    assert session.count() == count


def check_rows_are_found_by_their_keys(open_session: Open) -> None:
    session = home(open_session)
    assert sorted(plainly(session.rows(things(design_of(session)), [3, 1, 99]))) == plainly([ROWS[0], ROWS[2]])
    assert session.rows(things(design_of(session)), [99]) == []


def check_rows_of_all_tables_are_counted(open_session: Open) -> None:
    session = home(open_session)
    ask(session, "two at once", id=9)
    ask(session, "two at once", id=10)
    assert session.count() == 5


def check_an_answer_has_the_rows_for_its_parameters(open_session: Open) -> None:
    session = home(open_session)
    names = ["id", "name", "size"]
    for row in ROWS:
        assert same_rows(plainly([row[:3]]), as_rows(ask(session, "one", id=row[0]), names), ordered=True)
    absent = as_rows(ask(session, "one", id=99), names)
    assert absent in ([], [(None, None, None)])  # HMGET of Redis answers for each field.


def check_parameters_of_every_type_arrive(open_session: Open) -> None:
    session = home(open_session, [])
    for key, text in enumerate(NASTY_TEXTS, start=1):
        values = {"id": key, "name": text, "size": -key, "price": key / 7, "sold": key % 2 == 0, "at": NEW_YEAR + key}
        assert ask(session, "add", **values) == [] or engine_of(session)[1] == "commands"
        found = session.rows(things(design_of(session)), [key])
        assert len(found) == 1
        (row,) = found
        assert row[1] == text
        got = [plain(value) for value in (row[0], *row[2:6])]
        assert same_rows([(key, -key, key / 7, int(key % 2 == 0), NEW_YEAR + key)], [tuple(got)], ordered=True), row


def check_a_write_is_seen_by_every_session(open_session: Open) -> None:
    session, other = home(open_session), open_session()
    other.prepare(design_of(other))
    ask(session, "add", id=7, name="Eve", size=1, price=1.5, sold=True, at=NEW_YEAR)
    assert len(other.rows(things(design_of(other)), [7])) == 1
    assert other.count() == 4


def check_statements_of_one_operation_are_all_done(open_session: Open) -> None:
    session = home(open_session)
    rows = ask(session, "two at once", id=9)
    assert plainly(session.rows(design_of(session).tables[1], [9])) == [(1, 9)]
    if len(design_of(session).operations[3].statements) == 2:
        kept = rows[-2:] if engine_of(session)[1] == "commands" else rows
        assert as_rows(kept, ["id", "thing"]) == [(9, 1)]


def check_a_failed_operation_leaves_nothing_and_the_session_goes_on(open_session: Open) -> None:
    session = home(open_session)
    if engine_of(session)[1] in ("sql", "documents"):  # Others have no keys that must be different.
        ask(session, "two at once", id=9)
        with pytest.raises(Exception, match=r"(?i)duplicate|unique"):
            ask(session, "two at once", id=9)
    with pytest.raises(Exception):  # noqa: B017, PT011  (whatever the driver raises)
        session.ask(0, _nonsense(session))
    assert len(ask(session, "one", id=1)) > 0
    ask(session, "two at once", id=10)
    assert [row[1] for row in content(session, 1)] in ([9, 10], [10])


def _nonsense(session: Statements) -> Any:
    """Requests for the first operation that no server takes: too many parameters, or another statement."""
    language = engine_of(session)[1]
    return ((b"5", b"6"),) if language == "sql" else (NONSENSE[language],)


def check_steps_make_tables_of_their_own(open_session: Open) -> None:
    session = open_session()
    language = engine_of(session)[1]
    steps = [Step(f"create[{n}]", statement) for n, statement in enumerate([*TABLES[language], MARK[language]], 1)]
    session = home(open_session, create=tuple(steps))
    assert content(session) == plainly(ROWS)
    assert content(session, 1) == [(7, 77)]


def check_steps_after_loading_are_taken_once(open_session: Open) -> None:
    session = open_session()
    after_load = (Step("after_load[1]", MARK[engine_of(session)[1]]),)
    design = design_of(session, after_load=after_load)
    session.create(design)
    assert session.count() == 0
    session.settle()
    assert content(session, 1) == [(7, 77)]
    session.settle()
    other = open_session()
    other.prepare(design)
    other.settle()
    assert other.count() == 1


def check_a_refused_step_is_named(open_session: Open) -> None:
    session = open_session()
    step = Step("[schemas.x] create[1]", NONSENSE[engine_of(session)[1]])
    with pytest.raises(UsageError, match=r"^\[schemas.x\] create\[1\]: the server says: (?s:.*)(?i:sele|frobnicate)"):
        session.create(design_of(session, create=(step,)))
    session.create(design_of(session, after_load=(replace(step, where="after_load[1]"),)))
    with pytest.raises(UsageError, match=r"^after_load\[1\]: the server says"):
        session.settle()


def check_sessions_work_side_by_side(open_session: Open) -> None:
    home(open_session)
    sessions = [open_session() for _ in range(4)]
    for session in sessions:
        session.prepare(design_of(session))
    at_once([partial(_add, session, 100 * number) for number, session in enumerate(sessions, start=1)])
    assert sessions[0].count() == 3 + 4 * 20


def _add(session: Statements, start: int) -> None:
    for key in range(start, start + 20):
        ask(session, "add", id=key, name="n", size=key, price=0.5, sold=True, at=NEW_YEAR)
        assert len(ask(session, "one", id=key)) > 0


def check_a_session_describes_itself(open_session: Open) -> None:
    session = home(open_session)
    assert_describes_itself(session)
    session.ping()
    step = Step("after_load[1]", MARK[engine_of(session)[1]])
    changed = home(open_session, after_load=(step,)).design()
    assert "marks" in changed
    assert changed != session.design()


def check_statements_are_told(open_session: Open) -> None:
    session = home(open_session, [])
    design = design_of(session)
    assert_tells_of(
        session,
        (lambda: session.create(design), "" if engine_of(session)[1] == "commands" else "things"),
        (lambda: session.load(batch(design, ROWS)), "things"),
        (lambda: ask(session, "two at once", id=9), "marks"),
        (lambda: ask(session, "one", id=1), "things"),
    )


def check_a_watched_session_answers_the_same(open_session: Open) -> None:
    session, watched = home(open_session), open_session()
    watched.prepare(design_of(watched))
    assert_same_when_watched(session, watched, lambda each: ask(each, "one", id=1), lambda each: ask(each, "all"))
