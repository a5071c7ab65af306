"""Knows the right answers about `Records` while they are being written, without any database.

Every value names the write that it comes from. So an answer is right if each of its values belongs to its key and
field, its write had been sent when the answer was received, and no later write had been acknowledged when the read
was sent. Writes of other processes are unknown here: their values are accepted where they are well formed.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import draw
from harness.draw import Integers, Words
from harness.keyvalue import Insert, KeyValue, Read, ReadModifyWrite, Record, Scan, Update
from harness.records import KEY_CHARACTERS, LOAD_BATCH, LOADED, Records, write_of

TRACKED_ENDINGS = ("00", "50")  # Of keys: two in a hundred, which bounds the log of writes.
KEPT_SAMPLE = 100  # Of updated and of inserted records each.
SHOWN = 5  # Differences that are told one by one.
NEVER = 2**63 - 1


class RecordsOracle:
    def __init__(self, records: Records) -> None:
        self._records = records
        # Of each tracked key and field, or of each inserted key: write, sent, acknowledged, write, sent, …
        self._updates: defaultdict[tuple[str, str], array[int]] = defaultdict(lambda: array("q"))
        self._inserts: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))

    def check_content(self, session: KeyValue) -> list[str]:
        problems = []
        seen = np.zeros(self._records.count, dtype=np.bool_)
        everything = iter(session.everything())
        while batch := list(islice(everything, 1_000)):
            loaded_by = np.full((len(batch), self._records.fields), LOADED, dtype=np.uint64)
            expected = self._expected(batch, loaded_by)
            for record, loaded in zip(batch, expected, strict=True):
                place = self._place(record.key)
                if place is None:
                    problems.append(f"record {record.key} is not of the data set")
                    continue
                if seen[place]:
                    problems.append(f"record {record.key} came twice")
                elif record != loaded:
                    problems.append(f"record {record.key} differs from the one that was loaded")
                seen[place] = True
        if missing := int(np.count_nonzero(~seen)):
            example = self._loaded_keys[int(np.argmin(seen))].decode()
            problems.append(f"{missing:,} of {len(seen):,} records are missing, for example {example}")
        if (count := session.count()) != len(seen):
            problems.append(f"count() says {count:,} where {len(seen):,} records were loaded")
        return shortened(problems)

    def tracks(self, operation: Any) -> bool:
        kind = type(operation)  # Asked of every operation between requests, so the quickest test that there is.
        if kind is Scan:
            return True
        key: str = (operation.record if kind is Insert else operation).key
        return key.endswith(TRACKED_ENDINGS)

    def wrote(self, operation: Any, sent_ns: int, acknowledged_ns: int | None) -> None:
        times = (sent_ns, NEVER if acknowledged_ns is None else acknowledged_ns)
        if isinstance(operation, Insert):
            record = operation.record
            self._inserts[record.key].extend((write_of(record.fields[self._records.names[0]]), *times))
        elif isinstance(operation, Update | ReadModifyWrite):
            self._updates[operation.key, operation.field].extend((write_of(operation.value), *times))

    def grade(self, operation: Any, answer: Any, sent_ns: int, received_ns: int) -> float:
        if isinstance(operation, Read):
            return float(self._is_right(operation.key, answer, sent_ns, received_ns))
        if isinstance(operation, Scan):
            return float(self._is_right_scan(operation, answer, sent_ns, received_ns))
        if isinstance(operation, ReadModifyWrite):
            if not isinstance(answer, dict) or answer.get(operation.field) == operation.value:
                return 0.0  # It reads before it writes.
            return float(self._is_right(operation.key, answer or None, sent_ns, received_ns))
        return float(answer is None)

    def check_kept(self, session: KeyValue) -> list[str]:
        updated = list(dict.fromkeys(key for key, _ in self._updates))
        problems = []
        for key in _spread(list(self._inserts)) + _spread(updated):
            fields = session.read(key)
            if not self._is_right(key, fields, NEVER, NEVER):
                problems.append(
                    f"record {key} {'is lost' if fields is None else 'is not as acknowledged writes left it'}"
                )
        return shortened(problems)

    def _is_right(self, key: str, fields: Any, sent_ns: int, received_ns: int) -> bool:
        if fields is None:
            return not self._must_exist(key, sent_ns)
        return self._are_right([Record(key, fields)], sent_ns, received_ns)

    def _are_right(self, records: list[Record], sent_ns: int, received_ns: int) -> bool:
        names = self._records.names
        if not records:
            return True
        if not all(isinstance(record.fields, dict) and record.fields.keys() == set(names) for record in records):
            return False
        writes = [[write_of(record.fields[name]) for name in names] for record in records]
        for record, own in zip(records, writes, strict=True):
            if min(own) < 0 or (LOADED in own and self._place(record.key) is None):
                return False
        return records == self._expected(records, np.array(writes, dtype=np.uint64)) and all(
            self._is_current(record.key, name, write, sent_ns, received_ns)
            for record, own in zip(records, writes, strict=True)
            for name, write in zip(names, own, strict=True)
        )

    def _is_right_scan(self, scan: Scan, answer: Any, sent_ns: int, received_ns: int) -> bool:
        if not isinstance(answer, list) or len(answer) > scan.count:
            return False
        keys = [record.key for record in answer]
        if keys != sorted(set(keys)) or (keys and keys[0] < scan.start):
            return False
        complete = len(answer) < scan.count  # It must reach the end of all records.
        first = np.searchsorted(self._loaded_keys, scan.start.encode())
        after = len(self._loaded_keys) if complete else np.searchsorted(self._loaded_keys, keys[-1].encode(), "right")
        required = {key.decode() for key in self._loaded_keys[first:after].tolist()}
        required |= {
            key
            for key in self._inserts
            if key >= scan.start and (complete or key <= keys[-1]) and self._must_exist(key, sent_ns)
        }
        return required <= set(keys) and self._are_right(answer, sent_ns, received_ns)

    def _is_current(self, key: str, field: str, write: int, sent_ns: int, received_ns: int) -> bool:
        """Could a read in this interval find this write, for all that is known here?"""
        inserts, updates = self._inserts.get(key), self._updates.get((key, field))
        if inserts is None and updates is None:
            return True
        log = np.concatenate((_entries(inserts), _entries(updates)))
        writes, sent, acknowledged = log.T
        same = writes == write
        since = -1  # When the write was acknowledged: the loaded one before all others.
        if write != LOADED:
            if not same.any():
                return True  # Of another process.
            if sent[same].min() > received_ns:
                return False
            since = acknowledged[same].max()
        return not ((sent > since) & (acknowledged < sent_ns)).any()

    def _must_exist(self, key: str, sent_ns: int) -> bool:
        acknowledged = _entries(self._inserts.get(key))[:, 2]
        return self._place(key) is not None or bool((acknowledged < sent_ns).any())

    def _expected(self, records: list[Record], writes: Words) -> list[Record]:
        """The records with these keys as they are if their fields come from these writes, (records, fields)."""
        hashes = np.array([self._records.keys.hash_of(record.key) for record in records], dtype=np.uint64)
        return self._records.records(hashes, writes)

    @cached_property
    def _loaded_keys(self) -> NDArray[np.bytes_]:
        """All loaded keys in their order."""
        scheme, count = self._records.keys, self._records.count
        keys = np.empty(count, dtype=f"S{KEY_CHARACTERS}")
        for start in range(0, count, LOAD_BATCH):
            batch = draw.span(start, min(LOAD_BATCH, count - start))
            keys[start : start + len(batch)] = scheme.texts(scheme.hashes(batch))
        keys.sort()
        return keys

    def _place(self, key: str) -> int | None:
        """Where a loaded key is among all loaded keys in order; None for any other key."""
        place = int(np.searchsorted(self._loaded_keys, key.encode()))
        found = place < len(self._loaded_keys) and self._loaded_keys[place] == key.encode()
        return place if found else None


def shortened(problems: list[str]) -> list[str]:
    """The first of them, and how many more there are."""
    more = len(problems) - SHOWN
    return problems if more <= 0 else [*problems[:SHOWN], f"and {more:,} more"]


def _spread(keys: list[str]) -> list[str]:
    """At most KEPT_SAMPLE of the keys, from the first to the last."""
    return keys[:: -(-len(keys) // KEPT_SAMPLE) or 1]


def _entries(log: array[int] | None) -> Integers:
    """(writes, 3): write, sent, acknowledged."""
    return np.empty((0, 3), np.int64) if log is None else np.frombuffer(log, dtype=np.int64).reshape(-1, 3)
