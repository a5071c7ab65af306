"""What sessions were told, against what is there in the end. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from harness.consistency.ledger import WEIGHTS, Ledger
from harness.consistency.record import Attempts, Consistency, Economy, Seen
from harness.transactions import Role


def judged(
    role: Role,
    level: str,
    economy: Economy,
    seconds: float,
    ledgers: Sequence[Ledger],
    balances: Sequence[int],
    counters: Sequence[int],
) -> Consistency:
    def exactly(name: str, of: int) -> Seen:
        seen = sum(getattr(ledger, name) for ledger in ledgers)
        return Seen(at_least=seen, at_most=seen, of=of)

    kinds = {kind: attempts(kind, ledgers) for kind in WEIGHTS}
    answered = sum(each.committed + each.refused for each in kinds.values())
    total = economy.accounts * economy.cents_each
    return Consistency(
        role=role,
        level=level,
        economy=economy,
        seconds=seconds,
        operations_per_second=answered / seconds,
        **kinds,
        errors=dict(sum((ledger.errors for ledger in ledgers), Counter())),
        lost_updates=lost(ledgers, counters),
        surplus_increments=surplus(ledgers, counters),
        money_cents=sum(balances) - total,
        money_of_cents=total,
        misplaced_cents=misplaced(economy.cents_each, ledgers, balances),
        impossible_sums=exactly("impossible_sums", kinds["sums"].committed),
        backward_reads=exactly("backward_reads", kinds["reads"].committed),
        stale_reads=exactly("stale_reads", kinds["reads"].committed),
    )


def attempts(kind: str, ledgers: Sequence[Ledger]) -> Attempts:
    tallies = [asdict(ledger.tallies[kind]) for ledger in ledgers]
    return Attempts(**{name: sum(tally[name] for tally in tallies) for name in tallies[0]})


def added(ledgers: Sequence[Ledger], name: str, number: int) -> int:
    return sum(getattr(ledger, name)[number] for ledger in ledgers)


def lost(ledgers: Sequence[Ledger], counters: Sequence[int]) -> Seen:
    """A counter's final value is how many increments it holds, since each makes one more of what it read.

    Fewest acknowledged ones are lost where none of these is unknown; most where all unknown ones are among them.
    """
    at_least = at_most = of = 0
    for counter, held in enumerate(counters):
        acknowledged = added(ledgers, "increments", counter)
        unknown = added(ledgers, "maybe_increments", counter)
        at_least += max(0, acknowledged - held)
        at_most += min(acknowledged, max(0, acknowledged + unknown - held))
        of += acknowledged
    return Seen(at_least=at_least, at_most=at_most, of=of)


def surplus(ledgers: Sequence[Ledger], counters: Sequence[int]) -> Seen:
    """What is left of the final values even if all unknown increments were done, or if none was."""
    at_least = at_most = 0
    for counter, held in enumerate(counters):
        acknowledged = added(ledgers, "increments", counter)
        unknown = added(ledgers, "maybe_increments", counter)
        at_least += max(0, held - acknowledged - unknown)
        at_most += max(0, held - acknowledged)
    return Seen(at_least=at_least, at_most=at_most, of=sum(counters))


def misplaced(cents_each: int, ledgers: Sequence[Ledger], balances: Sequence[int]) -> Seen:
    """Differences of final balances, either way, from those that the acknowledged transfers lead to.

    Unknown transfers may have taken from an account all, some or nothing of what they wanted, and likewise put to it:
    its right balance lies between two numbers. At least, it is the one next to what is there; at most, the farthest.
    """
    at_least = at_most = 0
    for account, held in enumerate(balances):
        right = cents_each + added(ledgers, "gained", account)
        lowest = right - added(ledgers, "maybe_taken", account)
        highest = right + added(ledgers, "maybe_put", account)
        at_least += max(0, lowest - held, held - highest)
        at_most += max(abs(held - lowest), abs(held - highest))
    return Seen(at_least=at_least, at_most=at_most, of=2 * sum(ledger.moved_cents for ledger in ledgers))
