"""What was asked for and what came out of it, as it is saved."""

from __future__ import annotations

from harness.transactions import Role
from harness.trial import Record


class Economy(Record, frozen=True):
    """What sessions work on. The fewer accounts and counters, the more they get in each other's way."""

    sessions: int
    seconds: float
    accounts: int  # Two or more.
    cents_each: int
    counters: int
    seed: int


class Attempts(Record, frozen=True):
    """What became of the requests of one kind. Each repetition after a conflict counts as one more."""

    committed: int  # Acknowledged or answered.
    refused: int  # Transfers of what was not there: answered, and rightly without effect. 0 for other kinds.
    conflicts: int  # Given up by the engine.
    failed: int  # Ended in any other error. Of a write that did, nobody knows whether it was done.


class Seen(Record, frozen=True):
    """How often an anomaly was seen, of how often it could have been. The bounds differ where writes are unknown."""

    at_least: int
    at_most: int
    of: int


class Consistency(Record, frozen=True):
    """One level of one engine."""

    role: Role
    level: str  # As the engine calls it.
    economy: Economy
    seconds: float  # That it took.
    operations_per_second: float  # Committed and refused ones, of all kinds.
    transfers: Attempts
    increments: Attempts
    reads: Attempts  # Of one counter.
    sums: Attempts  # Reads of all balances.
    errors: dict[str, int]  # By type: of requests that failed, and of attempts to connect again after one.
    lost_updates: Seen  # Acknowledged increments that the final values do not hold.
    surplus_increments: Seen  # Increments that they hold though no session made them; of all that they hold.
    money_cents: int  # Made (+) or destroyed (-) from beginning to end.
    money_of_cents: int  # What there was in the beginning, and should be at any time.
    misplaced_cents: Seen  # Over all accounts: differences from what was taken from them and put to them; of that.
    # Reads are judged by what should be. Where updates are lost, what is there is itself wrong from then on.
    impossible_sums: Seen  # Reads of all balances whose sum is not the money of the beginning, as it always should be.
    backward_reads: Seen  # Reads of a counter that found less than the same session had read before.
    stale_reads: Seen  # Reads that found less than increments of any session had written and acknowledged before.
