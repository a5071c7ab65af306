"""A server of ours can be killed, stopped, paused and brought back, out of wheels and in a container alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from harness import discover
from harness.engine import Address
from harness.keyvalue import Record
from harness.sources import Control, Order, Server, open_server
from tests.conftest import unavailable, why_there_is_none
from tests.containers import client, engine_of, folders, must_be_here, order

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["client", "folders", "order"]

pytestmark = pytest.mark.engines

ENGINES = ("postgres", "mongo", "redis", "clickhouse")
PATIENCE_SECONDS = 60.0
Open = Callable[[str], Any]


@pytest.fixture(params=["embedded", "docker"])
def running(request: pytest.FixtureRequest, order: Order) -> Open:
    """Opens an engine's server from one source or the other, in class durable."""

    @contextmanager
    def opened(name: str) -> Iterator[Server]:
        engine = engine_of(name) if request.param == "docker" else discover.engine(name)
        if request.param == "docker":
            must_be_here(request.getfixturevalue("client"), name)
        elif reason := why_there_is_none(name, engine, request.param):
            unavailable(reason)
        with open_server(name, engine, replace(order, source=request.param, durability="durable")) as server:
            if server.control is None:
                pytest.skip("it runs in this process")
            yield server

    return opened


def control_of(server: Server) -> Control:
    assert server.control is not None
    return server.control


def session(name: str, address: Address) -> Any:
    return discover.session(name, "keyvalue")(address)


def write(name: str, server: Server) -> None:
    with closing(session(name, server.address)) as opened:
        opened.create(["value"])
        opened.insert(Record("key", {"value": "kept"}))


def kept(name: str, server: Server) -> Any:
    with closing(session(name, server.address)) as opened:
        return opened.read("key")


@pytest.mark.parametrize("name", ENGINES)
def test_after_a_kill_it_is_gone_and_a_start_brings_it_back_with_its_data(name: str, running: Open) -> None:
    with running(name) as server:
        write(name, server)
        control, pid = control_of(server), server.pid
        control.kill()
        assert control.end() is not None
        assert pid is None or not psutil.pid_exists(pid)
        with pytest.raises(Exception):  # noqa: B017, PT011 (each driver has its own)
            kept(name, server)
        control.start()
        assert control.answered(PATIENCE_SECONDS) == server.version
        assert control.end() is None
        assert kept(name, server) == {"value": "kept"}


@pytest.mark.parametrize("name", ENGINES)
def test_after_a_stop_in_order_too(name: str, running: Open) -> None:
    with running(name) as server:
        write(name, server)
        control = control_of(server)
        control.stop()
        assert control.end() is not None
        control.start()
        control.answered(PATIENCE_SECONDS)
        assert kept(name, server) == {"value": "kept"}


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_a_paused_server_answers_when_it_is_resumed(name: str, running: Open) -> None:
    with running(name) as server:
        write(name, server)
        control = control_of(server)
        answers: list[float] = []

        def ask() -> None:
            kept(name, server)
            answers.append(time.monotonic())

        control.pause()
        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(0.5)
        assert answers == []
        resumed = time.monotonic()
        control.resume()
        asking.join(PATIENCE_SECONDS)
        assert answers[0] >= resumed


def test_one_that_is_left_paused_or_killed_is_cleared_away_all_the_same(running: Open, client: DockerClient) -> None:
    for hurt in ("pause", "kill"):
        with running("redis") as server:
            pid = server.pid
            getattr(control_of(server), hurt)()
        assert pid is None or not psutil.pid_exists(pid)
