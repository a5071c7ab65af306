"""A server that is already there gets a namespace, keeps running, and its password stays unsaid."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.engine import Address
from harness.errors import UsageError
from harness.sources import open_server, process, redact
from harness.sources.order import Order
from harness.sources.ping import reason
from tests.sources.toy_server import Namespaces, answer, folders, order, told, toy

__all__ = ["folders", "order"]


@pytest.fixture
def there(order: Order) -> Iterator[str]:
    with open_server("there", toy(), order) as server:
        yield server.address.url


def test_a_server_that_is_there_gets_a_namespace_and_keeps_running(there: str, order: Order) -> None:
    noted = Namespaces()
    engine = toy(create_namespace=noted.create, drop_namespace=noted.drop)
    with open_server("toy", engine, replace(order, source="at", url=there)) as server:
        assert (server.source, server.pid, server.cpus, server.memory_bytes) == ("at", None, (), None)
        assert noted.calls == ["create ours"]
    assert noted.calls == ["create ours", "drop ours"]
    assert answer(there)


def test_its_namespace_is_dropped_after_an_error_too(there: str, order: Order) -> None:
    noted = Namespaces()
    engine = toy(drop_namespace=noted.drop)
    with pytest.raises(KeyboardInterrupt), open_server("toy", engine, replace(order, source="at", url=there)):
        raise KeyboardInterrupt
    assert noted.calls == ["drop ours"]


def test_a_namespace_of_others_is_not_dropped(there: str, order: Order) -> None:
    noted = Namespaces()

    def refuse(_: Address) -> None:
        raise UsageError("ours holds data of others")

    engine = toy(create_namespace=refuse, drop_namespace=noted.drop)
    with pytest.raises(UsageError), open_server("toy", engine, replace(order, source="at", url=there)):
        pytest.fail("it opened")
    assert noted.calls == []


def test_a_namespace_that_cannot_be_made_is_told(there: str, order: Order) -> None:
    def fail(_: Address) -> None:
        raise PermissionError("not allowed")

    message = told(toy(create_namespace=fail), replace(order, source="at", url=there))
    assert message.startswith(f"Cannot make ours at {there}: not allowed")


def test_a_namespace_that_cannot_be_dropped_is_told(there: str, order: Order) -> None:
    said: list[str] = []

    def fail(_: Address) -> None:
        raise ConnectionError("gone")

    at = replace(order, source="at", url=there, say=said.append)
    with open_server("toy", toy(drop_namespace=fail), at):
        pass
    assert "could not drop ours" in said[-1]


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_no_server_at_a_url_is_told_without_its_password(order: Order, host: str) -> None:
    def ping(url: str) -> str:
        with socket.create_connection((host, process.free_port()), timeout=1):
            raise AssertionError(url)

    url = f"http://me:geheim@{host}:1"
    message = told(toy(ping=ping), replace(order, source="at", url=url))
    assert f"No Toy at http://me:***@{host}:1" in message
    assert "geheim" not in message


def test_a_driver_that_quotes_the_password_is_not_quoted(order: Order) -> None:
    def ping(_: str) -> str:
        raise ValueError("authentication of me with 'ge/heim' failed")

    message = told(toy(ping=ping), replace(order, source="at", url="http://me:ge%2Fheim@host"))
    assert "authentication of me with '***' failed" in message


def test_a_peer_that_stays_silent_is_given_up(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.sources.at.PING_SECONDS", 0.01)
    hold = threading.Event()
    message = told(toy(ping=lambda _: str(hold.wait())), replace(order, source="at", url="http://host"))
    hold.set()
    assert "no answer within" in message


def test_what_is_not_a_url_is_refused(order: Order) -> None:
    at = replace(order, source="at", url="localhost")
    with pytest.raises(UsageError, match="looks like http://"), open_server("toy", toy(), at):
        pytest.fail("it opened")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("postgresql://me:pw@host:1/db", "postgresql://me:***@host:1/db"),
        ("redis://:p@w/x@host", "redis://:***@host"),
        ("postgresql://host/db?user=me&password=pw&x=1", "postgresql://host/db?user=me&password=***&x=1"),
        ("host=h password='p w' port=1", "host=h password=*** port=1"),
        ("http://host:80/path", "http://host:80/path"),
    ],
)
def test_passwords_are_taken_out_of_urls(text: str, safe: str) -> None:
    assert redact(text) == safe


def test_a_reason_is_one_short_line() -> None:
    assert reason(ValueError("one\n  two"), "http://host") == "one two"
    assert reason(ValueError(), "http://host") == "ValueError"
    assert len(reason(ValueError("x" * 1000), "http://host")) == 160
