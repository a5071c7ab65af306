"""Real servers for tests: each engine starts once, when the first test asks for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

from harness import discover
from harness.engine import DURABILITIES, Engine
from harness.errors import EnvironmentProblem
from harness.sources import Order, Server, open_server, wheels, why_not
from harness.sources.folders import data_folder
from harness.specify import images_instead

# No test asserts how long anything takes, examples neither.
settings.register_profile("bakeoff", deadline=None)
settings.load_profile("bakeoff")

NEED_TO_BE_TOLD = {"mongo"}  # Engines that offer transactions only where they were started for them.
ENGINES_REQUIRED = any(os.environ.get(name) for name in ("CI", "BAKEOFF_REQUIRE_ENGINES"))

MINUTES = ("tests/test_readme.py", "tests/test_run_servers.py", "tests/gate/test_command.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take minutes come first: with several workers, one of them at the end would leave the others idle."""
    items.sort(key=lambda item: item.location[0] not in MINUTES)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--source", default="embedded", help="where servers come from: embedded (default) or docker")
    parser.addoption("--durability", default="volatile", choices=DURABILITIES, help="what the servers promise")
    parser.addoption("--at", action="append", default=[], metavar="ENGINE=URL", help="a server that is already there")


@pytest.fixture(scope="session")
def server_of(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """The running server of an engine, by name; with `transactions`, one that offers them where the engine can.

    Skips the test where there can be none; with CI set, that is a failure.
    One server for all tests also because an engine inside this process (chDB) can be opened only once in its life.
    It promises nothing by default, since the tests settle hundreds of times, and one with Redis's everysec takes 1 s.
    """
    urls = dict(at.split("=", 1) for at in pytestconfig.getoption("--at"))
    with ExitStack() as running:

        @cache
        def start(name: str, transactions: bool) -> Server | str | Exception:
            engine, url = discover.engine(name), urls.get(name)
            source = "at" if url else pytestconfig.getoption("--source") if engine.image else "embedded"
            if reason := why_there_is_none(name, engine, source):
                return reason
            order = Order(
                source=source,
                url=url,
                image=images_instead().get(name),
                namespace="bakeoff_conformance",
                durability=pytestconfig.getoption("--durability"),
                transactions=transactions,
                memory_bytes=640 * 2**20,
                work=tmp_path_factory.mktemp(name),
                say=print,
            )
            server = open_server(name, engine, order)
            try:
                return running.enter_context(server)
            except Exception as error:
                return error  # Kept: the next test would only wait for the same.

        def server(name: str, *, transactions: bool = False) -> Server:
            outcome = start(name, transactions and name in NEED_TO_BE_TOLD)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome if isinstance(outcome, Server) else unavailable(outcome)

        yield server


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place for the data of one test's servers, where their user can get to."""
    with data_folder("tests", owner=None) as place:
        place.chmod(0o755)
        monkeypatch.setenv("BAKEOFF_DATA", str(place))
        yield place


def why_there_is_none(name: str, engine: Engine, source: str) -> str | None:
    """Fetches what can be fetched, so that a server which then does not start is a failure, not a reason to skip."""
    try:
        if source == "embedded" and engine.wheels:
            wheels.unpacked(name, engine.wheels, print)
    except EnvironmentProblem as problem:
        return str(problem)
    return why_not(name, engine, source)


def unavailable(reason: str) -> NoReturn:
    if ENGINES_REQUIRED:
        pytest.fail(f"{reason} (and CI or BAKEOFF_REQUIRE_ENGINES is set)")
    pytest.skip(reason)
