"""A server in a container: the engine's official image, on this machine's own network wherever Docker can."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.engine import Address, Engine, Recipe, Start
from harness.errors import EnvironmentProblem
from harness.machine import usable_cpus
from harness.sources import embedded
from harness.sources.folders import data_folder, memory_note
from harness.sources.order import Order
from harness.sources.ping import reason, wait_for_answer
from harness.sources.process import free_port
from harness.sources.server import Server

if TYPE_CHECKING:  # They are large, and not everybody's: imported where Docker is asked for.
    from docker import DockerClient
    from docker.models.containers import Container

PREFIX = "BAKEOFF_IMAGE_PREFIX"  # In front of every image's name: "registry.example.com/mirror/".
OWNER, FOLDER = "bakeoff.owner", "bakeoff.folder"  # Labels: whose it is, and the folder of its run while that lives.
LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"
ASK_SECONDS, WORK_SECONDS = 0.5, 60.0  # How long Docker may take to say that it is there, and to do something.
MAPPED = "behind a mapped port of Docker, which adds to every round trip, and not bound to cores of its own"


def why_not(engine: Engine) -> str | None:
    """Why it cannot be had here, in one line; None if it can, as far as this is known without a network."""
    if engine.image is None or engine.container is None:
        return f"{engine.title} has no image"
    if find_spec("testcontainers") is None:
        return 'testcontainers is not installed: pip install "bakeoff[docker]"'
    from docker.errors import DockerException
    from testcontainers.core.docker_client import get_docker_host

    where = get_docker_host() or "/var/run/docker.sock"
    if urlsplit(where).hostname not in (None, "localhost", LOOPBACK):
        return f"the Docker at {where} runs on another machine: start a server there and name it with --at"
    try:
        _client(ASK_SECONDS).close()
    except (DockerException, OSError) as problem:
        if "Permission denied" in str(problem):
            return f"no right to use the Docker at {where}: join the group docker"
        return f"nothing answers at {where}: start Docker"
    return None


def why_not_now(engine: Engine) -> str | None:
    """Why it cannot start at once, in one line: it cannot at all, or its image would have to be fetched first."""
    if reason := why_not(engine):
        return reason
    from docker.errors import DockerException, ImageNotFound

    image = os.environ.get(PREFIX, "") + str(engine.image)
    try:
        with closing(_client(WORK_SECONDS)) as client:
            client.images.get(image)
    except ImageNotFound:
        return f"the image {image} is not here: --source docker fetches it"
    except (DockerException, OSError) as problem:
        return f"Docker does not say whether it has {image}: {problem}"
    return None


@contextmanager
def start_docker(name: str, engine: Engine, order: Order) -> Iterator[Callable[[], Server]]:
    """Start the engine's image and yield `ready`, which waits until the server answers and makes the namespace.

    So several servers can start at the same time. The log becomes `work`/<name>-<container>.log. Raises
    EnvironmentProblem where Docker cannot get or run the image; `ready` does, with what the log says, where the server
    ends or does not answer within 30 s.
    """
    image = os.environ.get(PREFIX, "") + str(engine.image)
    instead = f"Or take {_without_docker(name, engine)}."
    order["say"](f"starting {engine.title} in a container")
    with _asking("be asked", instead):
        client = _client(WORK_SECONDS)
    with closing(client), data_folder(name, owner=None) as folder:
        try:
            with _asking(f"get {image}", f"Log in to its registry, or name a mirror in {PREFIX}. {instead}"):
                _pull(client, image, order["say"])
            with _asking(f"run {image}", instead):
                _sweep(client)
                info = client.info()
                recipe, container = _run(engine, image, order, folder, native=shares_this_machine(info))

            def ready() -> Server:
                with _asking(f"watch {image}", instead):
                    ended, log = partial(_end_of, container), partial(container.logs, tail=200)
                    version = wait_for_answer(engine, recipe.url, ended, log, _log_file(name, container, order))
                server = _server(recipe, container, order, version, info)
                engine.create_namespace(server.address)
                return server

            yield ready
        finally:
            _clear_away(client, folder, name, order)


def shares_this_machine(info: Mapping[str, Any]) -> bool:
    """Is the network of Docker's host ours, and are its cores? Not if it is rootless, nor with a machine of its own."""
    rootless = any("rootless" in option for option in info.get("SecurityOptions") or ())
    return sys.platform == "linux" and info["Name"] == platform.node() and not rootless


def image_id(container: Container) -> str:
    """Which image it runs, for ever: "redis@sha256:…" as its registry knows it, else, for a local one, its own id."""
    image = container.image
    repository, _, _ = container.attrs["Config"]["Image"].rpartition(":")
    digests = image.attrs.get("RepoDigests") or ()
    return next((digest for digest in digests if digest.startswith(f"{repository}@")), str(image.id))


def _client(seconds: float) -> DockerClient:
    from docker import DockerClient
    from testcontainers.core.docker_client import get_docker_host

    return DockerClient(base_url=get_docker_host(), timeout=seconds)


def _without_docker(name: str, engine: Engine) -> str:
    if embedded.why_not(name, engine):
        return f"a server of yours: --at {name}={engine.url_example}"
    program = engine.program and shutil.which(engine.program)
    return f"--source embedded ({program or ' and '.join(engine.wheels) or engine.in_process_note})"


