"""Broken statement adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from harness.statements import Batch, Design, Table
from tests.conformance import statements as checks
from tests.mutants import rejected_by
from tests.toys.adapters.sqlite.statements import Session


@rejected_by(checks.check_create_drops_every_row)
class CreateKeepsOldRows(Session):
    def create(self, design: Design) -> None:
        if not self._design.tables:
            super().create(design)


@rejected_by(checks.check_loaded_rows_read_back, checks.check_rows_are_found_by_their_keys)
class LoadLosesTheLastRow(Session):
    def load(self, batch: Batch) -> None:
        super().load(replace(batch, columns=tuple(column[:-1] for column in batch.columns)))


@rejected_by(checks.check_a_large_load_is_complete)
class LoadSendsOnePage(Session):
    def load(self, batch: Batch) -> None:
        super().load(replace(batch, columns=tuple(column[:10_000] for column in batch.columns)))


@rejected_by(checks.check_a_second_load_adds_to_the_first)
class LoadTruncatesFirst(Session):
    def load(self, batch: Batch) -> None:
        self.connection.execute(f"DELETE FROM {batch.table.name}")
        super().load(batch)


@rejected_by(checks.check_loaded_rows_read_back)
class NullsBecomeZeros(Session):
    def load(self, batch: Batch) -> None:
        filled = tuple([value or 0 if value != "" else value for value in column] for column in batch.columns)
        super().load(replace(batch, columns=filled))


@rejected_by(checks.check_loaded_rows_read_back, checks.check_a_large_load_is_complete)
class LoadMixesUpColumns(Session):
    def load(self, batch: Batch) -> None:
        columns = list(batch.columns)
        if len(columns) > 3:
            columns[2], columns[3] = columns[3], columns[2]
        super().load(replace(batch, columns=tuple(columns)))


@rejected_by(checks.check_any_text_reads_back)
class TextsAreTrimmed(Session):
    def load(self, batch: Batch) -> None:
        trimmed = tuple([v.strip() if isinstance(v, str) else v for v in column] for column in batch.columns)
        super().load(replace(batch, columns=trimmed))


@rejected_by(checks.check_an_answer_has_the_rows_for_its_parameters)
class TheFilterIsWrong(Session):
    def ask(self, number: int, requests: Sequence[Any]) -> list[Any]:
        return super().ask(number, requests if number else ((b"1",),))


@rejected_by(checks.check_parameters_of_every_type_arrive, checks.check_statements_of_one_operation_are_all_done)
class WritesAreNotDone(Session):
    def ask(self, number: int, requests: Sequence[Any]) -> list[Any]:
        return super().ask(number, requests) if number < 2 else []


@rejected_by(checks.check_a_write_is_seen_by_every_session)
class WritesAreNotCommitted(Session):
    def ask(self, number: int, requests: Sequence[Any]) -> list[Any]:
        if number == 2 and not self.connection.in_transaction:
            self.connection.execute("BEGIN")
        return super().ask(number, requests)


@rejected_by(checks.check_sessions_work_side_by_side)
class EverySecondWriteIsLost(Session):
    lost = False

    def ask(self, number: int, requests: Sequence[Any]) -> list[Any]:
        if number == 2:
            self.lost = not self.lost
            return super().ask(number, requests) if self.lost else []
        return super().ask(number, requests)


@rejected_by(checks.check_a_failed_operation_leaves_nothing_and_the_session_goes_on)
class ErrorsAreNoRows(Session):
    def ask(self, number: int, requests: Sequence[Any]) -> list[Any]:
        try:
            return super().ask(number, requests)
        except Exception:
            return []


@rejected_by(checks.check_statements_of_one_operation_are_all_done)
class OnlyTheFirstStatementIsSent(Session):
    def prepare(self, design: Design) -> None:
        first = tuple(replace(asked, statements=asked.statements[:1]) for asked in design.operations)
        super().prepare(replace(design, operations=first))


@rejected_by(checks.check_rows_of_all_tables_are_counted)
class TheFirstTableIsCounted(Session):
    def count(self) -> int:
        return int(self._rows(f"SELECT count(*) FROM {self._design.tables[0].name}")[0][0])


@rejected_by(checks.check_loaded_rows_read_back)
class EverythingIsOnePageShort(Session):
    def everything(self, table: Table) -> Iterator[list[tuple[Any, ...]]]:
        pages = list(super().everything(table))
        yield from pages[:-1]


@rejected_by(checks.check_rows_are_found_by_their_keys)
class AbsentRowsAreEmpty(Session):
    def rows(self, table: Table, keys: Sequence[int]) -> list[tuple[Any, ...]]:
        found = {row[table.names.index(table.key)]: row for row in super().rows(table, keys)}
        return [found.get(key, (key, *[None] * (len(table.columns) - 1))) for key in keys]


@rejected_by(checks.check_steps_make_tables_of_their_own)
class OwnTablesAreIgnored(Session):
    def create(self, design: Design) -> None:
        super().create(replace(design, create=None))


@rejected_by(checks.check_steps_after_loading_are_taken_once)
class StepsAreTakenEachTime(Session):
    def settle(self) -> None:
        steps = list(self._after_load)
        super().settle()
        self._after_load = steps


@rejected_by(checks.check_steps_after_loading_are_taken_once)
class StepsAreForgotten(Session):
    def settle(self) -> None:
        self._after_load.clear()
        super().settle()


@rejected_by(checks.check_a_refused_step_is_named)
class RefusedStepsAreNotNamed(Session):
    def create(self, design: Design) -> None:
        super().create(replace(design, create=None))
        for step in design.create or ():
            self.connection.execute(step.statement)


@rejected_by(checks.check_a_session_describes_itself)
class TheDesignIsAlwaysTheSame(Session):
    def design(self) -> str:
        return "tables"


@rejected_by(checks.check_statements_are_told)
class LoadsAreNotTold(Session):
    def watch(self, sink: Callable[[str], None] | None) -> None:
        super().watch(sink and (lambda text: None if text.startswith("INSERT") else sink(text)))


@rejected_by(checks.check_a_watched_session_answers_the_same)
class WatchingChangesAnswers(Session):
    watched = False

    def watch(self, sink: Callable[[str], None] | None) -> None:
        super().watch(sink)
        self.watched = sink is not None

    def ask(self, number: int, requests: Sequence[Any]) -> list[Any]:
        rows = super().ask(number, requests)
        return rows[:-1] if self.watched else rows
