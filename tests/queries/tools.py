"""A small file of own queries, and what tests make of it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from itertools import islice
from typing import Any

from harness import discover
from harness.engine import Language
from harness.queries import check, check_operations
from harness.queries.form import QueryFile
from harness.queries.operations import Ask
from harness.queries.read import typed
from harness.queries.workload import Carried, Queries, workload
from harness.workload import Stream

SMALL = """
description = "People and what they wrote."

[tables.people]
rows = 300
[tables.people.columns]
id = { sequential = 1 }
name = { words = [1, 3] }
height = { normal = [170.0, 10.0], min = 100.0, max = 230.0, decimals = 1 }
age = { uniform = [0, 99] }
member = { true_share = 0.25 }
born = { timestamp = [1950-01-01, 2010-12-31] }
nick = { text = [3, 8], null_share = 0.5 }

[tables.notes]
rows = 2_000
[tables.notes.columns]
id = { sequential = 1000 }
author = { key_of = "people", zipf_theta = 0.9 }
stars = { zipf = [1, 5], zipf_theta = 1.2 }
colour = { choice = ["red", "green", "blue"], weights = [1, 2, 7] }
words = { text = 12 }

[schemas.postgres]
after_load = ["CREATE INDEX notes_author ON notes (author)"]

[schemas."postgres+covering"]
after_load = ["CREATE INDEX notes_author ON notes (author) INCLUDE (stars, colour)"]

[[operations]]
name = "person"
weight = 5
parameters.id = { key_of = "people" }
statements.sql = "SELECT id, name, height, age, member, born, nick FROM people WHERE id = {id}"
expect = { rows = 1, answer = true }

[[operations]]
name = "stars of an author"
weight = 3
parameters.author = { key_of = "people", zipf_theta = 0.9 }
statements.sql = "SELECT colour, count(*), sum(stars) FROM notes WHERE author = {author} GROUP BY colour"
expect = { rows = [0, 3], answer = true }

[[operations]]
name = "write"
weight = 2
parameters.id = { fresh_key_of = "notes" }
parameters.author = { key_of = "people" }
parameters.stars = { uniform = [1, 5] }
parameters.words = { text = 12 }
adds.notes = { id = "{id}", author = "{author}", stars = "{stars}", colour = "red", words = "{words}" }
statements.sql = "INSERT INTO notes (id, author, stars, colour, words) VALUES ({id}, {author}, {stars}, 'red', {words})"

[[operations]]
name = "rename"
weight = 1
parameters.id = { key_of = "people" }
parameters.name = { words = 2 }
changes.people = { id = "{id}", name = "{name}" }
statements.sql = "UPDATE people SET name = {name} WHERE id = {id}"
"""

STREAM = Stream(seed=7, trial=1, session=0, sessions=1)
LANGUAGES: dict[str, Language] = discover.languages()


def parsed(text: str) -> QueryFile:
    """Checked. Raises Mistake."""
    found = typed(tomllib.loads(text))
    check.data(found, LANGUAGES)
    check_operations.operations(found, LANGUAGES)
    return found


def own(
    text: str = SMALL, engine: str | None = None, variant: str | None = None, language: Language = "sql"
) -> Queries:
    """Of a text; for an engine with this language, or nobody."""
    file = parsed(text)
    return workload(file, Carried(file, engine, variant, language) if engine else None)


def changed(*replacements: tuple[str, str], text: str = SMALL) -> str:
    """The small file with parts of it replaced, each of which must be there."""
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def first(made: Queries, number: int, stream: Stream = STREAM) -> list[Ask]:
    return list(islice(made.operations(stream), number))  # type: ignore[arg-type]


def named(made: Queries, asked: Ask) -> dict[str, Any]:
    """The values of its parameters."""
    return dict(zip(made.file.operations[asked.number].parameters, asked.values, strict=True))


def of_kind(kind: str, asked: Iterable[Ask]) -> list[Ask]:
    return [each for each in asked if each.kind == kind]
