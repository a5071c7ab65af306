"""One connection of pymongo to one database, and what every capability asks of the server.

Microseconds of client CPU for a read by key, one thread: Collection.find_one 164, Database.command 144,
Connection.command 84, Connection.send_message and receive_message 69, a bare socket 57. The last but one it is: the
connection is made by the driver from its URL (users, TLS, the primary of a replica set) and the driver's own codec
encodes and decodes, but no client selects a server, takes a connection from a pool and lends a session for each call,
nor do monitoring threads run beside the sessions. (Public names, though pymongo's manual begins a layer above: facts()
says which version it was.)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from struct import Struct
from typing import Any

import pymongo
from bson import decode, encode
from pymongo import MongoClient
from pymongo.errors import OperationFailure, WriteConcernError, WriteError
from pymongo.synchronous.pool import Pool

from adapters.mongo.shown import Send, telling
from harness.engine import Address
from harness.errors import EnvironmentProblem

Document = dict[str, Any]

SELECTION_MILLISECONDS = 5_000
PRIMARY_SECONDS = 30  # Until a set of one has elected its only member.
PAUSE_SECONDS = 0.02  # Between two looks at it.
HEADER = Struct("<iiiiIB")  # Length, request, response to, operation code, flags, kind of the one section.
OP_MSG = 2013
LAST_REQUEST = 2**31 - 1
BULK_STATEMENTS = 1_000  # In one message: enough for its round trip not to matter, few enough for two to overlap.
COMMAND_BYTES = 16_000_000  # The server takes a little more.
NAMESPACE_NOT_FOUND = 26
DUPLICATE_KEY = 11_000


class Database:
    def __init__(self, address: Address) -> None:
        client = MongoClient[Document](
            address.url, serverSelectionTimeoutMS=SELECTION_MILLISECONDS, serverMonitoringMode="poll"
        )
        with client:
            server, options = client.address, client.options.pool_options
        assert server is not None, "a server was selected, or an error raised"
        self.connection = Pool(server, options).connect()
        self.send_message: Send = self.connection.send_message
        self.name = address.namespace
        self.write_concern = {"w": 1, "j": address.durability == "durable"}
        self.request = 0

    def run(self, command: Document) -> Document:
        """The reply to a command, which is changed. Raises OperationFailure where the server refuses it."""
        command["$db"] = self.name
        self.send(encode(command))
        return self.receive()

    def write(self, command: Document) -> None:
        """Run a write, acknowledged as the durability class wants. Raises what the server says of any part of it."""
        command["writeConcern"] = self.write_concern
        raise_write_errors(self.run(command))

    def batches(self, command: Document) -> Iterator[list[Document]]:
        """What a command with a cursor finds, as the server cuts it."""
        collection = next(iter(command.values()))
        cursor = self.run(command)["cursor"]
        yield cursor["firstBatch"]
        while cursor["id"]:
            cursor = self.run({"getMore": cursor["id"], "collection": collection})["cursor"]
            yield cursor["nextBatch"]

    def fetch(self, command: Document) -> list[Document]:
        return list(chain.from_iterable(self.batches(command)))

    def aggregate(self, collection: str, pipeline: list[Document]) -> list[Document]:
        return self.fetch({"aggregate": collection, "pipeline": pipeline, "cursor": {}})

    def insert(self, collection: str, documents: Iterable[Document]) -> list[int]:
        """Insert many, in no order. The positions of those whose _id existed; what was there is as it was."""
        return self.bulk({"insert": collection, "ordered": False}, "documents", documents)

    def bulk(self, command: Document, section: str, statements: Iterable[Document]) -> list[int]:
        """A write of any number of statements. The positions of those whose key existed."""
        command |= {"$db": self.name, "writeConcern": self.write_concern}
        existed: list[int] = []
        sent: int | None = None
        for first, encoded in messages(command, section, statements):  # The server works while the next is encoded.
            if sent is not None:
                existed += self.receive_duplicates(sent)
            self.send(encoded)
            sent = first
        if sent is not None:
            existed += self.receive_duplicates(sent)
        return existed

    def receive_duplicates(self, first: int = 0) -> list[int]:
        reply = self.receive()
        errors = reply.get("writeErrors", [])
        reply["writeErrors"] = [error for error in errors if error["code"] != DUPLICATE_KEY]
        raise_write_errors(reply)
        return [first + error["index"] for error in errors]

    def insert_one(self, collection: str, document: Document) -> bool:
        """False if its _id exists; what is there is as it was."""
        command = {"insert": collection, "documents": [document], "writeConcern": self.write_concern, "$db": self.name}
        self.send(encode(command))
        return not self.receive_duplicates()

    def send(self, command: bytes) -> None:
        self.request = self.request % LAST_REQUEST + 1
        header = HEADER.pack(HEADER.size + len(command), self.request, 0, OP_MSG, 0, 0)
        self.send_message(header + command, 0)

    def receive(self) -> Document:
        """The reply to the last command; ProtocolError if it is another's, where a call before was interrupted."""
        reply = decode(self.connection.receive_message(self.request).raw_command_response())
        if not reply["ok"]:
            raise OperationFailure(reply["errmsg"], reply.get("code"), reply)
        return reply

    def drop(self, collection: str) -> None:
        try:
            self.run({"drop": collection})
        except OperationFailure as problem:
            if problem.code != NAMESPACE_NOT_FOUND:  # Which newer servers do not mind.
                raise

    def count(self, collection: str) -> int:
        found = self.aggregate(collection, [{"$group": {"_id": None, "count": {"$sum": 1}}}])
        return int(found[0]["count"]) if found else 0

    def ping(self) -> None:
        self.run({"ping": 1})

    def watch(self, sink: Callable[[str], None] | None) -> None:
        plain = self.connection.send_message
        self.send_message = telling(sink, plain, HEADER) if sink else plain

    def settle(self) -> None:
        """Writes are visible and indexed when acknowledged; here the journal and the data files catch up."""
        if not self.ask({"fsync": 1}):
            nothing = {"q": {"_id": None}, "u": {"$set": {"settled": True}}}
            raise_write_errors(self.run({"update": "nothing", "updates": [nothing], "writeConcern": {"j": True}}))

    def facts(self) -> dict[str, str]:
        """What the server tells this user: one without rights on the whole server learns less."""
        status = self.ask({"serverStatus": 1})
        engine, wired_tiger = status.get("storageEngine", {}), status.get("wiredTiger", {})
        started = self.ask({"getCmdLineOpts": 1}).get("parsed")
        hello = self.run({"hello": 1})
        facts = {
            "version": self.run({"buildInfo": 1})["version"],
            "topology": hello.get("setName") or hello.get("msg") or "stand-alone",
            "storage_engine": engine.get("name"),
            "storage_engine_persistent": engine.get("persistent"),
            "cache_bytes": wired_tiger.get("cache", {}).get("maximum bytes configured"),
            "journal": None if started is None else journal(started),
            "journal_commit_interval_ms": self.parameter("journalCommitInterval"),
            "checkpoint_interval_s": self.parameter("syncdelay"),
            "write_concern": ", ".join(f"{name}: {value}" for name, value in self.write_concern.items()),
            "classic_query_engine_forced": self.parameter("internalQueryForceClassicEngine"),
            "query_framework": self.parameter("internalQueryFrameworkControl"),
            "diagnostic_data": self.parameter("diagnosticDataCollectionEnabled"),
            "driver": f"pymongo {pymongo.version}, one connection, no implicit sessions",
        }
        return {name: str(value) for name, value in facts.items() if value is not None}

    def parameter(self, name: str) -> Any:
        return self.ask({"getParameter": 1, name: 1}).get(name)

    def ask(self, command: Document) -> Document:
        """The reply of the server as a whole; {} where it, or this user, has none."""
        try:
            return self.administer(command)
        except OperationFailure:
            return {}

    def administer(self, command: Document) -> Document:
        """The reply to a command that is for the server as a whole. Raises OperationFailure like run."""
        namespace, self.name = self.name, "admin"
        try:
            return self.run(command)
        finally:
            self.name = namespace

    def size_bytes(self) -> int:
        return int(self.run({"dbStats": 1})["totalSize"])

    def close(self) -> None:
        self.connection.close_conn(None)


