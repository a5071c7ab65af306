"""What a type cannot say about operations: placeholders have parameters, writes and answers have a judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.engine import Language
from harness.queries import check, reference
from harness.queries.check import Mistake, known, language_of
from harness.queries.form import OperationForm, QueryFile, Row
from harness.queries.templates import COMMANDS, EXAMPLES, Unreadable, names_of, parameter_of, parsed, writes
from harness.statements import PLACEHOLDER

SQL = "sql"  # The key of statements for every engine that speaks it.
RESERVED = ("total", "create", "load", "settle")  # Names that results have for something else.


def operations(file: QueryFile, languages: Mapping[str, Language]) -> None:
    """Raises Mistake."""
    seen: dict[str, str] = {}
    for number, operation in enumerate(file.operations):
        at = check.where(number, operation.name)
        if operation.name in RESERVED:
            raise Mistake(f"{at} name: results use {', '.join(RESERVED)} for something else; take another.")
        slug = identifier(operation.name)
        if slug in seen:
            raise Mistake(f'{at} name: too much like "{seen[slug]}"; --set names its weight {slug}_weight.')
        seen[slug] = operation.name
        _parameters(operation, file, at)
        used = _statements(operation, languages, at)
        _effects(operation, file, at)
        _unused(operation, used, at)
        _expectation(operation, file, languages, at)


def identifier(name: str) -> str:
    """As --set names it: "order history" is order_history."""
    return name.replace(" ", "_").replace("-", "_")


def _parameters(operation: OperationForm, file: QueryFile, at: str) -> None:
    for name, form in operation.parameters.items():
        here = f"{at} parameters.{name}"
        check.named("parameter", name, here)
        check.draw(form, file.tables, here)
        if form.fresh_key_of is not None:
            known("table", form.fresh_key_of, file.tables, f"{here} fresh_key_of")
            if form.fresh_key_of not in operation.adds:
                raise Mistake(f"{here} fresh_key_of: the operation adds no row to {form.fresh_key_of}; see adds.")
        if form.after is not None:
            moments = [each for each, other in operation.parameters.items() if other.timestamp is not None]
            known("parameter that is a timestamp", form.after, moments, f"{here} after")
            if form.seconds is None:
                raise Mistake(f"{here}: after needs seconds, for example seconds = 86400.")


def _statements(operation: OperationForm, languages: Mapping[str, Language], at: str) -> set[str]:
    """The parameters that they use."""
    used: set[str] = set()
    for key, written in operation.statements.items():
        here = f"{at} statements.{key}"
        language: Language = "sql" if key == SQL else language_of(key, languages, f"{at} statements")
        for statement in _parsed(language, written, here):
            if language == "documents" and next(iter(statement)) not in COMMANDS:
                raise Mistake(f"{here}: the first key of a command is one of {', '.join(COMMANDS)}.")
            _untyped(language, statement, here)
            for name in names_of(statement):
                known("parameter", name, operation.parameters, f"{here}: {{{name}}}")
            used.update(names_of(statement))
    return used


def _parsed(language: Language, written: Any, here: str) -> list[Any]:
    statements = written if isinstance(written, list) else [written]
    if not statements:
        raise Mistake(f"{here} is empty: write a statement, for example {EXAMPLES[language]}.")
    try:
        return [parsed(language, each) for each in statements]
    except Unreadable as problem:
        raise Mistake(f"{here}: {problem}.") from problem


def _untyped(language: Language, statement: Any, here: str) -> None:
    if language == "sql":
        for found in PLACEHOLDER.finditer(statement):
            if found[2]:
                raise Mistake(f"{here}: {found[0]}: only ClickHouse's own statements name types; write {{{found[1]}}}.")


def _effects(operation: OperationForm, file: QueryFile, at: str) -> None:
    keys = check.keys(file.tables)
    if len(operation.changes) > 1:
        raise Mistake(f"{at} changes: rows of one table, not of {' and '.join(operation.changes)}.")
    for effect, rows in (("adds", operation.adds), ("changes", operation.changes)):
        for table, row in rows.items():
            here = f"{at} {effect}.{table}"
            known("table", table, file.tables, f"{at} {effect}")
            for column, value in row.items():
                known("column", column, file.tables[table].columns, here)
                name = parameter_of(value)
                if name:
                    known("parameter", name, operation.parameters, f"{here} {column}: {{{name}}}")
            _key(operation, effect, table, row, keys[table], here)
            missing = [column for column in file.tables[table].columns if column not in row]
            if effect == "adds" and missing:
                raise Mistake(f"{here} lacks {', '.join(missing)}: say every value, so that the row can be compared.")
            if effect == "changes" and len(row) < 2:
                raise Mistake(f'{here} changes nothing: add a column with its new value, for example status = "paid".')


def _key(operation: OperationForm, effect: str, table: str, row: Row, key: str, here: str) -> None:
    wanted = "fresh_key_of" if effect == "adds" else "key_of"
    form = operation.parameters.get(parameter_of(row.get(key)) or "")
    if form is None or getattr(form, wanted) != table:
        example = f'{key} = "{{{key}}}" with parameters.{key} = {{ {wanted} = "{table}" }}'
        raise Mistake(f"{here} needs its key, a parameter that is a {wanted} of {table}: {example}.")


def _unused(operation: OperationForm, used: set[str], at: str) -> None:
    effects = [*operation.adds.values(), *operation.changes.values()]
    used |= {parameter_of(value) or "" for row in effects for value in row.values()}
    used |= {form.after for form in operation.parameters.values() if form.after}
    for name in operation.parameters:
        if name not in used:
            raise Mistake(
                f"{at} parameters.{name} is used nowhere: write {{{name}}} in its statements, or leave it out."
            )


def _expectation(operation: OperationForm, file: QueryFile, languages: Mapping[str, Language], at: str) -> None:
    expect, writing = operation.expect, bool(operation.adds or operation.changes)
    if isinstance(expect.rows, tuple) and expect.rows[0] > expect.rows[1]:
        raise Mistake(f"{at} expect: rows = {list(expect.rows)}: the fewest first.")
    if expect.ordered and not expect.answer:
        raise Mistake(f"{at} expect: ordered needs an answer to compare with.")
    if writing and expect.answer:
        raise Mistake(
            f"{at} expect: answer is for operations that only read; adds and changes say what a write leaves."
        )
    if not writing:
        _only_reads(operation, languages, at)
    if not writing and expect.rows is None and not expect.answer:
        raise Mistake(
            f"{at} expect is missing: no right answer, no number. Say how many rows there are (rows = [0, 20]), "
            "or the SQL that gives them in SQLite (answer = true: that of statements.sql)."
        )
    if expect.answer:
        _answer(operation, file, at)


def _only_reads(operation: OperationForm, languages: Mapping[str, Language], at: str) -> None:
    for key, written in operation.statements.items():
        language: Language = "sql" if key == SQL else languages[key.partition("+")[0]]
        if any(writes(language, each) for each in _parsed(language, written, at)):
            raise Mistake(
                f"{at} statements.{key} writes, and nothing says what must be there afterwards: "
                'say adds.TABLE = { id = "{id}", … } or changes.TABLE = { id = "{id}", … }.'
            )


def _answer(operation: OperationForm, file: QueryFile, at: str) -> None:
    statement = answer_of(operation)
    if statement is None:
        raise Mistake(f"{at} expect: answer = true stands for statements.sql, one statement, which is not there.")
    if statement.split(maxsplit=1)[0].lower() not in ("select", "with"):
        raise Mistake(f"{at} expect.answer: a SELECT is wanted, for example {EXAMPLES['sql']}.")
    for name in names_of(statement):
        known("parameter", name, operation.parameters, f"{at} expect.answer: {{{name}}}")
    if problem := reference.problem(statement, file):
        raise Mistake(f"{at} expect.answer: SQLite says: {problem}. It must be SQL that SQLite knows.")


def answer_of(operation: OperationForm) -> str | None:
    """The SQL that gives its right answer in SQLite; None if there is none."""
    answer = operation.expect.answer
    if answer is True:
        answer = operation.statements.get(SQL)  # type: ignore[assignment]
    return parsed("sql", answer) if isinstance(answer, str) else None
