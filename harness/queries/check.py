"""What a type cannot say about data and schemas of a file: which parts go together. Each mistake names its key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from harness.complaints import toml
from harness.engine import Language
from harness.queries.form import GENERATORS, GO_WITH, Draw, QueryFile, SchemaForm, TableForm, generator
from harness.queries.generators import milliseconds, span_of, type_of
from harness.queries.templates import Unreadable, names_of, parsed

NAME = re.compile(r"[a-z_][a-z0-9_]{0,39}")
NAMES_LOOK = "small letters, digits and _, a letter first"
DESIGN = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
LONGEST_TEXT, MOST_WORDS = 10_000, 2_000
MOST_RANKS = 10_000_000


class Mistake(Exception):
    """One line: the part of the file, what is wrong with it, what it may be, an example."""


def where(number: int, name: object) -> str:
    """[[operations]] 2 "order history", counted as people do."""
    return f'[[operations]] {number + 1} "{name}"' if isinstance(name, str) else f"[[operations]] {number + 1}"


def data(file: QueryFile, languages: Mapping[str, Language]) -> None:
    """Tables and schemas. Raises Mistake; `languages` has every engine whose statements can be run."""
    for name, table in file.tables.items():
        _table(name, table, file)
    for name, schema in file.schemas.items():
        _schema(name, schema, file, languages)


def known(kind: str, name: str, names: Iterable[str], at: str) -> None:
    names = list(names)
    if name not in names:
        near = "".join(f" Did you mean {match}?" for match in get_close_matches(name, names, n=1))
        raise Mistake(f'{at}: there is no {kind} "{name}".{near} There are: {", ".join(names) or "none"}.')


def named(kind: str, name: str, at: str) -> None:
    if not NAME.fullmatch(name):
        raise Mistake(f'{at}: "{name}" is no name for a {kind}: write {NAMES_LOOK}, for example order_lines.')


def language_of(key: str, languages: Mapping[str, Language], at: str) -> Language:
    """Of an engine or a design of it: "postgres+covering". Raises Mistake."""
    engine, plus, design = key.partition("+")
    known("engine with statements", engine, languages, at)
    if plus and not DESIGN.fullmatch(design):
        raise Mistake(
            f'{at}: "{design}" is no name for a design: write small letters, digits and -: {engine}+covering.'
        )
    return languages[engine]


def draw(form: Draw, tables: Mapping[str, TableForm], at: str) -> None:
    """A column or a parameter."""
    given = [name for name in GENERATORS if getattr(form, name, None) is not None]
    if len(given) != 1:
        choices = ", ".join(name for name in GENERATORS if hasattr(form, name))
        said = f"has {' and '.join(given)}" if given else "says not how it is drawn"
        raise Mistake(f"{at} {said}: give it exactly one of {choices}, for example uniform = [1, 100].")
    for name, partners in GO_WITH.items():
        if getattr(form, name, None) is not None and given[0] not in partners:
            raise Mistake(f"{at}: {name} goes with {' or '.join(partners)}, not with {given[0]}.")
    _bounds(form, given[0], at)
    if form.key_of is not None:
        known("table", form.key_of, tables, f"{at} key_of")
    if form.choice is not None:
        _choice(form, at)


def _bounds(form: Draw, kind: str, at: str) -> None:
    value = getattr(form, kind)
    if kind in ("uniform", "zipf") and value[0] > value[1]:
        raise Mistake(f"{at}: {kind} = {toml(value)}: the least comes first, for example {kind} = {toml(value[::-1])}.")
    if kind == "zipf" and value[1] - value[0] >= MOST_RANKS:
        raise Mistake(f"{at}: zipf = {toml(value)}: it takes up to {MOST_RANKS:,} different values.")
    if kind in ("text", "words"):
        low, high = span_of(value)
        most = LONGEST_TEXT if kind == "text" else MOST_WORDS
        if not 1 <= low <= high <= most:
            raise Mistake(f"{at}: {kind} = {toml(value)}: from 1 to {most:,}, the fewest first: {kind} = [5, 40].")
    if kind == "timestamp":
        _moments(value, at)
    if kind == "normal" and value[1] < 0:
        raise Mistake(f"{at}: normal = {toml(value)}: a deviation is not negative, for example normal = [80.0, 25.0].")
    if form.min is not None and form.max is not None and form.min > form.max:
        raise Mistake(f"{at}: min = {form.min} is more than max = {form.max}.")
    whole = kind in ("uniform", "normal") and type_of(form) == "int"
    if whole and any(isinstance(bound, float) for bound in (form.min, form.max)):
        raise Mistake(f"{at}: {kind} = {toml(value)} gives whole numbers, so min and max are whole numbers too.")
    if form.decimals is not None and whole:
        raise Mistake(f"{at}: decimals needs numbers with a point, for example {kind} = {toml([*map(float, value)])}.")


def _moments(value: Sequence[str], at: str) -> None:
    try:
        low, high = map(milliseconds, value)
    except (ValueError, OverflowError) as problem:
        example = "timestamp = [2025-01-01, 2025-12-31T23:59:59]"
        raise Mistake(f"{at}: timestamp = {toml(value)}: two moments are wanted, for example {example}.") from problem
    if low > high:
        raise Mistake(f"{at}: timestamp = {toml(value)}: the first moment comes first.")


def _choice(form: Draw, at: str) -> None:
    assert form.choice is not None
    if len({isinstance(value, str) for value in form.choice}) > 1:
        raise Mistake(f"{at}: choice = {toml(form.choice)}: all of them text, or all of them numbers.")
    if form.weights is not None and len(form.weights) != len(form.choice):
        raise Mistake(f"{at}: choice has {len(form.choice)} values and weights has {len(form.weights)}: one for each.")


def _table(name: str, table: TableForm, file: QueryFile) -> None:
    named("table", name, "[tables]")
    for column, form in table.columns.items():
        at = f"[tables.{name}.columns] {column}"
        named("column", column, at)
        draw(form, file.tables, at)
    keys = [column for column, form in table.columns.items() if form.sequential is not None]
    if len(keys) != 1:
        said = f"{' and '.join(keys)} are sequential" if keys else "no column is sequential"
        raise Mistake(f"[tables.{name}.columns]: {said}: a table has one key, for example id = {{ sequential = 1 }}.")
    if table.columns[keys[0]].null_share:
        raise Mistake(f"[tables.{name}.columns] {keys[0]}: null_share = …: a key is never null.")


def _schema(name: str, schema: SchemaForm, file: QueryFile, languages: Mapping[str, Language]) -> None:
    language = language_of(name, languages, "[schemas]")
    at = f"[schemas.{toml(name) if '+' in name else name}]"
    if schema.create == []:
        raise Mistake(f"{at} create = []: leave it out, and tables with a primary key each are made.")
    steps = [("create", schema.create), ("after_load", schema.after_load)]
    for key, statements in steps:
        for number, written in enumerate(statements or (), start=1):
            _step(language, written, (), f"{at} {key}[{number}]")
    if schema.each_row and language != "commands":
        raise Mistake(
            f"{at} each_row: rows of {name} are written by its bulk path; each_row is for engines like redis."
        )
    for table, commands in (schema.each_row or {}).items():
        known("table", table, file.tables, f"{at} each_row")
        for number, written in enumerate(commands, start=1):
            _step(language, written, file.tables[table].columns, f"{at} each_row.{table}[{number}]")


def _step(language: Language, written: Any, names: Iterable[str], at: str) -> None:
    try:
        statement = parsed(language, written)
    except Unreadable as problem:
        raise Mistake(f"{at}: {problem}.") from problem
    for name in names_of(statement):
        if not names:
            raise Mistake(f"{at}: {{{name}}} stands for nothing here: parameters are for operations.")
        known("column", name, names, f"{at}: {{{name}}}")


def keys(tables: Mapping[str, TableForm]) -> dict[str, str]:
    """Table -> the column that is its key."""
    return {
        name: next(column for column, form in table.columns.items() if generator(form) == "sequential")
        for name, table in tables.items()
    }
