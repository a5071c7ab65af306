"""Containers come up within their limits, tell why they do not, and are gone afterwards with their data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
import pytest

from harness.engine import Engine, Recipe, Start
from harness.errors import EnvironmentProblem
from harness.sources import Order, docker, open_server, ping, resolve, start_server, why_not
from harness.sources.docker import images, leftovers
from harness.sources.ping import ping_within
from harness.usage import sample
from tests.commands import wait_until
from tests.containers import client, engine_of, folders, name, order, ours, some, volumes

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["client", "folders", "name", "order", "some"]


def listening(url: str) -> set[str]:
    """This machine's addresses on which something listens at the port of the URL."""
    listeners = [each.laddr for each in psutil.net_connections("tcp") if each.laddr and each.status == "LISTEN"]
    return {address.ip for address in listeners if address.port == urlsplit(url).port}


def running(name: str, *words: str, **changes: Any) -> Engine:
    """The engine's image with another program in it."""

    def container(start: Start) -> Recipe:
        return Recipe(serve=words, url=f"http://127.0.0.1:{start.port}")

    return replace(engine_of(name), container=container, **changes)


# Starting and stopping


@pytest.mark.engines
def test_a_server_answers_and_is_gone_afterwards_with_its_data(name: str, order: Order, client: DockerClient) -> None:
    engine = engine_of(name)
    with open_server(name, engine, order) as server:
        assert server.source == "docker"
        assert server.version == ping_within(engine.ping, server.address.url, 10)
        (container,) = ours(client)
        kept = volumes(container)
        assert kept
        assert container.name.startswith(f"bakeoff-{name}-")
    assert ours(client) == []
    assert not {volume.name for volume in client.volumes.list()} & {*kept}
    (log,) = order.work.iterdir()
    assert log.name.startswith(f"{name}-")


@pytest.mark.engines
def test_its_limits_are_those_of_the_order(name: str, order: Order, client: DockerClient) -> None:
    with open_server(name, engine_of(name), order) as server:
        (container,) = ours(client)
        container.reload()
        limits = container.attrs["HostConfig"]
        assert limits["Memory"] == limits["MemorySwap"] == order.memory_bytes == server.memory_bytes
        assert limits["CpusetCpus"] == ",".join(map(str, server.cpus))
        if docker.shares_this_machine(client.info()):
            assert server.cpus == order.cpus


