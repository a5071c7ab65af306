"""Records in an ordinary collection: they lie in the order they came, and an index on _id finds them by key.

What every collection is unless its maker says otherwise, on every version. To be chosen where secondary indexes are to
come, which point to a record by its short number here and by its whole key in a clustered collection, or where keys
are random and records large, which then are only ever appended; it costs a second tree, and scans that jump.
"""

from __future__ import annotations

from typing import ClassVar

from adapters.mongo import keyvalue
from adapters.mongo.client import Document


class Session(keyvalue.Session):
    OPTIONS: ClassVar[Document] = {}

    def design(self) -> str:
        return (
            "one document a record in an ordinary collection, in order of arrival, with its index on _id (the key) as a"
            " second tree, so that scans jump between the two; snappy blocks; reads and scans by _id"
        )
