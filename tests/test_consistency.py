"""Engines that are broken in one way, and count how often: what is measured of them is that, or bounds that hold it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.transactions import Session as Memory
from harness import discover
from harness.consistency import (
    Consistency,
    Economy,
    Seen,
    anomalies,
    anomaly_score,
    doubts,
    in_words,
    measure,
)
from harness.consistency.judge import lost, misplaced, surplus
from harness.consistency.ledger import Ledger, requests
from harness.engine import Address
from harness.errors import Unsupported
from harness.sources import Server
from harness.transactions import Conflict, Role, Transactions
from tests.conftest import unavailable

ECONOMY = Economy(sessions=4, seconds=0.3, accounts=4, cents_each=1_000, counters=2, seed=7)
ALONE = msgspec.structs.replace(ECONOMY, sessions=1)


class Broken(Memory):
    """One lock around everything, and `faults` counts what the engine has done wrong."""

    faults: Counter[str]
    calls: Counter[str]
    broken = True
    works = False  # Unlike the session that looks at the end, which is told the truth.

    @classmethod
    def fresh(cls) -> type[Broken]:
        """A class of its own for each measurement, which all its sessions share."""
        return type(cls.__name__, (cls,), {"faults": Counter(), "calls": Counter()})

    def every(self, number: int, what: str) -> bool:
        """Is this call the next one to go wrong? To be asked under the lock."""
        self.calls[what] += 1
        return self.calls[what] % number == 0

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self.lock:
            yield

    def increment(self, counter: int) -> int:
        self.works = True
        return super().increment(counter)


def measured(engine: type[Broken], economy: Economy = ECONOMY) -> tuple[Consistency, Counter[str]]:
    broken = engine.fresh()
    found = measure(partial(broken, Address("memory://consistency", engine.__name__)), "strongest", economy)
    assert found.transfers.committed > 20
    assert found.increments.committed > 20
    assert msgspec.json.decode(msgspec.json.encode(found), type=Consistency) == found
    return found, broken.faults


def exactly(count: int, of: int) -> Seen:
    return Seen(at_least=count, at_most=count, of=of)


def nothing_of(found: Consistency, *but: str) -> None:
    """No anomaly was seen but these."""
    for name in ("lost_updates", "surplus_increments", "misplaced_cents", "impossible_sums", "backward_reads"):
        assert name in but or getattr(found, name).at_most == 0, name
    assert "stale_reads" in but or found.stale_reads.at_most == 0
    assert "money_cents" in but or found.money_cents == 0


def test_of_an_engine_with_one_lock_nothing_is_seen() -> None:
    found, _ = measured(Broken)
    nothing_of(found)
    assert anomalies(found) == doubts(found) == []
    assert found.errors == {}
    assert found.level == "one lock"
    assert found.money_of_cents == 4_000
    for kind in (found.transfers, found.increments, found.reads, found.sums):
        assert kind.committed > 0
        assert kind.conflicts == kind.failed == 0
    assert found.transfers.refused > 0
    answered = sum(k.committed + k.refused for k in (found.transfers, found.increments, found.reads, found.sums))
    assert found.operations_per_second == pytest.approx(answered / found.seconds)
    assert found.seconds == pytest.approx(0.3, abs=2)
    assert found.lost_updates.of == found.surplus_increments.of == found.increments.committed
    assert (found.impossible_sums.of, found.stale_reads.of) == (found.sums.committed, found.reads.committed)


class LosesUpdates(Broken):
    def increment(self, counter: int) -> int:
        with self.alone():
            value = self.counters[counter] + 1
            if self.every(10, "increment"):
                self.faults["lost"] += 1
            else:
                self.counters[counter] = value
            return value


def test_lost_updates_are_counted_one_by_one() -> None:
    found, faults = measured(LosesUpdates)
    assert faults["lost"] > 0
    assert found.lost_updates == exactly(faults["lost"], found.increments.committed)
    nothing_of(found, "lost_updates", "stale_reads")
    assert (
        anomalies(found)[0] == f"{faults['lost']:,} of {found.increments.committed:,} acknowledged increments are lost"
    )


class WritesBackWhatIsOld(Broken):
    """Two sessions read the same value, and both write it with one more."""

    def increment(self, counter: int) -> int:
        with self.alone():
            if self.every(10, "increment") and self.counters[counter]:
                self.faults["lost"] += 1
                return self.counters[counter]
            self.counters[counter] += 1
            return self.counters[counter]


def test_an_update_that_two_sessions_make_from_one_value_is_lost_once() -> None:
    found, faults = measured(WritesBackWhatIsOld)
    assert found.lost_updates == exactly(faults["lost"], found.increments.committed)
    nothing_of(found, "lost_updates")


class Leaks(Broken):
    cents = -3

    def transfer(self, source: int, target: int, cents: int) -> bool:
        with self.alone():
            if self.accounts[source] < cents:
                return False
            self.accounts[source] -= cents
            self.accounts[target] += cents
            if cents > 3 and self.every(7, "transfer"):
                self.accounts[target] += self.cents
                self.faults["cents"] += self.cents
            return True


class Prints(Leaks):
    cents = 3


@pytest.mark.parametrize("engine", [Leaks, Prints])
def test_money_that_is_destroyed_or_made_is_counted_to_the_cent(engine: type[Broken]) -> None:
    found, faults = measured(engine, msgspec.structs.replace(ECONOMY, cents_each=1_000_000))
    assert found.money_cents == faults["cents"] != 0
    assert found.misplaced_cents.at_least == found.misplaced_cents.at_most == abs(faults["cents"])
    assert found.misplaced_cents.of > abs(faults["cents"])
    assert 0 < found.impossible_sums.at_least < found.impossible_sums.of
    nothing_of(found, "money_cents", "misplaced_cents", "impossible_sums")
    kinds = (found.transfers, found.increments, found.reads, found.sums)
    assert anomaly_score(found) == abs(found.money_cents) / sum(kind.committed + kind.refused for kind in kinds)
    word = "destroyed" if engine is Leaks else "made from nothing"
    assert f"{abs(found.money_cents):,} cents were {word}, of 4,000,000" in anomalies(found)


class PaysTheWrongAccount(Broken):
    def transfer(self, source: int, target: int, cents: int) -> bool:
        with self.alone():
            if self.accounts[source] < cents:
                return False
            wrong = target != 0 and source != 0 and self.every(5, "transfer")
            self.faults["cents"] += 2 * cents * wrong
            self.accounts[source] -= cents
            self.accounts[0 if wrong else target] += cents
            return True


def test_money_in_the_wrong_account_is_misplaced_though_none_is_missing() -> None:
    found, faults = measured(PaysTheWrongAccount)
    assert found.misplaced_cents.at_least == found.misplaced_cents.at_most == faults["cents"] > 0
    nothing_of(found, "misplaced_cents")
    assert anomaly_score(found) == 0


class ReadsAReplica(Broken):
    """Every fifth read finds what was there one increment before."""

    def read(self, counter: int) -> int:
        with self.alone():
            value = self.counters[counter]
            if value and self.works and self.every(5, "read"):
                self.faults["stale"] += 1
                self.faults["backward"] += self.seen[counter] == value
                return value - 1
            self.seen[counter] = value
            return value

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.seen: Counter[int] = Counter()


def test_reads_that_are_stale_or_go_back_are_counted_one_by_one() -> None:
    found, faults = measured(ReadsAReplica, ALONE)
    assert faults["stale"] > faults["backward"] > 0
    assert found.stale_reads == exactly(faults["stale"], found.reads.committed)
    assert found.backward_reads == exactly(faults["backward"], found.reads.committed)
    nothing_of(found, "stale_reads", "backward_reads")


def test_among_others_no_more_reads_are_counted_as_stale_than_there_were() -> None:
    found, faults = measured(ReadsAReplica)
    assert 0 < found.stale_reads.at_least <= faults["stale"]
    assert found.backward_reads.at_least <= faults["stale"]
    nothing_of(found, "stale_reads", "backward_reads")


class ShowsHalfOfATransfer(Broken):
    def balances(self) -> Sequence[int]:
        with self.alone():
            found = list(self.accounts)
            if self.works and self.every(3, "balances"):
                self.faults["halves"] += 1
                found[self.faults["halves"] % len(found)] -= 5
            return found


def test_sums_of_what_never_was_are_counted_one_by_one() -> None:
    found, faults = measured(ShowsHalfOfATransfer)
    assert found.impossible_sums == exactly(faults["halves"], found.sums.committed)
    assert faults["halves"] > 0
    nothing_of(found, "impossible_sums")


class Fails(Broken):
    """An error in place of the answer, before or after it was done; and no more answers in that session."""

    done = True
    lost = False
    useless = False

    def failing(self, what: str) -> bool:
        if self.useless:
            raise AssertionError("a session was used on after an error")
        return self.every(9, what)

    def increment(self, counter: int) -> int:
        with self.alone():
            fails = self.failing("increment")
            if not fails and self.broken and self.every(11, "good increment"):
                self.faults["lost"] += 1
                return self.counters[counter] + 1
            if self.done or not fails:
                self.counters[counter] += 1
            return self.answer(fails, self.counters[counter])

    def transfer(self, source: int, target: int, cents: int) -> bool:
        with self.alone():
            fails = self.failing("transfer")
            if self.accounts[source] < cents:
                return bool(self.answer(fails, False))
            if self.done or not fails:
                self.accounts[source] -= cents
                self.accounts[target] += cents
            return bool(self.answer(fails, True))

    def answer(self, fails: bool, value: int) -> int:
        if fails:
            self.useless = True
            self.faults["errors"] += 1
            raise ConnectionError("the server closed the connection")
        return value


class FailsAfterIt(Fails):
    broken = False


class FailsBeforeIt(Fails):
    broken, done = False, False


class FailsBeforeItAndLosesUpdates(Fails):
    done = False


@pytest.mark.parametrize("engine", [Fails, FailsAfterIt, FailsBeforeIt, FailsBeforeItAndLosesUpdates])
def test_what_ended_in_an_error_is_unknown_and_bounds_hold_what_happened(engine: type[Fails]) -> None:
    found, faults = measured(engine)
    assert found.transfers.failed + found.increments.failed == faults["errors"] > 0
    assert found.errors == {"ConnectionError": faults["errors"]}
    assert found.lost_updates.at_least <= faults["lost"] <= found.lost_updates.at_most
    assert found.lost_updates.at_most - found.lost_updates.at_least <= found.increments.failed
    assert found.surplus_increments.at_least == 0
    assert found.misplaced_cents.at_least == found.money_cents == 0
    assert found.misplaced_cents.at_most > 0
    assert any(f"{faults['errors']:,} writes ended in an error" in doubt for doubt in doubts(found))


def test_if_all_that_is_unknown_was_done_nothing_can_be_lost() -> None:
    found, _ = measured(FailsAfterIt)
    assert found.lost_updates.at_most == 0
    assert found.surplus_increments.at_most == found.increments.failed > 0
    assert anomalies(found) == []


def test_if_nothing_that_is_unknown_was_done_as_much_may_be_lost() -> None:
    found, _ = measured(FailsBeforeIt)
    assert (found.lost_updates.at_least, found.lost_updates.at_most) == (0, found.increments.failed)
    assert anomalies(found) == []
    assert any("acknowledged increments may be lost" in doubt for doubt in doubts(found))


class StaysAway(Broken):
    """After its first error the server takes no connection until it was asked three times."""

    def __init__(self, address: Address) -> None:
        if self.faults["errors"] and self.faults["refusals"] < 3:
            self.faults["refusals"] += 1
            raise OSError("connection refused")
        super().__init__(address)

    def read(self, counter: int) -> int:
        with self.alone():
            if self.every(30, "read") and not self.faults["errors"]:
                self.faults["errors"] += 1
                raise ConnectionError("gone")
            return self.counters[counter]


def test_a_session_comes_back_once_its_server_does() -> None:
    found, _ = measured(StaysAway, msgspec.structs.replace(ALONE, seconds=0.5))
    assert found.errors == {"ConnectionError": 1, "OSError": 3}
    assert found.reads.failed == 1
    assert found.reads.committed > 30
    nothing_of(found)
    assert doubts(found) == []


class Refuses(Broken):
    """Every fourth write is a conflict, and in one that is broken it is done all the same."""

    broken = False

    def increment(self, counter: int) -> int:
        with self.alone():
            refused = self.every(4, "increment")
            if self.broken or not refused:
                self.counters[counter] += 1
            if refused:
                self.faults["increments"] += 1
                raise Conflict("try again")
            return self.counters[counter]

    def balances(self) -> Sequence[int]:
        with self.alone():
            if self.every(4, "balances"):
                self.faults["sums"] += 1
                raise Conflict("try again")
            return list(self.accounts)


class RefusesAndDoesIt(Refuses):
    broken = True


def test_conflicts_are_tried_again_and_counted() -> None:
    found, faults = measured(Refuses)
    assert found.increments.conflicts == faults["increments"] > 0
    assert faults["sums"] - found.sums.conflicts in (0, 1)  # Of all sums, one is the look at the end.
    nothing_of(found)


def test_a_conflict_that_was_done_is_a_surplus() -> None:
    found, faults = measured(RefusesAndDoesIt)
    assert found.surplus_increments == exactly(faults["increments"], found.increments.committed + faults["increments"])
    nothing_of(found, "surplus_increments")


class HasNoLock(Broken):
    LEVELS = {"none": "no lock"}  # noqa: RUF012


@pytest.mark.parametrize("role", ["default", "strongest"])
def test_a_level_that_there_is_not_is_unsupported(role: Role) -> None:
    with pytest.raises(Unsupported, match="no transactions"):
        measure(partial(HasNoLock.fresh(), Address("memory://consistency", "no lock")), role, ECONOMY)


def test_sessions_ask_for_the_same_whatever_the_engine_answers() -> None:
    def drawn(economy: Economy, number: int) -> list[tuple[str, Any]]:
        return [(kind, ask.args) for kind, ask in islice(requests(economy, number, []), 500)]  # type: ignore[attr-defined]

    assert drawn(ECONOMY, 1) == drawn(ECONOMY, 1)
    assert drawn(ECONOMY, 1) != drawn(ECONOMY, 2)
    assert drawn(ECONOMY, 1) != drawn(msgspec.structs.replace(ECONOMY, seed=8), 1)
    kinds = Counter(kind for kind, _ in drawn(ECONOMY, 1))
    assert min(kinds[kind] for kind in ("transfers", "increments", "reads", "sums")) > 20
    transfers = [asked for kind, asked in drawn(ECONOMY, 1) if kind == "transfers"]
    assert all(source != target and 1 <= cents <= 100 for source, target, cents in transfers)


# Bounds, where what became of each write is known.


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 3))
def test_bounds_of_lost_updates_hold_what_was_lost(
    kept: int, lost_ones: int, done: int, undone: int, more: int
) -> None:
    ledgers = [Ledger(), Ledger()]
    ledgers[0].increments[0] = kept
    ledgers[1].increments[0] = lost_ones
    ledgers[1].maybe_increments[0] = done + undone
    of_lost, of_surplus = lost(ledgers, [kept + done]), surplus(ledgers, [kept + done])
    assert of_lost.at_least <= lost_ones <= of_lost.at_most <= of_lost.of == kept + lost_ones
    assert of_surplus.at_least == 0
    too_many = surplus(ledgers, [kept + lost_ones + done + undone + more])
    assert too_many.at_least == more
    if not done + undone:
        assert of_lost == exactly(lost_ones, kept + lost_ones)
        assert too_many == exactly(more, kept + lost_ones + more)


@given(st.integers(0, 2**32))
def test_bounds_of_misplaced_cents_hold_what_was_misplaced(seed: int) -> None:
    random = Random(seed)
    ledger, balances, right = Ledger(), [500] * 3, [500] * 3
    for _ in range(random.randint(0, 12)):
        source, target = random.sample(range(3), 2)
        cents, fate = random.randint(1, 50), random.choice(["acknowledged", "unknown, done", "unknown, not done"])
        if fate == "acknowledged":
            ledger.moved_cents += cents
            ledger.gained[source] -= cents
            ledger.gained[target] += cents
        else:
            ledger.maybe_taken[source] += cents
            ledger.maybe_put[target] += cents
        if fate != "unknown, not done":
            for account, change in ((source, -cents), (target, cents)):
                balances[account] += change
                right[account] += change
    astray = [random.choice([0, 0, -7, 30]) for _ in range(3)]
    found = misplaced(500, [ledger], [held + cents for held, cents in zip(balances, astray, strict=True)])
    assert found.at_least <= sum(map(abs, astray)) <= found.at_most
    assert found.of == 2 * ledger.moved_cents
    if not ledger.maybe_taken:
        assert found.at_least == found.at_most == sum(map(abs, astray))


# Words.


def test_nothing_seen_is_never_called_impossible() -> None:
    found, _ = measured(Broken)
    said = in_words(found)
    assert said.startswith(f"None seen in {found.transfers.committed:,} transfers, {found.increments.committed:,} incr")
    assert "% of them are lost (95 % confidence)." in said
    assert not {"possible", "impossible", "never", "guaranteed"} & set(said.lower().split())


def test_what_is_seen_is_said_with_how_often_it_could_have_been() -> None:
    found, _ = measured(Broken)
    doubtful = msgspec.structs.replace(
        found,
        lost_updates=Seen(at_least=3, at_most=5, of=1_000),
        stale_reads=exactly(7, 2_000),
        increments=msgspec.structs.replace(found.increments, failed=2),
    )
    assert anomalies(doubtful) == [
        "3 to 5 of 1,000 acknowledged increments are lost",
        "7 of 2,000 reads of a counter found less than had been acknowledged before they were sent",
    ]
    assert in_words(doubtful) == (
        "3 to 5 of 1,000 acknowledged increments are lost. 7 of 2,000 reads of a counter found less than had been"
        " acknowledged before they were sent. 2 writes ended in an error and may have been done or not."
    )


def test_of_nothing_acknowledged_nothing_is_said() -> None:
    found, _ = measured(Broken)
    nothing = msgspec.structs.replace(found.transfers, committed=0)
    assert "nothing is known" in in_words(msgspec.structs.replace(found, transfers=nothing, increments=nothing))


# Real servers. The work is hot enough for them to lose hundreds of updates in this time where they can.

SECONDS = 2.0
HOT = Economy(sessions=8, seconds=SECONDS, accounts=4, cents_each=10_000, counters=2, seed=1)


def of_server(engine: str, role: Role, server_of: Callable[..., Server]) -> Consistency:
    session: Any = discover.session(engine, "transactions")
    open_session: Callable[[], Transactions] = partial(session, server_of(engine, transactions=True).address)
    try:
        return measure(open_session, role, HOT)
    except Unsupported as lack:
        unavailable(f"{engine} transactions: {lack}")


@pytest.mark.engines
@pytest.mark.parametrize(
    ("engine", "role"),
    [
        ("postgres", "strongest"),
        ("mongo", "default"),
        ("mongo", "strongest"),
        ("redis", "strongest"),
    ],
)
def test_isolation_that_is_strong_enough_shows_no_anomaly(
    engine: str, role: Role, server_of: Callable[..., Server]
) -> None:
    found = of_server(engine, role, server_of)
    nothing_of(found)
    assert anomalies(found) == []
    assert found.errors == {}
    assert found.transfers.conflicts > 0, "nobody was in anybody's way"
    assert min(found.transfers.committed, found.increments.committed, found.reads.committed) > 5


@pytest.mark.engines
@pytest.mark.parametrize(
    ("engine", "role"),
    [
        ("postgres", "none"),
        ("postgres", "default"),
        ("mongo", "none"),
        ("redis", "none"),
        ("redis", "default"),
        ("clickhouse", "none"),
    ],
)
def test_isolation_that_is_too_weak_loses_updates(engine: str, role: Role, server_of: Callable[..., Server]) -> None:
    found = of_server(engine, role, server_of)
    assert found.errors == {}
    assert found.lost_updates.at_least > 0
    assert found.lost_updates.at_least == found.lost_updates.at_most
    assert found.misplaced_cents.at_least > 0
    assert found.impossible_sums.at_least > 0
    assert found.surplus_increments.at_most == 0
    assert "acknowledged increments are lost" in in_words(found)


@pytest.mark.engines
def test_a_mongod_that_is_in_no_set_says_what_it_needs(server_of: Callable[..., Server]) -> None:
    session: Any = discover.session("mongo", "transactions")
    opened = session(server_of("mongo").address)
    try:
        if opened.facts()["topology"] != "stand-alone":
            pytest.skip("the server that --at names is in a set")
        opened.set_level("none")
        for role in ("default", "strongest"):
            with pytest.raises(Unsupported, match="--replSet"):
                opened.set_level(role)
        opened.create(2, 10, 1)
        assert opened.transfer(0, 1, 3)
        assert list(opened.balances()) == [7, 13]
    finally:
        opened.close()
