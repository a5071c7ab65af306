"""What all sessions of PostgreSQL share: the connection, prepared statements, the namespace, settling, facts, sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from struct import Struct
from typing import Any

import psycopg
import psycopg.abc
from psycopg import sql
from psycopg.adapt import Transformer
from psycopg.conninfo import make_conninfo
from psycopg.generators import execute, fetch_many
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

from adapters.postgres.shown import telling, telling_parameters
from harness.engine import Address
from harness.errors import UsageError

SETTINGS = (
    *("server_version", "block_size", "max_connections", "autovacuum", "jit", "plan_cache_mode", "enable_seqscan"),
    *("fsync", "full_page_writes", "synchronous_commit", "wal_level", "wal_sync_method", "wal_compression"),
    *("wal_buffers", "max_wal_size", "checkpoint_timeout", "shared_buffers", "huge_pages_status", "work_mem"),
    *("maintenance_work_mem", "effective_cache_size", "io_method", "effective_io_concurrency", "seq_page_cost"),
    *("random_page_cost", "max_parallel_workers", "max_parallel_workers_per_gather"),
    *("max_parallel_maintenance_workers", "shared_preload_libraries"),
)
# Parameters and answers travel in binary: numbers need no digits, and text is the same bytes either way.
BINARY, TEXT = int(Format.BINARY), int(Format.TEXT)
TUPLES_OK, COMMAND_OK = int(ExecStatus.TUPLES_OK), int(ExecStatus.COMMAND_OK)
EMPTY_QUERY = int(ExecStatus.EMPTY_QUERY)
# Else even a statement that is not kept gets a plan for unknown parameters.
PLAN_ANEW = b"SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"

int4: Callable[[int], bytes] = Struct(">i").pack
int8: Callable[[int], bytes] = Struct(">q").pack


@dataclass(frozen=True)
class Prepared:
    name: bytes
    formats: list[int]
    loaders: psycopg.abc.Transformer  # Looked up once for the types of the answer.


class Client:
    """One connection, of one thread at a time, and the statements that are prepared on it.

    Statements go through psycopg's own binding of libpq and answers through its C loaders. Against Cursor.execute this
    saves a third of the client's time, and a call leaves Python once, until the whole answer is there.
    """

    def __init__(self, address: Address, parameters: int = BINARY) -> None:
        """`parameters`: how they travel; TEXT for those whose types only the server knows."""
        self.connection = psycopg.connect(
            make_conninfo(address.url, dbname=address.namespace, client_encoding="UTF8"),
            autocommit=True,
            prepare_threshold=None,
        )
        self._server = self.connection.pgconn
        self._parameters = parameters
        self._prepared: dict[str, Prepared] = {}
        self.set("synchronous_commit", "on" if address.durability == "durable" else "off")
        # The statements here have one good plan, whatever their parameters; `rows_planned` is for the others.
        self.set("plan_cache_mode", "force_generic_plan")

    def rows(self, statement: str, *parameters: bytes | None) -> list[tuple[Any, ...]]:
        """The whole answer to a statement that is prepared when it first comes.

        Raises the subclass of psycopg.Error that belongs to the server's complaint.
        """
        prepared = self._prepared.get(statement) or self._prepare(statement)
        # Its stub knows lists only; tuples are what it takes as well.
        result = self._server.exec_prepared(prepared.name, parameters, prepared.formats, BINARY)  # type: ignore[arg-type]
        if result.status != TUPLES_OK:
            self._expect(COMMAND_OK, result)
            return []
        loaders = prepared.loaders
        loaders.set_pgresult(result, set_loaders=False)
        rows = loaders.load_rows(0, result.ntuples, tuple)
        loaders.set_pgresult(None, set_loaders=False)  # Else each statement would keep its last answer in memory.
        return rows

    def rows_planned(self, statement: str, *parameters: bytes) -> list[tuple[Any, ...]]:
        """Like `rows`, but planned anew for these very parameters: they decide which plan is good."""
        server, wait = self._server, self.connection.wait
        server.enter_pipeline_mode()  # One round trip, and one transaction, with which the setting ends.
        server.send_query_params(PLAN_ANEW, None)
        server.send_query_params(statement.encode(), parameters, None, [BINARY] * len(parameters), BINARY)
        server.pipeline_sync()
        _, (result,), _ = wait(execute(server)), wait(fetch_many(server)), wait(fetch_many(server))
        server.exit_pipeline_mode()
        self._expect(TUPLES_OK, result)
        loaders = Transformer(self.connection)
        loaders.set_pgresult(result)
        return loaders.load_rows(0, result.ntuples, tuple)

    def set(self, name: str, value: str) -> None:
        """Set a parameter of this session. Plans that are prepared already do not heed it: see `forget`."""
        self.rows_planned("SELECT set_config($1, $2, false)", name.encode(), value.encode())

    def forget(self) -> None:
        """Drop all prepared statements, because tables or settings that their plans depend on have changed."""
        self.command("DEALLOCATE ALL")
        self._prepared.clear()

    def execute(self, *statements: str) -> None:
        """Commands without an answer, each in a transaction of its own unless one is open."""
        for statement in statements:
            self.command(statement)

    def command(self, statement: str) -> psycopg.Cursor[Any]:
        """A statement without parameters, not prepared."""
        return self.connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is sent meanwhile. By statements, so that watchers see where it begins and ends."""
        self.execute("BEGIN")
        try:
            yield
        except BaseException:
            with suppress(psycopg.Error):  # Where the connection is lost, so is the transaction.
                self.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    @contextmanager
    def copying(self, statement: str) -> Iterator[psycopg.Copy]:
        """A COPY, and what its rows are written to."""
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            yield copy

    def copy(self, target: str, chunks: Iterable[bytes]) -> None:
        """COPY rows in binary into `target`, a table with or without columns. Chunks are whole or parts of rows."""
        with self.copying(f"COPY {target} FROM STDIN (FORMAT binary)") as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for chunk in chunks:
                copy.write(chunk)
            copy.write(b"\xff\xff")

    def columns(self, table: str) -> list[str]:
        """Names of a table's columns, in order. Raises psycopg.errors.UndefinedTable where there is none."""
        description = self.command(f"SELECT * FROM {table} LIMIT 0").description
        return [column.name for column in description or ()]

    def ping(self) -> None:
        """An empty statement, prepared as all are. SELECT 1 takes a fifth longer, and there is nothing to tell of."""
        prepared = self._prepared.get("") or self._prepare("")
        self._expect(EMPTY_QUERY, self._server.exec_prepared(prepared.name, (), [], BINARY))

    def watch(self, sink: Callable[[str], None] | None) -> None:
        """Methods of this one instance make a detour; the class, and so who is not watched, stays as it is."""
        for name in ("rows", "rows_planned", "command", "copying"):
            with suppress(AttributeError):  # Not watched before.
                delattr(self, name)
        if sink:
            for name in ("command", "copying"):
                setattr(self, name, telling(sink, getattr(self, name)))
            for name in ("rows", "rows_planned"):
                setattr(self, name, telling_parameters(sink, getattr(self, name), self._server, self._parameters))

    def settle(self, *tables: str) -> None:
        """Plan with true statistics, and leave no vacuum or checkpoint of what is written to the time after."""
        self.execute(f"VACUUM (ANALYZE) {', '.join(tables)}")
        with suppress(psycopg.errors.InsufficientPrivilege):  # Clouds keep it to themselves.
            self.execute("CHECKPOINT")

    def facts(self, *more: str) -> dict[str, str]:
        """Settings as this session has them; those that the server does not know are left out."""
        names = (*SETTINGS, *more)
        found: dict[str, str] = dict(self.command("SELECT name, current_setting(name) FROM pg_settings").fetchall())
        return {
            "version": found["server_version"],
            **{name: found[name] for name in names if name in found},
            "client": f"psycopg {psycopg.__version__}, libpq {psycopg.pq.version()}, {psycopg.pq.__impl__}",
        }

    def size_bytes(self) -> int:
        """Tables with all that belongs to them, without the catalogue that every database has."""
        ((size,),) = self.rows(
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        )
        return int(size)

    def close(self) -> None:
        self.connection.close()

    def prepare(self, statement: str) -> None:
        """Ahead of `rows`. Raises like it."""
        if statement not in self._prepared:
            self._prepare(statement)

    def _prepare(self, statement: str) -> Prepared:
        name = b"s%d" % len(self._prepared)
        self._expect(COMMAND_OK, self._server.prepare(name, statement.encode()))
        described = self._server.describe_prepared(name)
        self._expect(COMMAND_OK, described)
        loaders = Transformer(self.connection)
        loaders.set_pgresult(described, format=Format.BINARY)
        self._prepared[statement] = Prepared(name, [self._parameters] * described.nparams, loaders)
        return self._prepared[statement]

    def _expect(self, status: int, result: PGresult) -> None:
        if result.status != status:
            if self._server.status != ConnStatus.OK:
                raise psycopg.OperationalError(result.get_error_message())
            raise psycopg.errors.error_from_result(result)


