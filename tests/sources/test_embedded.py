"""Servers out of wheels or from PATH start, tell why they do not, and are gone afterwards."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.engine import Recipe, Start
from harness.sources import open_server, ping, process, start_server
from harness.sources.folders import data_folder
from harness.sources.order import Order
from tests.sources.toy_server import (
    LINUX,
    ROOT,
    TOY,
    Namespaces,
    answer,
    folders,
    left,
    order,
    python,
    serve,
    told,
    toy,
    with_code,
)

__all__ = ["folders", "order"]


# Starting and stopping


def test_a_server_answers_and_is_gone_afterwards(order: Order, folders: Path) -> None:
    with open_server("toy", toy(), order) as server:
        pid = server.pid
        assert pid is not None
        assert server.source == "embedded"
        assert server.version == answer(server.address.url)
        assert server.address.namespace == "ours"
        assert len(left(folders)) == 1
    assert not psutil.pid_exists(pid)
    assert server.pid is None
    assert left(folders) == []


def test_its_namespace_is_made(order: Order) -> None:
    noted = Namespaces()
    with open_server("toy", toy(create_namespace=noted.create), order):
        assert noted.calls == ["create ours"]


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_ends_the_work_ends_the_server(order: Order, folders: Path, ending: type[BaseException]) -> None:
    pids = []

    def work() -> None:
        with open_server("toy", toy(), order) as server:
            pids.append(server.pid)
            raise ending

    with pytest.raises(ending):
        work()
    assert not psutil.pid_exists(pids[0] or 0)
    assert left(folders) == []


def test_it_is_asked_to_stop_by_the_signal_of_its_recipe(order: Order, folders: Path) -> None:
    farewell = folders / "farewell"
    folders.chmod(0o777)  # The servers' user writes there.

    def recipe(start: Start) -> Recipe:
        return serve(serve=python(TOY.format(port=start.port, farewell=farewell)))(start)

    with open_server("toy", toy(recipe), order):
        assert not farewell.exists()
    assert farewell.exists()


def test_one_that_does_not_stop_is_killed_with_its_children(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STOP_SECONDS", 0.0)
    stubborn = """
        import os, signal, sys
        for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)
        if os.fork() == 0:
            os.setsid()  # As PostgreSQL's children do.
            while True: signal.pause()
    """
    with open_server("toy", toy(with_code(stubborn), ping=child_count), order) as server:
        assert server.pid is not None
        family = [psutil.Process(server.pid), *psutil.Process(server.pid).children()]
        assert len(family) == 2
    psutil.wait_procs(family, timeout=10)
    assert not any(member.is_running() for member in family)


def child_count(url: str) -> str:
    return str(len(answer(url)))


def test_commands_of_preparation_come_first_and_in_order(order: Order) -> None:
    def recipe(start: Start) -> Recipe:
        steps = (("mkdir", "prepared"), ("touch", "prepared/once"))
        check = "import pathlib; assert pathlib.Path('prepared/once').exists()\n"
        return serve(prepare=steps, serve=python(check + TOY.format(port=start.port, farewell="")))(start)

    with open_server("toy", toy(recipe), order) as server:
        assert server.version


def test_several_start_at_the_same_time(order: Order) -> None:
    with ExitStack() as stack:
        waits = [stack.enter_context(start_server(f"toy{number}", toy(), order)) for number in range(3)]
        servers = [ready() for ready in waits]
        assert len({server.address.url for server in servers}) == 3


def test_only_the_main_thread_may_start_servers(order: Order) -> None:
    problems: list[BaseException] = []

    def attempt() -> None:
        try:
            with open_server("toy", toy(), order):
                pass
        except RuntimeError as problem:
            problems.append(problem)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert "main thread" in str(problems[0])


# The conditions it runs under


@pytest.fixture
def groups() -> Iterator[None]:
    """Be in a group that the server must not be in."""
    before = os.getgroups()
    os.setgroups([4])
    yield
    os.setgroups(before)


@ROOT
@pytest.mark.usefixtures("groups")
def test_root_gives_its_rights_up(order: Order) -> None:
    with open_server("toy", toy(), order) as server:
        assert server.pid is not None
        assert psutil.Process(server.pid).uids().real == psutil.Process(server.pid).uids().saved != 0
        assert server.version.split()[1] == "[]"


@LINUX
def test_it_keeps_to_its_cores(order: Order) -> None:
    core = min(os.sched_getaffinity(0))
    order = replace(order, cpus=(core,))
    with open_server("toy", toy(), order) as server:
        assert server.cpus == (core,)
        assert f"[{core}]" in server.version


def test_our_environment_does_not_reach_it(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    with open_server("toy", toy(serve(environment={"GIVEN": "1"})), order) as server:
        assert "PGPORT" not in server.version
        assert "GIVEN" in server.version


def test_ctrl_c_in_the_terminal_is_not_for_it(order: Order) -> None:
    with open_server("toy", toy(), order) as server:
        assert server.pid is not None
        assert os.getsid(server.pid) == server.pid


# No process without the harness


@LINUX
@pytest.mark.parametrize("moment", ["preparing", "serving"])
def test_it_dies_with_a_harness_that_is_killed(tmp_path: Path, folders: Path, moment: str) -> None:
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS, str(tmp_path), moment],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    assert harness.stdout is not None
    family = [psutil.Process(int(pid)) for pid in harness.stdout.readline().split()]
    assert family
    harness.kill()
    harness.wait()
    harness.stdout.close()
    psutil.wait_procs(family, timeout=10)
    assert not any(member.is_running() for member in family)
    assert len(left(folders)) == 1
    with data_folder("next", owner=None) as data:
        assert left(folders) == [data]  # The next run has cleared it away.


HARNESS = """
import psutil, sys, time
from pathlib import Path
from harness.sources import Order, start_server
from tests.sources.toy_server import serve, toy
work, moment = Path(sys.argv[1]), sys.argv[2]
recipe = serve(prepare=(("sleep", "600"),)) if moment == "preparing" else serve()
order = Order(source="embedded", namespace="ours", durability="relaxed", memory_bytes=1 << 28, work=work, say=id)
with start_server("toy", toy(recipe), order) as ready:
    family = [psutil.Process().children()[0]]
    if moment == "serving":
        ready()
    else:
        while not family[0].children():
            time.sleep(0.01)
    print(*(process.pid for process in [*family, *family[0].children()]), flush=True)
    time.sleep(600)
