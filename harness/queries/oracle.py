"""Knows the right answers to own queries: the drawn rows, what writes leave, and SQL answered by SQLite."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.queries import effects
from harness.queries.answers import as_rows, plain, same_rows
from harness.queries.check_operations import answer_of
from harness.queries.generators import Keys, span_of
from harness.queries.operations import Ask
from harness.queries.reference import NEVER, Reference, Rows, reads
from harness.statements import Statements

if TYPE_CHECKING:
    from harness.queries.workload import Queries

GRADING_SECONDS = 5.0  # Of a trial's answers of one kind, which are up to MOST_ANSWERS in a process.
MOST_ANSWERS = 8_000
REMEMBERED = 2_000  # Right answers.
CHECK = 0  # The number of the answer check: one session, one operation after the other.


@dataclass
class Pace:
    """How long it takes to know right answers of a kind, and so how many are looked at: all, or every n-th."""

    seconds: float = 0.0
    known: int = 0
    asked: int = 0

    def has_time(self) -> bool:
        every = max(1, round(MOST_ANSWERS * self.seconds / max(1, self.known) / GRADING_SECONDS))
        self.asked += 1
        return (self.asked - 1) % every == 0

    @contextmanager
    def spent(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - began
        self.known += 1


class QueriesOracle:
    def __init__(self, workload: Queries) -> None:
        self._workload = workload
        self._forms = workload.file.operations
        self._answers = [answer_of(form) for form in self._forms]
        self._read = [{name for name in workload.file.tables if each and reads(each, name)} for each in self._answers]
        self._added = {table for form in self._forms for table in form.adds}
        self._changed = {table for form in self._forms for table in form.changes}
        self._effects = effects.Log(workload, set[str]().union(*self._read))
        self._remembered = lru_cache(REMEMBERED)(self._as_loaded)
        self._paces = [Pace() for _ in self._forms]

    def check_content(self, session: Statements) -> list[str]:
        problems = [problem for name in self._workload.file.tables for problem in self._differences(session, name)]
        if (count := session.count()) != self._workload.rows:
            problems.append(f"count() says {count:,} where {self._workload.rows:,} rows were loaded")
        return effects.shortened(problems)

    def tracks(self, operation: Any) -> bool:
        tracked: bool = operation.tracked
        return tracked

    def wrote(self, operation: Any, sent_ns: int, acknowledged_ns: int | None) -> None:
        self._effects.add(operation, sent_ns, acknowledged_ns)

    def grade(self, operation: Any, answer: Any, sent_ns: int, received_ns: int) -> float | None:
        """By the number of rows and, where the file has SQL for it and nothing is unknown, by the rows themselves."""
        self._effects.saw(operation.stream)
        number = operation.number
        expect, statement = self._forms[number].expect, self._answers[number]
        if not isinstance(answer, list):
            return 0.0
        rows = as_rows(answer, self._names[number]) if statement else answer
        if not _within(len(rows), expect.rows):
            return 0.0
        right = None
        if statement is not None and self._paces[number].has_time():
            with self._paces[number].spent():
                right = self._is_right(statement, operation, rows, sent_ns, received_ns)
        if right is None:
            return None if expect.rows is None else 1.0
        return float(right)

    def check_kept(self, session: Statements) -> list[str]:
        return self._effects.missing(session)

    def _is_right(
        self, statement: str, operation: Ask, rows: list[tuple[Any, ...]], sent_ns: int, received_ns: int
    ) -> bool | None:
        """None: that cannot be known here.

        Right are the rows with all that was acknowledged when the question was sent. While others were being added,
        they may be in the answer or not: then it is right with all of them too, and otherwise nobody knows.
        """
        number, ordered = operation.number, self._forms[operation.number].expect.ordered
        values = self._named(number, operation.values)
        if operation.stream.trial == CHECK:
            self._effects.hand_over(self._reference)
            changes = self._effects.changes_before(sent_ns)
            return same_rows(_plain(self._reference.before(sent_ns, statement, values, changes)), rows, ordered)
        if self._read[number] & self._changed:
            return None
        if not (growing := self._read[number] & self._added):
            return same_rows(self._remembered(statement, number, operation.values), rows, ordered)
        if not self._effects.knows_all:
            return None
        self._effects.hand_over(self._reference)
        if same_rows(_plain(self._reference.before(sent_ns, statement, values)), rows, ordered):
            return True
        if not self._reference.open(growing, sent_ns, received_ns):
            return False
        return same_rows(_plain(self._reference.possible(received_ns, statement, values)), rows, ordered) or None

    def _as_loaded(self, statement: str, number: int, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Of tables that nothing is written to."""
        return _plain(self._reference.before(NEVER, statement, self._named(number, values)))

    def _named(self, number: int, values: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(self._forms[number].parameters, values, strict=True))

    @cached_property
    def _names(self) -> list[list[str]]:
        """Of the columns of right answers, by the number of the operation."""
        return [self._reference.names(statement) if statement else [] for statement in self._answers]

    @cached_property
    def _reference(self) -> Reference:
        names = sorted(set[str]().union(*self._read))
        return Reference(self._workload.file, (batch for name in names for batch in self._workload.batches(name)))

    def _differences(self, session: Statements, name: str) -> list[str]:
        """Between a freshly loaded table and the rows that were drawn for it."""
        table, keys = self._workload.table(name), self._workload.keys[name]
        columns, place = self._workload.columns(name), table.names.index(table.key)
        seen = np.zeros(keys.rows, dtype=np.bool_)
        problems: list[str] = []
        for rows in session.everything(table):
            found = {number: row for row in rows if (number := _number(row[place], keys)) is not None}
            problems += [f"{name} has a row more, or twice: {row}" for row in rows if len(found) < len(rows)][:1]
            numbers = np.fromiter(found, dtype=np.uint64)
            problems += [f"{name} has row {keys.first + int(n)} twice" for n in numbers[seen[numbers]][:1]]
            seen[numbers] = True
            loaded = zip(*columns(numbers), strict=True)
            for expected, got in zip(loaded, found.values(), strict=True):
                if expected != got:
                    problems += effects.differing(table, expected, got)
        if missing := int(np.count_nonzero(~seen)):
            example = keys.first + int(np.argmin(seen))
            problems.append(f"{missing:,} of {keys.rows:,} rows of {name} are missing, for example {example}")
        return problems


def _within(rows: int, wanted: int | tuple[int, int] | None) -> bool:
    if wanted is None:
        return True
    low, high = span_of(wanted)
    return low <= rows <= high


def _plain(found: Rows) -> list[tuple[Any, ...]]:
    names, rows = found
    return as_rows(rows, names)


def _number(key: Any, keys: Keys) -> int | None:
    """Of a loaded row, by its key."""
    value = plain(key)
    return value - keys.first if isinstance(value, int) and 0 <= value - keys.first < keys.rows else None
