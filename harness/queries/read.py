"""Reads a file of own queries, part by part, so that every complaint names the part that it is about."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.complaints import explain
from harness.engine import Language
from harness.errors import UsageError
from harness.queries import check, check_operations
from harness.queries.check import Mistake
from harness.queries.form import (
    ColumnForm,
    ExpectForm,
    OperationForm,
    ParameterForm,
    QueryFile,
    SchemaForm,
    TableForm,
)

T = TypeVar("T")
EXAMPLE = Path(__file__).parent / "example.toml"


def read(file: Path, languages: Mapping[str, Language]) -> QueryFile:
    """The file, all of it checked that can be without a server. Raises UsageError; `languages` is by engine."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"There is no {file}. Begin with an example: bakeoff list --example > {file}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise UsageError(f"{file} is not readable TOML: {problem}.") from problem
    try:
        found = typed(content)
        check.data(found, languages)
        check_operations.operations(found, languages)
    except Mistake as mistake:
        raise UsageError(f"{file}: {mistake}") from mistake
    return found


def typed(content: Mapping[str, Any]) -> QueryFile:
    """Raises Mistake."""
    parts: dict[str, Any] = dict(_plain(content))
    for name, table in _tables(parts, "tables"):
        for column, form in _tables(table, "columns"):
            table["columns"][column] = _part(form, ColumnForm, f"[tables.{name}.columns] {column}: ")
        parts["tables"][name] = _part(table, TableForm, f"[tables.{name}] ")
    for name, schema in _tables(parts, "schemas"):
        parts["schemas"][name] = _part(schema, SchemaForm, f"[schemas.{quoted(name)}] ")
    operations = parts.get("operations")
    for number, operation in enumerate(operations if isinstance(operations, list) else ()):
        if isinstance(operation, dict):
            parts["operations"][number] = _operation(operation, number)
    return _part(parts, QueryFile, "")


def _operation(operation: dict[str, Any], number: int) -> OperationForm:
    where = check.where(number, operation.get("name"))
    for name, form in _tables(operation, "parameters"):
        operation["parameters"][name] = _part(form, ParameterForm, f"{where} parameters.{name}: ")
    if isinstance(operation.get("expect"), dict):
        operation["expect"] = _part(operation["expect"], ExpectForm, f"{where} expect: ")
    return _part(operation, OperationForm, f"{where} ")


def _part(content: Any, kind: type[T], where: str) -> T:
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as problem:
        raise Mistake(f"{where}{explain(problem, content if isinstance(content, dict) else {}, kind)}") from problem


def _tables(content: Mapping[str, Any], key: str) -> Sequence[tuple[str, Any]]:
    """The tables below a key, where there are any; what is none is complained about with the whole."""
    below = content.get(key)
    return [(name, part) for name, part in below.items() if isinstance(part, dict)] if isinstance(below, dict) else []


def quoted(name: str) -> str:
    """As a key in TOML."""
    return name if name.replace("-", "").replace("_", "").isalnum() else f'"{name}"'


def _plain(value: Any) -> Any:
    """A copy with dates and times as text."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return list(map(_plain, value))
    return value.isoformat() if isinstance(value, datetime | date | time) else value