@pytest.mark.engines
def test_its_costs_can_be_measured(name: str, order: Order, client: DockerClient) -> None:
    with open_server(name, engine_of(name), order) as server:
        if server.pid is None:
            pytest.skip("Docker runs on a machine of its own")
        (container,) = ours(client)
        usage = sample(server.pid)
        assert usage is not None
        whole = container.stats(stream=False, one_shot=True)["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
        assert 0 < usage.cpu_seconds <= whole + 0.1  # Ours counts in steps of 0.01 s for each process.
        assert psutil.Process(server.pid).cpu_affinity() == list(order.cpus)


@pytest.mark.engines
def test_it_listens_on_this_machine_alone(name: str, order: Order) -> None:
    with open_server(name, engine_of(name), order) as server:
        assert listening(server.address.url) == {"127.0.0.1"}


@pytest.mark.engines
def test_without_the_hosts_network_a_port_is_mapped_and_said(
    name: str, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker, "shares_this_machine", lambda _: False)
    with open_server(name, engine_of(name), order) as server:
        assert server.notes == (docker.MAPPED,)
        assert server.cpus == ()
        assert listening(server.address.url) == {"127.0.0.1"}


@pytest.mark.engines
def test_several_start_at_the_same_time(some: str, order: Order, client: DockerClient) -> None:
    with ExitStack() as stack:
        waits = [stack.enter_context(start_server(some, engine_of(some), order)) for _ in range(2)]
        assert len({ready().address.url for ready in waits}) == len(ours(client)) == 2


@pytest.mark.engines
@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_ends_the_work_ends_the_container(
    some: str, order: Order, client: DockerClient, ending: type[BaseException]
) -> None:
    with pytest.raises(ending), open_server(some, engine_of(some), order):
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
    with pytest.raises(KeyboardInterrupt), open_server(some, engine_of(some), order):
        pytest.fail("it opened")
    assert ours(client) == []


HARNESS = """
import signal, sys, time
from pathlib import Path
from harness import discover
from harness.cli.group import end
from harness.sources import Order, open_server
from harness.specify import images_instead
signal.signal(signal.SIGTERM, end)
name, work = sys.argv[1], Path(sys.argv[2])
order = Order(source="docker", image=images_instead().get(name), namespace="ours", durability="volatile",
              memory_bytes=1 << 29, work=work, say=lambda _: None)
with open_server(name, discover.engine(name), order):
    print("open", flush=True)
    time.sleep(600)
"""


def end_a_harness(name: str, work: Path, ending: signal.Signals, client: DockerClient) -> set[str]:
    """The volumes that its container had."""
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS, name, str(work)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert harness.stdout is not None
    assert harness.stdout.readline() == b"open\n"
    (container,) = ours(client)
    kept = {*volumes(container)}
    assert kept
    harness.send_signal(ending)
    harness.wait(60)
    harness.stdout.close()
    return kept


def still_there(client: DockerClient, kept: set[str]) -> set[str]:
    """Of those volumes."""
    return kept & {volume.name for volume in client.volumes.list()}


@pytest.mark.engines
def test_a_harness_that_is_asked_to_end_leaves_nothing(some: str, tmp_path: Path, client: DockerClient) -> None:
    kept = end_a_harness(some, tmp_path, signal.SIGTERM, client)
    assert ours(client) == []
    assert not still_there(client, kept)


@pytest.mark.engines
def test_what_a_killed_harness_leaves_is_removed_by_its_warden(some: str, tmp_path: Path, client: DockerClient) -> None:
    kept = end_a_harness(some, tmp_path, signal.SIGKILL, client)
    wait_until(lambda: not ours(client), seconds=20)
    wait_until(lambda: not still_there(client, kept), seconds=20)  # Docker removes them after the container.


@pytest.mark.engines
def test_what_a_killed_harness_and_warden_leave_goes_with_the_next_start(
    some: str, order: Order, client: DockerClient, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = folders / "gone"
    image = engine_of(some).image
    left = client.containers.run(image, detach=True, labels=leftovers.labels(gone), network_mode="none")
    kept = volumes(left)
    assert kept
    monkeypatch.setattr(leftovers, "starter", lambda: "another")
    with open_server(some, engine_of(some), order):
        (mine,) = ours(client)
        assert mine.id != left.id
        assert not {volume.name for volume in client.volumes.list()} & {*kept}


@pytest.mark.engines
def test_a_run_that_is_alive_keeps_its_container(some: str, order: Order, client: DockerClient) -> None:
    with open_server(some, engine_of(some), order):
        (first,) = ours(client)
        with open_server(some, engine_of(some), order):
            assert first.id in {each.id for each in ours(client)}


# What the user is told


def told(name: str, engine: Engine, order: Order) -> str:
    with pytest.raises(EnvironmentProblem) as problem, open_server(name, engine, order):
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
    monkeypatch.setattr(ping, "ANSWER_SECONDS", 0.0)
    message = told(some, running(some, "sleep", "600"), order)
    assert "did not answer within 0 s: " in message
    assert ours(client) == []


@pytest.mark.engines
@pytest.mark.usefixtures("client")
def test_an_image_that_cannot_be_had_is_told(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(images.PREFIX, "localhost:1/mirror/")
    engine = replace(engine_of("postgres"), image="postgres:0.0")
    message = told("postgres", engine, order)
    assert message.startswith("Docker cannot get localhost:1/mirror/postgres:0.0: ")
    assert images.PREFIX in message
    assert f"--source embedded ({engine.wheels[0]})" in message


# Whether there is Docker


@pytest.fixture
def no_docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    pytest.importorskip("testcontainers")
    where = f"unix://{tmp_path}/docker.sock"
    monkeypatch.setenv("DOCKER_HOST", where)
    return where


def test_without_docker_that_is_said(no_docker: str, order: Order) -> None:
    engine = engine_of("redis")
    assert why_not("redis", engine, "docker") == f"nothing answers at {no_docker}: start Docker"
    assert no_docker in resolve("auto", engine, None)[1]
    message = told("redis", engine, order)
    assert no_docker in message
    assert "--at redis=" in message


@pytest.mark.parametrize("where", ["tcp://10.0.0.1:2375", "ssh://me@build"])
def test_a_docker_on_another_machine_is_not_asked(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    pytest.importorskip("testcontainers")
    monkeypatch.setenv("DOCKER_HOST", where)
    assert f"the Docker at {where} runs on another machine" in str(why_not("redis", engine_of("redis"), "docker"))


def test_without_testcontainers_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "find_spec", lambda _: None)
    assert "bakeoff[docker]" in str(why_not("redis", engine_of("redis"), "docker"))


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
