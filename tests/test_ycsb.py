"""YCSB's six mixes are YCSB's, operation by operation, and wrong answers to them are noticed."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import discover, draw, parameters
from harness.draw import Words
from harness.errors import UsageError
from harness.keyvalue import Insert, Read, ReadModifyWrite, Record, Scan, Update
from harness.records import LOADED, Records, first_write
from harness.records_oracle import RecordsOracle
from harness.workload import Stream
from harness.ycsb_generators import (
    KEYS,
    SCRAMBLED_ETA,
    SCRAMBLED_ITEMS,
    SCRAMBLED_ZETA,
    choice,
    eta,
    latest,
    scrambled,
    uniform,
    zeta,
    zetas,
)
from tests.workload_tools import NEVER, STREAM, first, memory, of_kind, same

# Digests of what YCSB itself does, 20,000 operations of each of its files workloada … workloadf with recordcount and
# operationcount 1000: its CoreWorkload and generators (commit d9faaac8, Java 17), where ThreadLocalRandom is replaced
# by one that hands out this project's words for STREAM: "ycsb kind" to DiscreteGenerator, "ycsb choice" to
# UniformLongGenerator, "ycsb rank" to ZipfianGenerator; and its calls of DB are written down as `line` does.
TOLD_BY_YCSB = {
    "a": "10a6861fe8c1ad4990683cc3eaefab8083c619cda828cb16fee659dca3adad7e",
    "b": "f087edecf0fc443a1a020614bc1357a01a089cbdb88b8dbd87b4102be9574204",
    "c": "0da0a2b70c4390e3c2458c15b0f1eca5d5e3ec154bd7fb2dc61a4536168e171f",
    "d": "bb573a5c172c432e147e66ff588e7ec9426225cac68135d1e0b045a3d229334a",
    "e": "31e6b9918ffc54058146ed7f5deb2e5bff10da784e32105b80583aa2cf9a3fc2",
    "f": "b280a855a91df1f39d5a16e6d916efd7c26e653d3bba4b4796acd0b9ba37f517",
}
BEGINNING_OF_F = [
    "read user633995401461691778",
    "read user2056258949234144081 + update user2056258949234144081 field5",
    "read user176056457733445328",
]
SHARES = {
    "a": {"read": 0.5, "update": 0.5},
    "b": {"read": 0.95, "update": 0.05},
    "c": {"read": 1.0},
    "d": {"read": 0.95, "insert": 0.05},
    "e": {"scan": 0.95, "insert": 0.05},
    "f": {"read": 0.5, "read-modify-write": 0.5},
}
each = pytest.mark.parametrize("letter", SHARES)

RECORDS = Records(count=1_000, fields=3, field_bytes=40, keys=KEYS)
LOADED_RECORDS = sorted((record for batch in RECORDS.batches() for record in batch), key=lambda record: record.key)
KEY = LOADED_RECORDS[500].key
FRESH = first_write(STREAM) + 5
words = st.integers(0, 2**64 - 1)


def ycsb(letter: str, records: int = 1_000) -> Any:
    return replace(discover.workload(f"ycsb-{letter}"), records=records)  # type: ignore[type-var]


def line(operation: Any) -> str:
    match operation:
        case Read():
            return f"read {operation.key}"
        case Update():
            return f"update {operation.key} {operation.field}"
        case Insert():
            return f"insert {operation.record.key} {len(operation.record.fields)}"
        case Scan():
            return f"scan {operation.start} {operation.count}"
        case _:
            return f"read {operation.key} + update {operation.key} {operation.field}"


def key(number: int) -> str:
    return KEYS.texts(KEYS.hashes(array(number)))[0]


def array(*numbers: int) -> Words:
    return np.array(numbers, dtype=np.uint64)


def fields_of(key: str, *writes: int) -> dict[str, str]:
    """The fields of a record, each from its write."""
    return RECORDS.records(array(KEYS.hash_of(key)), array(*writes)[None, :])[0].fields


def inserted(number: int, write: int) -> Insert:
    return Insert(RECORDS.written(array(number), array(write))[0])


@each
def test_every_operation_is_the_one_that_ycsb_sends(letter: str) -> None:
    lines = list(map(line, first(ycsb(letter), 20_000)))
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == TOLD_BY_YCSB[letter]
    if letter == "f":
        assert lines[:3] == BEGINNING_OF_F


def test_keys_are_those_of_ycsb() -> None:
    assert [key(number) for number in (0, 1, 2)] == [
        "user6284781860667377211",
        "user8517097267634966620",
        "user1820151046732198393",
    ]


@given(st.integers(0, 2**63 - 1))
def test_keys_are_signless_fnv_hashes_in_plain_decimal(number: int) -> None:
    hashed = 0xCBF29CE484222325
    for octet in number.to_bytes(8, "little"):
        hashed = (hashed ^ octet) * 1_099_511_628_211 % 2**64
    expected = min(hashed, 2**64 - hashed)
    assert key(number) == f"user{expected}"
    assert KEYS.hash_of(key(number)) == expected


@pytest.mark.parametrize("text", ["", "user", "userx", "user-5", "user99999999999999999999999", "user1\0"])
def test_what_is_no_key_has_the_hash_of_another(text: str) -> None:
    assert KEYS.texts(array(KEYS.hash_of(text))) != [text]


def zipf(u: float, items: int, zeta: float, eta: float) -> int:
    """Gray et al., a number at a time."""
    if u * zeta < 1:
        return 0
    if u * zeta < 1 + 0.5**0.99:
        return 1
    return int(items * (eta * u - eta + 1) ** (1 / (1 - 0.99)))


@given(words, st.integers(1, 10_000_000))
def test_a_uniform_number_gives_the_item_of_the_published_algorithm(word: int, items: int) -> None:
    (u,) = uniform(array(word)).tolist()
    assert 0 <= u < 1
    assert u == (word >> 11) / 2**53
    rank = zipf(u, SCRAMBLED_ITEMS, SCRAMBLED_ZETA, SCRAMBLED_ETA)
    assert scrambled(np.array([u]), items).tolist() == [int(KEYS.hashes(array(rank))[0]) % items]


@given(words, st.integers(10, 2_000), st.integers(0, 50))
def test_the_latest_are_drawn_by_the_published_algorithm(word: int, records: int, more: int) -> None:
    (u,) = uniform(array(word)).tolist()
    last, grown = records - 1 + more, zetas(zeta(records - 1), records - 1, more)[-1:]
    total = 0.0
    for rank in range(1, last + 1):
        total += 1 / rank**0.99
    assert grown[0] == pytest.approx(total, rel=1e-12)
    drawn = latest(np.array([u]), np.array([last]), records - 1, grown)
    assert drawn.tolist() == [last - zipf(u, last, float(grown[0]), float(eta(records - 1, grown)[0]))]
    assert 0 <= drawn[0] <= last


def test_constants_are_what_they_follow_from() -> None:
    assert eta(SCRAMBLED_ITEMS, SCRAMBLED_ZETA) == pytest.approx(SCRAMBLED_ETA, rel=1e-14)
    assert zeta(100_000) == pytest.approx(math.fsum(1 / rank**0.99 for rank in range(1, 100_001)), rel=1e-12)


@given(words, st.integers(0, 5), st.integers(0, 1_000))
def test_choices_are_remainders_of_signless_words(word: int, lowest: int, more: int) -> None:
    signed = word - 2**64 if word >= 2**63 else word
    if signed != -(2**63):  # Which has no signless form, in Java either.
        assert choice(array(word), lowest, lowest + more).tolist() == [abs(signed) % (more + 1) + lowest]


@each
def test_kinds_have_their_shares(letter: str) -> None:
    seen = Counter(operation.kind for operation in first(ycsb(letter), 20_000))
    assert {kind: number / 20_000 for kind, number in seen.items()} == pytest.approx(SHARES[letter], abs=0.012)


@each
def test_what_is_asked_for_is_loaded_or_was_inserted_by_the_session_itself_before(letter: str) -> None:
    workload = ycsb(letter)
    known = {record.key for batch in workload.load() for record in batch}
    assert len(known) == 1_000
    for operation in first(workload, 8_000, Stream(7, 2, 1, 3)):
        if isinstance(operation, Insert):
            assert operation.record.key not in known
            known.add(operation.record.key)
        else:
            assert (operation.start if isinstance(operation, Scan) else operation.key) in known


@pytest.mark.parametrize("letter", ["d", "e"])
def test_inserted_records_are_asked_for(letter: str) -> None:
    drawn = first(ycsb(letter), 8_000)
    inserted = {operation.record.key for operation in drawn if isinstance(operation, Insert)}
    asked = [o.start if isinstance(o, Scan) else o.key for o in drawn if not isinstance(o, Insert)]
    share = sum(key in inserted for key in asked) / len(asked)
    assert share > (0.5 if letter == "d" else 0.01)


def test_the_latest_record_is_read_most() -> None:
    newest, ages = 999, Counter[int]()
    numbers = {key(number): number for number in range(2_000)}
    for operation in first(ycsb("d"), 15_000):
        if isinstance(operation, Insert):
            newest += 1
            assert numbers[operation.record.key] == newest
        else:
            ages[newest - numbers[operation.key]] += 1
    assert [age for age, _ in ages.most_common(2)] == [0, 1]
    assert ages[0] / ages.total() == pytest.approx(1 / zeta(1_350), abs=0.01)


def test_scans_ask_for_one_to_a_hundred_records_alike() -> None:
    lengths = Counter(operation.count for operation in of_kind(ycsb("e"), "scan", 20_000))
    assert set(lengths) == set(range(1, 101))
    assert all(number == pytest.approx(200, abs=80) for number in lengths.values())


def test_inserts_of_one_session_follow_the_loaded_records_and_those_of_several_take_turns() -> None:
    def keys(stream: Stream) -> list[str]:
        return [operation.record.key for operation in of_kind(ycsb("d"), "insert", 20, stream)]

    assert keys(Stream(7, 1, 0, 1)) == [key(1_000 + i) for i in range(20)]
    assert keys(Stream(7, 1, 1, 3)) == [key(1_001 + 3 * i) for i in range(20)]


@pytest.mark.parametrize("letter", ["d", "e"])
def test_inserts_never_collide_between_trials_sessions_and_loaded_records(letter: str) -> None:
    workload = ycsb(letter)
    streams = [Stream(7, trial, session, 3) for trial in (0, 1, 2, 300, 16_383) for session in range(3)]
    keys = [o.record.key for stream in streams for o in of_kind(workload, "insert", 100, stream)]
    keys += [record.key for batch in workload.load() for record in batch]
    assert len(set(keys)) == len(keys) == 15 * 100 + 1_000


@each
def test_equal_streams_give_equal_operations_and_others_do_not(letter: str) -> None:
    workload, streams = ycsb(letter), [Stream(7, 1, 0, 2), Stream(8, 1, 0, 2), Stream(7, 2, 0, 2), Stream(7, 1, 1, 2)]
    drawn = [first(workload, 1_500, stream) for stream in streams]
    assert same(drawn[0], first(workload, 1_500, streams[0]))
    assert not any(same(drawn[0], other) for other in drawn[1:])


@each
def test_plain_dictionaries_pass_every_check(letter: str) -> None:
    """Three sessions, turn by turn, through an answer check and two trials on the same data."""
    workload = ycsb(letter)
    session, oracle = memory(workload), workload.oracle()
    assert oracle.check_content(session) == []
    clock, added, graded = 0, 0, Counter[str]()
    for trial in (0, 1, 2):
        streams = [workload.operations(Stream(7, trial, number, 3)) for number in range(3)]
        for turn in range(600):
            operation = next(streams[turn % 3])
            answer = operation.on(session)
            added += workload.writes.get(operation.kind, 0)
            if not oracle.tracks(operation):
                continue
            if operation.kind in workload.writes:
                oracle.wrote(operation, clock, clock + 1)
            if operation.kind not in ("update", "insert"):
                graded[operation.kind] += 1
                assert oracle.grade(operation, answer, clock, clock + 1) == 1.0, operation
            clock += 2
        assert oracle.check_kept(session) == []
    assert session.count() == workload.rows + added
    assert set(graded) | set(workload.writes) == set(SHARES[letter])


@each
def test_an_empty_database_fails_every_check(letter: str) -> None:
    workload = ycsb(letter)
    session, oracle = memory(workload), workload.oracle()
    workload.create(session)
    assert oracle.check_content(session)
    wrong, answer = 0, {"scan": []}
    for operation in first(workload, 3_000):
        if oracle.tracks(operation) and operation.kind in ("read", "scan"):
            wrong += oracle.grade(operation, answer.get(operation.kind), 0, 1) == 0.0
    assert wrong


@each
def test_a_default_has_ten_fields_of_a_hundred_bytes_and_can_be_scaled(letter: str) -> None:
    workload: Any = discover.workload(f"ycsb-{letter}")
    assert workload.rows == 40_000
    (record, *_), *_ = workload.scaled(0.01).load()
    assert list(record.fields) == [f"field{number}" for number in range(10)]
    assert {len(value) for value in record.fields.values()} == {100}
    assert sum(len(batch) for batch in workload.scaled(0.01).load()) == workload.scaled(0.01).rows == 400
    with pytest.raises(UsageError, match="records"):
        parameters.configure(workload, {"records": "9"})


@pytest.fixture
def oracle() -> RecordsOracle:
    return RecordsOracle(RECORDS)


def modify(write: int) -> ReadModifyWrite:
    return ReadModifyWrite(KEY, "field1", fields_of(KEY, write, write, write)["field1"])


def test_read_modify_write_reads_and_then_writes_one_field() -> None:
    workload = ycsb("f")
    session, (operation,) = memory(workload), of_kind(workload, "read-modify-write")
    before = session.read(operation.key)
    assert operation.on(session) == before
    assert session.read(operation.key) == {**before, operation.field: operation.value}


def test_read_modify_write_of_no_record_reads_nothing() -> None:
    session = memory(ycsb("f"))
    session.update = lambda key, field, value: None
    assert ReadModifyWrite("user7", "field0", "value").on(session) == {}


def test_read_modify_write_is_graded_as_a_read(oracle: RecordsOracle) -> None:
    operation, loaded = modify(FRESH + 1), fields_of(KEY, LOADED, LOADED, LOADED)
    oracle.wrote(modify(FRESH), 10, 20)
    oracle.wrote(operation, 30, 40)
    current = fields_of(KEY, LOADED, FRESH, LOADED)
    assert oracle.grade(operation, current, 30, 40) == 1.0
    wrong = {
        "stale": loaded,
        "its own value": fields_of(KEY, LOADED, FRESH + 1, LOADED),
        "missing": {},
        "nothing": None,
        "a field missing": {name: current[name] for name in ("field0", "field1")},
        "another's": fields_of(LOADED_RECORDS[3].key, LOADED, FRESH, LOADED),
        "a list": [],
    }
    assert {name: oracle.grade(operation, answer, 30, 40) for name, answer in wrong.items()} == dict.fromkeys(wrong, 0)


def test_what_read_modify_write_wrote_must_be_kept(oracle: RecordsOracle) -> None:
    oracle.wrote(modify(FRESH), 10, 20)
    assert oracle.grade(Read(KEY), fields_of(KEY, LOADED, FRESH, LOADED), 21, 30) == 1.0
    assert oracle.grade(Read(KEY), fields_of(KEY, LOADED, LOADED, LOADED), 21, 30) == 0.0


@pytest.mark.parametrize("letter", ["a", "d", "f"])
def test_writes_that_are_not_kept_are_told(letter: str) -> None:
    workload = ycsb(letter)
    session, oracle = memory(workload), workload.oracle()
    for clock, operation in enumerate(first(workload, 5_000)):
        operation.on(session)
        if oracle.tracks(operation) and operation.kind in workload.writes:
            oracle.wrote(operation, 2 * clock, 2 * clock + 1)
            victim = operation.record.key if isinstance(operation, Insert) else operation.key
    assert oracle.check_kept(session) == []
    kept = session.records.pop(victim)
    assert oracle.check_kept(session) == [f"record {victim} is lost"]
    session.records[victim] = {**kept, "field3": "0" * 100}
    assert oracle.check_kept(session) == [f"record {victim} is not as acknowledged writes left it"]


def test_the_latest_record_must_be_read_once_its_insert_is_acknowledged(oracle: RecordsOracle) -> None:
    insert = inserted(1_000, FRESH)
    read, fields = Read(insert.record.key), insert.record.fields
    oracle.wrote(insert, 10, 20)
    assert oracle.grade(read, None, 21, 30) == 0.0
    assert oracle.grade(read, fields, 21, 30) == 1.0
    assert oracle.grade(read, None, 15, 30) == 1.0
    assert oracle.grade(read, fields, 1, 9) == 0.0
    assert oracle.grade(read, fields_of(read.key, LOADED, LOADED, LOADED), 21, 30) == 0.0
    assert oracle.grade(read, inserted(1_001, FRESH).record.fields, 21, 30) == 0.0


def test_keys_are_ordered_as_text_so_scans_of_them_are_too(oracle: RecordsOracle) -> None:
    short = min(LOADED_RECORDS, key=lambda record: len(record.key))
    assert len(short.key) < 23
    place = LOADED_RECORDS.index(short)
    right = LOADED_RECORDS[place - 5 : place + 5]
    by_number = sorted(right, key=lambda record: int(record.key[4:]))
    scan = Scan(right[0].key, 10)
    assert oracle.grade(scan, right, 0, 1) == 1.0
    wrong = {
        "ordered by number": by_number,
        "a gap": [*right[:3], *LOADED_RECORDS[place - 1 : place + 6]],
        "without the short key": [record for record in right if record != short],
        "too many": LOADED_RECORDS[place - 5 : place + 6],
        "another's values": [*right[:-1], Record(right[-1].key, right[0].fields)],
        "a zero before the digits": [*right[:-1], Record("user0" + right[-1].key[4:], right[-1].fields)],
        "empty": [],
    }
    assert {name: oracle.grade(scan, answer, 0, 1) for name, answer in wrong.items()} == dict.fromkeys(wrong, 0)


def test_a_scan_must_show_acknowledged_inserts(oracle: RecordsOracle) -> None:
    insert = inserted(1_000, FRESH)
    after = [record for record in LOADED_RECORDS if record.key > insert.record.key][:5]
    scan = Scan(insert.record.key, 5)
    oracle.wrote(insert, 10, 20)
    assert oracle.grade(scan, after, 21, 30) == 0.0
    assert oracle.grade(scan, after, 15, 30) == 1.0
    assert oracle.grade(scan, [insert.record, *after[:4]], 21, NEVER) == 1.0
    assert oracle.grade(scan, [insert.record, *after[:4]], 1, 9) == 0.0


def test_about_two_keys_in_a_hundred_are_tracked(oracle: RecordsOracle) -> None:
    keys = KEYS.texts(KEYS.hashes(draw.span(0, 40_000)))
    assert 600 < sum(oracle.tracks(Read(key)) for key in keys) < 1_000