"""


# What the user is told


def test_a_server_that_ends_early_is_quoted(order: Order, folders: Path) -> None:
    message = told(toy(with_code("import sys; print('FATAL: no room'); sys.exit('bye')")), order)
    assert message.startswith("Toy ended before it answered. It says: FATAL: no room")
    assert "toy.log" in message
    assert left(folders) == []


def test_a_second_server_has_a_log_of_its_own(order: Order) -> None:
    assert "Its log: " + str(order.work / "toy.log") in told(toy(serve(serve=("echo", "first"))), order)
    message = told(toy(serve(serve=("echo", "second"))), order)
    assert "It says: second" in message
    assert "toy-2.log" in message


def test_a_preparation_that_fails_is_quoted(order: Order) -> None:
    assert "No such file" in told(toy(serve(prepare=(("cat", "/no/such/file"),))), order)


def test_a_program_that_cannot_run_is_named(order: Order) -> None:
    assert "Cannot run /no/such/server: No such file" in told(toy(serve(serve=("/no/such/server",))), order)


def test_a_server_that_never_answers_is_given_up(order: Order, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ping, "ANSWER_SECONDS", 0.0)
    message = told(toy(serve(serve=("sleep", "600"))), order)
    assert "did not answer within 0 s" in message
    assert left(folders) == []


def test_an_engine_without_a_server_names_other_ways(order: Order) -> None:
    message = told(toy(recipe=None, program="no-such-program-anywhere"), order)
    assert "no program no-such-program-anywhere on PATH" in message
    assert "--at toy=http://" in message


# In process


def test_an_engine_can_run_inside_the_client(order: Order, folders: Path) -> None:
    noted = Namespaces()
    engine = toy(
        program=None,
        in_process=lambda data: f"toy://{data}",
        ping=lambda _: "7",
        in_process_note="no network hop",
        create_namespace=noted.create,
        drop_namespace=noted.drop,
    )
    with open_server("toy", engine, order) as server:
        assert (server.source, server.pid, server.cpus, server.memory_bytes) == ("in-process", None, (), None)
        assert server.notes == ("no network hop",)
        assert Path(server.address.url.removeprefix("toy://")).is_dir()
    assert noted.calls == ["create ours"]  # Its data is gone as a whole.
    assert left(folders) == []


def test_a_program_on_the_path_is_preferred(order: Order) -> None:
    with open_server("toy", toy(in_process=lambda _: "toy://"), order) as server:
        assert server.source == "embedded"


def test_a_port_is_free_and_kept_from_others() -> None:
    port = process.free_port()
    with pytest.raises(OSError, match="in use"), socket.socket() as without_reuse:
        without_reuse.bind(("127.0.0.1", port))
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
