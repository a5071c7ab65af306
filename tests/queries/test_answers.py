"""Equal answers are equal whatever a driver makes of their values, and others are not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.queries.answers import as_rows, plain, same, same_rows

VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.booleans() | st.text()


@pytest.mark.parametrize(
    ("value", "others"),
    [
        (5, [5.0, Decimal(5), "5", b"5"]),
        (0.25, [Decimal("0.25"), "0.25", "2.5e-1"]),
        (True, [1, "1"]),
        (1_735_689_600_123, [datetime(2025, 1, 1, 0, 0, 0, 123_000), "2025-01-01 00:00:00.123"]),
        (1_735_689_600_000, [date(2025, 1, 1), datetime(2025, 1, 1, tzinfo=UTC), "2025-01-01T00:00:00Z"]),
        (None, [None]),
        ("007", ["007"]),
        ("a b", [b"a b"]),
    ],
)
def test_the_same_value_in_the_types_of_drivers_is_the_same(value: Any, others: list[Any]) -> None:
    for other in others:
        assert same(plain(value), plain(other)), other


@pytest.mark.parametrize(
    ("value", "other"),
    [(5, 6), (0.25, 0.2500001), (None, 0), (None, ""), ("", 0), ("a", "A"), ("a", "a "), ("007", "7"), (True, False)],
)
def test_different_values_are_different(value: Any, other: Any) -> None:
    assert not same(plain(value), plain(other))


def test_sums_may_differ_in_their_last_digits() -> None:
    assert same(0.1 + 0.2, 0.3)
    assert same_rows([(0.1 + 0.2, "a"), (0.3, "b")], [(0.3, "b"), (0.3, "a")], ordered=False)


@given(st.lists(st.tuples(VALUES, VALUES), max_size=8), st.randoms())
def test_rows_in_any_order_are_the_same_unless_order_counts(rows: list[Any], random: Any) -> None:
    expected = as_rows(rows, ["a", "b"])
    shuffled = expected[:]
    random.shuffle(shuffled)
    assert same_rows(expected, shuffled, ordered=False)
    assert same_rows(expected, expected, ordered=True)
    assert same_rows(expected, expected[::-1], ordered=True) == all(map(_same_row, expected, expected[::-1]))


def _same_row(row: Any, other: Any) -> bool:
    return all(map(same, row, other))


@given(st.lists(st.tuples(st.integers(), st.text()), min_size=1, max_size=5), st.data())
def test_a_row_more_or_less_or_another_is_noticed(rows: list[Any], data: Any) -> None:
    expected = as_rows(rows, ["a", "b"])
    place = data.draw(st.integers(0, len(rows) - 1))
    row = expected[place]
    for wrong in ([], [row, row], [(row[0], "other")], [(*row, 1)]):
        assert not same_rows(expected, expected[:place] + wrong + expected[place + 1 :], ordered=False) or (
            wrong == [(row[0], "other")] and row[1] == "other"
        )


def test_named_values_are_found_by_their_names_and_the_missing_one_is_the_key() -> None:
    assert as_rows([{"b": 2, "_id": 1}, {"_id": 3}], ["a", "b"]) == [(1, 2), (3, 3)]
    assert as_rows([{"b": None, "a": 1}], ["a", "b"]) == [(1, None)]


def test_values_without_rows_are_cut_into_rows() -> None:
    assert as_rows(["1", "x", "2", "y"], ["a", "b"]) == [(1, "x"), (2, "y")]
    assert as_rows(["1", "2"], ["a"]) == [(1,), (2,)]
    assert as_rows([["1", "x"]], ["a", "b"]) == [(1, "x")]
    assert as_rows([], ["a", "b"]) == []
