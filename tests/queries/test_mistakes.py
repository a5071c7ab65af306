"""Whoever writes a file of own queries is told in one line what is wrong: the file, the key, what it may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import discover
from harness.errors import UsageError
from tests.queries.tools import SMALL, changed

ADDS = 'adds.notes = { id = "{id}", author = "{author}", stars = "{stars}", colour = "red", words = "{words}" }'
AGE = "age = { uniform = [0, 99] }"

MISTAKES: list[tuple[str, str, list[str]]] = [
    # Keys and their types.
    ("description", "descriptoin", ["descriptoin", "Did you mean description?"]),
    ('description = "People and what they wrote."', "", ["description is missing", "in a sentence"]),
    ("rows = 300", "rows = 0", ["[tables.people] rows = 0", ">= 1", "rows = 10000"]),
    ("rows = 300", 'rows = "many"', ["[tables.people] rows", "a whole number", "got text"]),
    ("rows = 300", "row = 300", ["[tables.people]", "no key row", "Did you mean rows?"]),
    ("weight = 5", "weight = 0", ['[[operations]] 1 "person"', "weight = 0", "from 1", "weight = 20"]),
    ("weight = 5", "weight = 2.5", ["weight = 2.5", "a whole number"]),
    ("weight = 5", "", ['[[operations]] 1 "person" weight is missing', "weight = 20"]),
    ('name = "person"', 'name = "Person!"', ["[[operations]] 1", "name", "small letters"]),
    ('name = "person"', 'name = "total"', ["results use", "total"]),
    ('name = "rename"', 'name = "person"', ['[[operations]] 4 "person" name: too much like "person"']),
    ("expect = { rows = [0, 3]", "expect = { row = [0, 3]", ["expect: there is no key row", "Did you mean rows?"]),
    ("expect = { rows = [0, 3]", "expect = { rows = [3, 0]", ["expect: rows = [3, 0]", "the fewest first"]),
    ("expect = { rows = [0, 3]", "expect = { rows = [0]", ["expect: rows = [0]", "length 2"]),
    # How values are drawn.
    (AGE, "age = { unifrom = [0, 99] }", ["[tables.people.columns] age", "Did you mean uniform?"]),
    (AGE, "age = { uniform = [0] }", ["[tables.people.columns] age: uniform = [0]", "length 2", "uniform = [1, 100]"]),
    (AGE, "age = { uniform = [99, 0] }", ["columns] age: uniform = [99, 0]", "the least comes first"]),
    (AGE, "age = {}", ["columns] age says not how it is drawn", "exactly one of sequential, uniform"]),
    (AGE, "age = { uniform = [0, 9], text = 3 }", ["columns] age has uniform and text", "exactly one of"]),
    (AGE, "age = { uniform = [0, 9], zipf_theta = 1 }", ["zipf_theta goes with zipf or key_of, not with uniform"]),
    (AGE, "age = { uniform = [0, 9], decimals = 2 }", ["decimals needs numbers with a point", "[0.0, 9.0]"]),
    (AGE, "age = { sequential = 1 }", ["id and age are sequential", "one key"]),
    ("id = { sequential = 1 }", "id = { uniform = [1, 9] }", ["[tables.people.columns]: no column is sequential"]),
    ("id = { sequential = 1 }", "id = { sequential = 1, null_share = 0.5 }", ["a key is never null"]),
    ("null_share = 0.5", "null_share = 5", ["columns] nick: null_share = 5", "<= 1"]),
    ("min = 100.0, max = 230.0", "min = 100.0, max = 23.0", ["min = 100.0 is more than max = 23.0"]),
    ("normal = [170.0, 10.0]", "normal = [170.0, -10.0]", ["a deviation is not negative"]),
    ("{ words = [1, 3] }", "{ words = [0, 3] }", ["columns] name: words = [0, 3]", "from 1"]),
    ("text = 12", "text = 1_000_000", ["columns] words: text = 1000000", "10,000"]),
    ("[1950-01-01, 2010-12-31]", '["then", "now"]', ["columns] born: timestamp", "timestamp = [2025-01-01"]),
    ("[1950-01-01, 2010-12-31]", "[2010-12-31, 1950-01-01]", ["the first moment comes first"]),
    ("weights = [1, 2, 7]", "weights = [1, 2]", ["choice has 3 values and weights has 2"]),
    ("weights = [1, 2, 7]", "weights = [0, 2, 7]", ["weights[1] = 0", ">= 1"]),
    ('"blue"]', "3]", ["all of them text, or all of them numbers"]),
    ('author = { key_of = "people"', 'author = { key_of = "peple"', ['no table "peple"', "Did you mean people?"]),
    ("born = {", "Born = {", ['[tables.people.columns] Born: "Born" is no name for a column', "small letters"]),
    # Schemas.
    ("[schemas.postgres]", "[schemas.postgrs]", ['no engine with statements "postgrs"', "Did you mean postgres?"]),
    ("[schemas.postgres]", "[schemas.memory]", ['no engine with statements "memory"', "clickhouse, mongo, postgres"]),
    ('"postgres+covering"', '"postgres+Covering"', ['"Covering" is no name for a design', "postgres+covering"]),
    ("after_load = [", "afterload = [", ["[schemas.postgres] there is no key afterload", "Did you mean after_load?"]),
    ("after_load = [", "create = []\nafter_load = [", ["[schemas.postgres] create = []: leave it out"]),
    ("notes (author)", "notes ({author})", ["[schemas.postgres] after_load[1]: {author} stands for nothing here"]),
    (
        "[schemas.postgres]",
        '[schemas.mongo]\nafter_load = ["createIndexes"]\n[schemas.postgres]',
        ["[schemas.mongo] after_load[1]: not JSON"],
    ),
    (
        "[schemas.postgres]",
        '[schemas.postgres]\neach_row.notes = ["ZADD x {id} {id}"]',
        ["[schemas.postgres] each_row", "by its bulk path"],
    ),
    (
        "[schemas.postgres]",
        '[schemas.redis]\neach_row.notes = ["ZADD x {id} {ident}"]\n[schemas.postgres]',
        ["[schemas.redis] each_row.notes[1]: {ident}", 'no column "ident"', "id, author"],
    ),
    # Parameters and statements.
    ("parameters.id = { key_of", "parameters.ident = { key_of", ['{id}: there is no parameter "id"', "ident"]),
    ("WHERE id = {id}", "WHERE id = 5", ['"person" parameters.id is used nowhere', "{id}"]),
    ("WHERE id = {id}", "WHERE id = {id:Int64}", ["only ClickHouse's own statements name types", "write {id}"]),
    (
        'statements.sql = "SELECT id',
        'statements.postgrs = "SELECT id',
        ['statements: there is no engine with statements "postgrs"'],
    ),
    (
        'statements.sql = "UPDATE',
        'statements.mongo = "UPDATE',
        ['"rename" statements.mongo: not JSON', "find"],
    ),
    (
        'statements.sql = "UPDATE',
        """statements.mongo = '{ "frobnicate": "people" }'\nstatements.sql = "UPDATE""",
        ["statements.mongo: the first key of a command is one of find, aggregate"],
    ),
    (
        'statements.sql = "UPDATE',
        """statements.redis = "HSET 'x"\nstatements.sql = "UPDATE""",
        ["statements.redis: No closing quotation", "as a shell does"],
    ),
    (
        'parameters.author = { key_of = "people", zipf_theta = 0.9 }',
        'parameters.author = { fresh_key_of = "notes" }',
        ["parameters.author fresh_key_of: the operation adds no row to notes"],
    ),
    (
        "parameters.stars = { uniform = [1, 5] }",
        'parameters.stars = { after = "words", seconds = 5 }',
        ['parameters.stars after: there is no parameter that is a timestamp "words"'],
    ),
    # What writes leave.
    (ADDS, "", ["parameters.id fresh_key_of: the operation adds no row", "see adds"]),
    (ADDS, ADDS + "\nadds.notices = { id = 1 }", ['adds: there is no table "notices"', "Did you mean notes?"]),
    (ADDS, ADDS.replace("colour", "color"), ['adds.notes: there is no column "color"', "Did you mean colour?"]),
    (ADDS, ADDS.replace(', colour = "red"', ""), ["adds.notes lacks colour"]),
    (ADDS, ADDS.replace('"{stars}"', '"{start}"'), ['adds.notes stars: {start}: there is no parameter "start"']),
    (ADDS, ADDS.replace('id = "{id}"', 'id = "{author}"'), ["adds.notes needs its key", "fresh_key_of of notes"]),
    (
        'changes.people = { id = "{id}", name = "{name}" }',
        "",
        ["writes, and nothing says what must be there", "changes"],
    ),
    (', name = "{name}" }', " }", ["changes.people changes nothing"]),
    ("changes.people = {", "changes.notes = {}\nchanges.people = {", ["changes: rows of one table, not of"]),
    ('changes.people = { id = "{id}", name', "changes.people = { name", ["changes.people needs its key", "key_of"]),
    # What answers are compared with.
    ("expect = { rows = 1, answer = true }", "", ["expect is missing: no right answer, no number", "rows = [0, 20]"]),
    ("rows = 1, answer = true", "rows = 1, ordered = true", ["expect: ordered needs an answer"]),
    ("rows = 1, answer = true", 'answer = "SELECT nam FROM people WHERE id = {id}"', ["SQLite says", "nam"]),
    ("rows = 1, answer = true", 'answer = "SELECT 1 WHERE {ident}"', ["expect.answer: {ident}: there is no parameter"]),
    ("rows = 1, answer = true", 'answer = "DELETE FROM people"', ["expect.answer: a SELECT is wanted"]),
    ('statements.sql = "SELECT id', 'statements.postgres = "SELECT id', ["answer = true stands for statements.sql"]),
]


@pytest.mark.parametrize(
    ("old", "new", "says"), MISTAKES, ids=lambda value: value[-1] if isinstance(value, list) else ""
)
def test_a_mistake_is_one_line_that_names_the_key_and_what_it_may_be(
    tmp_path: Path, old: str, new: str, says: list[str]
) -> None:
    file = tmp_path / "my.toml"
    file.write_text(changed((old, new)))
    with pytest.raises(UsageError) as refusal:
        discover.workload(str(file))
    message = str(refusal.value)
    assert message.startswith(f"{file}: ")
    assert "\n" not in message
    for words in says:
        assert words in message


def test_what_is_no_toml_says_where(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text("[tables.people\nrows = 5")
    with pytest.raises(UsageError, match=r"my.toml is not readable TOML: .*line 1"):
        discover.workload(str(file))


def test_where_there_is_no_file_the_way_to_an_example_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no .*my.toml. Begin with an example: bakeoff list --example > "):
        discover.workload(str(tmp_path / "my.toml"))


def test_the_file_without_a_mistake_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text(SMALL)
    assert discover.workload(str(file)).rows == 2_300
