"""Which image a candidate runs: its name, its digest, where it is kept, and how it is fetched."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.engine import Engine
from harness.errors import EnvironmentProblem
from harness.sources.folders import locked
from harness.sources.order import Order

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

PREFIX = "BAKEOFF_IMAGE_PREFIX"  # In front of every official image's name: "registry.example.com/mirror/".
THEIR_PREFIX = "TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX"  # The same for all that uses testcontainers.
LOCK = Path("images.lock")  # In the folder where bakeoff is called: image -> what its registry said it is.
SAY_SECONDS = 1.0  # Between two words on a download.
MEGABYTE = 1_000_000


def reference(engine: Engine, version: str | None, image: str | None) -> str:
    """The image by its name and tag: `image` as it stands, or the official one at a version, with our prefix."""
    if image is not None:
        return image
    assert engine.image is not None
    official = engine.image if version is None else f"{repository(engine.image)}:{engine.image_tag(version)}"
    return os.environ.get(PREFIX, os.environ.get(THEIR_PREFIX, "")) + official


def repository(image: str) -> str:
    """Without its tag or digest; a colon may also stand before the port of a registry."""
    name = image.partition("@")[0]
    return name[: name.rindex(":")] if ":" in name.rpartition("/")[2] else name


def pinned(image: str) -> str:
    """As the lock file has it, if it does."""
    return _lock().get(image, image)


def is_here(client: DockerClient, image: str) -> bool:
    from docker.errors import ImageNotFound

    try:
        client.images.get(image)
    except ImageNotFound:
        return False
    return True


def fetched(client: DockerClient, image: str, order: Order) -> str:
    """What to run of it, here by now: itself, or where it is locked (or shall be) the digest of that time.

    Raises what Docker raises where it cannot be had, EnvironmentProblem for a broken lock file.
    """
    wanted = _locked(client, image, order.say) if order.lock else pinned(image)
    if not is_here(client, wanted):
        _pull(client, wanted, order.say)
    return wanted


def identity(container: Container) -> str:
    """Which image it runs, for ever: "redis@sha256:…" as its registry knows it, else, for a local one, its own id."""
    image, name = container.image, container.attrs["Config"]["Image"]
    digests = image.attrs.get("RepoDigests") or ()
    return next((digest for digest in digests if digest.startswith(f"{repository(name)}@")), str(image.id))


def _locked(client: DockerClient, image: str, say: Callable[[str], None]) -> str:
    """Ask its registry for the digest and write that down. Only what a registry has said is ever written."""
    from docker.errors import DockerException

    if "@" in image:
        return image
    try:
        digest = client.images.get_registry_data(image).id
    except (DockerException, OSError) as problem:
        said = " ".join(str(getattr(problem, "explanation", None) or problem).split())
        say(f"not locked: no registry tells the digest of {image} ({said[:120]})")
        return pinned(image)
    found = f"{repository(image)}@{digest}"
    with locked(LOCK.absolute().parent):
        entries = _lock() | {image: found}
        LOCK.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n")
    say(f"locked {image} to {digest}")
    return found


def _lock() -> dict[str, str]:
    if not LOCK.is_file():
        return {}
    try:
        entries = json.loads(LOCK.read_text())
        if not all(isinstance(part, str) for entry in entries.items() for part in entry):
            raise ValueError("it must be one object of names and digests")
    except (ValueError, AttributeError, OSError) as problem:
        raise EnvironmentProblem(f"{LOCK} is broken: {problem}. Delete it, and write it anew with --lock.") from problem
    return dict(entries)


def _pull(client: DockerClient, image: str, say: Callable[[str], None]) -> None:
    say(f"pulling {image} (once)")
    if "@" not in image and repository(image) == image:
        image += ":latest"  # Without a tag all of them would come.
    steps = client.api.pull(image, stream=True, decode=True)
    for loaded, whole in _throttled(_downloaded(steps)):
        say(f"pulling {image}: {loaded // MEGABYTE:,} of {whole // MEGABYTE:,} MB")


def _downloaded(steps: Iterable[dict[str, Any]]) -> Iterable[tuple[int, int]]:
    """(bytes that are here, bytes of all layers known so far) as a pull goes on."""
    layers: dict[str, tuple[int, int]] = {}
    for step in steps:
        if "error" in step:  # A full disk, say: it comes after the answer has begun well.
            raise OSError(step["error"])
        detail = step.get("progressDetail") or {}
        if step.get("status") == "Downloading" and "total" in detail:
            layers[step["id"]] = (detail["current"], detail["total"])
        elif step.get("status") in ("Download complete", "Pull complete") and step["id"] in layers:
            layers[step["id"]] = (layers[step["id"]][1],) * 2
        if layers:
            yield sum(here for here, _ in layers.values()), sum(whole for _, whole in layers.values())


def _throttled(progress: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    said = time.monotonic()
    for step in progress:
        if time.monotonic() - said >= SAY_SECONDS:
            yield step
            said = time.monotonic()
