"""Which image a candidate runs, how it is fetched, and how its digest is pinned: against a real registry."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

from harness import discover
from harness.errors import EnvironmentProblem
from harness.sources import Order, open_server
from harness.sources.docker import images
from harness.sources.process import free_port
from tests.containers import client, engine_of, folders, order, some, without

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["client", "folders", "order", "some"]

PROGRAM = "docker-registry"  # Debian's package of that name.
SETTINGS = """
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: 127.0.0.1:{port}}}
log: {{level: error}}
"""


# Names


@pytest.mark.parametrize(
    ("engine", "version", "image", "wanted"),
    [
        ("redis", None, None, "redis:8.2.3"),
        ("redis", "7.4", None, "redis:7.4"),
        ("postgres", "17", None, "pgvector/pgvector:pg17"),
        ("postgres", "0.8.1-pg16", None, "pgvector/pgvector:0.8.1-pg16"),
        ("clickhouse", "25.8", None, "clickhouse/clickhouse-server:25.8"),
        ("redis", "7.4", "my/own:one", "my/own:one"),
    ],
)
def test_an_image_is_the_official_one_at_the_version_or_the_one_that_is_named(
    engine: str, version: str | None, image: str | None, wanted: str
) -> None:
    assert images.reference(discover.engine(engine), version, image) == wanted


def test_a_prefix_stands_before_official_names_only(monkeypatch: pytest.MonkeyPatch) -> None:
    redis = discover.engine("redis")
    monkeypatch.setenv(images.THEIR_PREFIX, "theirs/")
    assert images.reference(redis, None, None) == f"theirs/{redis.image}"
    monkeypatch.setenv(images.PREFIX, "localhost:5000/mirror/")
    assert images.reference(redis, None, None) == f"localhost:5000/mirror/{redis.image}"
    assert images.reference(redis, None, "my/own:one") == "my/own:one"


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("redis", "redis"),
        ("redis:8.2.3", "redis"),
        ("localhost:5000/redis", "localhost:5000/redis"),
        ("localhost:5000/redis:8", "localhost:5000/redis"),
        ("localhost:5000/redis@sha256:12", "localhost:5000/redis"),
    ],
)
def test_a_repository_is_a_name_without_its_tag_or_digest(image: str, repository: str) -> None:
    assert images.repository(image) == repository


# A registry


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """One of this machine, with nothing in it: "127.0.0.1:5000"."""
    program, port = shutil.which(PROGRAM), free_port()
    if program is None:
        without(f"no {PROGRAM} on PATH")
    file = tmp_path / "registry.yaml"
    file.write_text(SETTINGS.format(folder=tmp_path / "registry", port=port))
    with subprocess.Popen([program, "serve", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("the registry does not listen")


@pytest.fixture
def mirror(registry: str, some: str, client: DockerClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The registry with the image of `some` under its official name, which this machine has forgotten."""
    official = str(discover.engine(some).image)
    name = f"{registry}/mirror/{official}"
    client.images.get(images.reference(engine_of(some), None, None)).tag(name)
    for step in client.api.push(name, stream=True, decode=True):
        assert "error" not in step, step
    forget(client, name)
    monkeypatch.setenv(images.PREFIX, f"{registry}/mirror/")
    yield name
    forget(client, name)


def forget(client: DockerClient, name: str) -> None:
    """Its names; layers are shared with the image that it was made from."""
    from docker.errors import ImageNotFound

    repository = images.repository(name)
    for image in client.images.list(repository):
        for each in (*image.tags, *(image.attrs.get("RepoDigests") or ())):
            if each.startswith(repository):
                with suppress(ImageNotFound):  # With its last tag its digest went as well.
                    client.images.remove(each)


def digest_in(mirror: str) -> str:
    host, _, path = images.repository(mirror).partition("/")
    accepted = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    with urlopen(Request(f"http://{host}/v2/{path}/manifests/{mirror.rpartition(':')[2]}", headers=accepted)) as answer:
        return str(answer.headers["Docker-Content-Digest"])


@pytest.mark.engines
def test_an_image_is_pulled_from_a_private_registry_with_progress_and_its_digest_is_recorded(
    mirror: str, some: str, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "SAY_SECONDS", 0.0)
    said: list[str] = []
    with open_server(some, discover.engine(some), replace(order, say=said.append)) as server:
        assert server.image_asked == mirror
        assert server.image == f"{images.repository(mirror)}@{digest_in(mirror)}"
    assert f"pulling {mirror} (once)" in said
    with open_server(some, discover.engine(some), replace(order, say=said.append)):
        pass
    assert said.count(f"pulling {mirror} (once)") == 1


@pytest.mark.engines
def test_a_locked_image_runs_by_the_digest_that_its_registry_told(
    mirror: str, some: str, order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    locked = f"{images.repository(mirror)}@{digest_in(mirror)}"
    with open_server(some, discover.engine(some), replace(order, lock=True)) as server:
        assert (server.image_asked, server.image) == (locked, locked)
    assert json.loads(images.LOCK.read_text()) == {mirror: locked}
    with open_server(some, discover.engine(some), order) as server:
        assert server.image_asked == locked


@pytest.mark.engines
def test_no_digest_is_written_that_no_registry_told(
    some: str, order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    local = replace(engine_of(some), image="localhost:1/nobody/there:1")
    with pytest.raises(EnvironmentProblem), open_server(some, local, replace(order, lock=True, say=said.append)):
        pytest.fail("it opened")
    assert any(
        text.startswith("not locked: no registry tells the digest of localhost:1/nobody/there:1") for text in said
    )
    assert not images.LOCK.exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"redis:8": 1}', '"redis"'])
def test_a_broken_lock_file_is_told(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    images.LOCK.write_text(text)
    with pytest.raises(EnvironmentProblem, match=r"images.lock is broken.*--lock"):
        images.pinned("redis:8")


# Progress


def test_progress_adds_up_layers() -> None:
    def step(layer: str, status: str, current: int = 0, total: int = 0) -> dict[str, Any]:
        return {"id": layer, "status": status, "progressDetail": {"current": current, "total": total} if total else {}}

    steps = [
        step("a", "Pulling fs layer"),
        step("a", "Downloading", 1, 10),
        step("b", "Downloading", 5, 20),
        step("a", "Download complete"),
        step("b", "Downloading", 20, 20),
        step("b", "Pull complete"),
    ]
    assert list(images._downloaded(steps)) == [(1, 10), (6, 30), (15, 30), (30, 30), (30, 30)]


def test_an_error_in_the_middle_of_a_pull_is_raised() -> None:
    with pytest.raises(OSError, match="no space left"):
        list(images._downloaded([{"error": "no space left on device"}]))
