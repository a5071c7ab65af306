"""The connection to Docker."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # It is large, and not everybody's: imported where Docker is asked for.
    from docker import DockerClient

LOOPBACK = "127.0.0.1"
ASK_SECONDS, WORK_SECONDS = 0.5, 60.0  # How long Docker may take to say that it is there, and to do something.


def connect(seconds: float = WORK_SECONDS) -> DockerClient:
    from docker import DockerClient

    return DockerClient(base_url=host(), timeout=seconds)


def host() -> str:
    """Where Docker is to be asked: DOCKER_HOST, ~/.testcontainers.properties, or its usual socket."""
    from testcontainers.core.docker_client import get_docker_host

    return get_docker_host() or "unix:///var/run/docker.sock"
