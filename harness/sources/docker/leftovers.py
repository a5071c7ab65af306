"""Nothing stays behind: containers are found by labels and removed with their data, whoever is left to do it.

An orderly end removes its own. If the harness is killed, its warden does; if that is killed too, the next command.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from harness.sources.docker.client import host
from harness.sources.ping import reason

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

# Labels: whose it is, the folder of its run while that lives, and the process that started it.
OWNER, FOLDER, STARTER = "bakeoff.owner", "bakeoff.folder", "bakeoff.starter"
WARDEN = Path(__file__).with_name("warden.py")


def labels(folder: Path) -> dict[str, str]:
    return {OWNER: owner(), FOLDER: str(folder), STARTER: starter()}


@cache
def starter() -> str:
    """This process, for ever: numbers come again."""
    return f"{os.getpid()}-{uuid4().hex[:8]}"


@cache
def post_warden() -> None:
    """One for this process, from its first container on. It notices our end by that of a pipe."""
    subprocess.Popen(
        [sys.executable, "-I", "-S", str(WARDEN), host(), f"{STARTER}={starter()}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # What ends us by Ctrl-C or with our group must not end it.
    )


def owner() -> str:
    return f"{os.geteuid()}@{platform.node()}"


def labelled(client: DockerClient, label: str, value: str) -> list[Container]:
    return list(client.containers.list(all=True, sparse=True, filters={"label": f"{label}={value}"}))


def sweep(client: DockerClient) -> None:
    """Remove what killed runs have left. Their folders are gone by now: folders.sweep() cleared them away."""
    for container in labelled(client, OWNER, owner()):
        if not Path(container.attrs["Labels"][FOLDER]).exists():
            remove(container)


def clear_away(client: DockerClient, folder: Path, log: Callable[[str], Path], say: Callable[[str], None]) -> None:
    """Found by label: a Ctrl-C while Docker makes the container leaves us without its id. `log` takes its short id."""
    from docker.errors import DockerException

    try:
        for container in labelled(client, FOLDER, str(folder)):
            try:
                log(container.short_id).write_bytes(container.logs())
            finally:
                remove(container)
    except (DockerException, OSError) as problem:  # Never hides what ended the run.
        say(f"could not clear away a container: {reason(problem, '')}; the next run will")


def remove(container: Container) -> None:
    """By force, for nothing of it is kept, and with its data, which are in anonymous volumes."""
    from docker.errors import APIError

    try:
        container.remove(force=True, v=True)
    except APIError as problem:
        if problem.status_code not in (404, 409):  # It is gone, or going.
            raise
