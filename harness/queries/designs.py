"""Which candidates a file has statements for, and how each of them keeps the data and answers the operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from harness.complaints import toml
from harness.engine import Engine, Language
from harness.errors import UsageError
from harness.queries import check
from harness.queries.check_operations import SQL
from harness.queries.form import OperationForm, QueryFile, SchemaForm, TableForm
from harness.queries.generators import type_of
from harness.queries.templates import parsed
from harness.statements import Asked, Column, Design, Step, Table


def name_of(engine: str, variant: str | None) -> str:
    return f"{engine}+{variant}" if variant else engine


def variants(file: QueryFile, engine: str) -> list[str]:
    """The other designs of an engine that the file names, in its order."""
    named = (key.partition("+") for key in _keys(file))
    return list(dict.fromkeys(variant for name, _, variant in named if name == engine and variant))


def _keys(file: QueryFile) -> list[str]:
    """Engines and designs that the file names."""
    keys = (key for operation in file.operations for key in operation.statements)
    return list(dict.fromkeys([*file.schemas, *keys]))


def complete(file: QueryFile, engines: Mapping[str, Language]) -> list[str]:
    """Every engine and design that has a statement for every operation, the engine's own design first."""
    return [
        name_of(engine, variant)
        for engine in engines
        for variant in (None, *variants(file, engine))
        if not any(_written(operation, engine, variant, engines[engine]) is None for operation in file.operations)
    ]


def refuse_unknown(file: QueryFile, name: str, engine: str, variant: str | None, described: Engine) -> None:
    """Raises UsageError where the file, named `name`, has nothing for a candidate, or not enough."""
    if described.language is None:
        raise UsageError(f"{engine} cannot run statements of a file. In {name} there are: {', '.join(_keys(file))}.")
    here = variants(file, engine)
    if variant and variant not in here:
        near = "".join(f" Did you mean +{match}?" for match in get_close_matches(variant, here, n=1))
        choices = ", ".join(f"{engine}+{each}" for each in here) or "none beside its own"
        raise UsageError(f'{name} has no design "{variant}" of {engine}.{near} Of {engine} there are: {choices}.')
    for number, operation in enumerate(file.operations):
        at = f"{name}: {check.where(number, operation.name)}"
        found = _written(operation, engine, variant, described.language)
        if found is None:
            raise UsageError(
                f"{at} has no statement for {engine}: add statements.{engine}, or leave {engine} out. "
                f"It has: {', '.join(operation.statements)}."
            )
        if isinstance(found[1], list) and len(found[1]) > 1 and not described.transactions_of_statements:
            raise UsageError(
                f"{at} statements.{found[0]}: several statements are one transaction, which {engine} does not offer "
                "here: write one statement."
            )


def design(file: QueryFile, engine: str, variant: str | None, language: Language) -> Design:
    """Of a candidate that is not refused. What a variant leaves out of its schema is the engine's own."""
    own, schema = file.schemas.get(engine, SchemaForm()), SchemaForm()
    if variant:
        schema = file.schemas.get(name_of(engine, variant), schema)
    made = {}
    for key in ("create", "after_load", "each_row"):
        changed = getattr(schema, key) is not None
        where = f"[schemas.{toml(name_of(engine, variant)) if changed and variant else engine}] {key}"
        made[key] = (getattr(schema if changed else own, key), where)
    create, where = made["create"]
    steps = _steps(create, where, language)
    after_load = _steps(*made["after_load"], language)
    each_row, where = made["each_row"]
    asked = [(number, *_found(each, engine, variant, language)) for number, each in enumerate(file.operations)]
    return Design(
        tables=tuple(table(name, form) for name, form in file.tables.items()),
        create=None if create is None else steps,
        each_row={name: _steps(rows, f"{where}.{name}", language) for name, rows in (each_row or {}).items()},
        after_load=after_load,
        operations=tuple(
            Asked(
                f"{check.where(number, file.operations[number].name)} statements.{key}", tuple(map(_text, statements))
            )
            for number, key, statements in asked
        ),
    )


def statements(operation: OperationForm, engine: str, variant: str | None, language: Language) -> list[Any]:
    """Of an operation for a candidate that has some, parsed."""
    return [parsed(language, each) for each in _found(operation, engine, variant, language)[1]]


def table(name: str, form: TableForm) -> Table:
    columns = tuple(Column(each, type_of(drawn), drawn.null_share > 0) for each, drawn in form.columns.items())
    return Table(name, check.keys({name: form})[name], columns)


def _steps(written: Iterable[Any] | None, where: str, language: Language) -> tuple[Step, ...]:
    return tuple(
        Step(f"{where}[{number}]", parsed(language, each)) for number, each in enumerate(written or (), start=1)
    )


def _written(operation: OperationForm, engine: str, variant: str | None, language: Language) -> tuple[str, Any] | None:
    """The key of what is written for a candidate, and what is: its design's, else its engine's, else any SQL's."""
    keys = [name_of(engine, variant), engine, *([SQL] if "sql" in language else [])]
    return next(((key, operation.statements[key]) for key in keys if key in operation.statements), None)


def _found(operation: OperationForm, engine: str, variant: str | None, language: Language) -> tuple[str, list[Any]]:
    found = _written(operation, engine, variant, language)
    assert found is not None, "refuse_unknown comes first"
    key, written = found
    return key, written if isinstance(written, list) else [written]


def _text(written: Any) -> str:
    return written.strip().removesuffix(";").rstrip() if isinstance(written, str) else toml(written)
