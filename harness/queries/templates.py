"""From statements with {placeholders} to what is sent, for a block of drawn parameters at once and ahead of the clock.

What a statement is resolved to, by language: `sql`, its parameters' values as text in the order of their first
placeholders (the statement itself is prepared once); `literal sql`, the whole statement; `documents`, a command as a
dictionary; `commands`, a tuple of words.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from harness.engine import Language
from harness.statements import PLACEHOLDER, Type, moments, names_in

Drawn = Mapping[str, list[Any]]  # The values of each parameter: timestamps in milliseconds.
Resolve = Callable[[Drawn, int], list[Any]]  # (values, how many) -> one request for each.
Types = Mapping[str, Type]

COMMANDS = ("find", "aggregate", "count", "distinct", "insert", "update", "delete", "findAndModify")
"""Of documents that may be operations, by their first key."""
WRITES = ("insert", "update", "delete", "findAndModify")
WRITING_SQL = ("insert", "update", "delete", "merge", "replace", "alter", "truncate", "copy")


class Unreadable(Exception):
    """A statement that is not of its language; the message says how one looks."""


def parsed(language: Language, written: Any) -> Any:
    """SQL without its last semicolon, a document, or the words of a command. Raises Unreadable."""
    if language == "documents":
        return _document(written)
    if not isinstance(written, str) or not written.strip():
        raise Unreadable(f"text is wanted, for example {EXAMPLES[language]}")
    if language != "commands":
        return written.strip().removesuffix(";").rstrip()
    try:
        return tuple(shlex.split(written))
    except ValueError as problem:
        raise Unreadable(f"{problem}; quote words as a shell does: SET greeting 'good day'") from problem


EXAMPLES: Mapping[Language, str] = {
    "sql": '"SELECT name FROM customers WHERE id = {id}"',
    "literal sql": '"SELECT name FROM customers WHERE id = {id}"',
    "documents": """'{ "find": "customers", "filter": { "_id": "{id}" } }'""",
    "commands": '"HGETALL customers:{id}"',
}


def _document(written: Any) -> dict[str, Any]:
    if isinstance(written, str):
        try:
            written = json.loads(written)
        except json.JSONDecodeError as problem:
            raise Unreadable(f"not JSON: {problem}; for example {EXAMPLES['documents']}") from problem
    if not isinstance(written, dict) or not written:
        raise Unreadable(f"a command as a document is wanted, for example {EXAMPLES['documents']}")
    return written


def names_of(parsed: Any) -> list[str]:
    """The placeholders of a parsed statement, each once."""
    if isinstance(parsed, str):
        return names_in(parsed)
    parts: Iterable[Any] = parsed.values() if isinstance(parsed, dict) else parsed
    if not isinstance(parsed, dict | list | tuple):
        return []
    return list(dict.fromkeys(name for part in parts for name in names_of(part)))


def parameter_of(value: Any) -> str | None:
    """The parameter that a value stands for: id of "{id}"; None of any other value."""
    whole = PLACEHOLDER.fullmatch(value) if isinstance(value, str) else None
    return whole[1] if whole else None


def writes(language: Language, parsed: Any) -> bool:
    """Does it surely write? Commands of words do not tell."""
    if language == "documents":
        return next(iter(parsed)) in WRITES
    return language != "commands" and parsed.split(maxsplit=1)[0].lower() in WRITING_SQL


def resolver(language: Language, statements: Sequence[Any], types: Types) -> Resolve:
    """Of all parsed statements of an operation: gives a tuple for each, with one request per statement."""
    make = {"sql": _parameters, "literal sql": _literal, "documents": _node, "commands": _words}[language]
    each = [make(statement, types) for statement in statements]

    def resolve(drawn: Drawn, count: int) -> list[Any]:
        return list(zip(*(one(drawn, count) for one in each), strict=True))

    return resolve


def _parameters(statement: str, types: Types) -> Resolve:
    names = names_in(statement)

    def resolve(drawn: Drawn, count: int) -> list[Any]:
        texts = ([text.encode() for text in as_text(types[name], drawn[name])] for name in names)
        return list(zip(*texts, strict=True)) if names else [()] * count

    return resolve


def _literal(statement: str, types: Types) -> Resolve:
    places = [(found[1], found[2]) for found in PLACEHOLDER.finditer(statement)]
    template = PLACEHOLDER.sub("%s", statement.replace("%", "%%"))

    def resolve(drawn: Drawn, count: int) -> list[Any]:
        literals = {name: as_literals(types[name], drawn[name]) for name, _ in places}
        cast = (
            [f"CAST({text} AS {kind})" for text in literals[name]] if kind else literals[name] for name, kind in places
        )
        return [template % values for values in zip(*cast, strict=True)] if places else [statement] * count

    return resolve


def as_text(type: Type, values: list[Any]) -> list[str]:
    """As servers read a parameter that is sent as text."""
    if type == "text":
        return values
    if type == "timestamp":
        return moments(values)
    if type == "bool":
        return ["true" if value else "false" for value in values]
    return list(map(repr, values))


def as_literals(type: Type, values: list[Any]) -> list[str]:
    """As ClickHouse reads them in a statement."""
    texts = as_text(type, values)
    if type == "text":
        return ["'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'" for text in texts]
    return [f"toDateTime64('{text}', 3, 'UTC')" for text in texts] if type == "timestamp" else texts


def as_words(type: Type, values: list[Any]) -> list[str]:
    """As keys and values of a command: 1 and 0 for true and false, timestamps in milliseconds."""
    if type == "text":
        return values
    return [repr(int(value)) for value in values] if type == "bool" else list(map(repr, values))


def _words(command: Sequence[str], types: Types) -> Resolve:
    words = [_text(word, types, as_words) for word in command]

    def resolve(drawn: Drawn, count: int) -> list[Any]:
        return list(zip(*(word(drawn, count) for word in words), strict=True))

    return resolve


def _node(node: Any, types: Types) -> Resolve:
    """A part of a document. Text that is one placeholder and nothing else becomes its value, with its type."""
    if isinstance(node, dict) and node:
        keys, parts = list(node), [_node(part, types) for part in node.values()]
        return lambda drawn, count: [
            dict(zip(keys, row, strict=True)) for row in zip(*(part(drawn, count) for part in parts), strict=True)
        ]
    if isinstance(node, list) and node:
        parts = [_node(part, types) for part in node]
        return lambda drawn, count: list(map(list, zip(*(part(drawn, count) for part in parts), strict=True)))
    if isinstance(node, str):
        whole = PLACEHOLDER.fullmatch(node)
        return _values(whole[1], types) if whole else _text(node, types, as_words)
    return lambda drawn, count: [node] * count


def _values(name: str, types: Types) -> Resolve:
    if types[name] == "timestamp":
        return lambda drawn, count: np.array(drawn[name], dtype="datetime64[ms]").tolist()
    return lambda drawn, count: drawn[name]


def _text(text: str, types: Types, form: Callable[[Type, list[Any]], list[str]]) -> Resolve:
    """A text with placeholders in it."""
    names = [found[1] for found in PLACEHOLDER.finditer(text)]
    if not names:
        return lambda drawn, count: [text] * count
    template = PLACEHOLDER.sub("%s", text.replace("%", "%%"))

    def resolve(drawn: Drawn, count: int) -> list[Any]:
        rows = zip(*(form(types[name], drawn[name]) for name in names), strict=True)
        return [template % row for row in rows]

    return resolve if template != "%s" else lambda drawn, count: form(types[names[0]], drawn[names[0]])
