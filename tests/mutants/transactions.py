"""Broken transaction adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from itertools import count
from time import sleep
from typing import Any, ClassVar, cast

from adapters.memory.transactions import Session
from harness.engine import Address
from harness.transactions import Conflict, Role
from tests.conformance import transactions as checks
from tests.mutants import rejected_by

ROUND_TRIP_SECONDS = 0.0005  # During which others write.


@rejected_by(checks.check_levels_have_names)
class LevelsLackTheWeakest(Session):
    LEVELS: ClassVar[Mapping[Role, str]] = {"strongest": "one lock"}


@rejected_by(checks.check_levels_have_names)
class LevelsAreNotTold(Session):
    LEVELS: ClassVar[Mapping[Role, str]] = {"none": "", "strongest": "one lock"}


@rejected_by(checks.check_levels_have_names)
class OneLevelHasTwoRoles(Session):
    LEVELS: ClassVar[Mapping[Role, str]] = {"none": "no lock", "default": "no lock", "strongest": "one lock"}


@rejected_by(checks.check_a_new_home_is_as_told)
class CountersStartAtOne(Session):
    def create(self, accounts: int, cents: int, counters: int) -> None:
        super().create(accounts, cents, counters)
        self.counters[:] = [1] * counters


@rejected_by(checks.check_a_new_home_is_as_told, checks.check_create_starts_anew)
class CreateMakesOneMore(Session):
    def create(self, accounts: int, cents: int, counters: int) -> None:
        super().create(accounts + 1, cents, counters)


@rejected_by(checks.check_create_starts_anew)
class CreateKeepsCounters(Session):
    def create(self, accounts: int, cents: int, counters: int) -> None:
        before = list(self.counters)
        super().create(accounts, cents, counters)
        self.counters[: len(before)] = before


@rejected_by(checks.check_create_starts_anew)
class TheNumberOfAccountsIsRemembered(Session):
    known = 0

    def balances(self) -> Sequence[int]:
        self.known = self.known or len(self.accounts)
        return super().balances()[: self.known]


@rejected_by(checks.check_there_may_be_many_accounts)
class BalancesAreInTheOrderOfTexts(Session):
    def balances(self) -> Sequence[int]:
        found = super().balances()
        return [found[account] for account in sorted(range(len(found)), key=str)]


@rejected_by(checks.check_there_may_be_many_accounts)
class BalancesAreOneBatch(Session):
    def balances(self) -> Sequence[int]:
        return super().balances()[:101]


@rejected_by(checks.check_an_answer_does_not_change_later)
class BalancesAreTheStore(Session):
    def balances(self) -> Sequence[int]:
        return self.accounts


@rejected_by(checks.check_a_transfer_moves_exactly_what_it_should, checks.check_data_survives_settling)
class TransfersTakeAFee(Session):
    def transfer(self, source: int, target: int, cents: int) -> bool:
        moved = super().transfer(source, target, cents)
        self.accounts[target] -= moved
        return moved


@rejected_by(
    checks.check_a_transfer_moves_exactly_what_it_should,
    checks.check_random_histories_agree_with_the_reference,
    checks.check_watching_changes_no_answer,
)
class TransfersGoTheOtherWay(Session):
    def transfer(self, source: int, target: int, cents: int) -> bool:
        return super().transfer(target, source, cents)


@rejected_by(checks.check_what_is_not_there_is_not_moved, checks.check_random_histories_agree_with_the_reference)
class DebtIsAllowed(Session):
    def transfer(self, source: int, target: int, cents: int) -> bool:
        if source != target:
            self.accounts[source] -= cents
            self.accounts[target] += cents
        return True


@rejected_by(checks.check_what_is_not_there_is_not_moved)
class WhatIsThereIsMoved(Session):
    def transfer(self, source: int, target: int, cents: int) -> bool:
        return super().transfer(source, target, cents) or not super().transfer(source, target, self.accounts[source])


@rejected_by(checks.check_what_is_not_there_is_not_moved, checks.check_nothing_is_an_amount)
class TheLastCentStays(Session):
    def transfer(self, source: int, target: int, cents: int) -> bool:
        return self.accounts[source] > cents and super().transfer(source, target, cents)


@rejected_by(checks.check_a_refused_transfer_keeps_nothing_from_others)
class RefusedTransfersStayOpen(Session):
    """What the session reads and writes afterwards belongs to a transaction that never ends."""

    def transfer(self, source: int, target: int, cents: int) -> bool:
        moved = super().transfer(source, target, cents)
        if not moved:
            self.accounts = list(self.accounts)
        return moved


@rejected_by(checks.check_a_transfer_to_itself_changes_nothing, checks.check_random_histories_agree_with_the_reference)
class TransfersToItselfMakeMoney(Session):
    def transfer(self, source: int, target: int, cents: int) -> bool:
        held, other = self.accounts[source], self.accounts[target]
        if held < cents:
            return False
        self.accounts[source] = held - cents
        self.accounts[target] = other + cents
        return True


@rejected_by(checks.check_a_transfer_to_itself_changes_nothing)
class TransfersToItselfAreRefused(Session):
    def transfer(self, source: int, target: int, cents: int) -> bool:
        return source != target and super().transfer(source, target, cents)


@rejected_by(checks.check_nothing_is_an_amount)
class NothingIsRefused(Session):
    def transfer(self, source: int, target: int, cents: int) -> bool:
        return cents > 0 and super().transfer(source, target, cents)


@rejected_by(checks.check_large_amounts_are_exact)
class AmountsAreFloatsOf32Bits(Session):
    def balances(self) -> Sequence[int]:
        return [cents if cents < 2**24 else cents >> 30 << 30 for cents in super().balances()]


@rejected_by(checks.check_an_increment_returns_what_is_then_read, checks.check_other_sessions_see_what_was_acknowledged)
class IncrementsReturnWhatWasRead(Session):
    def increment(self, counter: int) -> int:
        return super().increment(counter) - 1


@rejected_by(checks.check_an_increment_returns_what_is_then_read)
class IncrementsAreForAll(Session):
    def increment(self, counter: int) -> int:
        for each in range(len(self.counters)):
            if each != counter:
                super().increment(each)
        return super().increment(counter)


@rejected_by(checks.check_an_increment_returns_what_is_then_read)
class CountersStopAtTen(Session):
    def read(self, counter: int) -> int:
        return min(10, super().read(counter))


@rejected_by(checks.check_levels_change_and_the_data_stays)
class LevelsHaveDataOfTheirOwn(Session):
    def set_level(self, role: Role) -> None:
        super().set_level(role)
        if role == "none":
            self.counters = [0] * len(self.counters)


@rejected_by(checks.check_other_sessions_see_what_was_acknowledged, checks.check_data_stays_when_a_session_closes)
class NothingIsEverCommitted(Session):
    def increment(self, counter: int) -> int:
        self.counters = list(self.counters)
        return super().increment(counter)


@rejected_by(
    checks.check_other_sessions_see_what_was_acknowledged, checks.check_the_strongest_level_never_goes_back_in_time
)
class ReadsAreStale(Session):
    """Nine of ten reads are answered from what the first of them found."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.cache: dict[int, int] = {}
        self.reads = count()

    def read(self, counter: int) -> int:
        sleep(ROUND_TRIP_SECONDS)
        if next(self.reads) % 10 == 0:
            self.cache.clear()
        if counter not in self.cache:
            self.cache[counter] = super().read(counter)
        return self.cache[counter]


