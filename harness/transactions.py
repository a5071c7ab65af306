"""Transactions: accounts and counters, a record each, which sessions read, decide upon and write back, all at once.

What an application does that loads an object, changes it and saves it: the new value is computed by the client, never
by an `UPDATE … SET balance = balance - 1`, which would hide what isolation is for. For the same reason each record is
read and written by a statement of its own, also where the engine could change two in one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, get_args

from harness.session import Session

Role = Literal["none", "default", "strongest"]
"""Each statement by itself; a transaction as the engine begins one unless told otherwise; the safest that it has."""

ROLES: tuple[Role, ...] = get_args(Role)


class Conflict(Exception):
    """The engine refused a transaction because of others. Nothing of it was done; it may be tried again."""


class Transactions(Session):
    """Accounts and counters are numbered from 0; what happens to other numbers is not defined. Amounts are whole cents,
    from 0 to 2^53. After a Conflict the session goes on; after any other error a new one may be needed.
    """

    LEVELS: ClassVar[Mapping[Role, str]]
    """How the engine calls what it offers: {"none": "single statements", "default": "read committed", …}.

    "none" is always there. Without the others the engine has no transactions over several records.
    """

    @abstractmethod
    def create(self, accounts: int, cents: int, counters: int) -> None:
        """Drop all, and make so many accounts with so many cents each, and so many counters at 0."""

    @abstractmethod
    def set_level(self, role: Role) -> None:
        """How this session works from now on, "none" before; one of LEVELS.

        Raises `Unsupported` where the running server lacks what the engine could have.
        """

    @abstractmethod
    def transfer(self, source: int, target: int, cents: int) -> bool:
        """Read both balances and write both, with so much moved; False, and nothing moved, where it is not there.

        To itself an account transfers nothing: True where it is there. Raises Conflict where the engine gave it up; any
        other error leaves open whether it was done, and with single statements, whether only a part of it was.
        """

    @abstractmethod
    def balances(self) -> Sequence[int]:
        """Of every account, by number, read by one statement as the level allows. Raises Conflict."""

    @abstractmethod
    def increment(self, counter: int) -> int:
        """Read a counter, write it with one more, and return what was written. Raises Conflict like transfer."""

    @abstractmethod
    def read(self, counter: int) -> int:
        """Its value, in a transaction of its own where the level has any. Raises Conflict."""
