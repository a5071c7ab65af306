"""Containers come up within their limits, tell why they do not, and are gone afterwards with their data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
import pytest

from harness import discover
from harness.engine import Engine, Recipe, Start
from harness.errors import EnvironmentProblem
from harness.sources import docker, open_server, ping, resolve, start_server, why_not
from harness.sources.folders import data_folder
from harness.sources.order import Order
from harness.sources.ping import ping_within
from harness.usage import sample

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

MEBIBYTE = 2**20
WITH_IMAGE = [name for name in discover.engine_names() if discover.engine(name).image]


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return Order(
        source="docker",
        url=None,
        namespace="bakeoff_test",
        durability="volatile",
        memory_bytes=512 * MEBIBYTE,
        cpus=(min(psutil.Process().cpu_affinity()),) if sys.platform == "linux" else (),
        work=tmp_path,
        say=lambda _: None,
    )


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with data_folder("tests", owner=None) as place:
        place.chmod(0o755)
        monkeypatch.setenv("BAKEOFF_DATA", str(place))
        yield place


@pytest.fixture
def client() -> Iterator[DockerClient]:
    if reason := docker.why_not(discover.engine(WITH_IMAGE[0])):
        pytest.skip(reason)
    with closing(docker._client(10.0)) as opened:
        yield opened


def is_here(client: DockerClient, name: str) -> bool:
    image = f"{os.environ.get(docker.PREFIX, '')}{discover.engine(name).image}"
    return any(image in each.tags for each in client.images.list())


@pytest.fixture(params=WITH_IMAGE)
def name(request: pytest.FixtureRequest, client: DockerClient) -> str:
    """Each engine in turn. Nothing is pulled: tests that do would depend on somebody else's registry."""
    if not is_here(client, request.param):
        pytest.skip(f"the image {discover.engine(request.param).image} is not here")
    return str(request.param)


@pytest.fixture
def some(client: DockerClient) -> str:
    """An engine whose image is here."""
    found = next((name for name in reversed(WITH_IMAGE) if is_here(client, name)), None)
    return found or pytest.skip("no engine's image is here")


def ours(client: DockerClient) -> list[Container]:
    """Containers of this test, which has a folder of its own."""
    return [each for each in docker._labelled(client, docker.OWNER, docker._owner()) if here(each)]


def here(container: Container) -> bool:
    return str(container.attrs["Labels"][docker.FOLDER]).startswith(os.environ["BAKEOFF_DATA"])


def volumes(container: Container) -> list[str]:
    container.reload()
    return [mount["Name"] for mount in container.attrs["Mounts"] if mount["Type"] == "volume"]


def listening(url: str) -> set[str]:
    """This machine's addresses on which something listens at the port of the URL."""
    listeners = [each.laddr for each in psutil.net_connections("tcp") if each.laddr and each.status == "LISTEN"]
    return {address.ip for address in listeners if address.port == urlsplit(url).port}


def running(name: str, *words: str, **changes: Any) -> Engine:
    """The engine's image with another program in it."""

    def container(start: Start) -> Recipe:
        return Recipe(serve=words, url=f"http://127.0.0.1:{start.port}")

    return replace(discover.engine(name), container=container, **changes)


# Starting and stopping


@pytest.mark.engines
def test_a_server_answers_and_is_gone_afterwards_with_its_data(name: str, order: Order, client: DockerClient) -> None:
    engine = discover.engine(name)
    with open_server(name, engine, **order) as server:
        assert server.source == "docker"
        assert server.version == ping_within(engine.ping, server.address.url, 10)
        (container,) = ours(client)
        kept = volumes(container)
        assert kept
    assert ours(client) == []
    assert not {volume.name for volume in client.volumes.list()} & {*kept}
    (log,) = order["work"].iterdir()
    assert log.name.startswith(f"{name}-")


