"""A toy server stands in for databases: an engine that answers with facts about itself, and what its tests share."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from harness.engine import Address, Engine, Recipe, Start
from harness.errors import EnvironmentProblem
from harness.sources import open_server
from harness.sources.order import Order

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

# Answers each request with facts about itself; SIGINT ends it in order, SIGTERM does not.
TOY = """
import http.server, os, pathlib, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, lambda *_: (pathlib.Path("{farewell}").touch() if "{farewell}" else None, os._exit(0)))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self.wfile.write(f"{{os.getuid()}} {{os.getgroups()}} {{cpus}} {{os.getcwd()}} {{sorted(os.environ)}}".encode())
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", {port}), Handler).serve_forever()
"""


def python(code: str) -> tuple[str, ...]:
    """A command that the servers' user can run, wherever our own Python lies."""
    return ("/usr/bin/env", "python3", "-c", textwrap.dedent(code))


def answer(url: str) -> str:
    with urlopen(url, timeout=1) as response:
        return str(response.read().decode())


class Namespaces:
    """Notes what is asked of the engine."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def create(self, address: Address) -> None:
        self.calls.append(f"create {address.namespace}")

    def drop(self, address: Address) -> None:
        self.calls.append(f"drop {address.namespace}")


def toy(recipe: Callable[[Start], Recipe] | None = None, **changes: Any) -> Engine:
    noted = Namespaces()
    parts: dict[str, Any] = {
        "title": "Toy",
        "ping": answer,
        "create_namespace": noted.create,
        "drop_namespace": noted.drop,
        "observe_durability": lambda _: None,
        "url_example": "http://user:password@host:80",
        "program": "env",  # Any program on PATH: these recipes do not look at `binaries`.
        "recipe": recipe or serve(),
    }
    return Engine(**(parts | changes))


def serve(**changes: Any) -> Callable[[Start], Recipe]:
    def recipe(start: Start) -> Recipe:
        parts: dict[str, Any] = {
            "serve": python(TOY.format(port=start.port, farewell="")),
            "url": f"http://127.0.0.1:{start.port}",
            "stop": signal.SIGINT,
        }
        return Recipe(**(parts | changes))

    return recipe


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return Order(
        source="embedded",
        namespace="ours",
        durability="relaxed",
        memory_bytes=1 << 28,
        work=tmp_path,
        say=lambda _: None,
    )


@pytest.fixture(autouse=True)
def folders(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own, too, where the servers' user can get to."""
    monkeypatch.setenv("BAKEOFF_CACHE", str(disk / "cache"))
    return disk


def left(folders: Path) -> list[Path]:
    return list((folders / f"bakeoff-data-{os.geteuid()}").iterdir())


def with_code(code: str) -> Callable[[Start], Recipe]:
    """Run the code, then be a server that leaves the signal handlers as they are."""

    def recipe(start: Start) -> Recipe:
        plain = "\nimport http.server\nhttp.server.HTTPServer(('127.0.0.1', {}), http.server.SimpleHTTPRequestHandler)"
        text = textwrap.dedent(code) + plain.format(start.port) + ".serve_forever()\n"
        return serve(serve=python(text))(start)

    return recipe


def told(engine: Engine, order: Order) -> str:
    with pytest.raises(EnvironmentProblem) as problem, open_server("toy", engine, order):
        pytest.fail("it opened")
    message = str(problem.value)
    assert len(message.splitlines()) <= 2
    return message
