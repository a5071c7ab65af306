"""Statements as people read them: each parameter, which travels in binary, in a line of its own behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

from harness.wording import shortened

INTEGERS = (20, 21, 23)  # Object identifiers of types, the same in every PostgreSQL.

Tell = Callable[[str], None]


def telling(tell: Tell, method: Callable[[str], Any]) -> Callable[[str], Any]:
    """The method, which sends a statement without parameters, and tells of it first."""

    def told(statement: str) -> Any:
        tell(statement)
        return method(statement)

    return told


def telling_parameters(tell: Tell, method: Callable[..., Any], server: PGconn, format: int) -> Callable[..., Any]:
    def told(statement: str, *parameters: bytes | None) -> Any:
        tell("\n".join([statement, *as_read(server, statement, parameters, format)]))
        return method(statement, *parameters)

    return told


def as_read(server: PGconn, statement: str, parameters: Sequence[bytes | None], format: int) -> list[str]:
    """What the server itself reads in each parameter: it knows every type, those of extensions too."""
    if not parameters or server.prepare(b"", statement.encode()).status != ExecStatus.COMMAND_OK:
        return []  # A statement that is refused raises when it is sent for good.
    described = server.describe_prepared(b"")
    types = [described.param_type(index) for index in range(described.nparams)]
    texts = ", ".join(f"${number}::text" for number in range(1, len(types) + 1))
    answer = server.exec_params(f"SELECT {texts}".encode(), parameters, types, [format] * len(types))
    values = [answer.get_value(0, column) for column in range(answer.nfields)]
    return [f"-- ${n} = {literal(*each)}" for n, each in enumerate(zip(values, types, strict=False), 1)]


def literal(value: bytes | None, type: int) -> str:
    if value is None:
        return "NULL"
    return value.decode() if type in INTEGERS else shortened(repr(value.decode()))
