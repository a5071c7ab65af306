"""However a run ends, nothing of it is left once the next command has run: containers, volumes, processes, folders.

BAKEOFF_INTERRUPTIONS says how many runs are interrupted, each at a random moment.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.commands import SMALL, bakeoff, start
from tests.containers import client, folders, must_be_here, ours

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["client", "folders"]

pytestmark = pytest.mark.alone

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
INTERRUPTIONS = int(os.environ.get("BAKEOFF_INTERRUPTIONS", "3"))
WHOLE_SECONDS = 12.0  # About what a run takes.
ENGINES = ("redis", "postgres")


def of_this_project() -> set[int]:
    """Processes that run its code, or a server of its own."""
    words = ("harness.load.program", "launcher.py", "bakeoff-data-", "docker-entrypoint")
    found = set()
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if any(word in line for word in words):
            found.add(process.pid)
    return found


@pytest.mark.engines
@pytest.mark.timeout(60 * INTERRUPTIONS + 60)
@pytest.mark.parametrize("source", ["docker", "embedded"])
def test_nothing_is_left_of_interrupted_runs_once_the_next_command_has_run(
    source: str, tmp_path: Path, folders: Path, client: DockerClient
) -> None:
    if source == "docker":
        for name in ENGINES:
            must_be_here(client, name)
    before, volumes = of_this_project(), {volume.name for volume in client.volumes.list()}
    chance = random.Random(f"interrupted {source}")
    for number in range(INTERRUPTIONS):
        command = ("run", "read-heavy", *ENGINES, *SMALL, "--source", source, "--out", tmp_path / f"{source}-{number}")
        process = start(*command)
        time.sleep(chance.uniform(0.2, WHOLE_SECONDS))
        process.send_signal(SIGNALS[number % len(SIGNALS)])
        _, errors = process.communicate(timeout=60)
        assert "Traceback" not in errors
    bakeoff("doctor")
    assert ours(client) == []
    assert {volume.name for volume in client.volumes.list()} - volumes == set()
    assert of_this_project() - before == set()
    assert [each for root in folders.glob("bakeoff-data-*") for each in root.iterdir()] == []
