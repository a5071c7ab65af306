"""What a session asks for, and what it enters of the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

from harness.consistency.record import Economy
from harness.transactions import Conflict, Transactions

WEIGHTS = {"transfers": 4, "increments": 3, "reads": 2, "sums": 1}
LARGEST_SHARE = 10  # No transfer is of more than this part of what an account has at first.


@dataclass
class Tally:
    committed: int = 0
    refused: int = 0
    conflicts: int = 0
    failed: int = 0


def numbers() -> Counter[int]:
    """By the number of an account or a counter."""
    return Counter()


@dataclass
class Ledger:
    """What one session was told. Only its own thread writes it; others look at `acknowledged` meanwhile."""

    tallies: dict[str, Tally] = field(default_factory=lambda: {kind: Tally() for kind in WEIGHTS})
    errors: Counter[str] = field(default_factory=Counter)
    moved_cents: int = 0
    gained: Counter[int] = field(default_factory=numbers)  # Cents put to an account minus those taken from it.
    maybe_put: Counter[int] = field(default_factory=numbers)  # By transfers of which nobody knows.
    maybe_taken: Counter[int] = field(default_factory=numbers)
    increments: Counter[int] = field(default_factory=numbers)
    maybe_increments: Counter[int] = field(default_factory=numbers)
    acknowledged: Counter[int] = field(default_factory=numbers)  # The highest value that an increment returned.
    read: Counter[int] = field(default_factory=numbers)  # The highest value that was read.
    impossible_sums: int = 0
    backward_reads: int = 0
    stale_reads: int = 0


Request = Callable[[Transactions, Ledger], bool]
"""Asks the session and enters what it says; False where it rightly did nothing. Raises what the session raises."""


def requests(economy: Economy, number: int, ledgers: Sequence[Ledger]) -> Iterator[tuple[str, Request]]:
    """Those of one session, each with its kind: the same for every engine and level."""
    random, total = Random(f"{economy.seed} {number}"), economy.accounts * economy.cents_each
    kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
    while True:
        (kind,) = random.choices(kinds, weights)
        counter = random.randrange(economy.counters)
        source, target = random.sample(range(economy.accounts), 2)
        cents = random.randint(1, max(1, economy.cents_each // LARGEST_SHARE))
        if kind == "transfers":
            yield kind, partial(transfer, source, target, cents)
        elif kind == "increments":
            yield kind, partial(increment, counter)
        elif kind == "reads":
            yield kind, partial(read, counter, ledgers)
        else:
            yield kind, partial(add_up, total)


def transfer(source: int, target: int, cents: int, session: Transactions, ledger: Ledger) -> bool:
    try:
        moved = session.transfer(source, target, cents)
    except Conflict:
        raise
    except Exception:
        ledger.maybe_taken[source] += cents
        ledger.maybe_put[target] += cents
        raise
    if moved:
        ledger.moved_cents += cents
        ledger.gained[source] -= cents
        ledger.gained[target] += cents
    return moved


def increment(counter: int, session: Transactions, ledger: Ledger) -> bool:
    try:
        value = session.increment(counter)
    except Conflict:
        raise
    except Exception:
        ledger.maybe_increments[counter] += 1
        raise
    ledger.increments[counter] += 1
    ledger.acknowledged[counter] = max(value, ledger.acknowledged[counter])
    return True


def read(counter: int, ledgers: Sequence[Ledger], session: Transactions, ledger: Ledger) -> bool:
    known = max(each.acknowledged[counter] for each in ledgers)  # Looked up before the read is sent: no clock is asked.
    value = session.read(counter)
    ledger.stale_reads += value < known
    ledger.backward_reads += value < ledger.read[counter]
    ledger.read[counter] = max(value, ledger.read[counter])
    return True


def add_up(total: int, session: Transactions, ledger: Ledger) -> bool:
    ledger.impossible_sums += sum(session.balances()) != total
    return True
