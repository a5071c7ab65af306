"""Limits hold: a container cannot use more than it was given, what it got is read back, and its death is explained."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness import cgroups
from harness.engine import Recipe, Start
from harness.errors import EnvironmentProblem
from harness.sources import Order, open_server
from tests.containers import MEBIBYTE, client, engine_of, folders, must_be_here, name, order, ours, some

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["client", "folders", "name", "order", "some"]

pytestmark = pytest.mark.engines

BURN = "i=0; while :; do i=$((i+1)); done"
EAT = 'x=x; while :; do x="$x$x"; done'  # Twice as much memory in each turn.


def test_what_a_server_really_got_is_read_back(name: str, order: Order) -> None:
    with open_server(name, engine_of(name), order) as server:
        assert server.control is not None
        found = server.control.limits()
        assert (found.memory_bytes, found.swap_bytes) == (order.memory_bytes, 0)
        assert found.cpus == list(order.cpus)
        assert found.shared_memory_bytes == order.memory_bytes
        assert found.data == "volume"


def test_data_in_memory_are_in_memory(name: str, order: Order) -> None:
    with open_server(name, engine_of(name), replace(order, data="memory")) as server:
        assert server.control is not None
        assert server.control.limits().data == "tmpfs"
        assert server.control.files == []
        assert any("in memory" in note for note in server.notes)


def test_a_container_of_one_core_and_512_mib_cannot_use_more(some: str, order: Order, client: DockerClient) -> None:
    """Four busy loops get one core between them, and a shell that eats memory is killed at the limit."""
    with open_server(some, engine_of(some), order) as server:
        (container,) = ours(client)
        assert server.pid is not None
        for _ in range(4):
            container.exec_run(["sh", "-c", BURN], detach=True)
        time.sleep(0.5)
        began, cpu_before = time.monotonic(), used_cpu_seconds(container)
        time.sleep(3)
        cpu, took = used_cpu_seconds(container) - cpu_before, time.monotonic() - began
        assert 0 < cpu < 1.05 * took, "more than one core"
        container.exec_run(["sh", "-c", EAT])
        assert cgroups.killed_for_memory(server.pid) == 1
        assert most_memory_bytes(container) <= 512 * MEBIBYTE


def used_cpu_seconds(container: object) -> float:
    found = container.stats(stream=False, one_shot=True)  # type: ignore[attr-defined]
    return float(found["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9


def most_memory_bytes(container: object) -> int:
    """That it ever used, as its control group says; how much it uses now where that is not kept (version 2)."""
    found = container.stats(stream=False, one_shot=True)["memory_stats"]  # type: ignore[attr-defined]
    return int(found.get("max_usage", found["usage"]))


def test_a_server_that_is_killed_for_memory_is_reported_as_that(some: str, order: Order) -> None:
    def container(start: Start) -> Recipe:
        return Recipe(serve=("sh", "-c", f"exec sh -c '{EAT}'"), url=f"http://127.0.0.1:{start.port}")

    greedy = replace(engine_of(some), container=container)
    with (
        pytest.raises(EnvironmentProblem) as told,
        open_server(some, greedy, replace(order, memory_bytes=64 * MEBIBYTE)),
    ):
        pytest.fail("it opened")
    assert "was killed for memory (its limit is 64 MiB) before it answered" in str(told.value)


def test_another_version_is_another_image(client: DockerClient, order: Order) -> None:
    must_be_here(client, "postgres@17")
    asked = replace(order, version="17", image=engine_of("postgres@17").image)
    with open_server("postgres", engine_of("postgres"), asked) as server:
        assert server.version.split(".")[0] == "17"


def test_a_server_of_another_version_than_asked_is_refused(client: DockerClient, order: Order) -> None:
    must_be_here(client, "postgres@17")
    asked = replace(order, version="16", image=engine_of("postgres@17").image)
    with pytest.raises(EnvironmentProblem) as told, open_server("postgres", engine_of("postgres"), asked):
        pytest.fail("it opened")
    assert "postgres@16 was asked for, but the server says that it is 17" in str(told.value)
    assert ours(client) == []