def quoted(name: str) -> str:
    """As an identifier in SQL."""
    return sql.Identifier(name).as_string()


def free_name(name: str, taken: Iterable[str]) -> str:
    """The name, or one like it, that no field or metric has."""
    while name in taken:
        name += "_"
    return name


def ping(url: str) -> str:
    with psycopg.connect(url, connect_timeout=1) as connection:
        return str(connection.info.parameter_status("server_version")).split()[0]


def create_namespace(address: Address) -> None:
    with psycopg.connect(address.url, autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [address.namespace]).rowcount == 0:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(
                    sql.Identifier(address.namespace)
                )
            )
            return
    with psycopg.connect(make_conninfo(address.url, dbname=address.namespace), autocommit=True) as connection:
        ((tables,),) = connection.execute(
            "SELECT count(*) FROM pg_class JOIN pg_namespace AS space ON space.oid = relnamespace"
            " WHERE relkind IN ('r', 'p', 'v', 'm', 'f')"
            " AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'"
        ).fetchall()
    if tables:
        raise UsageError(
            f"The database {address.namespace} of this PostgreSQL has {tables} tables and views; a run needs its own.\n"
            f"Choose another, or drop it: DROP DATABASE {quoted(address.namespace)}"
        )


def drop_namespace(address: Address) -> None:
    with psycopg.connect(address.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {quoted(address.namespace)} WITH (FORCE)")