@rejected_by(checks.check_the_strongest_level_never_goes_back_in_time)
class ReadsGoBackInTime(Session):
    """A read goes to one of two replicas in turn, the second of which lags behind."""

    replica = 0
    reads = 0

    def read(self, counter: int) -> int:
        self.reads += 1
        sleep(ROUND_TRIP_SECONDS)
        if self.reads % 2:
            self.replica = super().read(counter)
            return self.replica
        return max(0, self.replica - 1)


@rejected_by(checks.check_data_stays_when_a_session_closes)
class CloseRollsBack(Session):
    last: int | None = None

    def increment(self, counter: int) -> int:
        self.last = counter
        return super().increment(counter)

    def close(self) -> None:
        if self.last is not None:
            self.counters[self.last] -= 1
        self.last = None


@rejected_by(checks.check_data_survives_settling)
class SettleBringsBackTheBeginning(Session):
    def create(self, accounts: int, cents: int, counters: int) -> None:
        super().create(accounts, cents, counters)
        self.begun = list(self.accounts)

    def settle(self) -> None:
        self.accounts[:] = self.begun


@rejected_by(checks.check_sessions_on_different_records_leave_each_other_alone)
class TransfersWriteBackAllAccounts(Session):
    def transfer(self, source: int, target: int, cents: int) -> bool:
        accounts = list(self.accounts)
        sleep(ROUND_TRIP_SECONDS)
        moved = super().transfer(source, target, cents)
        if moved and source != target:
            accounts[source] -= cents
            accounts[target] += cents
            self.accounts[:] = accounts
        return moved


@rejected_by(checks.check_sessions_on_different_records_leave_each_other_alone)
class IncrementsWriteBackAllCounters(Session):
    def increment(self, counter: int) -> int:
        counters = list(self.counters)
        counters[counter] += 1
        sleep(ROUND_TRIP_SECONDS)
        self.counters[:] = counters
        return counters[counter]


