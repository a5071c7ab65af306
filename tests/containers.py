"""What tests of containers share: Docker, the images to test with, and what of ours is there.

Images are the official ones, or those that BAKEOFF_IMAGES names (`python -m tests.images` makes them where there is no
registry). Nothing is pulled here: tests that do would depend on somebody else's registry.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import psutil
import pytest

from harness import discover
from harness.engine import Engine
from harness.sources import Order, docker
from harness.sources.docker import images, leftovers
from harness.sources.docker.client import connect
from harness.specify import images_instead

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

MEBIBYTE = 2**20
WITH_IMAGE = [name for name in discover.engine_names() if discover.engine(name).image]


def engine_of(name: str) -> Engine:
    """With the image to test with, by name or by name and version: "postgres@17"."""
    engine, _, version = name.partition("@")
    found = discover.engine(engine)
    official = f"{images.repository(str(found.image))}:{found.image_tag(version)}" if version else found.image
    return replace(found, image=images_instead().get(name, official))


def without(reason: str) -> NoReturn:
    if os.environ.get("BAKEOFF_REQUIRE_DOCKER"):
        pytest.fail(f"{reason} (and BAKEOFF_REQUIRE_DOCKER is set)")
    pytest.skip(reason)


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return Order(
        source="docker",
        namespace="bakeoff_test",
        durability="relaxed",
        memory_bytes=512 * MEBIBYTE,
        cpus=(min(psutil.Process().cpu_affinity()),) if sys.platform == "linux" else (),
        work=tmp_path,
        say=lambda _: None,
    )


@pytest.fixture(autouse=True)
def folders(disk: Path) -> Path:
    """A disk of this test's own, by which its containers can be told from others."""
    return disk


@pytest.fixture
def client() -> Iterator[DockerClient]:
    if reason := docker.why_not(engine_of(WITH_IMAGE[0])):
        without(reason)
    with closing(connect(10.0)) as opened:
        yield opened


@pytest.fixture(params=WITH_IMAGE)
def name(request: pytest.FixtureRequest, client: DockerClient) -> str:
    """Each engine in turn."""
    return must_be_here(client, str(request.param))


@pytest.fixture
def some(client: DockerClient) -> str:
    """An engine that starts fast."""
    return must_be_here(client, "redis")


def must_be_here(client: DockerClient, name: str) -> str:
    image = images.reference(engine_of(name), None, None)
    return name if images.is_here(client, image) else without(f"the image {image} is not here")


def ours(client: DockerClient) -> list[Container]:
    """Containers of this test."""
    return [each for each in leftovers.labelled(client, leftovers.OWNER, leftovers.owner()) if _here(each)]


def volumes(container: Container) -> list[str]:
    container.reload()
    return [mount["Name"] for mount in container.attrs["Mounts"] if mount["Type"] == "volume"]


def _here(container: Container) -> bool:
    return str(container.attrs["Labels"][leftovers.FOLDER]).startswith(os.environ["BAKEOFF_DATA"])
