"""Transactions: one document an account, one a counter, read and written by _id.

A transaction is a number in a session of the server; both are fields of each of its commands. What drivers do around
that is done here as well: a session sees what it saw and wrote before (causal consistency), and a commit whose outcome
is not known is asked for once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from typing import Any, ClassVar
from uuid import uuid4

from bson.binary import Binary
from bson.int64 import Int64
from pymongo.errors import ConnectionFailure, PyMongoError, WriteConcernError

from adapters.mongo.client import Database, Document, raise_write_errors
from harness.engine import Address
from harness.errors import Unsupported
from harness.transactions import Conflict, Role, Transactions

ALL_AT_ONCE = 100_000  # Documents of one batch, where the server would else send 101 first.
MAJORITY = {"w": "majority"}
REFUSED, REPEATABLE = "TransientTransactionError", "RetryableWriteError"  # As the server labels its errors.


class Transactional(Database):
    """A Database whose commands belong to the transaction that is open, if one is."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.address = address
        self.session = {"id": Binary.from_uuid(uuid4())}
        self.number = 0
        self.fields: Document = {}  # What the next command of an open transaction carries.
        self.seen: Any = None  # The server's time at the last answer within a transaction.

    def run(self, command: Document) -> Document:
        if not self.fields:
            return super().run(command)
        command |= self.fields
        self.fields = self.belonging()
        reply = super().run(command)
        self.seen = reply.get("operationTime", self.seen)
        return reply

    def write(self, command: Document) -> None:
        """Within a transaction it is the commit that has a write concern."""
        if self.fields:
            raise_write_errors(self.run(command))
        else:
            super().write(command)

    @contextmanager
    def transaction(self, read_concern: Document, write_concern: Document) -> Iterator[None]:
        """All or nothing of what is run meanwhile. Concerns that are empty are not sent: the server has defaults."""
        self.number += 1
        read_concern = {**read_concern, **({"afterClusterTime": self.seen} if self.seen else {})}
        begin = {"startTransaction": True, **({"readConcern": read_concern} if read_concern else {})}
        self.fields = {**self.belonging(), **begin}
        try:
            yield
            self.commit(write_concern)
        except BaseException as problem:
            with suppress(PyMongoError):  # Mostly the server has done so by itself.
                self.administer({"abortTransaction": 1})
            if isinstance(problem, PyMongoError) and problem.has_error_label(REFUSED):
                raise Conflict(str(problem)) from problem
            raise
        finally:
            self.fields = {}

    def belonging(self) -> Document:
        return {"lsid": self.session, "txnNumber": Int64(self.number), "autocommit": False}

    def commit(self, write_concern: Document) -> None:
        """Once more where nobody knows whether it was done. The server does it once, and then says that it is done."""
        try:
            self.end(write_concern)
        except PyMongoError as problem:
            lost = isinstance(problem, ConnectionFailure)
            unknown = lost or isinstance(problem, WriteConcernError) or problem.has_error_label(REPEATABLE)
            if not unknown or problem.has_error_label(REFUSED):
                raise
            if lost:
                self.connect_again()
            self.end(MAJORITY)

    def end(self, write_concern: Document) -> None:
        concern = {"writeConcern": write_concern} if write_concern else {}
        raise_write_errors(self.administer({"commitTransaction": 1, **concern}))

    def connect_again(self) -> None:
        """Unwatched. The session is the server's, and goes on in any connection."""
        fresh = Database(self.address)
        self.connection, self.send_message = fresh.connection, fresh.send_message

    def close(self) -> None:
        with suppress(PyMongoError):  # Else the server keeps it for half an hour.
            self.administer({"endSessions": [self.session]})
        super().close()


class Session(Transactions):
    LEVELS: ClassVar[Mapping[Role, str]] = {
        "none": "single operations",
        "default": "transaction, default concerns",
        "strongest": "transaction, snapshot, majority",
    }

    def __init__(self, address: Address) -> None:
        self.database = Transactional(address)
        self.set_level("none")

    def create(self, accounts: int, cents: int, counters: int) -> None:
        for name, count, value in (("accounts", accounts, cents), ("counters", counters, 0)):
            self.database.drop(name)
            self.database.run({"create": name})
            self.database.insert(name, ({"_id": number, "value": value} for number in range(count)))
        # This changes nothing, and returns when a majority has all that came before: a snapshot is of what that has.
        nothing = {"q": {"_id": None}, "u": {"$set": {"value": 0}}}
        raise_write_errors(self.database.run({"update": "counters", "updates": [nothing], "writeConcern": MAJORITY}))

    def set_level(self, role: Role) -> None:
        self.transaction: Callable[[], AbstractContextManager[None]] = nullcontext
        if role != "none":
            hello = self.database.run({"hello": 1})
            if "setName" not in hello and hello.get("msg") != "isdbgrid":
                raise Unsupported("a stand-alone mongod has no transactions", "start it with --replSet")
            concerns = ({"level": "snapshot"}, MAJORITY) if role == "strongest" else ({}, {})
            self.transaction = partial(self.database.transaction, *concerns)

    def transfer(self, source: int, target: int, cents: int) -> bool:
        with self.transaction():
            held, other = self.value("accounts", source), self.value("accounts", target)
            if held < cents:
                return False
            if source != target:
                self.put("accounts", source, held - cents)
                self.put("accounts", target, other + cents)
        return True

    def balances(self) -> Sequence[int]:
        with self.transaction():
            command = {"find": "accounts", "sort": {"_id": 1}, "batchSize": ALL_AT_ONCE}
            return [each["value"] for each in self.database.fetch(command)]

    def increment(self, counter: int) -> int:
        with self.transaction():
            value = self.value("counters", counter) + 1
            self.put("counters", counter, value)
        return value

    def read(self, counter: int) -> int:
        with self.transaction():
            return self.value("counters", counter)

    def ping(self) -> None:
        self.database.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self.database.watch(sink)

    def settle(self) -> None:
        self.database.settle()

    def facts(self) -> dict[str, str]:
        return self.database.facts()

    def design(self) -> str:
        return (
            "a document for each account and counter; find, then update with $set, by _id; in transactions (lsid and"
            " txnNumber, write conflicts are aborted at once) or as single operations"
        )

    def size_bytes(self) -> int:
        return self.database.size_bytes()

    def close(self) -> None:
        self.database.close()

    def value(self, collection: str, number: int) -> int:
        (found,) = self.database.run({"find": collection, "filter": {"_id": number}})["cursor"]["firstBatch"]
        return int(found["value"])

    def put(self, collection: str, number: int, value: int) -> None:
        update = {"q": {"_id": number}, "u": {"$set": {"value": value}}}
        self.database.write({"update": collection, "updates": [update]})