@contextmanager
def _asking(what: str, remedy: str) -> Iterator[None]:
    """Word what Docker says when it cannot do it."""
    from docker.errors import DockerException

    try:
        yield
    except (DockerException, OSError) as problem:
        said = " ".join(str(getattr(problem, "explanation", None) or problem).split())
        raise EnvironmentProblem(f"Docker cannot {what}: {said[:300]}\n{remedy}") from problem


def _pull(client: DockerClient, image: str, say: Callable[[str], None]) -> None:
    from docker.errors import ImageNotFound

    try:
        client.images.get(image)
    except ImageNotFound:
        say(f"pulling {image} (once)")
        for step in client.api.pull(image, stream=True, decode=True):
            if "error" in step:  # A full disk, say: it comes after the answer has begun well.
                raise OSError(step["error"]) from None


def _run(engine: Engine, image: str, order: Order, folder: Path, *, native: bool) -> tuple[Recipe, Container]:
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer

    testcontainers_config.ryuk_disabled = True  # It needs an image and rights of its own; we clear away ourselves.
    assert engine.container is not None
    port = free_port()
    inside = Path("/")  # The image has its own programs, and a volume for the data.
    recipe = engine.container(
        Start(
            binaries=inside,
            data=inside,
            port=port,
            durability=order["durability"],
            memory_bytes=order["memory_bytes"],
            cpus=len(order["cpus"] or usable_cpus()),
        )
    )
    memory_bytes = order["memory_bytes"] * 5 // 4  # The settings are for memory_bytes; the program itself comes on top.
    limits: dict[str, Any] = {
        "mem_limit": memory_bytes,
        "memswap_limit": memory_bytes,  # Both together: no swap.
        "shm_size": memory_bytes,  # A parallel query of PostgreSQL needs more than the usual 64 MiB.
    }
    if native:
        # Past Docker's proxy, which costs about 0.1 ms for each round trip.
        limits |= {"network_mode": "host", "cpuset_cpus": ",".join(map(str, order["cpus"])) or None}
    else:
        recipe = _listening_everywhere(recipe)
    labels = {OWNER: _owner(), FOLDER: str(folder)}
    container = DockerContainer(image, env=dict(recipe.environment), labels=labels, **limits)
    container.with_command(list(recipe.serve))
    if not native:
        published: dict[str, Any] = container.ports  # Its own method would publish to the whole network.
        published[f"{port}/tcp"] = (LOOPBACK, port)
    return recipe, container.start().get_wrapped_container()


def _server(recipe: Recipe, container: Container, order: Order, version: str, info: Mapping[str, Any]) -> Server:
    native = shares_this_machine(info)
    note = memory_note(Path(info["DockerRootDir"])) if native else MAPPED
    return Server(
        address=Address(url=recipe.url, namespace=order["namespace"], durability=order["durability"]),
        source="docker",
        version=version,
        network="loopback" if native else "mapped port",
        image=image_id(container),
        pid=_process_id(container),
        cpus=order["cpus"] if native else (),
        memory_bytes=order["memory_bytes"],
        notes=(note,) if note else (),
    )


def _listening_everywhere(recipe: Recipe) -> Recipe:
    """Behind a mapped port, a container's loopback is not ours."""
    return replace(
        recipe,
        serve=tuple(word.replace(LOOPBACK, EVERYWHERE) for word in recipe.serve),
        environment={name: value.replace(LOOPBACK, EVERYWHERE) for name, value in recipe.environment.items()},
    )


def _end_of(container: Container) -> str | None:
    container.reload()
    if container.status == "running":
        return None
    return "ended, out of memory," if container.attrs["State"]["OOMKilled"] else "ended"


def _process_id(container: Container) -> int | None:
    """Its main process, if that is the one of this number here: Docker may have a machine or a namespace of its own."""
    number = int(container.attrs["State"]["Pid"])
    try:
        return number if container.id in Path(f"/proc/{number}/cgroup").read_text() else None
    except OSError:
        return None


def _owner() -> str:
    return f"{os.geteuid()}@{platform.node()}"


def _labelled(client: DockerClient, label: str, value: str) -> list[Container]:
    return list(client.containers.list(all=True, sparse=True, filters={"label": f"{label}={value}"}))


def _sweep(client: DockerClient) -> None:
    """Remove what killed runs have left. Their folders are gone by now: to make ours, data_folder cleared them away."""
    for container in _labelled(client, OWNER, _owner()):
        if not Path(container.attrs["Labels"][FOLDER]).exists():
            _remove(container)


def _clear_away(client: DockerClient, folder: Path, name: str, order: Order) -> None:
    """Found by label: a Ctrl-C while Docker makes the container leaves us without its id."""
    from docker.errors import DockerException

    try:
        for container in _labelled(client, FOLDER, str(folder)):
            try:
                _log_file(name, container, order).write_bytes(container.logs())
            finally:
                _remove(container)
    except (DockerException, OSError) as problem:  # Never hides what ended the run.
        order["say"](f"could not clear away the container of {name}: {reason(problem, '')}; the next run will")


def _log_file(name: str, container: Container, order: Order) -> Path:
    return order["work"] / f"{name}-{container.short_id}.log"


def _remove(container: Container) -> None:
    """By force, for nothing of it is kept, and with its data, which are in an anonymous volume."""
    from docker.errors import APIError

    try:
        container.remove(force=True, v=True)
    except APIError as problem:
        if problem.status_code not in (404, 409):  # It is gone, or going.
            raise