def initiate(database: Database) -> None:
    """Make a replica set of one out of a server that was started to be in a set (--replSet) and is in none yet.

    Only a URL with directConnection=true reaches such a server: a client that asks the set for its members finds none.
    """
    if not database.run({"hello": 1}).get("isreplicaset"):
        return
    started = database.administer({"getCmdLineOpts": 1})["parsed"]
    replication, port = started["replication"], started.get("net", {}).get("port", 27017)
    name = replication.get("replSetName") or replication["replSet"]
    member = {"_id": 0, "host": f"127.0.0.1:{port}"}  # As the server reaches itself.
    database.administer({"replSetInitiate": {"_id": name, "members": [member]}})
    deadline = time.monotonic() + PRIMARY_SECONDS
    while not database.run({"hello": 1})["isWritablePrimary"]:
        if time.monotonic() > deadline:
            raise EnvironmentProblem(f"This MongoDB did not become the primary of its set within {PRIMARY_SECONDS} s.")
        time.sleep(PAUSE_SECONDS)


def messages(command: Document, section: str, statements: Iterable[Document]) -> Iterator[tuple[int, bytes]]:
    """The command with its statements in parts, encoded, each with the position of its first statement."""
    rest, first = iter(statements), 0
    while part := list(islice(rest, BULK_STATEMENTS)):
        yield from halves(command, section, part, first)
        first += len(part)


def halves(command: Document, section: str, part: list[Document], first: int) -> Iterator[tuple[int, bytes]]:
    encoded = encode({**command, section: part})
    half = len(part) // 2
    if len(encoded) <= COMMAND_BYTES or not half:
        yield first, encoded
    else:
        yield from halves(command, section, part[:half], first)
        yield from halves(command, section, part[half:], first + half)


def journal(started: Document) -> str:
    return "on" if started.get("storage", {}).get("journal", {}).get("enabled", True) else "off"


def raise_write_errors(reply: Document) -> None:
    for error in reply.get("writeErrors", []):
        raise WriteError(error["errmsg"], error["code"], error)
    if error := reply.get("writeConcernError"):
        raise WriteConcernError(error["errmsg"], error["code"], error)
