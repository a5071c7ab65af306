"""What acknowledged writes must have left: the rows that they added, and the values that they changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.queries.answers import plain, same
from harness.queries.form import OperationForm, Row
from harness.queries.operations import TRACKED, Ask
from harness.queries.reference import NEVER, Reference, Statement, stored
from harness.queries.templates import parameter_of
from harness.statements import Statements, Table
from harness.workload import Stream

if TYPE_CHECKING:
    from harness.queries.workload import Queries

SHOWN = 5  # Differences that are told one by one.
KEPT_SAMPLE = 100  # Of the rows of a table that were added, and of those that were changed.
MOST_ROWS = 300_000  # That were added to tables which answers are made from, in a process: some 100 MB.
CHECK = 0  # The number of the answer check: one session, one operation after the other.


Valued = Callable[[Sequence[Any]], dict[str, Any]]


@dataclass(frozen=True)
class Change:
    values: Mapping[str, Any]  # By column.
    sent_ns: int
    acknowledged_ns: int  # NEVER: not known to be.


class Log:
    """Of one process. `read`: tables that right answers are made from, so that every row of theirs is needed."""

    def __init__(self, workload: Queries, read: set[str]) -> None:
        self._tables = {name: workload.table(name) for name in workload.file.tables}
        self._rows_of = [
            tuple(
                [(self._tables[name], _valued(form, row)) for name, row in rows.items()]
                for rows in (form.adds, form.changes)
            )
            for form in workload.file.operations
        ]
        self._read = read
        self._added: defaultdict[str, dict[int, Sequence[Any]]] = defaultdict(dict)  # Table -> key -> row.
        self._changed: defaultdict[str, dict[int, list[Change]]] = defaultdict(dict)
        self._new: defaultdict[str, list[Sequence[Any]]] = defaultdict(list)  # Table -> rows with their times.
        self._in_check: list[tuple[int, Statement]] = []  # Changes of the answer check, as SQLite is told of them.
        self._sessions: defaultdict[tuple[int, int], set[int]] = defaultdict(set)  # (trial, sessions) -> seen here.
        self._rows = 0

    def saw(self, stream: Stream) -> None:
        self._sessions[stream.trial, stream.sessions].add(stream.session)

    def add(self, operation: Ask, sent_ns: int, acknowledged_ns: int | None) -> None:
        """A write that is remembered; None: not known to be acknowledged."""
        self.saw(operation.stream)
        until_ns = NEVER if acknowledged_ns is None else acknowledged_ns
        adds, changes = self._rows_of[operation.number]
        for table, valued in adds:
            values = valued(operation.values)
            key, added = values[table.key], tuple(values[column] for column in table.names)
            if acknowledged_ns is not None and not key % TRACKED:
                self._added[table.name][key] = added
            if table.name in self._read and self._rows < MOST_ROWS:
                self._new[table.name].append((*added, sent_ns, until_ns))
                self._rows += 1
        for table, valued in changes:
            values = valued(operation.values)
            key = values.pop(table.key)
            self._changed[table.name].setdefault(key, []).append(Change(values, sent_ns, until_ns))
            if operation.stream.trial == CHECK:
                self._in_check.append((sent_ns, _update(table, key, values)))

    def hand_over(self, reference: Reference) -> None:
        """Rows that were added since the last time."""
        for name, rows in self._new.items():
            reference.add(name, rows)
        self._new.clear()

    def changes_before(self, moment_ns: int) -> list[Statement]:
        """Those of the answer check, in their order."""
        return [change for sent_ns, change in sorted(self._in_check, key=lambda each: each[0]) if sent_ns < moment_ns]

    def missing(self, session: Statements) -> list[str]:
        """Acknowledged writes, a sample of those that are remembered, that are not there."""
        problems: list[str] = []
        for name, rows in self._added.items():
            table = self._tables[name]
            found = _read(session, table, spread(list(rows)))
            for key, got in found.items():
                problems += [f"row {key} of {name} is lost"] if got is None else differing(table, rows[key], got)
        if self.knows_all:
            for name in self._changed:
                problems += self._stale(session, name)
        return shortened(problems)

    def _stale(self, session: Statements, name: str) -> list[str]:
        """Rows of a table that are not as acknowledged changes left them."""
        problems, table = [], self._tables[name]
        for key, got in _read(session, table, spread(list(self._changed[name]))).items():
            if got is None:
                problems.append(f"row {key} of {name} is lost")
                continue
            changes = self._changed[name][key]
            for column, value in zip(table.names, got, strict=True):
                own = [change for change in changes if column in change.values]
                settled = [change for change in own if change.acknowledged_ns != NEVER]
                if settled and not any(same(plain(value), plain(each.values[column])) for each in _last(own)):
                    problems.append(f"row {key} of {name}: {column} is {value!r}, not as acknowledged writes left it")
        return problems

    @property
    def knows_all(self) -> bool:
        """Were all sessions of every trial in this process, and are all rows remembered that they added?"""
        return self._rows < MOST_ROWS and all(len(seen) == sessions for (_, sessions), seen in self._sessions.items())


def _last(changes: Sequence[Change]) -> list[Change]:
    """Those that may be the last: no acknowledged one was sent after they were acknowledged."""
    return [
        change
        for change in changes
        if not any(other.sent_ns > change.acknowledged_ns and other.acknowledged_ns != NEVER for other in changes)
    ]


def _valued(form: OperationForm, row: Row) -> Valued:
    """What gives the values of a row of the file by column, for the values of the operation's parameters."""
    order = list(form.parameters)
    names = {column: parameter_of(value) for column, value in row.items()}
    places = {column: order.index(name) for column, name in names.items() if name}
    return lambda values: {c: values[places[c]] if c in places else value for c, value in row.items()}


def _update(table: Table, key: int, values: Mapping[str, Any]) -> Statement:
    setting = ", ".join(f'"{column}" = ?' for column in values)
    return f'UPDATE {stored(table.name)} SET {setting} WHERE "{table.key}" = ?', [*values.values(), key]


def _read(session: Statements, table: Table, keys: Sequence[int]) -> dict[int, tuple[Any, ...] | None]:
    """The rows with these keys; None where there is none."""
    place = table.names.index(table.key)
    found = {plain(row[place]): row for row in session.rows(table, keys)} if keys else {}
    return {key: found.get(key) for key in keys}


def differing(table: Table, expected: Sequence[Any], got: Sequence[Any]) -> list[str]:
    """A sentence for each column whose value is another."""
    key = expected[table.names.index(table.key)]
    return [
        f"row {key} of {table.name}: {column} is {value!r}, not {wanted!r}"
        for column, wanted, value in zip(table.names, expected, got, strict=True)
        if not same(plain(wanted), plain(value))
    ]


def spread(keys: list[int]) -> list[int]:
    """At most KEPT_SAMPLE of the keys, from the first to the last."""
    return keys[:: -(-len(keys) // KEPT_SAMPLE) or 1]


def shortened(problems: list[str]) -> list[str]:
    """The first of them, and how many more there are."""
    more = len(problems) - SHOWN
    return problems if more <= 0 else [*problems[:SHOWN], f"and {more:,} more"]
