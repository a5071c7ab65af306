"""Key-value: one row for each record; of several rows for one record each column's last value that is not NULL counts.

So an update is an insert of a row with NULL in all columns but one, and reads nothing. In a ReplacingMergeTree, which
keeps whole rows, it would be a row that was read, changed and written back, and could undo another update.
Chosen where reports ask for columns of all records, which are then columns of a table. The price: whoever reads one
record opens a column for each of its fields, and the fields are known beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from adapters.clickhouse import client, keyvalue
from adapters.clickhouse.client import name, rows, text
from adapters.clickhouse.keyvalue import encode
from harness.keyvalue import Record

ABSENT = "\0"  # A field that is not there; NULL would leave the value before. No text has a NUL.


class Session(keyvalue.Session):
    def update(self, key: str, field: str, value: str) -> None:
        row = encode((key, value)).decode()
        self._ask(f"INSERT INTO records (key, {column(field)}) FORMAT JSONCompactEachRow\n{row}")

    def read(self, key: str) -> dict[str, str] | None:
        found = self._page("=", key, 1)
        return found[0].fields if found else None

    def count(self) -> int:
        ((count,),) = rows(self._connection, "SELECT uniqExact(key) FROM records")
        return int(count)

    def design(self) -> str:
        return (
            "AggregatingMergeTree with a row for each record, sorted by key, the last value of each column that is not"
            " NULL, read with FINAL; an update inserts a row with one column, merged in the background"
        )

    def _table(self, fields: Sequence[str]) -> str:
        # 16 rows between two index entries: a record is read with a dozen neighbours.
        values = ", ".join(f"{column(field)} SimpleAggregateFunction(anyLast, Nullable(String))" for field in fields)
        return f"(key String, {values}) ENGINE = AggregatingMergeTree ORDER BY key SETTINGS index_granularity = 16"

    def _rows(self, records: Iterable[Record]) -> Iterator[tuple[str | None, ...]]:
        fields = self._fields()
        return ((record.key, *(record.fields.get(field, ABSENT) for field in fields)) for record in records)

    def _page(self, comparison: str, start: str, count: int) -> list[Record]:
        fields = self._fields()
        found = self._ask(
            f"SELECT * FROM records FINAL WHERE key {comparison} {text(start)} ORDER BY key LIMIT {count:d}"
            " SETTINGS max_block_size = 128 FORMAT JSONCompactColumns"
        )
        return [
            Record(key, {field: value for field, value in zip(fields, values, strict=True) if value != ABSENT})
            for key, *values in zip(*client.columns(found), strict=True)
        ]


def column(field: str) -> str:
    """Of a field; the prefix keeps it apart from the key, whatever the field is called."""
    return name(f"field {field}")
