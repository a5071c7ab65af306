"""A container as a server of ours: made within its limits, hurt and brought back, and asked what it really got."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.engine import Engine, Recipe
from harness.result import Limits
from harness.sources.docker import leftovers
from harness.sources.docker.client import LOOPBACK
from harness.sources.limits import limits_of
from harness.sources.order import Order
from harness.sources.ping import wait_for_answer
from harness.sources.process import STOP_SECONDS, free_port

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

EVERYWHERE = "0.0.0.0"
MEBIBYTE = 2**20
LOG_LINES = 200  # That are searched for the reason of an end.


@dataclass
class Contained:
    """The Control of a container."""

    engine: Engine
    recipe: Recipe
    container: Container
    order: Order
    log: Path  # For messages; it is written when the container is removed.
    pid: int | None = None  # As of its last start.

    @property
    def files(self) -> Sequence[Path]:
        """Of volumes; only root can see into Docker's folder."""
        mounts = [Path(mount["Source"]) for mount in self.container.attrs["Mounts"] if mount["Type"] == "volume"]
        return [folder for folder in mounts if os.access(folder, os.R_OK)]

    def kill(self) -> None:
        self.container.kill()
        self.container.wait()

    def stop(self) -> None:
        self.container.kill(signal=self.recipe.stop.name)
        try:
            self.container.wait(timeout=STOP_SECONDS)
        except OSError:  # requests raises its own timeouts as such.
            self.kill()

    def start(self) -> None:
        self.container.start()
        self.look()

    def answered(self, patience_seconds: float) -> str:
        try:
            return wait_for_answer(self.engine, self.recipe.url, self.end, self._words, self.log, patience_seconds)
        finally:
            self.look()

    def pause(self) -> None:
        self.container.pause()

    def resume(self) -> None:
        self.container.unpause()

    def end(self) -> str | None:
        self.container.reload()
        if self.container.status in ("running", "paused"):
            return None
        if not self.container.attrs["State"]["OOMKilled"]:
            return "ended"
        return f"was killed for memory (its limit is {self.order.memory_bytes // MEBIBYTE:,} MiB)"

    def limits(self) -> Limits:
        """As the kernel has them; where its processes cannot be seen, as Docker says."""
        host = self.container.attrs["HostConfig"]
        data = "tmpfs" if host.get("Tmpfs") else "volume"
        if self.pid is not None:
            return limits_of(self.pid, data)
        return Limits(
            cpus=[],
            memory_bytes=host["Memory"] or None,
            swap_bytes=host["MemorySwap"] - host["Memory"] if host["MemorySwap"] > 0 else None,
            shared_memory_bytes=host["ShmSize"],
            data=data,
        )

    def _words(self) -> bytes:
        return bytes(self.container.logs(tail=LOG_LINES))

    def look(self) -> None:
        self.container.reload()
        self.pid = _process_id(self.container)


def run(
    client: DockerClient, name: str, engine: Engine, image: str, order: Order, folder: Path, *, native: bool
) -> Contained:
    """Start it; `native`: on the network and cores of this machine, else behind a mapped port."""
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer

    testcontainers_config.ryuk_disabled = True  # It needs an image and rights of its own; our warden does not.
    leftovers.post_warden()
    testcontainers_config.hub_image_name_prefix = ""  # Ours is in the name already.
    assert engine.container is not None
    port, inside = free_port(), Path("/")  # The image has its own programs, and a volume for the data.
    recipe = engine.container(order.start(binaries=inside, data=inside, port=port))
    recipe = recipe if native else _listening_everywhere(recipe)
    settings = _limits(order) | (_native(order) if native else {})
    made = DockerContainer(
        image,
        name=f"bakeoff-{folder.name}",
        env=dict(recipe.environment),
        labels=leftovers.labels(folder),
        **settings,
    )
    made.with_command(list(recipe.serve))
    if not native:
        published: dict[str, Any] = made.ports  # Its own method would publish to the whole network.
        published[f"{port}/tcp"] = (LOOPBACK, port)
    if order.data == "memory":
        for place in client.images.get(image).attrs["Config"]["Volumes"] or ():
            made.with_tmpfs_mount(place)  # Its pages count towards the memory limit.
    container = made.start().get_wrapped_container()
    contained = Contained(engine, recipe, container, order, order.work / f"{name}-{container.short_id}.log")
    contained.look()
    return contained


def _limits(order: Order) -> dict[str, Any]:
    return {
        "mem_limit": order.memory_bytes,
        "memswap_limit": order.memory_bytes,  # Both together: no swap.
        "shm_size": order.memory_bytes,  # A parallel query of PostgreSQL needs more than the usual 64 MiB.
    }


def _native(order: Order) -> dict[str, Any]:
    """Past Docker's proxy, which costs about 0.1 ms for each round trip."""
    return {"network_mode": "host", "cpuset_cpus": ",".join(map(str, order.cpus)) or None}


def _listening_everywhere(recipe: Recipe) -> Recipe:
    """Behind a mapped port, a container's loopback is not ours."""
    return replace(
        recipe,
        serve=tuple(word.replace(LOOPBACK, EVERYWHERE) for word in recipe.serve),
        environment={name: value.replace(LOOPBACK, EVERYWHERE) for name, value in recipe.environment.items()},
    )


def _process_id(container: Container) -> int | None:
    """Its main process, if that is the one of this number here: Docker may have a machine or a namespace of its own."""
    number = int(container.attrs["State"]["Pid"])
    try:
        return number if container.id in Path(f"/proc/{number}/cgroup").read_text() else None
    except OSError:
        return None
