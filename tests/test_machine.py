"""What is said of the machine, and how its cores are shared out."""

from __future__ import annotations

import os

import pytest

from harness import machine
from harness.machine import split_cpus


@pytest.mark.parametrize(
    ("cores", "servers", "clients"),
    [
        ({3: "3"}, (3,), (3,)),
        ({0: "0", 1: "1"}, (0,), (1,)),
        ({4: "4", 6: "6", 9: "9"}, (4,), (6, 9)),
        ({0: "0", 1: "1", 2: "2", 3: "3"}, (0, 1), (2, 3)),
        ({0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}, (0, 2), (1, 3)),  # Two threads to a core.
        ({0: "0-1", 1: "0-1"}, (0,), (1,)),  # Nothing but the threads of one.
    ],
)
def test_servers_and_clients_share_no_core(
    cores: dict[int, str], servers: tuple[int, ...], clients: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "usable_cpus", lambda: tuple(cores))
    monkeypatch.setattr(machine, "_siblings", cores.__getitem__)
    assert split_cpus() == (servers, clients)


def test_this_machine_is_described() -> None:
    facts = machine.machine()
    assert facts.cpu
    assert facts.system
    assert facts.memory_bytes > 1 << 28
    assert 1 <= facts.usable_cores <= facts.cores == os.cpu_count()