@rejected_by(checks.check_the_strongest_level_keeps_every_cent_and_increment)
class TransfersForgetTheirLock(Session):
    def transfer(self, source: int, target: int, cents: int) -> bool:
        held, other = self.accounts[source], self.accounts[target]
        if held < cents:
            return False
        sleep(ROUND_TRIP_SECONDS)
        if source != target:
            self.accounts[source], self.accounts[target] = held - cents, other + cents
        return True


@rejected_by(checks.check_the_strongest_level_keeps_every_cent_and_increment)
class IncrementsForgetTheirLock(Session):
    def increment(self, counter: int) -> int:
        value = self.counters[counter] + 1
        sleep(ROUND_TRIP_SECONDS)
        self.counters[counter] = value
        return value


@rejected_by(checks.check_the_strongest_level_keeps_every_cent_and_increment)
class ConflictsLeaveHalfOfIt(Session):
    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.transfers = count(1)

    def transfer(self, source: int, target: int, cents: int) -> bool:
        if next(self.transfers) % 5 == 0:
            with self.transaction:
                self.accounts[source] -= 1
            raise Conflict("half of it is done")
        return super().transfer(source, target, cents)


@rejected_by(checks.check_the_strongest_level_keeps_every_cent_and_increment)
class ConflictsAreDoneAllTheSame(Session):
    increments = 0

    def increment(self, counter: int) -> int:
        self.increments += 1
        value = super().increment(counter)
        if self.increments % 5 == 0:
            raise Conflict("it is done")
        return value


@rejected_by(checks.check_the_strongest_level_keeps_every_cent_and_increment)
class NothingIsDoneAfterAConflict(Session):
    increments = 0

    def increment(self, counter: int) -> int:
        self.increments += 1
        if self.increments == 7:
            raise Conflict("the transaction is aborted, commands are ignored until its end")
        return super().increment(counter) if self.increments < 7 else self.counters[counter] + 1


@rejected_by(checks.check_the_strongest_level_keeps_every_cent_and_increment)
class ConflictsNeverEnd(Session):
    def increment(self, counter: int) -> int:
        if self.transaction is self.lock:
            raise Conflict("again")
        return super().increment(counter)


@rejected_by(checks.check_the_strongest_level_reads_whole_sums)
class BalancesAreReadOneByOne(Session):
    def balances(self) -> Sequence[int]:
        found = []
        for account in range(len(self.accounts)):
            sleep(ROUND_TRIP_SECONDS / 10)
            found.append(self.accounts[account])
        return found


@rejected_by(checks.check_the_strongest_level_reads_whole_sums)
class TransfersShowTheirHalf(Session):
    def balances(self) -> Sequence[int]:
        sleep(ROUND_TRIP_SECONDS)
        return super().balances()

    def transfer(self, source: int, target: int, cents: int) -> bool:
        with self.transaction:
            if source == target or self.accounts[source] < cents:
                return self.accounts[source] >= cents
            self.accounts[source] -= cents
        sleep(ROUND_TRIP_SECONDS)
        with self.transaction:
            self.accounts[target] += cents
        return True


@rejected_by(checks.check_a_ping_changes_nothing)
class PingsAreCounted(Session):
    def ping(self) -> None:
        if self.counters:
            self.increment(0)


@rejected_by(checks.check_a_watched_session_tells_of_every_request)
class TransfersAreNotTold(Session):
    def watch(self, sink: Callable[[str], None] | None) -> None:
        super().watch(sink)
        vars(self).pop("transfer")


@rejected_by(checks.check_a_watched_session_tells_of_every_request)
class WatchedParametersAreMissing(Session):
    def watch(self, sink: Callable[[str], None] | None) -> None:
        super().watch(sink and (lambda text: sink(text.partition("(")[0])))


@rejected_by(checks.check_a_watched_session_tells_of_every_request)
class WatchingNeverEnds(Session):
    def watch(self, sink: Callable[[str], None] | None) -> None:
        if sink:
            super().watch(sink)


@rejected_by(checks.check_watching_changes_no_answer)
class WatchedSessionsHaveNoTransactions(Session):
    def watch(self, sink: Callable[[str], None] | None) -> None:
        super().watch(sink)
        if sink:
            self.transaction, self.accounts = nullcontext(), list(self.accounts)


@rejected_by(checks.check_the_session_describes_itself)
class FactsAreNumbers(Session):
    def facts(self) -> dict[str, str]:
        return {**super().facts(), "lock": cast(Any, 1)}
