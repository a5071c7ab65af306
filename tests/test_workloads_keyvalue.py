"""Records prove where they come from, popular keys are popular, and the oracle rejects what a database must not say."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import draw
from harness.keyvalue import Insert, Read, ReadModifyWrite, Record, Scan, Update
from harness.records import LOADED, Mix, Records, first_write, key_hashes, key_texts, operations, write_of
from harness.records_oracle import RecordsOracle
from harness.records_traits import FOUND, HOTTEST_KEY, HOTTEST_PERCENT, SENT
from harness.workload import Stream
from tests.workload_tools import NEVER, SMALL, STREAM, first, memory
from workloads.read_heavy import ReadHeavy
from workloads.write_heavy import WriteHeavy

RECORDS = Records(count=3_000, fields=3, field_bytes=40)
LOADED_RECORDS = {record.key: record for batch in RECORDS.batches() for record in batch}
KEY = next(iter(LOADED_RECORDS))
FRESH = first_write(STREAM) + 5


def written(key: str, *writes: int) -> dict[str, str]:
    """The fields of a record, each from its write."""
    hashes = np.array([int(key[4:])], dtype=np.uint64)
    return RECORDS.records(hashes, np.array([writes], dtype=np.uint64))[0].fields


def update(key: str, field: int, write: int) -> Update:
    return Update(key, RECORDS.names[field], written(key, write, write, write)[RECORDS.names[field]])


def inserted(write: int) -> Insert:
    return Insert(RECORDS.written(np.array([write], dtype=np.uint64), np.array([write], dtype=np.uint64))[0])


@pytest.fixture
def oracle() -> RecordsOracle:
    return RecordsOracle(RECORDS)


def test_keys_are_user_and_twenty_digits_and_scattered() -> None:
    keys = list(LOADED_RECORDS)
    assert len(keys) == 3_000
    assert all(key.startswith("user") and len(key) == 24 and key[4:].isdecimal() for key in keys)
    ranks = np.argsort(np.argsort(keys))
    assert abs(np.corrcoef(ranks, np.arange(3_000))[0, 1]) < 0.05


@given(st.integers(0, 2**64 - 1))
def test_key_texts_are_decimal(hash_: int) -> None:
    assert key_texts(np.array([hash_], dtype=np.uint64)) == [f"user{hash_:020}"]


@given(st.integers(0, 2**63 - 1), st.integers(20, 200))
def test_a_value_names_its_write_and_has_its_length(write: int, field_bytes: int) -> None:
    (record,) = Records(1, 1, field_bytes).written(np.zeros(1, np.uint64), np.array([write], np.uint64))
    assert write_of(record.fields["field0"]) == write
    assert len(record.fields["field0"].encode()) == field_bytes


@pytest.mark.parametrize("value", ["", "short", "!" * 40, "_" * 40, "é" * 40, None, 7])
def test_what_is_no_value_names_no_write(value: Any) -> None:
    assert write_of(value) == -1


def test_values_of_other_keys_fields_and_writes_differ() -> None:
    other = list(LOADED_RECORDS)[1]
    values = [*written(KEY, 0, 0, 0).values(), *written(KEY, 1, 1, 1).values(), *written(other, 0, 0, 0).values()]
    assert len({value[11:] for value in values}) == len(values)


@pytest.mark.parametrize(
    ("workload", "shares"),
    [
        (ReadHeavy(records=1_000), {"read": 0.95, "update": 0.05}),
        (WriteHeavy(records=1_000), {"update": 0.5, "insert": 0.3, "read": 0.2}),
    ],
    ids=["read-heavy", "write-heavy"],
)
def test_kinds_have_their_shares(workload: Any, shares: dict[str, float]) -> None:
    seen = Counter(operation.kind for operation in first(workload, 20_000))
    assert {kind: number / 20_000 for kind, number in seen.items()} == pytest.approx(shares, abs=0.012)


def test_the_hottest_key_gets_an_eighth_of_reads_and_of_updates() -> None:
    drawn = first(ReadHeavy(records=1_000, read_percent=50), 20_000)
    for kind in ("read", "update"):
        keys = Counter(operation.key for operation in drawn if operation.kind == kind)
        assert keys.most_common(1)[0][1] / keys.total() == pytest.approx(0.129, abs=0.01)
        assert keys.keys() <= {record.key for batch in ReadHeavy(records=1_000).load() for record in batch}


def test_all_fields_are_updated_alike() -> None:
    fields = Counter(operation.field for operation in first(ReadHeavy(records=1_000, read_percent=0), 20_000))
    assert len(fields) == 10
    assert all(number == pytest.approx(2_000, abs=200) for number in fields.values())


def test_inserts_never_collide_between_trials_sessions_and_loaded_records() -> None:
    workload = SMALL["write-heavy"]
    streams = [Stream(7, trial, session, 3) for trial in (0, 1, 300) for session in (0, 1, 60_000)]
    keys = [o.record.key for stream in streams for o in first(workload, 400, stream) if o.kind == "insert"]
    keys += [record.key for batch in workload.load() for record in batch]
    assert len(set(keys)) == len(keys)


def test_a_stream_beyond_the_last_trial_is_refused() -> None:
    with pytest.raises(ValueError, match=r"16,383"):
        first(SMALL["write-heavy"], 1, Stream(7, 1 << 14, 0, 1))


def test_fresh_reads_ask_for_the_last_inserts_of_their_session() -> None:
    mix = Mix(reads=0, fresh_reads=50, inserts=50, zipf_theta=0.99)
    stream = operations(RECORDS, mix, STREAM)
    mine: list[str] = []
    asked = Counter[int]()
    for _, operation in zip(range(4_000), stream, strict=False):
        if isinstance(operation, Insert):
            mine.append(operation.record.key)
        elif mine:
            assert operation.key in mine[-100:]
            asked[mine[::-1].index(operation.key)] += 1
    assert len(asked) == 100


# What is known of one field: writes with their times, and a read. Linearisability says which answers are right.

Times = tuple[int, int]


def is_linearisable(writes: dict[int, Times], read: Times, answer: int) -> bool:
    """By trying every order: is there one that agrees with all intervals, in which the read finds its answer?"""
    everything: dict[int | str, Times] = {"read": read, **dict(writes.items())}
    return any(
        all(
            not everything[later][1] < everything[sooner][0]
            for place, sooner in enumerate(order)
            for later in order[place + 1 :]
        )
        and [LOADED, *order][order.index("read")] == answer
        for order in permutations(everything)
    )


@given(st.data())
def test_the_oracle_accepts_exactly_what_some_order_explains(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, 4))
    ticks = iter(data.draw(st.permutations(range(2 * number + 2))))
    pairs = [sorted((next(ticks), next(ticks))) for _ in range(number + 1)]
    *times, read = [(start, end) for start, end in pairs]
    unknown = data.draw(st.sets(st.integers(0, number)))
    writes = {FRESH + i: (sent, NEVER if i in unknown else end) for i, (sent, end) in enumerate(times)}
    oracle = RecordsOracle(RECORDS)
    for write, (sent, end) in writes.items():
        oracle.wrote(update(KEY, 1, write), sent, None if end == NEVER else end)
    answer = data.draw(st.sampled_from([LOADED, *writes]))
    grade = oracle.grade(Read(KEY), written(KEY, LOADED, answer, LOADED), *read)
    # A write of unknown end may also never have happened, which no answer but its own can show.
    possible = [w for w in writes if writes[w][1] != NEVER or w == answer]
    assert grade == float(is_linearisable({w: writes[w] for w in possible}, read, answer))


def test_a_stale_read_is_wrong(oracle: RecordsOracle) -> None:
    oracle.wrote(update(KEY, 1, FRESH), 10, 20)
    oracle.wrote(update(KEY, 1, FRESH + 1), 30, 40)
    stale = written(KEY, LOADED, FRESH, LOADED)
    assert oracle.grade(Read(KEY), stale, 41, 50) == 0.0
    assert oracle.grade(Read(KEY), stale, 40, 50) == 1.0
    assert oracle.grade(Read(KEY), written(KEY, LOADED, FRESH + 1, LOADED), 41, 50) == 1.0


def test_a_lost_write_is_wrong(oracle: RecordsOracle) -> None:
    oracle.wrote(update(KEY, 1, FRESH), 10, 20)
    assert oracle.grade(Read(KEY), LOADED_RECORDS[KEY].fields, 21, 30) == 0.0
    assert oracle.grade(Read(KEY), LOADED_RECORDS[KEY].fields, 15, 30) == 1.0


def test_a_value_from_the_future_is_wrong(oracle: RecordsOracle) -> None:
    oracle.wrote(update(KEY, 1, FRESH), 50, 60)
    assert oracle.grade(Read(KEY), written(KEY, LOADED, FRESH, LOADED), 10, 49) == 0.0
    assert oracle.grade(Read(KEY), written(KEY, LOADED, FRESH, LOADED), 10, 50) == 1.0


def test_a_value_of_another_process_is_accepted(oracle: RecordsOracle) -> None:
    oracle.wrote(update(KEY, 1, FRESH), 10, 20)
    foreign = first_write(Stream(7, 1, 9, 10)) + 3
    assert oracle.grade(Read(KEY), written(KEY, LOADED, foreign, LOADED), 30, 40) == 1.0


def test_a_write_of_unknown_end_may_or_may_not_be_there(oracle: RecordsOracle) -> None:
    oracle.wrote(update(KEY, 1, FRESH), 10, None)
    assert oracle.grade(Read(KEY), written(KEY, LOADED, LOADED, LOADED), 90, 99) == 1.0
    assert oracle.grade(Read(KEY), written(KEY, LOADED, FRESH, LOADED), 90, 99) == 1.0


def damaged() -> dict[str, Any]:
    right = LOADED_RECORDS[KEY].fields
    other = LOADED_RECORDS[list(LOADED_RECORDS)[1]].fields
    return {
        "missing record": None,
        "another key's values": other,
        "one value of another key": {**right, "field1": other["field1"]},
        "fields exchanged": {**right, "field0": right["field1"], "field1": right["field0"]},
        "one character changed": {**right, "field2": right["field2"][:-1] + "!"},
        "cut short": {**right, "field2": right["field2"][:-1]},
        "a field missing": {name: right[name] for name in ("field0", "field1")},
        "a field too many": {**right, "field3": right["field2"]},
        "empty": {},
        "bytes": {name: value.encode() for name, value in right.items()},
        "a list": list(right.values()),
    }


@pytest.mark.parametrize("damage", damaged())
def test_a_damaged_record_is_wrong(oracle: RecordsOracle, damage: str) -> None:
    assert oracle.grade(Read(KEY), LOADED_RECORDS[KEY].fields, 0, 1) == 1.0
    assert oracle.grade(Read(KEY), damaged()[damage], 0, 1) == 0.0


def test_an_insert_must_be_there_once_acknowledged_and_not_before_it_was_sent(oracle: RecordsOracle) -> None:
    insert = inserted(FRESH)
    read, fields = Read(insert.record.key), insert.record.fields
    oracle.wrote(insert, 10, 20)
    assert oracle.grade(read, None, 1, 9) == 1.0
    assert oracle.grade(read, fields, 1, 9) == 0.0
    assert oracle.grade(read, None, 15, 30) == 1.0
    assert oracle.grade(read, fields, 15, 30) == 1.0
    assert oracle.grade(read, None, 21, 30) == 0.0
    assert oracle.grade(read, fields, 21, 30) == 1.0


def test_a_key_that_nobody_loaded_cannot_hold_loaded_values(oracle: RecordsOracle) -> None:
    key = inserted(FRESH).record.key
    assert oracle.grade(Read(key), written(key, LOADED, LOADED, LOADED), 0, 1) == 0.0


def test_about_two_keys_in_a_hundred_are_tracked_reads_and_writes_alike(oracle: RecordsOracle) -> None:
    keys = [key for key in LOADED_RECORDS if oracle.tracks(Read(key))]
    assert 40 < len(keys) < 80
    assert all(oracle.tracks(update(key, 0, FRESH)) == oracle.tracks(Read(key)) for key in list(LOADED_RECORDS)[:200])


def test_scans_are_graded() -> None:
    records = Records(count=300, fields=2, field_bytes=30)
    loaded = sorted((record for batch in records.batches() for record in batch), key=lambda record: record.key)
    oracle = RecordsOracle(records)
    scan = Scan(loaded[100].key, 20)
    right = loaded[100:120]
    assert oracle.grade(scan, right, 0, 1) == 1.0
    assert oracle.grade(Scan(loaded[295].key, 20), loaded[295:], 0, 1) == 1.0
    wrong = {
        "a gap": [*loaded[100:110], *loaded[111:121]],
        "starts late": loaded[101:121],
        "starts early": loaded[99:119],
        "too many": loaded[100:121],
        "ends early": loaded[100:119],
        "unordered": right[::-1],
        "twice": [*right[:-1], right[-2]],
        "empty": [],
        "another's values": [Record(right[0].key, right[1].fields), *right[1:]],
        "no list": None,
    }
    assert {name: oracle.grade(scan, answer, 0, 1) for name, answer in wrong.items()} == dict.fromkeys(wrong, 0.0)


def test_a_scan_must_show_acknowledged_inserts() -> None:
    records = Records(count=300, fields=3, field_bytes=40)
    loaded = sorted((record for batch in records.batches() for record in batch), key=lambda record: record.key)
    insert, oracle = inserted(FRESH), RecordsOracle(records)
    scan = Scan(insert.record.key, 5)
    after = [record for record in loaded if record.key > insert.record.key][:5]
    oracle.wrote(insert, 10, 20)
    assert oracle.grade(scan, after, 21, 30) == 0.0
    assert oracle.grade(scan, after, 15, 30) == 1.0
    assert oracle.grade(scan, [insert.record, *after[:4]], 21, 30) == 1.0
    assert oracle.grade(scan, [insert.record, *after[:4]], 1, 9) == 0.0


@pytest.mark.parametrize("damage", ["lost", "changed", "foreign", "twice"])
def test_content_that_differs_is_told(damage: str) -> None:
    workload = SMALL["read-heavy"]
    session = memory(workload)
    keys = list(session.records)
    if damage == "lost":
        del session.records[keys[5]]
    elif damage == "changed":
        session.records[keys[5]] = session.records[keys[6]]
    elif damage == "foreign":
        session.records["user1"] = session.records[keys[6]]
    else:
        everything = session.everything
        session.everything = lambda: iter([*everything(), next(everything())])
    problems = workload.oracle().check_content(session)
    assert problems
    assert any(key in problems[0] for key in ("user1", keys[5], keys[0]))


def test_writes_that_are_not_kept_are_told() -> None:
    workload = SMALL["write-heavy"]
    session, oracle = memory(workload), workload.oracle()
    for clock, operation in enumerate(first(workload, 2_000)):
        operation.on(session)
        if oracle.tracks(operation) and operation.kind != "read":
            oracle.wrote(operation, 2 * clock, 2 * clock + 1)
            victim = operation
    assert oracle.check_kept(session) == []
    key = victim.record.key if isinstance(victim, Insert) else victim.key
    kept = session.records.pop(key)
    assert oracle.check_kept(session) == [f"record {key} is lost"]
    session.records[key] = {**kept, "field3": "0" * 100}
    assert oracle.check_kept(session) == [f"record {key} is not as acknowledged writes left it"]


def test_the_permutation_of_popularity_is_not_the_order_of_loading() -> None:
    drawn = first(ReadHeavy(records=1_000, read_percent=100), 5_000)
    (hottest, _), (second, _), *_ = Counter(operation.key for operation in drawn).most_common()
    keys = key_texts(key_hashes(draw.span(0, 1_000)))
    assert {keys.index(hottest), keys.index(second)} != {0, 1}


def test_traits_tell_the_mix_and_how_popular_the_popular_keys_are() -> None:
    workload = WriteHeavy(records=1_000)
    traits = workload.traits(iter(first(workload, 20_000)), [])
    assert traits == pytest.approx(
        {
            SENT + "insert": 0.3,
            SENT + "read": 0.2,
            SENT + "update": 0.5,
            HOTTEST_KEY: 0.9 * 0.129,  # A fourteenth of these requests are fresh reads.
            HOTTEST_PERCENT: 0.9 * 0.38,
        },
        abs=0.03,
    )


def test_keys_that_are_all_alike_have_no_hot_ones() -> None:
    workload = ReadHeavy(records=10_000, zipf_theta=0.0)
    traits = workload.traits(first(workload, 20_000), [])
    assert traits[HOTTEST_PERCENT] == pytest.approx(0.01, abs=0.004)
    assert traits[HOTTEST_KEY] < 0.001


def test_too_few_requests_tell_no_share_of_the_hottest_keys() -> None:
    workload = ReadHeavy(records=10_000)
    assert HOTTEST_PERCENT in workload.traits(first(workload, 2_000), [])
    assert HOTTEST_PERCENT not in workload.traits(first(workload, 1_999), [])
    assert workload.traits([], []) == {}


def test_traits_count_the_reads_that_found_something() -> None:
    fields = LOADED_RECORDS[KEY].fields
    modify = ReadModifyWrite(KEY, "field0", fields["field0"])
    answered: list[tuple[Any, Any]] = [
        (Read(KEY), fields),
        (Read(KEY), None),
        (Scan(KEY, 1), [LOADED_RECORDS[KEY]]),
        (Scan("userz", 1), []),
        (modify, fields),
        (modify, {}),
        (Read(KEY), fields),
        (Read(KEY), fields),
    ]
    assert ReadHeavy().traits([], answered) == {FOUND: 5 / 8}
