"""Broken key-value adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from time import sleep
from typing import Any, cast
from unicodedata import normalize

from adapters.memory.keyvalue import Session
from harness.engine import Address
from harness.keyvalue import Record
from tests.conformance import keyvalue as checks
from tests.mutants import rejected_by


@rejected_by(checks.check_an_empty_home_answers_every_question, checks.check_loaded_records_read_back)
class MissingKeysAreEmptyRecords(Session):
    def read(self, key: str) -> dict[str, str] | None:
        return super().read(key) or {}


@rejected_by(checks.check_create_drops_every_record)
class CreateKeepsOldData(Session):
    def create(self, fields: Sequence[str]) -> None:
        if not self.records:
            super().create(fields)


@rejected_by(checks.check_create_takes_other_fields)
class CreateKeepsOldSchema(Session):
    fields: Sequence[str] = ()

    def create(self, fields: Sequence[str]) -> None:
        super().create(fields)
        self.fields = self.fields or fields

    def insert(self, record: Record) -> None:
        super().insert(Record(record.key, {f: v for f, v in record.fields.items() if f in self.fields}))


@rejected_by(checks.check_loaded_records_read_back, checks.check_random_histories_agree_with_the_reference)
class LoadKeepsTheFirstField(Session):
    def load(self, records: Sequence[Record]) -> None:
        super().load([Record(record.key, dict(islice(record.fields.items(), 1))) for record in records])


@rejected_by(checks.check_inserted_records_read_back, checks.check_concurrent_inserts_are_all_kept)
class InsertIsLost(Session):
    def insert(self, record: Record) -> None:
        if len(self.records) != 1:
            super().insert(record)


@rejected_by(checks.check_an_empty_load_changes_nothing, checks.check_a_second_load_adds_to_the_first)
class LoadTruncatesFirst(Session):
    def load(self, records: Sequence[Record]) -> None:
        self.records.clear()
        super().load(records)


@rejected_by(checks.check_a_large_load_is_complete)
class LoadSendsOneBatch(Session):
    def load(self, records: Sequence[Record]) -> None:
        super().load(records[:1_000])


@rejected_by(checks.check_an_insert_replaces_the_whole_record, checks.check_random_histories_agree_with_the_reference)
class InsertMerges(Session):
    def insert(self, record: Record) -> None:
        super().insert(Record(record.key, {**self.records.get(record.key, {}), **record.fields}))


@rejected_by(checks.check_a_load_replaces_the_whole_record)
class LoadMerges(Session):
    def load(self, records: Sequence[Record]) -> None:
        super().load([Record(r.key, {**self.records.get(r.key, {}), **r.fields}) for r in records])


@rejected_by(checks.check_the_last_of_duplicates_in_one_load_wins, checks.check_a_load_replaces_the_whole_record)
class LoadSkipsKeysThatExist(Session):
    def load(self, records: Sequence[Record]) -> None:
        for record in records:
            self.records.setdefault(record.key, record.fields)


@rejected_by(checks.check_the_last_of_duplicates_in_one_load_wins)
class LoadMergesDuplicates(Session):
    def load(self, records: Sequence[Record]) -> None:
        merged: dict[str, dict[str, str]] = {}
        for record in records:
            merged[record.key] = merged.get(record.key, {}) | record.fields
        self.records.update(merged)


@rejected_by(checks.check_an_update_changes_one_field_of_one_record, checks.check_any_text_is_a_value)
class UpdateReplacesTheRecord(Session):
    def update(self, key: str, field: str, value: str) -> None:
        self.records[key] = {field: value}


@rejected_by(checks.check_an_update_changes_one_field_of_one_record)
class UpdateForgetsItsCondition(Session):
    def update(self, key: str, field: str, value: str) -> None:
        for each in list(self.records):
            super().update(each, field, value)


@rejected_by(checks.check_an_update_survives_settling)
class SettleBringsBackTheLoad(Session):
    def load(self, records: Sequence[Record]) -> None:
        super().load(records)
        self.loaded = dict(self.records)

    def settle(self) -> None:
        self.records.update(self.loaded)


@rejected_by(checks.check_absent_fields_stay_absent_and_empty_ones_empty)
class AbsentFieldsAreEmpty(Session):
    def read(self, key: str) -> dict[str, str] | None:
        fields = super().read(key)
        return fields and dict.fromkeys(checks.FIELDS, "") | fields


@rejected_by(checks.check_absent_fields_stay_absent_and_empty_ones_empty, checks.check_any_text_is_a_value)
class EmptyFieldsAreAbsent(Session):
    def read(self, key: str) -> dict[str, str] | None:
        fields = super().read(key)
        return fields and {field: value for field, value in fields.items() if value}


@rejected_by(checks.check_a_record_may_have_no_fields)
class RecordsWithoutFieldsAreMissing(Session):
    def read(self, key: str) -> dict[str, str] | None:
        return super().read(key) or None


@rejected_by(checks.check_any_text_is_a_value)
class BackslashesEscape(Session):
    def insert(self, record: Record) -> None:
        super().insert(Record(record.key, {f: v.replace("\\n", "\n") for f, v in record.fields.items()}))


@rejected_by(checks.check_any_text_is_a_key)
class KeysAreNormalised(Session):
    def insert(self, record: Record) -> None:
        super().insert(Record(normalize("NFC", record.key), record.fields))

    def update(self, key: str, field: str, value: str) -> None:
        super().update(normalize("NFC", key), field, value)

    def read(self, key: str) -> dict[str, str] | None:
        return super().read(normalize("NFC", key))


@rejected_by(checks.check_any_text_is_a_key)
class KeysIgnoreTrailingSpace(Session):
    def read(self, key: str) -> dict[str, str] | None:
        return super().read(key.rstrip())


@rejected_by(checks.check_large_values_come_back_whole)
class ValuesAreCutAt64KiB(Session):
    def load(self, records: Sequence[Record]) -> None:
        super().load([Record(r.key, {f: v[:65_535] for f, v in r.fields.items()}) for r in records])


@rejected_by(checks.check_scans_start_at_the_key_or_after_it, checks.check_any_text_is_a_key)
class ScanStartsAfterTheKey(Session):
    def scan(self, start: str, count: int) -> list[Record]:
        return super().scan(start + "\0", count)


@rejected_by(checks.check_scans_start_at_the_key_or_after_it)
class ScanNeedsTheKeyToExist(Session):
    def scan(self, start: str, count: int) -> list[Record]:
        return super().scan(start, count) if start in self.records else []


@rejected_by(checks.check_scans_start_at_the_key_or_after_it, checks.check_scans_follow_the_byte_order_of_keys)
class ScanGivesOneLess(Session):
    def scan(self, start: str, count: int) -> list[Record]:
        return super().scan(start, count - 1)


@rejected_by(checks.check_scans_follow_the_byte_order_of_keys, checks.check_scans_end_with_the_last_key)
class ScanIsReversed(Session):
    def scan(self, start: str, count: int) -> list[Record]:
        return super().scan(start, count)[::-1]


@rejected_by(checks.check_scans_end_with_the_last_key)
class ScanWrapsAround(Session):
    def scan(self, start: str, count: int) -> list[Record]:
        found = super().scan(start, count)
        return found + super().scan("", count - len(found))


@rejected_by(checks.check_scans_follow_the_byte_order_of_keys)
class KeysAreOrderedByUtf16(Session):
    def scan(self, start: str, count: int) -> list[Record]:
        return sorted(super().scan(start, count), key=lambda record: record.key.encode("utf-16-be"))


@rejected_by(checks.check_scans_follow_the_byte_order_of_keys)
class KeysAreOrderedLikeADictionary(Session):
    def scan(self, start: str, count: int) -> list[Record]:
        return sorted(super().scan(start, count), key=lambda record: record.key.casefold())


@rejected_by(checks.check_scans_see_new_records_at_once)
class ScanReadsTheSettledState(Session):
    def settle(self) -> None:
        self.settled = sorted(self.records.items())

    def scan(self, start: str, count: int) -> list[Record]:
        return [Record(key, fields) for key, fields in self.settled if key >= start][:count]


@rejected_by(checks.check_a_long_scan_comes_whole)
class ScanReadsOnePage(Session):
    def scan(self, start: str, count: int) -> list[Record]:
        return super().scan(start, min(count, 1_000))


@rejected_by(checks.check_scans_start_at_the_key_or_after_it, checks.check_random_histories_agree_with_the_reference)
class ScanIsNeverRead(Session):
    def scan(self, start: str, count: int) -> list[Record]:
        return iter(super().scan(start, count))  # type: ignore[return-value]


@rejected_by(checks.check_counts_are_exact_right_after_writes)
class CountIsEstimated(Session):
    def settle(self) -> None:
        self.statistics = len(self.records)

    def count(self) -> int:
        return self.statistics


@rejected_by(checks.check_everything_gives_each_record_once, checks.check_a_large_load_is_complete)
class EverythingSkipsARecord(Session):
    def everything(self) -> Iterator[Record]:
        return islice(super().everything(), 1, None)


@rejected_by(checks.check_everything_gives_each_record_once)
class EverythingRepeatsThePageEdge(Session):
    def everything(self) -> Iterator[Record]:
        for number, record in enumerate(super().everything()):
            yield from [record] * (2 if number == 1_000 else 1)


@rejected_by(checks.check_an_answer_does_not_change_later)
class AnswersAreTheStore(Session):
    def update(self, key: str, field: str, value: str) -> None:
        self.records[key][field] = value

    def insert(self, record: Record) -> None:
        super().insert(Record(record.key, dict(record.fields)))

    def load(self, records: Sequence[Record]) -> None:
        super().load([Record(record.key, dict(record.fields)) for record in records])


@rejected_by(checks.check_other_sessions_see_an_acknowledged_write)
class ReadsAreStale(Session):
    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.cache: dict[str, dict[str, str]] = {}

    def read(self, key: str) -> dict[str, str] | None:
        if key not in self.cache and (fields := super().read(key)):
            self.cache[key] = fields
        return self.cache.get(key)


@rejected_by(checks.check_other_sessions_see_an_acknowledged_write)
class WritesWaitForMore(Session):
    waiting: Record | None = None

    def insert(self, record: Record) -> None:
        if self.waiting:
            super().insert(self.waiting)
        self.waiting = record

    def read(self, key: str) -> dict[str, str] | None:
        return self.waiting.fields if self.waiting and self.waiting.key == key else super().read(key)

    def update(self, key: str, field: str, value: str) -> None:
        self.settle()
        super().update(key, field, value)

    def settle(self) -> None:
        if self.waiting:
            super().insert(self.waiting)
        self.waiting = None


@rejected_by(checks.check_data_stays_when_a_session_closes)
class CloseRollsBack(Session):
    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.inserted: list[str] = []

    def insert(self, record: Record) -> None:
        super().insert(record)
        self.inserted.append(record.key)

    def close(self) -> None:
        for key in self.inserted:
            self.records.pop(key, None)


@rejected_by(checks.check_concurrent_updates_of_different_fields_are_all_kept)
class UpdateWritesBackTheWholeRecord(Session):
    def update(self, key: str, field: str, value: str) -> None:
        fields = {**self.records[key], field: value}
        sleep(0.0005)  # The round trip during which others write.
        self.records[key] = fields


@rejected_by(checks.check_concurrent_inserts_are_all_kept)
class InsertWritesBackAllRecords(Session):
    def insert(self, record: Record) -> None:
        records = {**self.records, record.key: record.fields}
        sleep(0.0005)
        self.records.clear()
        self.records.update(records)


@rejected_by(checks.check_a_record_is_replaced_all_at_once)
class InsertDeletesFirst(Session):
    def insert(self, record: Record) -> None:
        self.records.pop(record.key, None)
        sleep(0.0005)
        super().insert(record)


@rejected_by(checks.check_a_ping_changes_nothing)
class PingLeavesARecord(Session):
    def ping(self) -> None:
        self.insert(Record("ping", {}))


@rejected_by(checks.check_a_watched_session_tells_of_every_request)
class UpdatesAreNotTold(Session):
    def watch(self, sink: Callable[[str], None] | None) -> None:
        super().watch(sink)
        vars(self).pop("update")


@rejected_by(checks.check_a_watched_session_tells_of_every_request)
class WatchedParametersAreMissing(Session):
    def watch(self, sink: Callable[[str], None] | None) -> None:
        super().watch(sink and (lambda text: sink(text.partition("(")[0])))


@rejected_by(checks.check_a_watched_session_tells_of_every_request)
class WatchingNeverEnds(Session):
    def watch(self, sink: Callable[[str], None] | None) -> None:
        if sink:
            super().watch(sink)


@rejected_by(checks.check_watching_changes_no_answer)
class WatchersAddUp(Session):
    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.sinks: list[Callable[[str], None]] = []

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self.sinks += [sink] if sink else []
        super().watch(sink and self.tell)

    def tell(self, text: str) -> None:
        for sink in self.sinks:
            sink(text)


@rejected_by(checks.check_watching_changes_no_answer)
class WatchedReadsAreNotSent(Session):
    watched = False

    def watch(self, sink: Callable[[str], None] | None) -> None:
        super().watch(sink)
        self.watched = sink is not None

    def read(self, key: str) -> dict[str, str] | None:
        return None if self.watched else super().read(key)


@rejected_by(checks.check_large_values_are_told_in_short)
class LargeValuesAreToldWhole(Session):
    sink: Callable[[str], None] | None = None

    def watch(self, sink: Callable[[str], None] | None) -> None:
        super().watch(sink)
        self.sink = sink

    def update(self, key: str, field: str, value: str) -> None:
        if self.sink:
            self.sink(f"{key}.{field} = {value}")
        super().update(key, field, value)


@rejected_by(checks.check_the_session_describes_itself)
class FactsAreNumbers(Session):
    def facts(self) -> dict[str, str]:
        return {**super().facts(), "cache": cast(Any, 512)}


@rejected_by(checks.check_the_session_describes_itself)
class SizeIsZeroWhenUnknown(Session):
    def size_bytes(self) -> None:
        return 0  # type: ignore[return-value]