@pytest.mark.engines
def test_its_limits_are_those_of_the_order(name: str, order: Order, client: DockerClient) -> None:
    with open_server(name, discover.engine(name), **order) as server:
        (container,) = ours(client)
        container.reload()
        limits = container.attrs["HostConfig"]
        assert limits["Memory"] == limits["MemorySwap"] >= order["memory_bytes"] == server.memory_bytes
        assert limits["CpusetCpus"] == ",".join(map(str, server.cpus))
        if docker.shares_this_machine(client.info()):
            assert server.cpus == order["cpus"]


@pytest.mark.engines
def test_its_costs_can_be_measured(name: str, order: Order, client: DockerClient) -> None:
    with open_server(name, discover.engine(name), **order) as server:
        if server.pid is None:
            pytest.skip("Docker runs on a machine of its own")
        (container,) = ours(client)
        usage = sample(server.pid)
        assert usage is not None
        whole = container.stats(stream=False, one_shot=True)["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
        assert 0 < usage.cpu_seconds <= whole + 0.1  # Ours counts in steps of 0.01 s for each process.
        assert psutil.Process(server.pid).cpu_affinity() == list(order["cpus"])


@pytest.mark.engines
def test_it_listens_on_this_machine_alone(name: str, order: Order) -> None:
    with open_server(name, discover.engine(name), **order) as server:
        assert listening(server.address.url) == {"127.0.0.1"}


@pytest.mark.engines
def test_without_the_hosts_network_a_port_is_mapped_and_said(
    name: str, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker, "shares_this_machine", lambda _: False)
    with open_server(name, discover.engine(name), **order) as server:
        assert server.notes == (docker.MAPPED,)
        assert server.cpus == ()
        assert listening(server.address.url) == {"127.0.0.1"}


@pytest.mark.engines
def test_several_start_at_the_same_time(some: str, order: Order, client: DockerClient) -> None:
    with ExitStack() as stack:
        waits = [stack.enter_context(start_server(some, discover.engine(some), **order)) for _ in range(2)]
        assert len({ready().address.url for ready in waits}) == len(ours(client)) == 2


@pytest.mark.engines
@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_ends_the_work_ends_the_container(
    some: str, order: Order, client: DockerClient, ending: type[BaseException]
) -> None:
    with pytest.raises(ending), open_server(some, discover.engine(some), **order):
        raise ending
    assert ours(client) == []


@pytest.mark.engines
def test_ctrl_c_while_docker_makes_the_container_leaves_none(
    some: str, order: Order, client: DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from testcontainers.core.docker_client import DockerClient as Maker

    make = Maker.create

    def interrupted(*parts: Any, **more: Any) -> None:
        make(*parts, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(Maker, "create", interrupted)
    with pytest.raises(KeyboardInterrupt), open_server(some, discover.engine(some), **order):
        pytest.fail("it opened")
    assert ours(client) == []


HARNESS = """
import signal, sys, time
from pathlib import Path
from harness import discover
from harness.cli import _end
from harness.sources import open_server
signal.signal(signal.SIGTERM, _end)
with open_server(sys.argv[1], discover.engine(sys.argv[1]), source="docker", url=None, namespace="ours",
                 durability="volatile", memory_bytes=1 << 29, cpus=(), work=Path(sys.argv[2]), say=lambda _: None):
    print("open", flush=True)
    time.sleep(600)
"""


def end_a_harness(name: str, work: Path, ending: signal.Signals) -> None:
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS, name, str(work)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
    )
    assert harness.stdout is not None
    assert harness.stdout.readline() == b"open\n"
    harness.send_signal(ending)
    harness.wait(60)
    harness.stdout.close()


@pytest.mark.engines
def test_a_harness_that_is_asked_to_end_leaves_nothing(some: str, tmp_path: Path, client: DockerClient) -> None:
    end_a_harness(some, tmp_path, signal.SIGTERM)
    assert ours(client) == []


@pytest.mark.engines
def test_what_a_killed_harness_leaves_goes_with_the_next_start(
    some: str, tmp_path: Path, order: Order, client: DockerClient
) -> None:
    end_a_harness(some, tmp_path, signal.SIGKILL)
    (left,) = ours(client)
    kept = volumes(left)
    with open_server(some, discover.engine(some), **order):
        (mine,) = ours(client)
        assert mine.id != left.id
        assert not {volume.name for volume in client.volumes.list()} & {*kept}


@pytest.mark.engines
def test_a_run_that_is_alive_keeps_its_container(some: str, order: Order, client: DockerClient) -> None:
    with open_server(some, discover.engine(some), **order):
        (first,) = ours(client)
        with open_server(some, discover.engine(some), **order):
            assert first.id in {each.id for each in ours(client)}


# What the user is told


def told(name: str, engine: Engine, order: Order) -> str:
    with pytest.raises(EnvironmentProblem) as problem, open_server(name, engine, **order):
        pytest.fail("it opened")
    message = str(problem.value)
    assert len(message.splitlines()) <= 2
    return message


@pytest.mark.engines
def test_a_server_that_ends_early_is_quoted(some: str, order: Order, client: DockerClient) -> None:
    message = told(some, running(some, "sh", "-c", "echo FATAL: no room; echo bye"), order)
    assert "ended before it answered. It says: FATAL: no room" in message
    assert Path(message.rpartition(": ")[2]).read_text() == "FATAL: no room\nbye\n"
    assert ours(client) == []


@pytest.mark.engines
def test_a_program_that_the_image_has_not_is_told(some: str, order: Order, client: DockerClient) -> None:
    message = told(some, running(some, "/no/such/program"), order)
    assert "/no/such/program" in message
    assert ours(client) == []


@pytest.mark.engines
def test_one_that_does_not_answer_in_time_is_told(
    some: str, order: Order, client: DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(url: str) -> str:
        raise ConnectionError(f"nobody at {url}")

    monkeypatch.setattr(ping, "ANSWER_SECONDS", 0.0)
    message = told(some, running(some, "sleep", "600", ping=never), order)
    assert "did not answer within 0 s: nobody at http://127.0.0.1:" in message
    assert ours(client) == []


@pytest.mark.engines
@pytest.mark.usefixtures("client")
def test_an_image_that_cannot_be_had_is_told(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(docker.PREFIX, "localhost:1/mirror/")
    engine = replace(discover.engine("postgres"), image="postgres:0.0")
    message = told("postgres", engine, order)
    assert message.startswith("Docker cannot get localhost:1/mirror/postgres:0.0: ")
    assert docker.PREFIX in message
    assert f"--source embedded ({engine.wheels[0]})" in message


# Whether there is Docker


@pytest.fixture
def no_docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    pytest.importorskip("testcontainers")
    where = f"unix://{tmp_path}/docker.sock"
    monkeypatch.setenv("DOCKER_HOST", where)
    return where


def test_without_docker_that_is_said(no_docker: str, order: Order) -> None:
    engine = discover.engine("redis")
    assert why_not("redis", engine, "docker") == f"nothing answers at {no_docker}: start Docker"
    assert no_docker in resolve("auto", engine, None)[1]
    message = told("redis", engine, order)
    assert no_docker in message
    assert "--at redis=" in message


@pytest.mark.parametrize("where", ["tcp://10.0.0.1:2375", "ssh://me@build"])
def test_a_docker_on_another_machine_is_not_asked(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    pytest.importorskip("testcontainers")
    monkeypatch.setenv("DOCKER_HOST", where)
    assert f"the Docker at {where} runs on another machine" in str(why_not("redis", discover.engine("redis"), "docker"))


def test_without_testcontainers_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "find_spec", lambda _: None)
    assert "bakeoff[docker]" in str(why_not("redis", discover.engine("redis"), "docker"))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Docker always has a machine of its own")
@pytest.mark.parametrize(
    ("info", "shares"),
    [
        ({}, True),
        ({"Name": "docker-desktop"}, False),
        ({"SecurityOptions": None}, True),
        ({"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}, False),
    ],
)
def test_only_a_docker_of_this_machine_shares_its_network(info: Mapping[str, Any], shares: bool) -> None:
    assert docker.shares_this_machine({"Name": os.uname().nodename, **info}) is shares
