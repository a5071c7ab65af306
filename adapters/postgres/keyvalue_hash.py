"""Key-value with a hash index on the key instead of a B-tree.

Chosen where keys are long and are only ever asked for one by one: the index holds four bytes of each, however long it
is. The price: there is no order, so that a scan reads and sorts the whole table; and a hash index is unique only as an
exclusion constraint, for which there is no ON CONFLICT DO UPDATE.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adapters.postgres import keyvalue
from adapters.postgres.client import quoted
from adapters.postgres.keyvalue import Statements, encoded, present, statements
from harness.engine import Address
from harness.keyvalue import Record


class Session(keyvalue.Session):
    TABLE = (
        'CREATE TABLE records ({key} text COLLATE "C" NOT NULL{columns}, EXCLUDE USING hash ({key} WITH =))'
        " WITH (fillfactor = 80)"
    )

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._replace = ""

    def insert(self, record: Record) -> None:
        """A new record takes one round trip, one that replaces another two.

        Of sessions that insert the same key at once, all but one wait for that, insert nothing, and find its row.
        """
        known = self._statements or self._learn()
        row = encoded(known.fields, record)
        while not (self._client.rows(known.insert, *row) or self._client.rows(self._replace, *row)):
            pass

    def everything(self) -> Iterator[Record]:
        """All in one answer, which is read as it comes. Pages in the order of keys would each sort the whole table."""
        known = self._statements or self._learn()
        with self._client.copying(f"COPY records ({known.columns}) TO STDOUT") as copy:
            for key, *values in copy.rows():
                yield Record(key, present(known.fields, values))

    def design(self) -> str:
        return (
            'heap table, text COLLATE "C" key in a hash index that an exclusion constraint makes unique, a text column'
            " per field, fillfactor 80 for HOT updates; scans sort the whole table"
        )

    def _learn(self) -> Statements:
        columns = self._client.columns("records")
        key, *fields = map(quoted, columns)
        places = [f"${number}" for number in range(1, len(columns) + 1)]
        new = ", ".join(f"{field} = {place}" for field, place in zip(fields, places[1:], strict=True))
        self._replace = f"UPDATE records SET {new} WHERE {key} = $1 RETURNING true"
        self._statements = replace(
            statements(columns),
            insert=f"INSERT INTO records VALUES ({', '.join(places)}) ON CONFLICT DO NOTHING RETURNING true",
            merge=f"MERGE INTO records AS r USING incoming AS i ON r.{key} = i.{key}"
            f" WHEN MATCHED THEN UPDATE SET {', '.join(f'{field} = i.{field}' for field in fields)}"
            f" WHEN NOT MATCHED THEN INSERT VALUES ({', '.join(f'i.{column}' for column in (key, *fields))})",
        )
        return self._statements
