"""Checks of key-value adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from threading import Event

from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.keyvalue import Session as Reference
from harness.engine import Address
from harness.keyvalue import Insert, KeyValue, Read, Record, Scan, Update
from tests.conformance.tools import (
    NASTY_TEXTS,
    assert_describes_itself,
    assert_same_when_watched,
    assert_tells_of,
    at_once,
    few_examples,
)

Open = Callable[[], KeyValue]
FIELDS = ("name", "city", "note")
ADA = Record("ada", {"name": "Ada", "city": "London", "note": "engine"})
BO = Record("bo", {"name": "Bo", "city": "Oslo", "note": "none"})


def home(open_session: Open, records: Iterable[Record] = ()) -> KeyValue:
    """A session on a fresh home that holds these records."""
    session = open_session()
    session.create(FIELDS)
    session.load(list(records))
    session.settle()
    return session


def numbered(numbers: Iterable[int]) -> list[Record]:
    return [Record(f"user{number:06}", {"name": f"{number}"}) for number in numbers]


def content(session: KeyValue) -> list[Record]:
    return sorted(session.everything(), key=lambda record: record.key)


def check_an_empty_home_answers_every_question(open_session: Open) -> None:
    session = home(open_session)
    assert session.read("nobody") is None
    assert session.scan("", 10) == []
    assert session.count() == 0
    assert list(session.everything()) == []


def check_create_drops_every_record(open_session: Open) -> None:
    session = home(open_session, [ADA, BO])
    session.create(FIELDS)
    assert session.read(ADA.key) is None
    assert session.scan("", 10) == []
    assert session.count() == 0
    assert list(session.everything()) == []


def check_create_takes_other_fields(open_session: Open) -> None:
    session = home(open_session, [ADA])
    session.create(["colour"])
    session.insert(Record("sky", {"colour": "blue"}))
    assert session.read("sky") == {"colour": "blue"}


def check_loaded_records_read_back(open_session: Open) -> None:
    session = home(open_session, [ADA, BO])
    assert session.read(ADA.key) == ADA.fields
    assert session.read(BO.key) == BO.fields
    assert session.read("nobody") is None


def check_inserted_records_read_back(open_session: Open) -> None:
    session = home(open_session)
    session.insert(ADA)
    session.insert(BO)
    assert session.read(ADA.key) == ADA.fields
    assert session.read(BO.key) == BO.fields
    assert session.read("nobody") is None


def check_an_empty_load_changes_nothing(open_session: Open) -> None:
    session = home(open_session, [ADA])
    session.load([])
    assert content(session) == [ADA]


def check_a_second_load_adds_to_the_first(open_session: Open) -> None:
    session = home(open_session, [ADA])
    session.load([BO])
    session.settle()
    assert content(session) == [ADA, BO]


def check_an_insert_replaces_the_whole_record(open_session: Open) -> None:
    session = home(open_session, [ADA, BO])
    session.insert(Record(ADA.key, {"name": "Ada Lovelace"}))
    assert session.read(ADA.key) == {"name": "Ada Lovelace"}
    assert session.scan(ADA.key, 1) == [Record(ADA.key, {"name": "Ada Lovelace"})]
    assert session.read(BO.key) == BO.fields
    assert session.count() == 2


def check_a_load_replaces_the_whole_record(open_session: Open) -> None:
    session = home(open_session, [ADA, BO])
    session.load([Record(ADA.key, {"city": "Paris"})])
    session.settle()
    assert session.read(ADA.key) == {"city": "Paris"}
    assert session.read(BO.key) == BO.fields
    assert session.count() == 2


def check_the_last_of_duplicates_in_one_load_wins(open_session: Open) -> None:
    session = home(open_session, [ADA, BO, Record(ADA.key, {"name": "second"}), Record(ADA.key, {"note": "third"})])
    assert session.read(ADA.key) == {"note": "third"}
    assert session.count() == 2
    assert content(session) == [Record(ADA.key, {"note": "third"}), BO]


def check_an_update_changes_one_field_of_one_record(open_session: Open) -> None:
    session = home(open_session, [ADA, BO])
    session.update(ADA.key, "city", "Turin")
    assert session.read(ADA.key) == {**ADA.fields, "city": "Turin"}
    assert session.read(BO.key) == BO.fields
    session.update(ADA.key, "city", "Rome")
    assert session.read(ADA.key) == {**ADA.fields, "city": "Rome"}
    assert session.scan(ADA.key, 1) == [Record(ADA.key, {**ADA.fields, "city": "Rome"})]
    assert session.count() == 2


def check_an_update_survives_settling(open_session: Open) -> None:
    session = home(open_session, [ADA, BO])
    session.update(ADA.key, "city", "Turin")
    session.insert(Record(BO.key, {"note": "new"}))
    session.settle()
    assert session.read(ADA.key) == {**ADA.fields, "city": "Turin"}
    assert content(session) == [Record(ADA.key, {**ADA.fields, "city": "Turin"}), Record(BO.key, {"note": "new"})]


def check_absent_fields_stay_absent_and_empty_ones_empty(open_session: Open) -> None:
    session = home(open_session, [Record("part", {"name": "only"}), Record("blank", {"name": "", "city": ""})])
    assert session.read("part") == {"name": "only"}
    assert session.read("blank") == {"name": "", "city": ""}
    session.update("part", "city", "")
    assert session.read("part") == {"name": "only", "city": ""}
    assert session.scan("blank", 2) == [
        Record("blank", {"name": "", "city": ""}),
        Record("part", {"name": "only", "city": ""}),
    ]


def check_a_record_may_have_no_fields(open_session: Open) -> None:
    session = home(open_session, [Record("loaded", {})])
    session.insert(Record("inserted", {}))
    assert session.read("loaded") == {}
    assert content(session) == session.scan("", 5) == [Record("inserted", {}), Record("loaded", {})]
    session.update("loaded", "name", "first")
    assert session.read("loaded") == {"name": "first"}


def check_any_text_is_a_value(open_session: Open) -> None:
    loaded = [Record(f"loaded{n:02}", {"name": text, "note": "x"}) for n, text in enumerate(NASTY_TEXTS)]
    inserted = [Record(f"inserted{n:02}", {"name": text, "note": text}) for n, text in enumerate(NASTY_TEXTS)]
    session = home(open_session, loaded)
    for record in inserted:
        session.insert(record)
        session.update(record.key.replace("inserted", "loaded"), "note", record.fields["note"])
    for number, text in enumerate(NASTY_TEXTS):
        assert session.read(f"loaded{number:02}") == {"name": text, "note": text}
        assert session.read(f"inserted{number:02}") == {"name": text, "note": text}
    assert session.scan("inserted", len(inserted)) == inserted
    assert {record.fields["name"] for record in session.everything()} == set(NASTY_TEXTS)


def check_any_text_is_a_key(open_session: Open) -> None:
    half = len(NASTY_TEXTS) // 2
    session = home(open_session, [Record(text, {"name": text}) for text in NASTY_TEXTS[:half]])
    for text in NASTY_TEXTS[half:]:
        session.insert(Record(text, {"name": "old"}))
        session.update(text, "name", text)
    for text in NASTY_TEXTS:
        assert session.read(text) == {"name": text}
        assert session.scan(text, 1) == [Record(text, {"name": text})]
    ordered = [Record(text, {"name": text}) for text in sorted(NASTY_TEXTS, key=str.encode)]
    assert session.scan("", len(NASTY_TEXTS) + 1) == ordered
    assert sorted(session.everything(), key=lambda record: record.key.encode()) == ordered


def check_large_values_come_back_whole(open_session: Open) -> None:
    large = "0123456789 äöü " * 6_250  # More than 100 kB.
    session = home(open_session, [Record("loaded", {"name": large, "note": "small"})])
    session.insert(Record("inserted", {"name": large, "note": "small"}))
    session.update("inserted", "note", large[::-1])
    assert session.read("loaded") == {"name": large, "note": "small"}
    assert session.read("inserted") == {"name": large, "note": large[::-1]}
    assert [len(record.fields["name"]) for record in session.scan("", 2)] == [len(large)] * 2


def check_scans_start_at_the_key_or_after_it(open_session: Open) -> None:
    records = numbered([10, 20, 30, 40, 50])
    session = home(open_session, reversed(records))
    assert session.scan("user000020", 2) == records[1:3]
    assert session.scan("user000021", 2) == records[2:4]
    assert session.scan("user000020!", 1) == records[2:3]
    assert session.scan("", 1) == records[:1]
    assert session.scan("a", 2) == records[:2]


def check_scans_end_with_the_last_key(open_session: Open) -> None:
    records = numbered([10, 20, 30])
    session = home(open_session, records)
    assert session.scan("user000030", 5) == records[2:]
    assert session.scan("user000011", 100) == records[1:]
    assert session.scan("user000031", 5) == []
    assert session.scan("z", 5) == []


def check_scans_follow_the_byte_order_of_keys(open_session: Open) -> None:
    keys = ["A", "B", "Z", "_", "a", "a ", "a!", "a-b", "aB", "aa", "ab", "b", "z", "~", "\u00df", "\u00e9", "\u4f60"]
    keys += ["\uff5e", "\U0001d11e"]  # The other way round where text is compared by UTF-16 units.
    session = home(open_session, [Record(key, {"name": key}) for key in reversed(keys)])
    for number, key in enumerate(keys):
        assert [record.key for record in session.scan(key, 4)] == keys[number : number + 4]


def check_scans_see_new_records_at_once(open_session: Open) -> None:
    session = home(open_session, numbered([10, 30]))
    session.insert(Record("user000020", {"name": "new"}))
    session.update("user000030", "name", "changed")
    assert session.scan("user000010", 3) == [
        Record("user000010", {"name": "10"}),
        Record("user000020", {"name": "new"}),
        Record("user000030", {"name": "changed"}),
    ]


def check_a_long_scan_comes_whole(open_session: Open) -> None:
    records = numbered(range(1_500))
    session = home(open_session, records)
    assert session.scan(records[100].key, 1_200) == records[100:1_300]


def check_counts_are_exact_right_after_writes(open_session: Open) -> None:
    session = home(open_session, numbered(range(100)))
    assert session.count() == 100
    for number, record in enumerate(numbered(range(100, 110))):
        session.insert(record)
        assert session.count() == 101 + number
    session.insert(Record("user000003", {"name": "again"}))
    session.update("user000004", "name", "again")
    assert session.count() == 110


def check_a_large_load_is_complete(open_session: Open) -> None:
    records = numbered(range(3_000))
    session = home(open_session, reversed(records))
    assert session.count() == 3_000
    assert session.read(records[0].key) == records[0].fields
    assert session.read(records[-1].key) == records[-1].fields
    assert content(session) == records


def check_everything_gives_each_record_once(open_session: Open) -> None:
    records = numbered(range(1_200))
    session = home(open_session, records)
    session.load(records[:500])
    for record in [*numbered(range(1_200, 1_210)), *records[:10]]:
        session.insert(record)
    session.settle()
    assert content(session) == numbered(range(1_210))


def check_an_answer_does_not_change_later(open_session: Open) -> None:
    session = home(open_session, [ADA])
    before = session.read(ADA.key)
    (scanned,) = session.scan("", 1)
    session.update(ADA.key, "city", "Turin")
    assert before == ADA.fields
    assert scanned == ADA


def check_other_sessions_see_an_acknowledged_write(open_session: Open) -> None:
    writer, reader = home(open_session, [ADA]), open_session()
    for number in range(20):
        assert reader.read(f"new{number}") is None
        writer.insert(Record(f"new{number}", {"name": "first"}))
        assert reader.read(f"new{number}") == {"name": "first"}
        writer.update(f"new{number}", "name", "second")
        assert reader.read(f"new{number}") == {"name": "second"}
        writer.insert(Record(f"new{number}", {"city": "third"}))
        assert reader.read(f"new{number}") == {"city": "third"}
        assert reader.count() == number + 2


def check_data_stays_when_a_session_closes(open_session: Open) -> None:
    other = open_session()
    session = home(open_session, [ADA])
    session.insert(BO)
    session.close()
    assert content(other) == [ADA, BO]
    assert open_session().read(BO.key) == BO.fields


def check_concurrent_updates_of_different_fields_are_all_kept(open_session: Open) -> None:
    first = home(open_session, [ADA, BO])
    sessions = [open_session() for _ in FIELDS]

    def write(session: KeyValue, field: str) -> None:
        for number in range(25):
            session.update(ADA.key, field, f"{field} {number}")
            answer = session.read(ADA.key)
            assert answer is not None
            assert answer[field] == f"{field} {number}"

    at_once([partial(write, session, field) for session, field in zip(sessions, FIELDS, strict=True)])
    assert first.read(ADA.key) == {field: f"{field} 24" for field in FIELDS}
    assert first.read(BO.key) == BO.fields


def check_concurrent_inserts_are_all_kept(open_session: Open) -> None:
    first = home(open_session)
    shares = [numbered(range(start, 160, 4)) for start in range(4)]

    def write(session: KeyValue, records: list[Record]) -> None:
        for record in records:
            session.insert(record)

    at_once([partial(write, open_session(), share) for share in shares])
    assert first.count() == 160
    assert content(first) == numbered(range(160))


def check_a_record_is_replaced_all_at_once(open_session: Open) -> None:
    versions = [{"name": "a", "city": "a"}, {"name": "b", "note": "b"}]
    first, done = home(open_session, [Record("one", versions[0])]), Event()

    def write(session: KeyValue) -> None:
        try:
            for number in range(60):
                session.insert(Record("one", versions[number % 2]))
        finally:
            done.set()

    def read(session: KeyValue) -> None:
        while not done.is_set():
            assert session.read("one") in versions

    at_once([partial(write, open_session()), partial(read, open_session()), partial(read, open_session())])
    assert first.read("one") == versions[1]
    assert first.count() == 1


def check_a_ping_changes_nothing(open_session: Open) -> None:
    open_session().ping()
    session = home(open_session, [ADA])
    for _ in range(3):
        session.ping()
        assert session.read(ADA.key) == ADA.fields
    session.insert(BO)
    session.ping()
    assert session.count() == 2
    assert content(session) == [ADA, BO]


def check_a_watched_session_tells_of_every_request(open_session: Open) -> None:
    session = open_session()
    assert_tells_of(
        session,
        (lambda: session.create(FIELDS), ""),
        (lambda: session.load([ADA, BO]), ""),
        (lambda: session.load([ADA]), ""),
        (lambda: session.settle(), ""),
        (lambda: session.insert(Record("cy", {"name": 'it\'s "Cy"'})), "cy"),
        (lambda: session.update(ADA.key, "city", "Turin"), "Turin"),
        (lambda: session.count(), ""),
        (lambda: list(session.everything()), ""),
        (lambda: session.scan("beginning", 5), "beginning"),
        (lambda: session.read(ADA.key), ADA.key),
    )
    assert session.read(ADA.key) == {**ADA.fields, "city": "Turin"}


def check_large_values_are_told_in_short(open_session: Open) -> None:
    session, large = home(open_session), dict.fromkeys(FIELDS, "0123456789 äöü " * 6250)
    assert_tells_of(
        session,
        (lambda: session.load([Record(f"{number}", large) for number in range(12)]), ""),
        (lambda: session.insert(Record("large", large)), "large"),
        (lambda: session.update("large", "name", large["note"][::-1]), "large"),
        (lambda: session.scan("", 12), ""),
    )


def check_watching_changes_no_answer(open_session: Open) -> None:
    session, watched = home(open_session, [ADA, BO]), open_session()
    assert_same_when_watched(
        session,
        watched,
        lambda each: each.read(ADA.key),
        lambda each: each.read("nobody"),
        lambda each: each.scan("b", 5),
        lambda each: each.count(),
        content,
    )
    cy = Record("cy", {"note": 'it\'s "Cy"'})
    assert_tells_of(
        watched,
        (lambda: watched.insert(cy), "cy"),
        (lambda: watched.update(BO.key, "city", "100 %"), "100 %"),
        (lambda: watched.count(), ""),
    )
    assert content(session) == [ADA, Record(BO.key, {**BO.fields, "city": "100 %"}), cy]


def check_the_session_describes_itself(open_session: Open) -> None:
    assert_describes_itself(home(open_session, numbered(range(100))))


KEYS = st.sampled_from(["", "a", "A", "a b", "aa", "b", "\u00e9", "e\u0301", "\U0001f680", "\uff5e"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
RECORDS = st.builds(Record, KEYS, st.dictionaries(st.sampled_from(FIELDS), TEXTS))
OPERATIONS = st.one_of(
    st.builds(Read, KEYS),
    st.builds(Insert, RECORDS),
    st.builds(Update, KEYS, st.sampled_from(FIELDS), TEXTS),
    st.builds(Scan, KEYS, st.integers(1, 12)),
)


def check_random_histories_agree_with_the_reference(open_session: Open) -> None:
    session, reference = open_session(), Reference(Address("memory://reference", "random histories"))

    @few_examples
    @given(st.lists(RECORDS, max_size=8), st.lists(OPERATIONS, max_size=25))
    def agree(records: list[Record], operations: list[Read | Insert | Update | Scan]) -> None:
        for each in (session, reference):
            each.create(FIELDS)
            each.load(records)
            each.settle()
        for operation in operations:
            if isinstance(operation, Update) and reference.read(operation.key) is None:
                continue  # What it does is not defined.
            assert operation.on(session) == operation.on(reference), operation
        assert session.count() == reference.count()
        assert content(session) == content(reference)

    agree()
