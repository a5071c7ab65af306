"""Checks of transaction adapters: what each level does when it is alone, and what the strongest does among others.

Of weaker levels among others nothing is asked but that sessions on different records leave each other alone: they may
lose updates, or may be lucky.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from random import Random
from time import sleep
from typing import Any, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.transactions import Session as Reference
from harness.engine import Address
from harness.transactions import ROLES, Conflict, Role, Transactions
from tests.conformance.tools import (
    assert_describes_itself,
    assert_same_when_watched,
    assert_tells_of,
    at_once,
    few_examples,
)

Open = Callable[[], Transactions]
Answer = TypeVar("Answer")

ATTEMPTS = 300  # Of one request among a few others; far more than any engine needs.


def home(open_session: Open, accounts: int = 4, cents: int = 100, counters: int = 2) -> Transactions:
    """A session on a fresh home with this in it."""
    session = open_session()
    session.create(accounts, cents, counters)
    session.settle()
    return session


def at_each_level(open_session: Open, accounts: int = 4, cents: int = 100) -> Iterator[tuple[Transactions, Role]]:
    """A session at each level that there is, on a fresh home each time."""
    for role in open_session().LEVELS:
        session = home(open_session, accounts, cents)
        session.set_level(role)
        yield session, role


def opened(open_session: Open, role: Role) -> Transactions:
    session = open_session()
    session.set_level(role)
    return session


def insist(request: Callable[[], Answer]) -> Answer:
    """Its answer, asked for again after each Conflict."""
    for attempt in range(ATTEMPTS):
        try:
            return request()
        except Conflict:
            sleep(Random().uniform(0, 0.0005 * 2 ** min(attempt, 5)))
    raise AssertionError(f"{ATTEMPTS:,} conflicts, one after the other")


def while_others_read(write: Callable[[int], None], reads: Sequence[Callable[[], None]]) -> None:
    """Write (number 0, 1, …) for as long as others read, 50 times each."""
    reading = len(reads) * ["reading"]

    def write_on() -> None:
        for number in count():
            if not reading:
                break
            write(number)

    def read_on(read: Callable[[], None]) -> None:
        try:
            for _ in range(50):
                read()
        finally:
            reading.pop()

    at_once([write_on, *(partial(read_on, read) for read in reads)])


def counted(session: Transactions, counters: int = 2) -> list[int]:
    return [session.read(counter) for counter in range(counters)]


def check_levels_have_names(open_session: Open) -> None:
    levels = open_session().LEVELS
    assert "none" in levels
    assert set(levels) <= set(ROLES)
    assert len(set(levels.values())) == len(levels)
    for name in levels.values():
        assert name
        assert name.isprintable()


def check_a_new_home_is_as_told(open_session: Open) -> None:
    for session, _ in at_each_level(open_session, accounts=3, cents=250):
        assert list(session.balances()) == [250, 250, 250]
        assert counted(session) == [0, 0]


def check_create_starts_anew(open_session: Open) -> None:
    for session, role in at_each_level(open_session):
        other = opened(open_session, role)
        assert other.transfer(0, 1, 10)
        assert other.increment(1) == 1
        assert len(other.balances()) == 4
        session.create(2, 30, 3)
        for each in (session, other):
            assert list(each.balances()) == [30, 30]
            assert counted(each, 3) == [0, 0, 0]
        session.create(6, 0, 2)
        for each in (session, other):
            assert list(each.balances()) == [0] * 6
            assert counted(each) == [0, 0]


def check_there_may_be_many_accounts(open_session: Open) -> None:
    for session, _ in at_each_level(open_session, accounts=1_500, cents=5):
        assert session.transfer(2, 1_499, 3)
        assert session.transfer(10, 101, 1)
        expected = [5] * 1_500
        expected[2], expected[1_499], expected[10], expected[101] = 2, 8, 4, 6
        assert list(session.balances()) == expected


def check_a_transfer_moves_exactly_what_it_should(open_session: Open) -> None:
    for session, _ in at_each_level(open_session):
        assert session.transfer(1, 3, 30) is True
        assert list(session.balances()) == [100, 70, 100, 130]
        assert session.transfer(3, 0, 1) is True
        assert list(session.balances()) == [101, 70, 100, 129]
        assert counted(session) == [0, 0]


def check_what_is_not_there_is_not_moved(open_session: Open) -> None:
    for session, role in at_each_level(open_session):
        assert session.transfer(0, 1, 101) is False
        assert session.transfer(0, 1, 1_000_000) is False
        assert list(session.balances()) == [100, 100, 100, 100]
        assert session.transfer(0, 1, 100) is True
        assert list(session.balances()) == [0, 200, 100, 100]
        assert session.transfer(0, 1, 1) is False
        assert session.transfer(1, 0, 200) is True
        for each in (session, opened(open_session, role)):
            assert list(each.balances()) == [200, 0, 100, 100]


def check_a_refused_transfer_keeps_nothing_from_others(open_session: Open) -> None:
    for session, role in at_each_level(open_session):
        other = opened(open_session, role)
        for number in range(3):
            assert session.transfer(0, 1, 1_000) is False
            assert other.transfer(1, 0, 10) is True
            assert session.transfer(2, 1, 1) is True
            assert list(session.balances()) == [110 + 10 * number, 91 - 9 * number, 99 - number, 100]


def check_a_transfer_to_itself_changes_nothing(open_session: Open) -> None:
    for session, _ in at_each_level(open_session):
        assert session.transfer(2, 2, 40) is True
        assert session.transfer(2, 2, 100) is True
        assert session.transfer(2, 2, 101) is False
        assert list(session.balances()) == [100, 100, 100, 100]
        assert session.transfer(2, 1, 100) is True
        assert list(session.balances()) == [100, 200, 0, 100]


def check_nothing_is_an_amount(open_session: Open) -> None:
    for session, _ in at_each_level(open_session):
        assert session.transfer(0, 1, 0) is True
        assert session.transfer(0, 1, 100) is True
        assert session.transfer(0, 1, 0) is True
        assert session.transfer(0, 0, 0) is True
        assert list(session.balances()) == [0, 200, 100, 100]


def check_large_amounts_are_exact(open_session: Open) -> None:
    for session, _ in at_each_level(open_session, accounts=3, cents=2**52):
        assert session.transfer(0, 1, 2**52 - 1) is True
        assert list(session.balances()) == [1, 2**53 - 1, 2**52]
        assert session.transfer(0, 1, 2) is False
        assert session.transfer(1, 0, 2**53 - 1) is True
        assert list(session.balances()) == [2**53, 0, 2**52]


def check_an_increment_returns_what_is_then_read(open_session: Open) -> None:
    for session, role in at_each_level(open_session):
        other = opened(open_session, role)
        for number in range(1, 12):
            assert session.increment(1) == number
            assert session.read(1) == number
            assert other.read(1) == number
        assert session.increment(0) == 1
        assert counted(session) == [1, 11]
        assert list(session.balances()) == [100, 100, 100, 100]


def check_levels_change_and_the_data_stays(open_session: Open) -> None:
    session = home(open_session)
    levels = list(session.LEVELS)
    roles = [*levels, *levels[::-1], *levels]
    for number, role in enumerate(roles, 1):
        session.set_level(role)
        assert session.transfer(0, 1, 1) is True
        assert session.increment(0) == number
    assert list(session.balances()) == [100 - len(roles), 100 + len(roles), 100, 100]
    assert counted(open_session()) == [len(roles), 0]


def check_other_sessions_see_what_was_acknowledged(open_session: Open) -> None:
    for writer, role in at_each_level(open_session):
        reader = opened(open_session, role)
        assert list(reader.balances()) == [100, 100, 100, 100]
        for number in range(1, 11):
            assert writer.transfer(0, 1, 1) is True
            assert list(reader.balances()) == [100 - number, 100 + number, 100, 100]
            assert writer.increment(0) == 2 * number - 1
            assert reader.read(0) == 2 * number - 1
            assert reader.increment(0) == 2 * number
            assert counted(writer) == [2 * number, 0]


def check_data_stays_when_a_session_closes(open_session: Open) -> None:
    for session, role in at_each_level(open_session):
        other = opened(open_session, role)
        assert session.transfer(0, 1, 7) is True
        assert session.increment(1) == 1
        session.close()
        for each in (other, opened(open_session, role)):
            assert list(each.balances()) == [93, 107, 100, 100]
            assert counted(each) == [0, 1]


def check_data_survives_settling(open_session: Open) -> None:
    for session, _ in at_each_level(open_session):
        for number in range(1, 4):
            assert session.transfer(0, 1, 7) is True
            assert session.increment(1) == number
            session.settle()
            assert list(session.balances()) == [100 - 7 * number, 100 + 7 * number, 100, 100]
            assert counted(session) == [0, number]


def check_an_answer_does_not_change_later(open_session: Open) -> None:
    for session, _ in at_each_level(open_session):
        before = session.balances()
        assert session.transfer(0, 1, 7) is True
        assert list(before) == [100, 100, 100, 100]


def check_a_ping_changes_nothing(open_session: Open) -> None:
    open_session().ping()
    for session, _ in at_each_level(open_session):
        for number in range(1, 4):
            session.ping()
            assert session.increment(0) == number
            session.ping()
            assert list(session.balances()) == [100, 100, 100, 100]
            assert counted(session) == [number, 0]


def check_sessions_on_different_records_leave_each_other_alone(open_session: Open) -> None:
    for first, role in at_each_level(open_session, accounts=6):

        def work(session: Transactions, source: int) -> None:
            for number in range(1, 21):
                assert insist(partial(session.transfer, source, source + 1, source + 1)) is True
                if source:
                    assert insist(partial(session.increment, source // 2 - 1)) == number

        at_once([partial(work, opened(open_session, role), source) for source in (0, 2, 4)])
        assert list(first.balances()) == [80, 120, 40, 160, 0, 200]
        assert counted(first) == [20, 20]


def check_the_strongest_level_keeps_every_cent_and_increment(open_session: Open) -> None:
    first, sessions, hot = home(open_session, cents=1_000), 4, 3
    if "strongest" not in first.LEVELS:
        return
    written: list[int] = []  # All threads append to it, which takes one step.
    moves: list[tuple[int, int, int]] = []

    def work(session: Transactions, seed: int) -> None:
        random = Random(seed)
        for _ in range(20):
            source, target = random.sample(range(hot), 2)
            cents = random.randint(1, 50)
            if insist(partial(session.transfer, source, target, cents)):
                moves.append((source, target, cents))
            written.append(insist(partial(session.increment, 0)))

    at_once([partial(work, opened(open_session, "strongest"), seed) for seed in range(sessions)])
    moved = Counter[int]()
    for source, target, cents in moves:
        moved[source] -= cents
        moved[target] += cents
    assert list(first.balances()) == [1_000 + moved[account] for account in range(4)]
    assert sorted(written) == list(range(1, 20 * sessions + 1))
    assert counted(first) == [20 * sessions, 0]


def check_the_strongest_level_reads_whole_sums(open_session: Open) -> None:
    first = home(open_session, cents=1_000)
    if "strongest" not in first.LEVELS:
        return
    writer, *readers = (opened(open_session, "strongest") for _ in range(3))

    def write(number: int) -> None:
        insist(partial(writer.transfer, number % 4, (number + 1) % 4, 100 + number % 7))

    def read(session: Transactions) -> None:
        assert sum(insist(session.balances)) == 4_000

    while_others_read(write, [partial(read, session) for session in readers])
    assert sum(first.balances()) == 4_000


def check_the_strongest_level_never_goes_back_in_time(open_session: Open) -> None:
    first = home(open_session)
    if "strongest" not in first.LEVELS:
        return
    writer, *readers = (opened(open_session, "strongest") for _ in range(3))
    acknowledged = [0]

    def write(number: int) -> None:
        assert insist(partial(writer.increment, 0)) == number + 1
        acknowledged[0] = number + 1

    def read(session: Transactions, seen: list[int]) -> None:
        at_least = max(acknowledged[0], *seen)
        seen.append(insist(partial(session.read, 0)))
        assert seen[-1] >= at_least

    while_others_read(write, [partial(read, session, [0]) for session in readers])
    assert first.read(0) == acknowledged[0]


def check_a_watched_session_tells_of_every_request(open_session: Open) -> None:
    session = open_session()
    for role in session.LEVELS:
        assert_tells_of(session, (lambda: session.create(99, 100, 88), ""), (lambda: session.settle(), ""))
        session.set_level(role)
        assert_tells_of(
            session,
            (lambda: session.transfer(57, 96, 100), "57"),
            (lambda: session.transfer(57, 96, 1), "57"),
            (lambda: session.transfer(96, 57, 1), "96"),
            (lambda: session.increment(79), "79"),
            (lambda: session.balances(), ""),
            (lambda: session.read(79), "79"),
        )
        assert [session.balances()[account] for account in (57, 96)] == [1, 199]
        assert session.read(79) == 1


def check_watching_changes_no_answer(open_session: Open) -> None:
    for session, role in at_each_level(open_session):
        same_when_watched(session, opened(open_session, role))


def same_when_watched(session: Transactions, watched: Transactions) -> None:
    assert_same_when_watched(
        session,
        watched,
        lambda each: list(each.balances()),
        lambda each: each.read(1),
        lambda each: each.transfer(0, 1, 101),
        lambda each: each.transfer(2, 2, 10),
    )
    assert_tells_of(
        watched,
        (lambda: watched.transfer(0, 1, 10), ""),
        (lambda: watched.increment(0), ""),
        (lambda: watched.read(0), ""),
    )
    assert list(session.balances()) == [90, 110, 100, 100]
    assert counted(session) == [1, 0]


def check_the_session_describes_itself(open_session: Open) -> None:
    assert_describes_itself(home(open_session, accounts=100))


NUMBERS = st.integers(0, 3)
REQUESTS = st.one_of(
    st.tuples(st.just("transfer"), NUMBERS, NUMBERS, st.one_of(st.integers(0, 12), st.integers(0, 2**40))),
    st.tuples(st.just("increment"), NUMBERS),
    st.tuples(st.just("read"), NUMBERS),
    st.tuples(st.just("balances")),
)


def check_random_histories_agree_with_the_reference(open_session: Open) -> None:
    session, reference = open_session(), Reference(Address("memory://reference", "random histories"))

    @few_examples
    @given(st.sampled_from(list(session.LEVELS)), st.integers(0, 20), st.lists(REQUESTS, max_size=25))
    def agree(role: Role, cents: int, requests: list[Any]) -> None:
        for each in (session, reference):
            each.create(4, cents, 4)
        session.set_level(role)
        for name, *numbers in [*requests, ("balances",)]:
            answer, right = (getattr(each, name)(*numbers) for each in (session, reference))
            assert answer == right if isinstance(right, int) else list(answer) == right, (name, numbers)
        assert counted(session, 4) == counted(reference, 4)

    agree()
