"""Rows as engines give them, compared with rows as they should be, whatever types a driver makes of the same values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isclose
from typing import Any

from harness.queries.generators import milliseconds

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:?\d\d)?|Z)?")
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,18})")
_FLOAT = re.compile(r"-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)")
_ROWS = (list, tuple, dict)
RELATIVE, ABSOLUTE = 1e-9, 1e-9  # Engines add the same numbers in different orders.
SORTED_DIGITS = 6  # Rows are sorted by fewer digits than are compared: the last ones may differ.


def plain(value: Any) -> Any:
    """A number, text, None, or a tuple of these; moments in milliseconds, true as 1.

    Text that is a number or a moment becomes one: Redis knows text alone, and ClickHouse's JSON has no moments.
    """
    if value is None or type(value) is int or type(value) is float:
        return value
    if isinstance(value, str):
        return _plain_text(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return round((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1_000)
    if isinstance(value, date):
        return milliseconds(value.isoformat())
    if isinstance(value, bytes):
        return _plain_text(value.decode(errors="replace"))
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    return value if isinstance(value, int | float) else str(value)


def _plain_text(text: str) -> Any:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return milliseconds(text.replace(" ", "T")) if _MOMENT.fullmatch(text) else text


def as_rows(answer: Sequence[Any], names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Plain values in the order of `names`.

    Where an engine names values they are found by name; the name that a document lacks is its _id. Values that come
    one after the other, without rows (Redis), are cut into rows of as many as there are names.
    """
    width = len(names)
    if width > 1 and answer and not len(answer) % width and not any(isinstance(row, _ROWS) for row in answer):
        answer = [tuple(answer[start : start + width]) for start in range(0, len(answer), width)]
    return [tuple(map(plain, _values(row, names))) for row in answer]


def _values(row: Any, names: Sequence[str]) -> Sequence[Any]:
    if isinstance(row, dict):
        return [row[name] if name in row else row.get("_id") for name in names]
    return row if isinstance(row, list | tuple) else (row,)


def same(value: Any, other: Any) -> bool:
    """Of plain values."""
    if isinstance(value, int | float) and isinstance(other, int | float):
        return value == other or isclose(value, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return bool(value == other)


def same_rows(expected: Sequence[tuple[Any, ...]], got: Sequence[tuple[Any, ...]], ordered: bool) -> bool:
    """Of plain rows; unless `ordered`, in any order."""
    if len(expected) != len(got):
        return False
    if not ordered:
        expected, got = sorted(expected, key=_order), sorted(got, key=_order)
    return all(len(row) == len(other) and all(map(same, row, other)) for row, other in zip(expected, got, strict=True))


def _order(row: tuple[Any, ...]) -> list[tuple[int, Any]]:
    """Any plain values in one order."""
    return [
        (0, 0)
        if value is None
        else (1, float(f"{value:.{SORTED_DIGITS}g}"))
        if isinstance(value, int | float)
        else (2, str(value))
        for value in row
    ]
