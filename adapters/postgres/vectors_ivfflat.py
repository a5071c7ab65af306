"""Vectors in pgvector's IVFFlat index: lists of those that are nearest to the same centre.

Chosen where the index must be built in a fraction of the time and memory of an HNSW graph. The price: for the same
recall a search looks at more vectors, the more of them the more there are; and the centres stay those of the rows that
were there when it was built, so that recall falls as other rows come, until it is built anew.
"""

from __future__ import annotations

from math import ceil, sqrt
from typing import ClassVar

import psycopg

from adapters.postgres import vectors
from harness.engine import Address
from harness.errors import UsageError

MOST_LISTS = 32_768  # Of pgvector.
# An HNSW search compares the up to 2 m = 32 neighbours of each of its candidates. An effort is the same work here.
COMPARED = 32
LISTS = (
    "SELECT option_value::int FROM pg_class, pg_options_to_table(reloptions)"
    " WHERE oid = to_regclass('embeddings_ivfflat') AND option_name = 'lists'"
)


class Session(vectors.Session):
    INDEX = "embeddings_ivfflat"
    # Goes on from list to list until k are found, and the nearest of the later lists come after those of the first.
    SEARCHING: ClassVar[dict[str, str]] = {"ivfflat.iterative_scan": "relaxed_order"}
    INDEXED = (
        "WITH found AS MATERIALIZED"
        " (SELECT id, embedding <=> $1 AS distance FROM embeddings {} ORDER BY distance LIMIT $2)"
        " SELECT id FROM found ORDER BY distance + 0"
    )
    FACTS = ("ivfflat.probes", "ivfflat.iterative_scan", "ivfflat.max_probes")

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._rows_looked_at = 0

    def facts(self) -> dict[str, str]:
        return super().facts() | {"lists": f"{self._lists()}"}

    def design(self) -> str:
        return (
            "heap table, embedding in the row; IVFFlat on cosine distance (sqrt(rows) lists, probes for 32 rows per"
            " candidate), iterative scan under a filter; B-tree on the price, by which a filter that leaves few is"
            " answered exactly"
        )

    def _build_index(self) -> None:
        """Anew where the rows have become four times as many or as few, as otherwise it stays what it is."""
        # pgvector recommends as many for millions of rows; for fewer a thousandth of them, with which the same recall
        # took twice the time: lists are long, and one more is many rows more.
        lists = min(max(1, round(sqrt(self.count()))), MOST_LISTS)
        if (built := self._lists()) and lists / 2 <= built <= lists * 2:
            return
        self._client.execute(f"DROP INDEX IF EXISTS {self.INDEX}")
        while True:
            try:
                self._client.execute(
                    f"CREATE INDEX {self.INDEX} ON embeddings USING ivfflat (embedding vector_cosine_ops)"
                    f" WITH (lists = {lists})"
                )
            except psycopg.errors.ProgramLimitExceeded:  # The search for centres must fit in maintenance_work_mem.
                if lists == 1:
                    raise
                lists //= 2
            else:
                return

    def _look_at(self, candidates: int) -> None:
        if candidates < 1:
            raise UsageError(f"A search looks at 1 candidate or more, not at {candidates:,}.")
        rows, lists = max(1, self.count()), self._lists() or 1
        probes = min(ceil(COMPARED * candidates * lists / rows), lists)
        self._rows_looked_at = probes * rows // lists
        self._client.set("ivfflat.probes", f"{probes}")

    def _few(self) -> str:
        """Sorting n rows that pass takes as long as looking at 2 n in lists, or as asking n of those whether they pass.

        The effort says how many are looked at; and of N rows, k N / n are asked until k pass, here for k = 10.
        """
        return f"greatest({self._rows_looked_at} / 2, sqrt(10 * count(*)))"

    def _lists(self) -> int | None:
        """Of the index; None where there is none."""
        found = self._client.rows_planned(LISTS)
        return int(found[0][0]) if found else None
