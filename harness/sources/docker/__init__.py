"""A server in a container: the engine's official image, on this machine's own network wherever Docker can.

`images` names and fetches what runs, `container` runs and controls it, `leftovers` clears away.
"""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.engine import Address, Engine
from harness.errors import EnvironmentProblem
from harness.sources import embedded, ping
from harness.sources.docker import images, leftovers
from harness.sources.docker.client import ASK_SECONDS, LOOPBACK, connect, host
from harness.sources.docker.container import Contained, run
from harness.sources.folders import data_folder, memory_note
from harness.sources.order import Order
from harness.sources.server import Server

MAPPED = "behind a mapped port of Docker, which adds to every round trip, and not bound to cores of its own"


def why_not(engine: Engine) -> str | None:
    """Why it cannot be had here, in one line; None if it can, as far as this is known without a network."""
    if engine.image is None or engine.container is None:
        return f"{engine.title} has no image"
    return why_no_docker()


def why_no_docker() -> str | None:
    if find_spec("testcontainers") is None:
        return 'testcontainers is not installed: pip install "bakeoff[docker]"'
    from docker.errors import DockerException

    where = host()
    if urlsplit(where).hostname not in (None, "localhost", LOOPBACK):
        return f"the Docker at {where} runs on another machine: start a server there and name it with --at"
    try:
        connect(ASK_SECONDS).close()
    except (DockerException, OSError) as problem:
        if "Permission denied" in str(problem):
            return f"no right to use the Docker at {where}: join the group docker"
        return f"nothing answers at {where}: start Docker"
    return None


def why_not_now(engine: Engine, version: str | None, image: str | None) -> str | None:
    """Why it cannot start at once, in one line: it cannot at all, or its image would have to be fetched first."""
    if problem := why_not(engine):
        return problem
    from docker.errors import DockerException

    wanted = images.pinned(images.reference(engine, version, image))
    try:
        with closing(connect()) as client:
            here = images.is_here(client, wanted)
    except (DockerException, OSError) as problem:
        return f"Docker does not say whether it has {wanted}: {problem}"
    return None if here else f"the image {wanted} is not here: --source docker fetches it"


@contextmanager
def start_docker(name: str, engine: Engine, order: Order) -> Iterator[Callable[[], Server]]:
    """Start the engine's image and yield `ready`, which waits until the server answers and makes the namespace.

    So several servers can start at the same time. The log becomes `work`/<name>-<container>.log. Raises
    EnvironmentProblem where Docker cannot get or run the image; `ready` does, with what the log says, where the server
    ends or does not answer within 30 s.
    """
    image = images.reference(engine, order.version, order.image)
    instead = f"Or take {_without_docker(name, engine)}."
    order.say(f"starting {engine.title} in a container")
    with _asking("be asked", instead):
        client = connect()
    with closing(client), data_folder(name, owner=None) as folder:
        try:
            with _asking(f"get {image}", f"Log in to its registry, or name a mirror in {images.PREFIX}. {instead}"):
                image = images.fetched(client, image, order)
            with _asking(f"run {image}", instead):
                leftovers.sweep(client)
                info = client.info()
                native = shares_this_machine(info)
                contained = run(client, name, engine, image, order, folder, native=native)

            def ready() -> Server:
                with _asking(f"watch {image}", instead):
                    version = contained.answered(ping.ANSWER_SECONDS)
                    server = _server(contained, order, version, info)
                engine.create_namespace(server.address)
                return server

            yield ready
        finally:
            leftovers.clear_away(client, folder, partial(_log, name, order), order.say)


def sweep() -> None:
    """Remove the containers that killed runs have left, if there is a Docker to ask."""
    if why_no_docker():
        return
    by_hand = f"Remove them by hand: docker ps --all --filter label={leftovers.OWNER}"
    with _asking("be swept", by_hand), closing(connect()) as client:
        leftovers.sweep(client)


def shares_this_machine(info: Mapping[str, Any]) -> bool:
    """Is the network of Docker's host ours, and are its cores? Not if it is rootless, nor with a machine of its own."""
    rootless = any("rootless" in option for option in info.get("SecurityOptions") or ())
    return sys.platform == "linux" and info["Name"] == platform.node() and not rootless


def _server(contained: Contained, order: Order, version: str, info: Mapping[str, Any]) -> Server:
    native = shares_this_machine(info)
    in_memory = order.data == "memory" or (native and memory_note(Path(info["DockerRootDir"])))
    notes = [None if native else MAPPED, "data in memory: flushing it to disk costs nothing" if in_memory else None]
    return Server(
        address=Address(url=contained.recipe.url, namespace=order.namespace, durability=order.durability),
        source="docker",
        version=version,
        network="loopback" if native else "mapped port",
        image_asked=contained.container.attrs["Config"]["Image"],
        image=images.identity(contained.container),
        control=contained,
        cpus=order.cpus if native else (),
        memory_bytes=order.memory_bytes,
        notes=tuple(filter(None, notes)),
    )


def _log(name: str, order: Order, short_id: str) -> Path:
    return order.work / f"{name}-{short_id}.log"


def _without_docker(name: str, engine: Engine) -> str:
    if embedded.why_not(name, engine, None):
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
